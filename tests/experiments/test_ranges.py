"""Ranges of flags: every number has one, or is judged on its own or with others."""

import importlib
from dataclasses import dataclass, fields
from typing import Annotated

import pytest

from experiments import command_line
from experiments.ranges import Count, NotNegative, Positive, PositiveShare, Share, at_least
from experiments.ranges import out_of_range as found

PLAIN = (int, float, int | None, float | None)
JUDGED_ELSEWHERE = {
    "linear": {"samples", "decay"},
    "phase": {"samples", "level"},
    "transformer": {"seeds"},
    "fraction": {"tokens"},
    "editing": {"tokens", "prior_tokens"},
}


@dataclass(frozen=True)
class Flags:
    count: Count = 1
    least: Annotated[int, at_least(3)] = 3
    positive: Positive = 1.0
    not_negative: NotNegative = 0.0
    share: Share = 0.0
    positive_share: PositiveShare = 1.0
    free: float = -1.0
    none: Annotated[Share | None, "a note of another kind"] = None


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("count", 0, "accepted are integers >= 1"),
        ("least", 2, "accepted are integers >= 3"),
        ("positive", 0.0, "accepted are finite numbers > 0"),
        ("positive", float("inf"), "accepted are finite numbers > 0"),
        ("positive", float("nan"), "accepted are finite numbers > 0"),
        ("not_negative", -1e-300, "accepted are finite numbers >= 0"),
        ("share", -1e-300, "accepted is [0, 1]"),
        ("share", 1 + 1e-12, "accepted is [0, 1]"),
        ("positive_share", 0.0, "accepted is (0, 1]"),
        ("none", 2.0, "accepted is [0, 1]"),
    ],
)
def test_a_number_outside_its_range_is_named(name, value, accepted):
    assert list(found(Flags())) == [] == list(found(Flags(share=1.0, none=1.0, positive=1e-300)))
    assert list(found(Flags(**{name: value}))) == [(name, accepted)]
    with pytest.raises(ValueError, match=f"^--{name.replace('_', '-')} {value}: accepted ") as said:
        command_line.require_in_range(Flags(**{name: value}))
    assert str(said.value).endswith(accepted)


@pytest.mark.parametrize(
    "name", ["linear", "phase", "recursion", "transformer", "fraction", "editing"]
)
def test_every_number_of_a_command_has_a_range(name):
    """Also one whose default a study changes: there a type without the range would lose it."""
    module = importlib.import_module(f"experiments.{name}.settings")
    default = module.PRESETS["default"]
    plain = {field.name for field in fields(default) if field.type in PLAIN}
    assert plain - {"seed"} == JUDGED_ELSEWHERE.get(name, set())
