"""Locks: one process at a time works in a folder, and one that was killed keeps nobody out.

They are the operating system's, which frees those of a process however it ends. A network file
system must have locks of its own; without them, and on Windows, nothing keeps two processes apart.
"""

import os
import platform
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore

OWN = uuid.uuid4().hex
"""Mark of this process: in containers, several have one number and one host."""


class HeldError(RuntimeError):
    """A lock that another process holds; the message is that process and its host."""


def take(path: Path) -> Callable[[], None]:
    """Lock a file, made for that, and return the function that frees and removes it.

    A process that holds the lock may take it again. Raises HeldError where another one holds it,
    and OSError where the file cannot be made.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _is_locked(file):
            return partial(os.close, file)
        if _is_at(path, file):
            os.ftruncate(file, 0)
            os.write(file, f"process {os.getpid()} on {platform.node()}\n{OWN}".encode())
            return partial(_free, path, file)
    except BaseException:
        os.close(file)
        raise
    os.close(file)  # who held it has removed it in between
    return take(path)


def _is_locked(file: int) -> bool:
    """Lock the open file; False where this process has done so before. Raises HeldError."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # systems differ
        holder, _, mark = os.read(file, 400).decode(errors="replace").partition("\n")
        if mark == OWN:
            return False
        raise HeldError(holder or "another process") from None
    except OSError:  # a file system without locks
        pass
    return True


def _is_at(path: Path, file: int) -> bool:
    """Whether the open file is the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _free(path: Path, file: int) -> None:
    with suppress(OSError):  # the folder may be gone
        if _is_at(path, file):
            path.unlink()
    os.close(file)
