"""A second process that holds a lock until it is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from collapse_sim.lock import HeldError, take
try:
    free = take(Path(sys.argv[1]))
    print("holds", flush=True)
except HeldError as other:
    print(other, flush=True)
sys.stdin.read()
"""


def start(lock: Path) -> tuple[subprocess.Popen, str]:
    """A process that tries to take the lock, and what came of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, lock],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@contextmanager
def holding(lock: Path) -> Iterator[int]:
    """The number of a process that holds the lock; killed at the end."""
    process, said = start(lock)
    try:
        assert said == "holds"
        yield process.pid
    finally:
        kill(process)
