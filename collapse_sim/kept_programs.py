"""Compiled programs kept beside JAX's own, and found without lowering them again.

JAX's persistent cache looks a program up in XLA's language; to translate it takes longer than to
load what was compiled. Here it is looked up by its fingerprint, where JAX's cache has a directory.
What lies there is trusted as JAX trusts it: who can write it can run code.
"""

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jax
import jax.monitoring
from jax.experimental import serialize_executable
from jax.extend.core import ClosedJaxpr
from jax.sharding import Mesh
from jax.stages import Compiled, Lowered
from jaxlib.version import __version__ as jaxlib_version

from collapse_sim.fingerprint import fingerprint
from collapse_sim.run_directory import write_atomically

FOLDER = "programs"
"""Within the directory of JAX's cache. It holds as many bytes as that may."""

DEBUGGING = "jax_disable_jit", "jax_debug_nans", "jax_debug_infs"
"""Settings of JAX under which it runs a program in other ways than compiled as a whole."""

LOADED: ContextVar[list[str] | None] = ContextVar("LOADED", default=None)
"""What JAX has loaded from its own cache, while a program is compiled here."""


def is_kept(mesh: Mesh) -> bool:
    """True if programs on these devices are kept: JAX has a cache, and they are this process's
    CPUs."""
    folder, settings = _folder(), _settings()
    return (
        folder is not None
        and settings["jax_enable_compilation_cache"]
        and settings["jax_compilation_cache_max_size"] != 0
        and not any(map(settings.get, DEBUGGING))
        and jax.process_count() == 1
        and all(device.platform == "cpu" for device in mesh.devices.flat)
    )


def place_of(program: ClosedJaxpr, mesh: Mesh, *others: object) -> Path | None:
    """File for a program on devices and all else that decides how it is compiled, in plain values;
    None for a program without a fingerprint."""
    devices = [(device.id, device.device_kind) for device in mesh.devices.flat]
    name = fingerprint(program, *others, mesh.axis_names, devices, _settings(), _surroundings())
    folder = _folder()
    return None if name is None or folder is None else folder / name


class KeptProgram:
    """A compiled program, from its file or else written there.

    `lower` makes it where there is no file, or a damaged one; trees are those of its arguments, as
    `(args, kwargs)`, and outputs. Nothing is written that JAX would not keep for its time, and
    where it cannot be.
    """

    def __init__(
        self,
        place: Path,
        lower: Callable[[], Lowered],
        arguments: Any,
        outputs: Any,
        mesh: Mesh,
    ):
        self.place, self.lower = place, lower
        loaded = _load(place, arguments, outputs, mesh)
        self.is_doubted = loaded is not None
        self.run = self._compile() if loaded is None else loaded

    def __call__(self, *arguments: Any) -> Any:
        if not self.is_doubted:
            return self.run(*arguments)
        try:  # code that does not fit is loaded, and fails as it runs
            made = jax.block_until_ready(self.run(*arguments))
        except jax.errors.JaxRuntimeError:
            self.run = self._compile()
            made = self.run(*arguments)
        self.is_doubted = False
        return made

    def _compile(self) -> Compiled:
        with suppress(OSError):
            self.place.unlink()
        began = time.perf_counter()
        _listen()
        loaded: list[str] = []
        before = LOADED.set(loaded)
        try:
            program = self.lower().compile()
        finally:
            LOADED.reset(before)
        least = _settings()["jax_persistent_cache_min_compile_time_secs"]
        # XLA cannot write again what JAX has loaded from its own cache: some of the code is lost.
        if not loaded and time.perf_counter() - began >= least:
            _keep(self.place, program)
        return program


@cache
def _listen() -> None:
    """Let JAX tell, from now on, what it loads from its own cache."""

    def note(event: str, **_: Any) -> None:
        if event == "/jax/compilation_cache/cache_hits" and (loaded := LOADED.get()) is not None:
            loaded.append(event)

    jax.monitoring.register_event_listener(note)


def processor() -> str:
    """What programs are compiled for: the instructions of this processor, else its kind."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    return platform.processor() or platform.machine()


def _folder() -> Path | None:
    folder = _settings()["jax_compilation_cache_dir"]
    return None if not folder or "://" in folder else Path(folder) / FOLDER


def _settings() -> dict:
    """All settings of JAX, as they are here and now."""
    names = (name for name in dir(jax.config) if name.startswith("jax_"))
    return {name: getattr(jax.config, name) for name in names}


@cache
def _surroundings() -> tuple:
    """What decides beside JAX's settings: versions, the processor, its cores, XLA's flags."""
    versions = jax.__version__, jaxlib_version, jax.devices("cpu")[0].client.platform_version
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = (name for name in os.environ if name.startswith(("XLA_", "JAX_", "NPROC")))
    flags = {name: os.environ[name] for name in names}  # NPROC is XLA's number of threads
    return versions, processor(), cores, flags


def _load(place: Path, arguments: Any, outputs: Any, mesh: Mesh) -> Compiled | None:
    size = sha256().digest_size
    try:
        content = place.read_bytes()
    except OSError:
        return None
    if sha256(content[size:]).digest() != content[:size]:
        return None
    with suppress(OSError):
        os.utime(place)  # what was used least recently goes first
    try:
        return serialize_executable.deserialize_and_load(
            content[size:], arguments, outputs, execution_devices=list(mesh.devices.flat)
        )
    except Exception:  # whatever it is, the program can be compiled
        return None


def _keep(place: Path, program: Compiled) -> None:
    """Write the program, if it can be, and remove old ones beyond the size that JAX was given."""
    with suppress(OSError, ValueError, NotImplementedError, RuntimeError):
        content, _, _ = serialize_executable.serialize(program)
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256(content).digest()
        write_atomically(place, lambda path: path.write_bytes(digest + content))
        _trim(place.parent, _settings()["jax_compilation_cache_max_size"])


def _trim(folder: Path, most: int) -> None:
    """Remove the files that were used least recently, of more than `most` bytes; -1 is no limit."""
    used = {}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process removes them too
            used[path] = path.stat()
    total = sum(status.st_size for status in used.values())
    for path in sorted(used, key=lambda path: used[path].st_mtime):
        if most < 0 or total <= most:
            return
        path.unlink(missing_ok=True)
        total -= used[path].st_size
