"""A finished run's config.json read back as flags: `--config RUN/config.json` repeats the run."""

import difflib
import importlib.metadata
import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

import tyro

from collapse_sim import __version__
from collapse_sim.run_directory import RunDirectory
from experiments import renamed

HELP = (
    "--config RUN/config.json takes every parameter from an earlier run; flags given beside it "
    "override."
)

NO_PARAMETERS = ("out", "resume", "distributed")
"""Flags that have no influence on the numbers of a run; its config lacks them."""


def taken(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The config that `--config` names, and all other arguments.

    A run directory stands for its config.json. Raises ValueError for --config without a file, twice
    or beside --preset.
    """
    path, rest, coming = None, [], iter(arguments)
    for argument in coming:
        flag, _, value = argument.partition("=")
        if flag != "--config":
            rest.append(argument)
            continue
        value = value or next(coming, "")
        if path is not None or not value or value.startswith("--"):
            raise ValueError("--config: accepted is one config.json of an earlier run")
        path = Path(value) / "config.json" if Path(value).is_dir() else Path(value)
    if path is not None and "--preset" in _flags(rest):
        raise ValueError("--preset beside --config: accepted is one of the two")
    return path, rest


def check(arguments: Sequence[str], experiment: str) -> list[str]:
    """Lines on the changes since the run of `--config`; an empty list without one.

    Raises ValueError for the config of another experiment.
    """
    path, _ = taken(arguments)
    if path is None:
        return []
    config = _read(path)
    found = config.get("experiment")
    if found != experiment:
        raise ValueError(f"--config {path}: is of {found}, accepted are runs of {experiment}")
    changed = _changed_versions(config)
    if not changed:
        return []
    return [f"--config {path}: made by {', '.join(changed)}; numbers may differ"]


def renamed_since(arguments: Sequence[str], settings: Any) -> list[str]:
    """Line on the parameters of `--config` that have another name now; an empty list without
    any."""
    path, _ = taken(arguments)
    names = [field.name for field in fields(settings)]
    changes = [] if path is None else renamed.changes(stored_parameters(path), names)
    return [f"--config {path}: {', '.join(changes)}"] if changes else []


def stored_parameters(path: Path) -> dict[str, Any]:
    """Parameters of a run; raises ValueError for a file that holds none."""
    parameters = _read(path).get("parameters")
    if not isinstance(parameters, dict):
        raise ValueError(f"--config {path}: holds no parameters, accepted is a run's config.json")
    return parameters


def as_flags(
    path: Path, stored: Mapping[str, Any], default: Any, given: Sequence[str]
) -> list[str]:
    """Flags that turn the preset `default` into the stored parameters; flags `given` stay out.

    Raises ValueError for parameters that are unknown, missing or of another kind than accepted.
    """
    names = [field.name for field in fields(default) if field.name not in NO_PARAMETERS]
    overridden = {flag.removeprefix("--").removeprefix("no-") for flag in _flags(given)}
    overridden = {flag.replace("-", "_") for flag in overridden}
    _require_names(path, names, stored, overridden)
    found = []
    for name, value in stored.items():
        own = getattr(default, name)
        same = value == (list(own) if isinstance(own, tuple) else own)
        if same and isinstance(value, bool) == isinstance(own, bool):
            continue
        flag = _as_flag(name, value)
        try:
            with redirect_stderr(io.StringIO()):  # of which the line below says enough
                tyro.cli(type(default), args=flag, default=default)
        except SystemExit:
            raise ValueError(f"--config {path}: {name}={value!r} is not accepted") from None
        if name.removeprefix("no_") not in overridden:
            found += flag
    return found


def _require_names(
    path: Path, names: Sequence[str], stored: Mapping[str, Any], overridden: set[str]
) -> None:
    """Raises ValueError for parameters that do not exist, and for any that is nowhere given."""
    for name in stored:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise ValueError(f"--config {path}: no parameter is called {name} now{hint}")
    missing = [name for name in names if name not in stored and name not in overridden]
    if missing:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise ValueError(
            f"--config {path}: lacks {flags}: accepted are all parameters, or the missing ones as "
            "flags beside it"
        )


def _as_flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]


def _flags(arguments: Sequence[str]) -> set[str]:
    """Names of the flags given, with hyphens."""
    named = (argument.partition("=")[0] for argument in arguments)
    return {name.replace("_", "-") for name in named if name.startswith("--")}


def _read(path: Path) -> dict[str, Any]:
    if path.name != "config.json" or not path.is_file():
        raise ValueError(f"--config {path}: accepted is the config.json of a run")
    return RunDirectory(path.parent).config()


def _changed_versions(config: Mapping[str, Any]) -> list[str]:
    """Packages that had another version when a run was made, each with both versions."""
    then = {"collapse_sim": config.get("version"), **config.get("packages", {})}
    changed = []
    for name, version in then.items():
        try:
            now = __version__ if name == "collapse_sim" else importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            now = "none"
        if version != now:
            changed.append(f"{name} {version or 'unknown'} (now {now})")
    return changed
