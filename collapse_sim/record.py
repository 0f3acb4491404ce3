"""Records in people's JSON files as dataclasses: every field is there, and of its type."""

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
    return kind(**value)


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
    return isinstance(value, int | float if hint is float else hint)
