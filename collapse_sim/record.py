"""Records in people's JSON files as dataclasses: every field is there, and of its type."""

import sys
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read_record(kind: type[T], value: Any) -> T:
    """The dataclass `kind` that a JSON object describes.

    Raises ValueError, in one line, for anything else: a field that is unknown, missing or of
    another type than the dataclass says.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{ascii(value)[:40]}: accepted are objects")
    hints = get_type_hints(kind)
    needed = {field.name for field in fields(kind) if _is_needed(field)}  # type: ignore[arg-type]
    if unknown := sorted(set(value) - set(hints)):
        accepted = ", ".join(sorted(hints))
        raise ValueError(f"unknown field {ascii(unknown[0])[1:-1]}: accepted are {accepted}")
    if missing := sorted(needed - set(value)):
        raise ValueError(f"no field {', '.join(missing)}")
    for name, item in value.items():
        require_type(name, item, hints[name])
    return kind(**{name: _with_floats(item, hints[name]) for name, item in value.items()})


def require_type(name: str, value: Any, hint: Any) -> None:
    """Raises ValueError for a value of JSON that is not of a type."""
    if not _is_of(value, hint):
        accepted = getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)
        accepted = accepted.replace("typing.", "")
        raise ValueError(f"{name}={ascii(value)[:40]}: accepted is {accepted}")


def _is_needed(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _is_of(value: Any, hint: Any) -> bool:
    kind, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if kind in (Union, UnionType):
        return any(_is_of(value, each) for each in inner)
    if kind is Literal:
        return value in inner
    if kind is list:
        return isinstance(value, list) and all(_is_of(item, inner[0]) for item in value)
    if kind is dict:
        return isinstance(value, dict) and all(_is_of(item, inner[1]) for item in value.values())
    if isinstance(value, bool):  # which Python counts among the integers
        return hint is bool
    if hint is float and isinstance(value, int):
        return abs(value) <= sys.float_info.max
    return isinstance(value, hint)


def _with_floats(value: Any, hint: Any) -> Any:
    """The value with a float wherever JSON has a whole number and the type says float."""
    hints = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if isinstance(value, list):
        inner = next((get_args(one)[0] for one in hints if get_origin(one) is list), Any)
        return [_with_floats(item, inner) for item in value]
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and float in hints and int not in hints else value
