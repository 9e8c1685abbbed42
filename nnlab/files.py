"""Atomic, durable writes, and safe reading of files that may be hostile."""

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

# Opening a pipe would wait for its other end; opening a terminal could make it that of the process.
_CAUTIOUS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

SURROGATES = range(0xDC80, 0xDD00)  # how Python represents, in text, bytes that are not UTF-8
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of the regular file at `path`, without ever waiting. Raises `OSError`.

    A file to be written may be neither a link nor hard-linked: writing would change a file elsewhere.
    """
    writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
    try:  # check before opening, because opening alone starts some devices
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
    r"""Return `text`, whatever its origin, on one line and without characters that control a terminal.

    A byte of a path that is not UTF-8 is written as \xff.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return f"\\x{ord(char) % 256:02x}" if ord(char) in SURROGATES else repr(char)[1:-1]


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file next to `path` that replaces it, complete and on disk, if the block succeeds.

    Otherwise `path` stays as it was and the new file is removed. Raises `NnlabError` with the path if the
    file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # matches _TEMPORARY
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
    """Append `content` to the existing file at `path`, and flush it to the disk. Raises `NnlabError`.

    A crash or a full disk may cut `content` off; the reader has to drop an incomplete last line.
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
    """Remove the file at `path`, if it exists, durably. Raises `NnlabError`."""
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
    """Remove the temporary files that a killed `atomic_write` left in `folder`. Raises `NnlabError`."""
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
    """Return the content of the file at `path`. Raises `RunError`, also for more than `limit` bytes."""
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise RunError(f"{path} is larger than {limit:,} bytes, which no file of its kind is")
        return file.read(size)  # allocates that much at once, hence the limit


def fingerprint(path: Path) -> tuple[int, int] | None:
    """Return a value that changes when the file at `path` is replaced; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def sync(file: IO[bytes]) -> None:
    """Flush everything that was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def make_folders(path: Path) -> None:
    """Make the folder at `path` and its missing parents, durably. Raises `OSError`."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of the files in `folder` durable, if the system and the permissions allow it."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder may be writable but not readable
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot do this
            raise
    finally:
        os.close(descriptor)
