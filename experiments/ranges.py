"""Ranges of flags: the numbers that a flag accepts, said at its type.

`edit_share: Share | None`, `samples: Annotated[int, at_least(2)]`. What depends on several flags
is said in `validate`.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_type_hints


@dataclass(frozen=True)
class Range:
    """Accepted numbers, in words and as a test."""

    words: str
    holds: Callable[[float], bool]


def at_least(bound: int) -> Range:
    """Whole numbers from `bound` on."""
    return Range(f"accepted are integers >= {bound}", lambda value: value >= bound)


def from_to(least: int, most: int) -> Range:
    """Whole numbers from one to another, both included."""
    words = f"accepted are integers from {least} to {most}"
    return Range(words, lambda value: least <= value <= most)


Count = Annotated[int, at_least(1)]
Positive = Annotated[
    float, Range("accepted are finite numbers > 0", lambda value: 0 < value < math.inf)
]
NotNegative = Annotated[
    float, Range("accepted are finite numbers >= 0", lambda value: 0 <= value < math.inf)
]
Share = Annotated[float, Range("accepted is [0, 1]", lambda value: 0 <= value <= 1)]
PositiveShare = Annotated[float, Range("accepted is (0, 1]", lambda value: 0 < value <= 1)]


def out_of_range(flags: Any) -> Iterator[tuple[str, str]]:
    """Fields of a dataclass whose number is outside its range, and the words for what is accepted.

    None, where a type allows it, is in every range.
    """
    for name, hint in get_type_hints(type(flags), include_extras=True).items():
        value = getattr(flags, name)
        for accepted in _ranges(hint):
            if value is not None and not accepted.holds(value):
                yield name, accepted.words


def _ranges(hint: Any) -> Iterator[Range]:
    """Ranges in a type: of `Share | None` in a part of a part."""
    if isinstance(hint, Range):
        yield hint
    for part in get_args(hint):
        yield from _ranges(part)
