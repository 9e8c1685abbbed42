from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnlab.datasets import DATASETS, TOYS, Verification, download_dataset, find_folder, list_files, verify
from nnlab.datasets.mnist import MNIST_FAMILY
from nnlab.errors import DatasetError
from tests.obstacles import DEVICE, OBSTACLES, put

if TYPE_CHECKING:
    from nnlab.datasets.mnist import ImageDataset

    from .conftest import PlaceFiles
    from .mirror import Mirror


@pytest.fixture
def served(elsewhere: ImageDataset, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> ImageDataset:
    """MNIST, available only from a mirror."""
    info = replace(elsewhere, mirrors=(mirror.base("good"),))
    monkeypatch.setitem(MNIST_FAMILY, "mnist", info)
    return info


def statuses(root: Path) -> list[str]:
    return [verification.status for verification in verify("mnist", root)]


def test_every_file_is_listed_with_its_place_and_size_or_as_missing() -> None:
    listings = list_files()
    assert len(listings) == 12
    for listing in listings:
        if listing.dataset == "mnist":
            assert listing.path is not None
            assert listing.path.name == listing.file
            assert listing.path.is_file()
        else:
            assert listing.path is None


def test_the_copy_that_comes_with_nnlab_is_verified() -> None:
    assert [check.status for check in verify("mnist")] == ["ok"] * 4


def test_verification_distinguishes_wrong_missing_and_unverified(
    elsewhere: ImageDataset, place: PlaceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_labels = replace(elsewhere.train_labels, content_sha256=None)
    info = replace(elsewhere, train_labels=train_labels)
    monkeypatch.setitem(MNIST_FAMILY, "mnist", info)
    raw = place(info, tmp_path, info.test_images, train_labels, info.test_labels)
    (raw / info.test_labels.name).write_bytes(b"wrong")
    packed = raw / train_labels.name
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert verify("mnist", tmp_path) == (
        Verification("mnist", info.train_images.name, None, "missing"),
        Verification("mnist", train_labels.name, packed.with_suffix(""), "unverified"),
        Verification("mnist", info.test_images.name, raw / info.test_images.name, "ok"),
        Verification(
            "mnist", info.test_labels.name, raw / info.test_labels.name, "wrong", "5 bytes instead of 4,542"
        ),
    )


def test_the_folder_holds_the_dataset_or_would_get_its_download(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path, tmp_path: Path
) -> None:
    assert find_folder("mnist") == cache / "Elsewhere" / "raw"
    assert find_folder("mnist", tmp_path) == tmp_path / "Elsewhere" / "raw"
    lies = place(elsewhere, cache)
    assert find_folder("mnist", tmp_path) == lies


def test_a_download_brings_all_four_files(served: ImageDataset, tmp_path: Path) -> None:
    downloads = download_dataset("mnist", tmp_path)
    assert [download.file for download in downloads] == [file.name for file in served.files]
    assert {download.action for download in downloads} == {"downloaded"}
    assert all(download.path.parent == tmp_path / "Elsewhere" / "raw" for download in downloads)
    assert statuses(tmp_path) == ["ok"] * 4


def test_a_download_keeps_good_files_and_replaces_wrong_ones(
    served: ImageDataset, mirror: Mirror, place: PlaceFiles, tmp_path: Path
) -> None:
    raw = place(served, tmp_path)
    (raw / served.test_labels.name).write_bytes(b"wrong")
    downloads = download_dataset("mnist", tmp_path)
    assert [download.action for download in downloads] == ["kept", "kept", "kept", "downloaded"]
    assert len(mirror.requests) == 1
    assert statuses(tmp_path) == ["ok"] * 4


def test_wrong_raw_content_gives_way_to_the_file_that_was_downloaded(
    served: ImageDataset, tmp_path: Path
) -> None:
    wrong = tmp_path / served.folder / "raw" / "t10k-labels-idx1-ubyte"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"wrong")
    download_dataset("mnist", tmp_path)
    assert not wrong.exists()
    assert statuses(tmp_path) == ["ok"] * 4


def test_unverified_raw_content_is_neither_trusted_nor_touched(
    served: ImageDataset, place: PlaceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = replace(served.test_labels, content_sha256=None)
    monkeypatch.setitem(MNIST_FAMILY, "mnist", replace(served, test_labels=labels))
    packed = place(served, tmp_path) / labels.name
    raw = packed.with_suffix("")
    raw.write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert statuses(tmp_path)[-1] == "unverified"
    assert download_dataset("mnist", tmp_path)[-1].action == "downloaded"
    assert raw.exists()
    assert statuses(tmp_path)[-1] == "ok"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("what", [what for what in OBSTACLES if what != "a folder"])
@pytest.mark.usefixtures("served")
def test_what_is_no_file_is_wrong_and_gives_way_to_the_file_that_was_downloaded(
    tmp_path: Path, what: str, suffix: str
) -> None:
    obstacle = tmp_path / "Elsewhere" / "raw" / f"t10k-labels-idx1-ubyte{suffix}"
    put(what, obstacle)
    check = verify("mnist", tmp_path)[-1]
    assert (check.path, check.status, check.reason) == (
        obstacle,
        "wrong",
        "it is a pipe, a socket or a device, not a file",
    )
    download_dataset("mnist", tmp_path)
    assert statuses(tmp_path) == ["ok"] * 4
    assert Path(DEVICE).is_char_device()


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.usefixtures("served")
def test_a_folder_in_the_place_of_a_file_is_reported_before_any_download(
    mirror: Mirror, tmp_path: Path, suffix: str
) -> None:
    obstacle = tmp_path / "Elsewhere" / "raw" / f"train-images-idx3-ubyte{suffix}"
    put("a folder", obstacle)
    assert statuses(tmp_path)[0] == "wrong"
    with pytest.raises(
        DatasetError, match=f"^{re.escape(str(obstacle))}: it is a folder, not a file; move the folder"
    ):
        download_dataset("mnist", tmp_path)
    assert obstacle.is_dir()
    assert mirror.requests == []


def test_a_link_to_itself_is_replaced_by_the_download(served: ImageDataset, tmp_path: Path) -> None:
    path = tmp_path / "Elsewhere" / "raw" / served.test_labels.name
    path.parent.mkdir(parents=True)
    path.symlink_to(path)
    assert statuses(tmp_path)[-1] == "wrong"
    download_dataset("mnist", tmp_path)
    assert statuses(tmp_path) == ["ok"] * 4


def test_a_download_that_fails_leaves_no_file(
    served: ImageDataset, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MNIST_FAMILY, "mnist", replace(served, mirrors=(mirror.base("503"),)))
    with pytest.raises(DatasetError, match="HTTP 503"):
        download_dataset("mnist", tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_datasets_has_the_mnist_family_and_the_toys() -> None:
    assert {**DATASETS} == MNIST_FAMILY | TOYS
