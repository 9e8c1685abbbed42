"""Lists where the files of datasets are, verifies them, and downloads whole datasets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nnlab.datasets import locate
from nnlab.datasets.download import download
from nnlab.datasets.mnist import MNIST_FAMILY
from nnlab.errors import DatasetError
from nnlab.files import remove

if TYPE_CHECKING:
    from nnlab.datasets.published import PublishedFile, PublishedFiles


@dataclass(frozen=True)
class Listing:
    """The path of a file of a dataset, unread, or None if it is missing."""

    dataset: str
    file: str
    path: Path | None


@dataclass(frozen=True)
class Verification:
    """The result of comparing a file with the published one.

    `unverified` is raw content of the right shape without a known digest; only `wrong` has a reason.
    """

    dataset: str
    file: str
    path: Path | None
    status: Literal["ok", "wrong", "missing", "unverified"]
    reason: str = ""


@dataclass(frozen=True)
class Download:
    """The path of a verified file of a dataset, and whether it had to be downloaded."""

    dataset: str
    file: str
    path: Path
    action: Literal["kept", "downloaded"]


def list_files(data_dir: Path | None = None) -> tuple[Listing, ...]:
    """Return every file of every dataset, with its path."""
    return tuple(
        Listing(info.name, file.name, locate.find(info, file, data_dir))
        for info in MNIST_FAMILY.values()
        for file in info.files
    )


def verify(name: str, data_dir: Path | None = None) -> tuple[Verification, ...]:
    """Compare the files that training and evaluation would use with the published ones."""
    info = MNIST_FAMILY[name]
    return tuple(_verification(info, file, locate.find(info, file, data_dir)) for file in info.files)


def _verification(info: PublishedFiles, file: PublishedFile, path: Path | None) -> Verification:
    if path is None:
        return Verification(info.name, file.name, None, "missing")
    try:
        locate.read(path, file)
    except DatasetError as error:
        return Verification(info.name, file.name, path, "wrong", str(error))
    return Verification(info.name, file.name, path, "ok" if locate.digest(path, file) else "unverified")


def find_folder(name: str, data_dir: Path | None = None) -> Path:
    """Return the folder that holds the dataset, or else the folder for its download."""
    info = MNIST_FAMILY[name]
    found = (locate.find(info, file, data_dir) for file in info.files)
    path = next((path for path in found if path), None)
    return path.parent if path else locate.folder_in(locate.target_root(data_dir), info)


def download_dataset(
    name: str, data_dir: Path | None = None, *, progress: bool = False
) -> tuple[Download, ...]:
    """Make sure that all four files are in the user's root, or else in the cache folder, and are correct.

    Raises `DatasetError` if no mirror has a file or a folder is in its place, `NnlabError` if a file cannot
    be written.
    """
    info = MNIST_FAMILY[name]
    root = locate.target_root(data_dir)
    return tuple(_download(info, file, root, progress=progress) for file in info.files)


def _download(info: PublishedFiles, file: PublishedFile, root: Path, *, progress: bool) -> Download:
    checks = [_verification(info, file, path) for path in locate.candidates(root, info, file)]
    for check in checks:
        if check.path and check.path.is_dir():  # a download cannot replace a folder
            raise DatasetError(f"{check.path}: {check.reason}")
    kept = next((check.path for check in checks if check.status == "ok"), None)
    packed = locate.folder_in(root, info) / file.name
    if kept is None:
        download(file, info.mirrors, packed, progress=progress)
    for check in checks:
        if check.status == "wrong" and check.path and check.path != packed:
            remove(check.path)  # raw content would be found before the correct .gz
    return Download(info.name, file.name, kept or packed, "kept" if kept else "downloaded")
