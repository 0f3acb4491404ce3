"""People's files: the value of their JSON, and their faults in one line."""

import json
import sys
from typing import Any


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
