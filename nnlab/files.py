"""Files that are whole or not there: atomic, durable writes, and reading what may be hostile."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from nnlab.errors import NnlabError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file beside `path` that takes its place, whole and on disk, if the block ends well.

    Otherwise `path` stays as it was and the new file goes. Raises `NnlabError` with the path when the
    file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            sync(file)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error
        raise


def append(path: Path, content: bytes) -> None:
    """Add `content` to the file at `path`, which is there, and see it on the disk. Raises `NnlabError`.

    What a crash or a full disk cuts off is for the reader to drop.
    """
    try:
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(content)
            sync(file)
    except OSError as error:
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error


def remove(path: Path) -> None:
    """Remove the file at `path`, if it is there. Raises `NnlabError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise NnlabError(f"cannot remove {path}: {error.strerror or error}") from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file at `path`, open for reading. Raises `RunError` for what cannot be read."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, for ever
            raise RunError(f"{path} is not a file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise RunError(f"{path} is missing") from None
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error


def read(path: Path, *, limit: int) -> bytes:
    """Return what the file at `path` holds. Raises `RunError`, also for more than `limit` bytes."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise RunError(f"{path} is larger than {limit:,} bytes, which no file of its kind is")
        return file.read(size)  # which takes so much memory at once


def sync(file: IO[bytes]) -> None:
    """Hand all that was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names of the files in `folder` durable, where the system can and lets this user."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # one may write to a folder without being allowed to read it
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
            raise
    finally:
        os.close(descriptor)
