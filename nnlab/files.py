"""Files that are whole or not there: atomic, durable writes, and reading what may be hostile."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from nnlab.errors import MissingError, NnlabError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# To open a pipe waits for its other end, and a terminal may become that of the process.
_CAUTIOUS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

SURROGATES = range(0xDC80, 0xDD00)  # how Python writes, in text, the bytes from 128 on that are not UTF-8
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of the regular file at `path`, without ever waiting. Raises `OSError`.

    To be written, it may be neither a link nor a file of two names: that would change what lies elsewhere.
    """
    writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
    try:  # before it is opened: that alone sets some devices going
        _refuse_unless_regular(path.lstat() if writes else path.stat())
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    descriptor = os.open(path, flags | _CAUTIOUS | (_NO_LINK if writes else 0), 0o666)
    try:
        status = os.fstat(descriptor)
        _refuse_unless_regular(status)
        if writes and status.st_nlink > 1:
            raise OSError(errno.EMLINK, "it is hard-linked elsewhere")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_unless_regular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link")
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, not a file")


def printable(text: str) -> str:
    r"""Return `text`, which may come out of any file, on one line and with nothing that steers a terminal.

    A byte of a path that is not UTF-8 is written as \xff.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return f"\\x{ord(char) % 256:02x}" if ord(char) in SURROGATES else repr(char)[1:-1]


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file beside `path` that takes its place, whole and on disk, if the block ends well.

    Otherwise `path` stays as it was and the new file goes. Raises `NnlabError` with the path when the
    file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # as _TEMPORARY knows it
    try:
        with temporary.open("xb") as file:
            yield file
            sync(file)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, IsADirectoryError):
            raise NnlabError(f"cannot write {path}: a folder is in its place; move it away") from error
        if isinstance(error, OSError):
            raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error
        raise


def append(path: Path, content: bytes) -> None:
    """Add `content` to the file at `path`, which is there, and see it on the disk. Raises `NnlabError`.

    What a crash or a full disk cuts off is for the reader to drop.
    """
    if not content:
        return
    try:
        with os.fdopen(open_regular(path, os.O_RDWR), "r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(content)
            sync(file)
    except OSError as error:
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error


def remove(path: Path) -> None:
    """Remove the file at `path`, if it is there, and see that on the disk. Raises `NnlabError`."""
    try:
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        if path.is_dir():
            raise NnlabError(f"cannot remove {path}: it is a folder; move it away") from error
        raise NnlabError(f"cannot remove {path}: {error.strerror or error}") from error


def remove_temporary(folder: Path) -> None:
    """Remove from `folder` what `atomic_write` leaves there when it is killed. Raises `NnlabError`."""
    for path in folder.glob(".*.tmp"):
        if _TEMPORARY.fullmatch(path.name) and not path.is_dir():
            remove(path)


@contextmanager
def open_to_read(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file at `path`, open for reading. Raises `MissingError` or another `RunError`."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            yield file
    except FileNotFoundError:
        raise MissingError(f"{path} is missing") from None
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error


def read(path: Path, *, limit: int) -> bytes:
    """Return what the file at `path` holds. Raises `RunError`, also for more than `limit` bytes."""
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise RunError(f"{path} is larger than {limit:,} bytes, which no file of its kind is")
        return file.read(size)  # which takes so much memory at once


def fingerprint(path: Path) -> tuple[int, int] | None:
    """Return what changes when another file takes the place of the one at `path`; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def sync(file: IO[bytes]) -> None:
    """Hand all that was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def make_folders(path: Path) -> None:
    """Make the folder at `path`, and those above it that are missing, durably. Raises `OSError`."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


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
