"""The lock of a run: one process trains it at a time.

It is a lock of the operating system on a file that names its holder. It ends with the process, even if that
is killed. Windows and some network file systems have no such lock. (The package filelock supports Windows.
But it has no shared lock, so two simultaneous `nnlab compare` would take each other for trainings, and on
Windows nobody could read the holder's name.)
"""

from __future__ import annotations

import errno
import os
import platform
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from nnlab.config import one_line
from nnlab.errors import NnlabError, RunError
from nnlab.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnlab.runs.run import Run


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the lock of `run` in the block. Raises `RunError` if another process is training it."""
    try:
        descriptor = _lock(run)
    except BaseException:
        with suppress(OSError):
            run.folder.rmdir()  # succeeds only if the run is new, and therefore empty
        raise
    try:
        yield
    finally:
        with suppress(OSError):
            run.lock.unlink()
        os.close(descriptor)


def is_locked(run: Run) -> bool:
    """Return whether a process is training `run`."""
    try:
        descriptor = open_regular(run.lock)
    except OSError:
        return False
    try:
        return not _try_to_lock(descriptor, exclusive=False)
    finally:
        os.close(descriptor)


def _lock(run: Run) -> int:
    """Lock `run`, and return the descriptor of the locked file."""
    for _ in range(25):  # half a second: `is_locked` holds the lock for a moment
        descriptor = _open(run.lock)
        if _try_to_lock(descriptor, exclusive=True) and _is_same_file(run.lock, descriptor):
            with suppress(OSError):  # on a full disk, the lock has no name in it
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
            return descriptor
        holder = one_line(os.read(descriptor, 300).decode(errors="replace"), limit=300) or "another process"
        os.close(descriptor)
        time.sleep(0.02)
    raise RunError(f"{run} is being trained by {holder}; wait for it, or stop it")


def _open(path: Path) -> int:
    """Open the lock file. In a run from somebody else, anything may be in its place."""
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        reason = error.strerror or error
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EINVAL, errno.EISDIR, errno.ENXIO):
            raise RunError(f"cannot lock {path}: {reason}; remove it if no training uses the run") from error
        raise NnlabError(f"cannot write {path}: {reason}") from error


def _is_same_file(path: Path, descriptor: int) -> bool:
    """Return whether an open file is still the one at `path`; its last holder may have removed it."""
    return path.exists() and os.path.samestat(os.stat(descriptor), path.stat())


def _try_to_lock(descriptor: int, *, exclusive: bool) -> bool:
    """Try to lock an open file, and return False if another process holds the lock."""
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 (does not exist on Windows)

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
