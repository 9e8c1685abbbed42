"""A user's machine without any copy of MNIST, and a mirror on the loopback."""

from __future__ import annotations

import contextlib
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import platformdirs
import pytest

from nnlab.datasets import DATASETS, MNIST_FAMILY

from .mirror import DATA, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets.mnist import ImageDataset
    from nnlab.datasets.published import PublishedFile

    from .mirror import Mirror

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class PlaceFiles(Protocol):
    def __call__(self, info: ImageDataset, root: Path, *files: PublishedFile) -> Path: ...


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("NNLAB_DATA_DIR", "REQUESTS_CA_BUNDLE", *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / ".cache"))
    working_directory = tmp_path / "work"
    working_directory.mkdir()
    monkeypatch.chdir(working_directory)


@pytest.fixture
def cache(_isolated: None) -> Path:
    return Path(platformdirs.user_cache_dir("nnlab"))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> ImageDataset:
    """MNIST in an empty folder, so that no other copy of it is found by accident."""
    info = replace(MNIST_FAMILY["mnist"], folder="Elsewhere", mirrors=())
    monkeypatch.setitem(MNIST_FAMILY, "mnist", info)
    monkeypatch.setitem(DATASETS, "mnist", info)
    return info


@pytest.fixture
def place() -> PlaceFiles:
    """Copy the published files of a dataset to `root`, as torchvision lays them out."""

    def place(info: ImageDataset, root: Path, *files: PublishedFile) -> Path:
        folder = root / info.folder / "raw"
        folder.mkdir(parents=True, exist_ok=True)
        for file in files or info.files:
            shutil.copyfile(DATA / "MNIST" / "raw" / file.name, folder / file.name)
        return folder

    return place


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as server:
        yield server


@pytest.fixture
def refusing() -> str:
    """The base URL of a mirror on which nobody listens."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}/"
