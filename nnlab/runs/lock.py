"""The lock of a run: one process trains it at a time.

It is the system's lock on a file that names its holder, and ends with the process, even one that is killed.
Windows and some network file systems have none. (The package filelock has one for Windows. But it knows no
shared lock, so that two `nnlab compare` at once would take each other for trainings; and on Windows nobody
could read the holder's name.)
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
    """Keep others from training `run` in the block. Raises `RunError` if somebody does already."""
    try:
        descriptor = _lock(run)
    except BaseException:
        with suppress(OSError):
            run.folder.rmdir()  # which works only if the run is new, and so empty
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
    """Return the open file that is locked."""
    for _ in range(25):  # half a second: `is_locked` holds the lock for a moment
        descriptor = _open(run.lock)
        if _try_to_lock(descriptor, exclusive=True) and _is_same_file(run.lock, descriptor):
            with suppress(OSError):  # on a full disk the lock goes without a name
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
            return descriptor
        holder = one_line(os.read(descriptor, 300).decode(errors="replace"), limit=300) or "another process"
        os.close(descriptor)
        time.sleep(0.02)
    raise RunError(f"{run} is being trained by {holder}; wait for it, or stop it")


def _open(path: Path) -> int:
    """Return the open lock file; in a run that came from somebody else, anything may be in its place."""
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        reason = error.strerror or error
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EINVAL, errno.EISDIR, errno.ENXIO):
            raise RunError(f"cannot lock {path}: {reason}; remove it if no training uses the run") from error
        raise NnlabError(f"cannot write {path}: {reason}") from error


def _is_same_file(path: Path, descriptor: int) -> bool:
    """Return whether an open file is still the one at `path`: its last holder may have removed it."""
    return path.exists() and os.path.samestat(os.stat(descriptor), path.stat())


def _try_to_lock(descriptor: int, *, exclusive: bool) -> bool:
    """Lock an open file, and return True, unless another process holds it."""
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 (not there on Windows)

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
