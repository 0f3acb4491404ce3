"""People's files: the value of their JSON, and their faults in one line."""

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

NOT_FINITE = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}
"""Numbers that are not finite, by their names in JSON files."""

SEAL = "sha256"
"""Name of the digest in a sealed object."""


def parse_json(text: str) -> Any:
    """The value of a JSON text; raises ValueError, in one line, for whatever has none in Python.

    That is text which is no JSON, nesting beyond Python's limit and integers of thousands of
    digits.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        raise ValueError(f"not JSON at {line}column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply: accepted is what Python can read") from None
    except ValueError:  # of all that is JSON, Python refuses only these
        most = sys.get_int_max_str_digits()
        raise ValueError(
            f"JSON with too long an integer: accepted are at most {most} digits"
        ) from None


def one_line(error: BaseException) -> str:
    """Message of an error, in one line."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def plain(value: Any) -> Any:
    """Convert to values of JSON: NumPy numbers become plain ones, infinities become strings."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def numbers(value: Any) -> Any:
    """Inverse of `plain` for values that hold numbers only."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """The value with a digest of all of it, by which `unsealed` sees any change."""
    return {**value, SEAL: _digest(value)}


def unsealed(value: Any) -> dict[str, Any]:
    """Inverse of `sealed`; raises ValueError for a value that is not what was sealed."""
    if not isinstance(value, dict):
        raise ValueError("no object")
    found = {name: item for name, item in value.items() if name != SEAL}
    if value.get(SEAL) != _digest(found):
        raise ValueError(f"its {SEAL} is that of another content")
    return found


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
