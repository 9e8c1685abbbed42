"""Finds the files of a dataset, verifies them and, if allowed, downloads missing ones."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.datasets.download import download
from nnlab.errors import DatasetError
from nnlab.files import open_regular

if TYPE_CHECKING:
    from nnlab.datasets.published import PublishedFile, PublishedFiles

GZIP_WINDOW = 31  # zlib's number for "a gzip header and trailer around the largest window"
REMEDIES = {
    errno.EACCES: "make it readable, or ",
    errno.EPERM: "make it readable, or ",
    errno.EIO: "check the disk, or ",
    errno.EISDIR: "move the folder away, or ",
    errno.ELOOP: "delete the link, or ",
}


@dataclass(frozen=True)
class Source:
    """Where files may come from: the root named by the user, and whether and how to download.

    With `keeps`, examples that were read stay in memory, for a process that trains many times.
    """

    data_dir: Path | None = None
    offline: bool = False
    progress: bool = False
    keeps: bool = False


def roots(data_dir: Path | None) -> list[Path]:
    """Return the absolute folders to search, in order and without duplicates."""
    wanted = (_named_root(data_dir), Path("data"), _bundled_root(), _cache_root())
    return list(dict.fromkeys(_absolute(root) for root in wanted if root))


def target_root(data_dir: Path | None) -> Path:
    """Return the root for downloads. Raises `DatasetError` if the user names none and has no cache folder."""
    root = _named_root(data_dir) or _cache_root()
    if root is None:
        raise DatasetError(
            "there is no home for a cache folder; name a folder with --data-dir or NNLAB_DATA_DIR"
        )
    return _absolute(root)


def _named_root(data_dir: Path | None) -> Path | None:
    if data_dir is not None:
        return data_dir
    variable = os.environ.get("NNLAB_DATA_DIR")
    return Path(variable) if variable else None


def _bundled_root() -> Path | None:
    """Return the root that comes with nnlab: inside the package in a wheel, next to it in a checkout."""
    package = Path(__file__).parents[1]
    return next((root for root in (package / "data", package.parent / "data") if root.is_dir()), None)


def _cache_root() -> Path | None:
    import platformdirs  # noqa: PLC0415 - needed only here, and not when nnlab.datasets is imported

    try:
        root = Path(platformdirs.user_cache_dir("nnlab"))
    except RuntimeError:
        return None
    # Without a home, older versions of platformdirs return `~/.cache`, which would be a folder named `~`.
    return root if root.is_absolute() else None


def _absolute(root: Path) -> Path:
    try:
        return root.absolute()
    except FileNotFoundError:  # the working directory was deleted
        return root


def folder_in(root: Path, info: PublishedFiles) -> Path:
    """Return the folder in which torchvision keeps the files of a dataset."""
    return root / info.folder / "raw"


def candidates(root: Path, info: PublishedFiles, file: PublishedFile) -> list[Path]:
    """Return the existing paths of `file` under `root`, the preferred one first.

    Raw content loads faster, but without a known digest only the .gz can be verified. Raises `DatasetError`
    if a path cannot be examined.
    """
    packed = folder_in(root, info) / file.name
    raw = packed.with_suffix("")
    paths = [packed, raw] if file.content_sha256 is None else [raw, packed]
    return [path for path in paths if _exists(path)]


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # A broken link exists, and reading it reports what is wrong. Any other error is in a parent folder.
        try:
            path.lstat()
        except OSError as error:
            raise DatasetError(f"{path}: {explain(error)}") from error
    return True


def find(info: PublishedFiles, file: PublishedFile, data_dir: Path | None) -> Path | None:
    """Return the path of `file` that is to be used, unread, or None.

    A root that the user did not name and may not enter is skipped. Raises `DatasetError` like `candidates`.
    """
    named = _named_root(data_dir)
    for root in roots(data_dir):
        try:
            paths = candidates(root, info, file)
        except DatasetError as error:
            if isinstance(error.__cause__, PermissionError) and not (named and root == _absolute(named)):
                continue
            raise
        if paths:
            return paths[0]
    return None


def explain(error: OSError) -> str:
    """Return why the system refused access to a path, and the remedy."""
    reason = error.strerror or str(error)
    return f"{reason}; {REMEDIES.get(error.errno or 0, '')}name another folder with --data-dir"


def digest(path: Path, file: PublishedFile) -> str | None:
    """Return the published SHA-256 of the file at `path`, a .gz or its content; None if it is not known."""
    return file.sha256 if _is_packed(path) else file.content_sha256


def _is_packed(path: Path) -> bool:
    return path.suffix == ".gz"


def read(path: Path, file: PublishedFile) -> bytes:
    """Return the unpacked and verified content of `file`, which is at `path`.

    The file is read once, so the bytes that are returned are those that were verified. Raises `DatasetError`
    with the reason alone.
    """
    size = file.size if _is_packed(path) else file.content_size
    expected = digest(path, file)
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(size + 1)
    except OSError as error:
        if error.errno == errno.EINVAL:  # a pipe, a socket or a device, which a download may replace
            raise DatasetError(str(error.strerror)) from None
        raise DatasetError(explain(error)) from error
    if len(data) > size:
        raise DatasetError(f"longer than {size:,} bytes")
    if len(data) < size:
        raise DatasetError(f"{len(data):,} bytes instead of {size:,}")
    if expected is None and not data.startswith(file.header):
        raise DatasetError(f"not an IDX file of shape {file.shape}")
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise DatasetError("wrong SHA-256")
    return unpack(data, file) if _is_packed(path) else data


def unpack(data: bytes, file: PublishedFile) -> bytes:
    """Return the content of a .gz whose digest was verified, which limits its size."""
    return zlib.decompress(data, GZIP_WINDOW, file.content_size)


def obtain(info: PublishedFiles, file: PublishedFile, source: Source) -> bytes:
    """Return the verified content of `file`, downloaded if it cannot be found.

    Raises `DatasetError` with the remedy if the file is wrong, or missing and unavailable.
    """
    path = find(info, file, source.data_dir)
    if path is not None:
        try:
            return read(path, file)
        except DatasetError as error:
            if isinstance(error.__cause__, OSError):
                raise DatasetError(f"{path}: {error}") from error
            root = shlex.quote(str(path.parents[2]))
            raise DatasetError(
                f"{path}: {error}; delete it, or run `nnlab data download {info.name} --data-dir {root}`, "
                "which replaces it"
            ) from error
    if source.offline:
        looked = ", ".join(str(folder_in(root, info)) for root in roots(source.data_dir))
        raise DatasetError(
            f"{file.name} of {info.title} is missing, and nothing is downloaded offline; looked in {looked}; "
            f"run `nnlab data download {info.name}` where there is a network, or name the folder that holds "
            f"{info.folder}/raw with --data-dir or NNLAB_DATA_DIR"
        )
    path = folder_in(target_root(source.data_dir), info) / file.name
    return unpack(download(file, info.mirrors, path, progress=source.progress), file)
