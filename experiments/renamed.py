"""Renamed flags: an old flag is answered with its new name, an old config is read by it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

FLAGS = {
    "edit_fraction": ("edit_share",),
    "kept_human": ("human_share",),
    "once_threshold": ("once_residual_threshold",),
    "regime": ("regimes",),
    "stage": ("stages",),
    "threshold": ("edit_above", "residual_threshold"),
    "threshold_below": ("edit_below",),
}
"""New names of each old one: an experiment has at most one of them."""

WORDS = {"regimes": {"control": "human_only"}}
"""New words of a flag's values, by the flag's new name."""


def new_name(name: str, accepted: Collection[str]) -> str:
    """The name that a flag has among the `accepted` ones: its own where it was never renamed."""
    if name in accepted:
        return name
    return next((new for new in FLAGS.get(name, ()) if new in accepted), name)


def require_new_names(arguments: Sequence[str], accepted: Collection[str]) -> None:
    """Raises ValueError that names the new flag, or the new word, where an old one is given."""
    flag = ""
    for argument in arguments:
        value = argument
        if argument.startswith("--"):
            given, _, value = argument.partition("=")
            flag = new_name(given[2:].replace("-", "_"), accepted)
            if flag != given[2:].replace("-", "_"):
                raise ValueError(f"{given}: is now {_as_flag(flag)}")
        if value in WORDS.get(flag, {}):
            raise ValueError(f"{_as_flag(flag)} {value}: is now {WORDS[flag][value]}")


def with_new_names(parameters: Mapping[str, Any], accepted: Collection[str]) -> dict[str, Any]:
    """Parameters of an earlier run by the names and words of today."""
    found = {}
    for old, value in parameters.items():
        name = new_name(old, accepted)
        words = WORDS.get(name, {})
        if words and isinstance(value, list):
            value = [words.get(word, word) for word in value]
        found[name] = value
    return found


def changes(parameters: Mapping[str, Any], accepted: Collection[str]) -> list[str]:
    """Changes of names in the parameters of an earlier run, as `old is now new`."""
    found = []
    for old, value in parameters.items():
        name = new_name(old, accepted)
        pairs = {old: name} if old != name else {}
        if isinstance(value, list):
            pairs |= {word: new for word, new in WORDS.get(name, {}).items() if word in value}
        found += [f"{before} is now {after}" for before, after in pairs.items()]
    return found


def _as_flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
