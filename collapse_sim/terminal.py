"""Terminal: a command that cannot go on says so in one line and returns an exit status."""

import atexit
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

from tqdm import tqdm

from collapse_sim.run_directory import RunError

INTERRUPTED = 130
"""Exit status of a command that was stopped by Ctrl-C."""

CLOSED = 141
"""Exit status of a command whose output nobody reads any more, as the shell has it."""


PROGRAM: ContextVar[str | None] = ContextVar("PROGRAM", default=None)
"""Words that a person typed to start the program, where they are not the name of its file."""

AT_END: ContextVar[ExitStack | None] = ContextVar("AT_END", default=None)
"""What the command that runs frees, however it ends."""

BEGUN: ContextVar[bool] = ContextVar("BEGUN", default=False)
"""Whether the command that runs has begun a run, which --resume could go on with."""


def run_command(name: str, main: Callable[[], object], *, interrupted: str = "") -> int:
    """Run `main` and return its exit status; an error is one line of standard error.

    `name` begins that line where PROGRAM names nothing else; `interrupted` says what can be done
    after Ctrl-C, which is no error, once a run is begun.
    """
    name, outer = PROGRAM.get() or name, BEGUN.set(False)
    print_whatever_it_is()
    try:
        with _freeing(), _seldom_collecting():
            main()
        sys.stdout.flush()
        return 0
    except KeyboardInterrupt:
        hint = f"; {interrupted}" if interrupted and BEGUN.get() else ""
        print(f"{name}: interrupted{hint}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except OSError as error:
        where = error.filename or "run directory"
        message = f"{where}: {error.strerror}; what was written before is kept"
    except (ValueError, RunError, FloatingPointError) as error:
        message = str(error).splitlines()[0]
    finally:
        BEGUN.reset(outer)
    print(f"{name}: error: {message}", file=sys.stderr)
    return 2


@contextmanager
def _freeing() -> Iterator[None]:
    with ExitStack() as stack:
        before = AT_END.set(stack)
        try:
            yield
        finally:
            AT_END.reset(before)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look less often for objects that refer to each other in circles.

    Tracing makes many small objects in no circle: to look at them all again and again is a tenth of
    a short run. To do so as the program ends takes a second, for memory that is given back anyway.
    """
    atexit.unregister(gc.freeze)  # however many commands a program runs
    atexit.register(gc.freeze)
    usual = gc.get_threshold()
    gc.set_threshold(20_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def print_whatever_it_is() -> None:
    r"""Print every character: one that the terminal's encoding lacks is printed as \xe9."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook's is none, and takes everything
            stream.reconfigure(errors="backslashreplace")


def progress_bar(total: int | None, unit: str) -> tqdm:
    """A bar as wide as the terminal, and none elsewhere; a count where the total is unknown."""
    return tqdm(
        total=total, unit=f" {unit}", unit_scale=True, disable=None, leave=False, dynamic_ncols=True
    )


def tell(bar: tqdm, line: str) -> None:
    """Say on standard error what was done, where no bar shows it: in a pipe, or a log."""
    if bar.disable:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
