"""Command lines of the experiments: presets, names of runs, and errors in one line."""

import hashlib
import importlib.metadata
import inspect
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from collapse_sim import __version__
from collapse_sim.run_directory import RunDirectory, RunError, dump_json
from collapse_sim.terminal import AT_END, BEGUN, run_command
from experiments import flag_help, many_hosts, renamed, repeat
from experiments.ranges import out_of_range

SEEDS = 2**32
"""Number of seeds: JAX's keys see the last 32 bits of a number alone."""


class Flags(Protocol):
    """A frozen dataclass of flags."""

    @property
    def seed(self) -> int: ...
    @property
    def out(self) -> Path | None: ...
    def validate(self) -> None: ...


class Settings(Flags, Protocol):
    """Flags of an experiment that has presets and goes on after an interruption."""

    @property
    def preset(self) -> str: ...
    @property
    def resume(self) -> bool: ...
    def directory(self) -> Path: ...


@dataclass(frozen=True)
class RunSettings:
    """Base of the frozen dataclasses of flags of an experiment whose runs have directories."""

    experiment: ClassVar[str]
    """Name of the experiment, as in the paths of its runs."""

    distributed: many_hosts.Distributed = None
    """One run on several hosts, by the same command on each: auto (Cloud TPU, SLURM, Open MPI tell
    what there is), or HOST:PORT,COUNT,INDEX: the address of process 0, how many there are, and
    which this is. Changes no number."""

    def validate(self) -> None:
        """Raises ValueError, in one line, for values that nothing can be done with."""
        require_in_range(self)

    def reject(self: Any, name: str, accepted: str, value: Any = None) -> None:
        """Raise ValueError that names a flag, its value and the accepted values."""
        reject(self, name, accepted, value)

    def parameters(self: Any) -> dict[str, Any]:
        """Parameters: the settings that decide the numbers of a run."""
        return parameters(self)

    def directory(self: Any) -> Path:
        """Path of the run directory: --out, or a name made of the parameters."""
        if self.out is not None:
            return self.out
        name = f"{self.preset}-{short_hash(self.parameters())}"
        return Path("runs") / self.experiment / name


AnySettings = TypeVar("AnySettings", bound=Flags)


def parse(
    presets: Mapping[str, AnySettings], arguments: Sequence[str], *, usual: str = "default"
) -> AnySettings:
    """Settings from the command line; flags override the preset (else the usual) or the config."""
    path, arguments = repeat.taken(arguments)
    stored = None if path is None else repeat.stored_parameters(path)
    preset = preset_of(arguments, usual) if stored is None else stored.get("preset", "default")
    if preset not in list(presets):  # a damaged config's may be anything
        raise ValueError(f"--preset {preset}: accepted are {', '.join(presets)}")
    default = presets[preset]
    names = [field.name for field in fields(default)]  # type: ignore[arg-type]
    renamed.require_new_names(arguments, names)
    if path is not None and stored is not None:
        stored = renamed.with_new_names(stored, names)
        arguments = [*repeat.as_flags(path, stored, default, arguments), *arguments]
    words = inspect.cleandoc(type(default).__doc__ or "") if sys.flags.optimize < 2 else ""
    description = f"{words}\n{repeat.HELP}"
    settings = flag_help.read(type(default), arguments, default=default, description=description)
    require_seed(settings.seed)
    settings.validate()
    return settings


def preset_of(arguments: Sequence[str], usual: str) -> str:
    """The preset that arguments name, or the usual one."""
    return value_of("--preset", arguments, usual)


def value_of(flag: str, arguments: Sequence[str], usual: str) -> str:
    """The value of a flag that decides which others there are, or the usual one."""
    chosen = usual
    for name, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if name == flag or name.startswith(f"{flag}="):
            chosen = name.partition("=")[2] or value
    return chosen


def require_seed(seed: int) -> None:
    """Raise ValueError for a seed that would give the random numbers of another seed."""
    if not 0 <= seed < SEEDS:
        raise ValueError(f"--seed {seed}: accepted are integers from 0 to {SEEDS - 1}")


def reject(settings: Flags, name: str, accepted: str, value: Any = None) -> None:
    """Raise ValueError that names a flag, its value and the accepted values."""
    value = getattr(settings, name) if value is None else value
    raise ValueError(f"--{name.replace('_', '-')} {value}: {accepted}")


def require_in_range(flags: Any) -> None:
    """Raise ValueError for a number outside the range that the type of its flag names."""
    for name, accepted in out_of_range(flags):
        reject(flags, name, accepted)


@contextmanager
def in_flags(flag: str, argument: str, value: Any, hint: str = "") -> Iterator[None]:
    """Says errors about an argument of the library in terms of the flag that gave its value."""
    try:
        yield
    except ValueError as error:
        said = str(error).replace(f"{argument}={value}: ", f"{flag} {value}: ", 1)
        raise ValueError(said + hint) from None


def parameters(settings: Flags) -> dict[str, Any]:
    """Parameters: the settings that decide the numbers of a run."""
    values = asdict(settings)  # type: ignore[call-overload]
    for name in repeat.NO_PARAMETERS:
        values.pop(name, None)
    return json.loads(json.dumps(values))


def short_hash(parameters: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that a run's parameters decide."""
    return hashlib.sha256(json.dumps(parameters).encode()).hexdigest()[:8]


def digest(value: Any) -> str:
    """SHA-256 of a file, or of anything that JSON can say, as 64 hexadecimal digits."""
    content = value.read_bytes() if isinstance(value, Path) else dump_json(value).encode()
    return hashlib.sha256(content).hexdigest()


def file_digests(settings: Settings, *flags: str) -> dict[str, str]:
    """Digests of the files (names with a suffix) that these flags name, by flag and name."""
    found = {}
    for flag in flags:
        value = getattr(settings, flag)
        for name in value if isinstance(value, tuple) else (value,):
            if name is not None and Path(name).suffix and Path(name).is_file():
                found[f"--{flag} {name}"] = digest(Path(name))
    return found


def config(
    experiment: str,
    settings: Flags,
    packages: Sequence[str],
    inputs: Mapping[str, str],
    **more: Any,
) -> dict[str, Any]:
    """Content of config.json: everything that made the numbers.

    `inputs` is a digest of everything that was read, by flag: --resume refuses other ones.
    """
    return stated(experiment, parameters(settings), packages, inputs, **more)


def stated(
    experiment: str,
    parameters: Mapping[str, Any],
    packages: Sequence[str],
    inputs: Mapping[str, str],
    **more: Any,
) -> dict[str, Any]:
    """The same of parameters that are at hand."""
    import jax

    return {
        "experiment": experiment,
        "parameters": dict(parameters),
        "inputs": dict(inputs),
        **more,
        "version": __version__,
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "python": platform.python_version(),
        "devices": [device.device_kind for device in jax.devices()],
    }


def open_run(path: Path, config: Mapping[str, Any], *, resume: bool) -> RunDirectory:
    """Open the run directory for writing, until the command ends; says so if that overwrites an
    earlier run.

    On several hosts the first process opens it, and every other one a copy.
    """
    from collapse_sim import hosts

    many_hosts.require_same({**config["inputs"], "version": config["version"]})
    run, refused = RunDirectory(path), ""
    if hosts.is_first():
        try:
            run = _open(path, config, resume=resume)
        except RunError as error:
            refused = str(error)
    if refused := hosts.texts_of_all(refused)[0]:
        raise RunError(refused)
    return hosts.copied(run)


def _open(path: Path, config: Mapping[str, Any], *, resume: bool) -> RunDirectory:
    run = RunDirectory(path)
    finished, there = run.is_finished(), run.has_config()
    run = RunDirectory.open(path, config, resume=resume)
    BEGUN.set(True)
    if (stack := AT_END.get()) is not None:
        stack.callback(lambda: run.let_go())  # until then this keeps the run, and so its lock
    if there and not resume:
        print(
            f"{path}: overwrites the finished run there"
            if finished
            else f"{path}: begins the unfinished run there anew; --resume would have gone on"
        )
    return run


def on_hosts(
    script: str,
    settings: AnySettings,
    configure: Callable[[AnySettings], None],
    main: Callable[[AnySettings], int | None],
    interrupted: str,
) -> int | None:
    """Configure JAX and run, here or as one process of several; the answer of `main`."""
    asked = getattr(settings, "distributed", None)  # which commands of one process have not

    def work() -> int | None:
        if isinstance(settings, RunSettings):
            many_hosts.require_same(settings.parameters())
        return main(settings)

    return many_hosts.together(asked, script, lambda: configure(settings), work, interrupted)


def command(
    script: str,
    parse: Callable[[Sequence[str]], AnySettings],
    main: Callable[[AnySettings], int | None],
    arguments: Sequence[str],
    *,
    configure: Callable[[AnySettings], None],
    interrupted: str = "the same command with --resume goes on",
) -> int:
    """Parse, configure JAX and run; returns the exit status, which may be that of `main`.

    What goes wrong is said in one line; `interrupted` says what can be done after Ctrl-C, once a
    run is begun. A script fixes all but the arguments (`functools.partial`).
    """
    status: int | None = None

    def run() -> None:
        nonlocal status
        note = repeat.check(arguments, script.removesuffix(".py"))
        settings = parse(arguments)
        note += repeat.renamed_since(arguments, settings)
        print(*note, sep="\n", end="\n" if note else "")
        status = on_hosts(script, settings, configure, main, interrupted)

    return run_command(script, run, interrupted=interrupted) or status or 0
