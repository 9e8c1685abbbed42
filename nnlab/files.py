"""Files that are whole or not there: atomic, durable writes, and digests."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from nnlab.errors import NnlabError

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
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync(file: IO[bytes] | IO[str]) -> None:
    """Hand all that was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names of the files in `folder` durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
