"""Settings from flags, by tyro; help on a flag is a paragraph, where tyro keeps its line breaks."""

import inspect
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, TypeVar

import docstring_parser
import tyro

from collapse_sim.terminal import PROGRAM

Settings = TypeVar("Settings")


def read(kind: type[Settings], arguments: Sequence[str], **how: Any) -> Settings:
    """Settings of a kind from flags; `how` is tyro's. Prints the help and exits if asked for it."""
    if not {"-h", "--help"}.isdisjoint(arguments):
        _join_lines(kind)
    return tyro.cli(kind, args=list(arguments), prog=PROGRAM.get(), **how)


def _join_lines(kind: type) -> None:
    """Annotate each flag with its docstring, in one line."""
    names = set()
    for field in fields(kind):
        names.add(field.name)
        if is_dataclass(field.type):
            _join_lines(field.type)  # type: ignore[arg-type]
    for base in kind.__mro__[:-1]:
        for flag in docstring_parser.parse_from_object(base).params:
            if flag.arg_name in names:
                said = " ".join(inspect.cleandoc(flag.description or "").split())
                hint = base.__annotations__[flag.arg_name]
                base.__annotations__[flag.arg_name] = Annotated[hint, tyro.conf.arg(help=said)]
