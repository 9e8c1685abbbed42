from __future__ import annotations

import errno
import gzip
import os
import re
import shutil
import threading
import time
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

from nnlab.datasets import Source, locate
from nnlab.errors import DatasetError
from tests.obstacles import OBSTACLES, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.datasets.mnist import ImageDataset

    from .conftest import PlaceFiles
    from .mirror import Mirror

DATA = Path(__file__).parents[2] / "data"
OFFLINE = Source(offline=True)


def unpack(path: Path) -> Path:
    """Replace the .gz at `path` by its raw content."""
    raw = path.with_suffix("")
    raw.write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()
    return raw


def flip_last_bit(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def undigested(info: ImageDataset) -> ImageDataset:
    """Return `info` with its training labels' raw content as unknown as that of Fashion-MNIST."""
    return replace(info, train_labels=replace(info.train_labels, content_sha256=None))


def test_roots_are_searched_in_the_contracts_order(cache: Path, tmp_path: Path) -> None:
    named = tmp_path / "named"
    assert locate.roots(named) == [named, tmp_path / "work" / "data", DATA, cache]


def test_the_variable_names_a_root_unless_it_is_empty(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNLAB_DATA_DIR", str(tmp_path / "variable"))
    assert locate.roots(None)[0] == tmp_path / "variable"
    assert locate.target_root(None) == tmp_path / "variable"
    monkeypatch.setenv("NNLAB_DATA_DIR", "")
    assert locate.roots(None)[0] == tmp_path / "work" / "data"
    assert locate.target_root(None) == cache


def test_the_argument_goes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNLAB_DATA_DIR", str(tmp_path / "variable"))
    assert locate.target_root(tmp_path / "argument") == tmp_path / "argument"
    assert tmp_path / "variable" not in locate.roots(tmp_path / "argument")


def test_in_the_checkout_one_folder_is_not_searched_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA.parent)
    assert locate.roots(None).count(DATA) == 1


def test_an_installed_wheel_has_its_copy_within_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nnlab" / "data").mkdir(parents=True)
    monkeypatch.setattr(locate, "__file__", str(tmp_path / "nnlab" / "datasets" / "locate.py"))
    assert tmp_path / "nnlab" / "data" in locate.roots(None)


def test_every_root_in_turn_is_where_a_file_is_found(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path, tmp_path: Path
) -> None:
    named = tmp_path / "named"
    for root in (cache, Path("data"), named):
        folder = place(elsewhere, root.absolute())
        assert locate.find(elsewhere, elsewhere.train_labels, named) == folder / elsewhere.train_labels.name


def test_files_of_one_dataset_may_lie_in_different_roots(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path, tmp_path: Path
) -> None:
    place(elsewhere, cache, elsewhere.train_labels)
    place(elsewhere, tmp_path / "named", elsewhere.test_labels)
    for file in (elsewhere.train_labels, elsewhere.test_labels):
        content = locate.obtain(elsewhere, file, Source(tmp_path / "named", offline=True))
        assert len(content) == file.content_size


@pytest.mark.parametrize("home", [None, "relative"])
def test_without_a_home_there_is_no_cache_and_no_crash(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def user_cache_dir(_: str) -> str:
        if home is None:
            raise RuntimeError("could not determine the home directory")  # as platformdirs does today
        return "~/.cache/nnlab"  # as it once did

    monkeypatch.setattr(platformdirs, "user_cache_dir", user_cache_dir)
    assert locate.roots(None) == [tmp_path / "work" / "data", DATA]
    with pytest.raises(DatasetError, match="--data-dir or NNLAB_DATA_DIR"):
        locate.target_root(None)


def test_a_deleted_working_directory_is_no_crash(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "work").rmdir()
    assert locate.roots(None) == [Path("data"), DATA, cache]


def test_raw_content_and_gz_are_both_used_as_they_are(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path
) -> None:
    packed = place(elsewhere, cache) / elsewhere.train_labels.name
    content = locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)
    raw = unpack(packed)
    assert locate.find(elsewhere, elsewhere.train_labels, None) == raw
    assert locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE) == content


@pytest.mark.parametrize("raw", [False, True])
def test_one_wrong_bit_is_refused_with_the_path_and_the_remedy(
    elsewhere: ImageDataset, place: PlaceFiles, tmp_path: Path, *, raw: bool
) -> None:
    root = tmp_path / "with space"
    path = place(elsewhere, root) / elsewhere.train_labels.name
    path = unpack(path) if raw else path
    flip_last_bit(path)
    with pytest.raises(DatasetError) as caught:
        locate.obtain(elsewhere, elsewhere.train_labels, Source(root))
    assert str(caught.value) == (
        f"{path}: wrong SHA-256; delete it, or run `nnlab data download mnist --data-dir '{root}'`, "
        "which replaces it"
    )


def break_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def prolong(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def deflate_something_else(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\0" * 60_008))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_off, "28,880 bytes instead of 28,881"),
        (prolong, "longer than 28,881 bytes"),
        (deflate_something_else, "[0-9]+ bytes instead of 28,881"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(
    elsewhere: ImageDataset,
    place: PlaceFiles,
    cache: Path,
    damage: Callable[[Path], None],
    reason: str,
) -> None:
    path = place(elsewhere, cache) / elsewhere.train_labels.name
    damage(path)
    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))}: {reason}; delete it"):
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("what", OBSTACLES)
def test_what_is_no_file_is_refused_and_not_waited_for(
    elsewhere: ImageDataset, cache: Path, what: str, *, raw: bool
) -> None:
    packed = locate.folder_in(cache, elsewhere) / elsewhere.train_labels.name
    path = packed.with_suffix("") if raw else packed
    put(what, path)
    reason = (
        "it is a folder, not a file; move the folder away, or name"
        if what == "a folder"
        else "it is a pipe, a socket or a device, not a file; delete it, or run"
    )
    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))}: {reason} "):
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)


def test_a_pipe_that_takes_the_place_of_a_file_between_look_and_opening_is_not_waited_for(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path
) -> None:
    file = elsewhere.test_labels
    path = place(elsewhere, cache, file) / file.name
    other, third = path.with_name("other"), path.with_name("third")
    os.mkfifo(other)
    outcomes: set[str] = set()

    def read_again_and_again() -> None:
        for _ in range(20_000):
            try:
                locate.read(path, file)
            except DatasetError as error:
                outcomes.add(str(error))

    reader = threading.Thread(target=read_again_and_again, daemon=True)
    reader.start()
    give_up = time.monotonic() + 60
    while reader.is_alive() and time.monotonic() < give_up:
        path.rename(third)
        other.rename(path)
        third.rename(other)
    assert not reader.is_alive()
    assert "it is a pipe, a socket or a device, not a file" in outcomes


def test_a_file_that_the_disk_cannot_read_is_refused_with_the_reason_and_the_remedy(
    elsewhere: ImageDataset, cache: Path
) -> None:
    path = locate.folder_in(cache, elsewhere) / elsewhere.train_labels.name
    path.parent.mkdir(parents=True)
    path.symlink_to("/proc/self/mem")  # a regular file, and no memory lies at its beginning
    if not path.is_file():
        pytest.skip("no /proc/self/mem to fail reading")
    with pytest.raises(DatasetError) as caught:
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)
    assert str(caught.value) == (
        f"{path}: Input/output error; check the disk, or name another folder with --data-dir"
    )


def test_a_link_to_itself_is_not_a_missing_file(elsewhere: ImageDataset, cache: Path) -> None:
    path = locate.folder_in(cache, elsewhere) / elsewhere.train_labels.name
    path.parent.mkdir(parents=True)
    path.symlink_to(path)
    with pytest.raises(DatasetError) as caught:
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)
    assert str(caught.value) == (
        f"{path}: {os.strerror(errno.ELOOP)}; delete the link, or name another folder with --data-dir"
    )


def test_a_link_to_nowhere_is_a_missing_file(elsewhere: ImageDataset, cache: Path) -> None:
    path = locate.folder_in(cache, elsewhere) / elsewhere.train_labels.name
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere")
    with pytest.raises(DatasetError, match="is missing, and nothing is downloaded offline"):
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)


def link_to_itself(root: Path) -> Path:
    root.symlink_to(root)
    return root


def with_a_long_name(root: Path) -> Path:
    return root.with_name("x" * 300)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link_to_itself, f"{os.strerror(errno.ELOOP)}; delete the link, or name another folder"),
        (with_a_long_name, f"{os.strerror(errno.ENAMETOOLONG)}; name another folder"),
    ],
)
def test_a_root_that_cannot_be_looked_into_is_told_and_not_passed_over(
    elsewhere: ImageDataset,
    place: PlaceFiles,
    cache: Path,
    tmp_path: Path,
    make: Callable[[Path], Path],
    reason: str,
) -> None:
    place(elsewhere, cache)
    root = make(tmp_path / "root")
    path = locate.folder_in(root, elsewhere) / elsewhere.train_labels.name
    with pytest.raises(
        DatasetError, match=f"^{re.escape(str(path.with_suffix('')))}: {reason} with --data-dir$"
    ):
        locate.obtain(elsewhere, elsewhere.train_labels, Source(root, offline=True))


@pytest.mark.parametrize("root", ["nowhere", "a file"])
def test_a_root_that_is_not_there_or_no_folder_is_passed_over(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path, tmp_path: Path, root: str
) -> None:
    (tmp_path / "a file").write_text("")
    folder = place(elsewhere, cache)
    found = locate.find(elsewhere, elsewhere.train_labels, tmp_path / root)
    assert found == folder / elsewhere.train_labels.name


def test_a_gzip_bomb_is_refused_before_it_is_inflated(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path
) -> None:
    path = place(elsewhere, cache) / elsewhere.train_labels.name
    bomb = zlib.compress(bytes(20_000_000), level=9, wbits=31)
    path.write_bytes(bomb[: elsewhere.train_labels.size].ljust(elsewhere.train_labels.size, b"\0"))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="wrong SHA-256"):
            locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_gz_goes_before_raw_content_that_has_no_digest(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path
) -> None:
    info = undigested(elsewhere)
    packed = place(info, cache) / info.train_labels.name
    shutil.copyfile(packed, packed.with_suffix(""))
    assert locate.find(info, info.train_labels, None) == packed


def test_lone_raw_content_without_a_digest_is_taken_if_its_structure_is_right(
    elsewhere: ImageDataset, place: PlaceFiles, cache: Path
) -> None:
    info = undigested(elsewhere)
    raw = unpack(place(info, cache) / info.train_labels.name)
    assert locate.obtain(info, info.train_labels, OFFLINE) == raw.read_bytes()
    raw.write_bytes(bytes(info.train_labels.content_size))
    with pytest.raises(DatasetError, match=r"not an IDX file of shape \(60000,\)"):
        locate.obtain(info, info.train_labels, OFFLINE)


def test_offline_a_missing_file_is_told_with_where_it_was_sought_and_what_to_do(
    elsewhere: ImageDataset, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError) as caught:
        locate.obtain(elsewhere, elsewhere.train_images, Source(tmp_path / "named", offline=True))
    message = str(caught.value)
    for root in (tmp_path / "named", tmp_path / "work" / "data", DATA, cache):
        assert str(root / "Elsewhere" / "raw") in message
    assert "\n" not in message
    for remedy in ("`nnlab data download mnist`", "--data-dir", "NNLAB_DATA_DIR"):
        assert remedy in message


@pytest.mark.parametrize("named", [False, True])
def test_a_missing_file_is_downloaded_to_the_users_root_or_else_to_the_cache(
    elsewhere: ImageDataset, mirror: Mirror, cache: Path, tmp_path: Path, *, named: bool
) -> None:
    info = replace(elsewhere, mirrors=(mirror.base("404"), mirror.base("good")))
    source = Source(tmp_path / "named" if named else None)
    content = locate.obtain(info, info.test_labels, source)
    assert len(content) == info.test_labels.content_size
    target = tmp_path / "named" if named else cache
    assert [path for path in target.rglob("*") if path.is_file()] == [
        target / "Elsewhere" / "raw" / info.test_labels.name
    ]
    mirror.requests.clear()
    assert locate.obtain(info, info.test_labels, source) == content
    assert mirror.requests == []
