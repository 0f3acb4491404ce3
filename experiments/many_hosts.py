"""One run on several hosts: `--distributed`, by JAX's multi-controller runtime.

The command forks: the child does the work, and its parent says in one line what ended it. For when
another process is lost JAX ends this one, by a signal and a page of its own log.
"""

import json
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Annotated, Any, NamedTuple

import tyro

from collapse_sim.run_directory import RunError
from collapse_sim.terminal import PROGRAM, print_whatever_it_is, run_command

Distributed = Annotated[str | None, tyro.conf.arg(metavar="auto|HOST:PORT,COUNT,INDEX")]

HEARTBEAT_SECONDS = 20
"""After so long without a sign of life a process is lost, and all others end."""

LAST_WORDS_SECONDS = 5
"""Process 0 stays so long after an error of its own: the others may have the same to say."""

START_SECONDS = 300
"""In which all processes must have come together."""

ACCEPTED = "accepted is auto or HOST:PORT,COUNT,INDEX, as in 10.0.0.1:8476,4,0"
GOES_ON = "what was written is kept, and the same commands with --resume go on"


class Place(NamedTuple):
    """Of one process among all."""

    address: str
    """HOST:PORT of process 0."""
    count: int
    index: int


def place_of(asked: str) -> Place | None:
    """What the flag says; None for auto. Raises ValueError for anything that cannot work."""
    if asked == "auto":
        return None
    address, *numbers = asked.split(",")
    host, _, port = address.rpartition(":")
    if not host or len(numbers) != 2 or not all(map(str.isdecimal, (port, *numbers))):
        raise ValueError(f"--distributed {asked}: {ACCEPTED}")
    count, index = map(int, numbers)
    if not 1 <= int(port) < 2**16:
        raise ValueError(f"--distributed {asked}: port {port}: accepted are 1 to {2**16 - 1}")
    if not 0 <= index < count:
        raise ValueError(f"--distributed {asked}: INDEX {index}: accepted are 0 to COUNT - 1")
    try:
        socket.getaddrinfo(host.strip("[]"), int(port))
    except (OSError, UnicodeError) as error:
        raise ValueError(
            f"--distributed {asked}: no host {host} is known ({error}); {ACCEPTED}"
        ) from None
    if index == 0:
        _require_free(asked, int(port))
    return Place(address, count, index)


def _require_free(asked: str, port: int) -> None:
    """Raises ValueError for a port of this host that something listens at."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("", port))
        except OSError as error:
            raise ValueError(
                f"--distributed {asked}: port {port}: {error.strerror}; accepted is a free one"
            ) from None


def together(
    asked: str | None,
    name: str,
    configure: Callable[[], None],
    work: Callable[[], int | None],
    interrupted: str,
) -> int | None:
    """Configure JAX and do the work: here, or in a child that takes part in a run of several
    processes.

    The first process alone prints its answer. Where this is the parent, it ends with the child's
    status.
    """
    if asked is None:
        configure()
        return work()
    place = place_of(asked)
    if not hasattr(os, "fork"):
        raise ValueError("--distributed: accepted on Linux and macOS")
    alive, held = os.pipe()
    with tempfile.TemporaryDirectory(prefix="collapse_sim-") as scratch, _log(scratch) as log:
        child = os.fork()
        if child == 0:
            os.close(held)
            _end_with_parent(alive)
            tempfile.tempdir = scratch
            _keep_to_python(log)
            _run(asked, place, name, configure, work, interrupted)
        os.close(alive)
        status = _wait_for(child)
        if status < 0:
            log.seek(0)
            said = log.read()
            what = what_ended(asked, said, signal.Signals(-status))
            print(f"{PROGRAM.get() or name}: error: {what}", file=sys.stderr)
            status = 2
        raise SystemExit(status)


def _log(folder: str) -> IO[str]:
    return open(os.path.join(folder, "log"), "w+", encoding="utf-8", errors="replace")


def _run(
    asked: str,
    place: Place | None,
    name: str,
    configure: Callable,
    work: Callable,
    interrupted: str,
) -> None:
    """The child's whole life. It never waits for others at its end, as JAX would."""
    found = None

    def joined() -> None:
        nonlocal found
        join(asked, place, configure)
        try:
            found = work()
        except RuntimeError as error:
            if isinstance(error, RunError) or not type(error).__module__.startswith("jax"):
                raise
            time.sleep(1.5 * HEARTBEAT_SECONDS)  # until JAX says who is lost, and ends this process
            raise
        import jax

        jax.distributed.shutdown()

    status = 1
    try:
        status = run_command(name, joined, interrupted=interrupted) or found or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if status and (place is None or place.index == 0) and _has_met():
            time.sleep(LAST_WORDS_SECONDS)
        os._exit(status)


def _has_met() -> bool:
    """True unless no other process was found, or none was looked for yet."""
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


def join(asked: str, place: Place | None, configure: Callable[[], object] = lambda: None) -> None:
    """Meet the other processes, then configure JAX, which asks for its devices after that alone.

    Raises ValueError where the others do not come, or have another number of devices.
    """
    import jax

    for name, value in (
        ("jax_cpu_collectives_implementation", "gloo"),
        ("jax_enable_preemption_service", False),  # it would keep SIGTERM to itself
    ):
        if hasattr(jax.config, name):
            jax.config.update(name, value)
    start = partial(
        jax.distributed.initialize,
        initialization_timeout=START_SECONDS,
        heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
    )
    try:
        start() if place is None else start(*place, cluster_detection_method="deactivate")
    except (RuntimeError, ValueError) as error:
        line = " ".join(str(error).split())[:200]
        if place is None and isinstance(error, ValueError):
            raise ValueError(
                f"--distributed auto: found neither Cloud TPU nor SLURM nor Open MPI; {ACCEPTED}"
            ) from None
        count = "the" if place is None else place.count
        raise ValueError(
            f"--distributed {asked}: {count} processes did not come together within "
            f"{START_SECONDS} s ({line})"
        ) from None
    configure()
    if jax.process_index() > 0:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if jax.device_count() != jax.process_count() * jax.local_device_count():
        raise ValueError(
            f"--distributed {asked}: {jax.local_device_count()} of {jax.device_count()} devices "
            "here: accepted are as many on each host (JAX_NUM_CPU_DEVICES sets them on CPUs)"
        )


def writes(asked: str | None) -> bool:
    """True for the one process whose files are kept: of a run with a directory `open_run` sees to
    that."""
    if asked is None:
        return True
    from collapse_sim.hosts import is_first

    return is_first()


def require_same(values: Mapping[str, Any]) -> None:
    """Raises ValueError, on all processes, if this is not the same on all of them."""
    from collapse_sim.hosts import texts_of_all

    first, *others = map(json.loads, texts_of_all(json.dumps(values)))
    for index, other in enumerate(others, 1):
        for name in {**first, **other}:
            if first.get(name) != other.get(name):
                raise ValueError(
                    f"--distributed: {name} is {first.get(name)} in process 0 and "
                    f"{other.get(name)} in process {index}: accepted are the same in all"
                )


def _keep_to_python(log: IO[str]) -> None:
    """Let only Python write to the terminal: what C++ says goes to the log."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        stream.flush()
        number = {"stdout": 1, "stderr": 2}[name]
        own = os.fdopen(os.dup(number), "w", buffering=1, encoding=stream.encoding)
        setattr(sys, name, own)
        os.dup2(log.fileno(), number)
    print_whatever_it_is()


def _end_with_parent(alive: int) -> None:
    """End this process when the parent is killed: nobody could end it else."""

    def wait() -> None:
        os.read(alive, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _wait_for(child: int) -> int:
    """Exit status of the child, negative for a signal. Ctrl-C reaches it by itself."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM)),
    }
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def what_ended(asked: str, log: str, by: signal.Signals) -> str:
    """Why the child was ended by a signal, in one line."""
    unhealthy = re.search(r"tasks are unhealthy[^\n]*\n(.*?)\n[^\n]*crashed", log, re.S)
    fatal = re.search(r"^F\d{4} [^]]*\] ?(.*)", log, re.M)
    if unhealthy:
        lost = " ".join(re.findall(r"(\d+)\s*$", unhealthy[1], re.M))
        what = f"process {lost} was lost"
    elif "coordination service" in log:
        what = "process 0 was lost"
    else:
        what = f"this process was ended by {by.name}" + (f" ({fatal[1]})" if fatal else "")
    return f"--distributed {asked}: {what}; {GOES_ON}"
