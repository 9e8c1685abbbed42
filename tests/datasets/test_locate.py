from __future__ import annotations

import gzip
import re
import shutil
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

from nnlab.datasets import Source, locate
from nnlab.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.datasets import DatasetInfo
    from tests.datasets.conftest import Mirror

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


def undigested(info: DatasetInfo) -> DatasetInfo:
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
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path, tmp_path: Path
) -> None:
    named = tmp_path / "named"
    for root in (cache, Path("data"), named):
        folder = place(elsewhere, root.absolute())
        assert locate.find(elsewhere, elsewhere.train_labels, named) == folder / elsewhere.train_labels.name


def test_files_of_one_dataset_may_lie_in_different_roots(
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path, tmp_path: Path
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
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path
) -> None:
    packed = place(elsewhere, cache) / elsewhere.train_labels.name
    content = locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)
    raw = unpack(packed)
    assert locate.find(elsewhere, elsewhere.train_labels, None) == raw
    assert locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE) == content


@pytest.mark.parametrize("raw", [False, True])
def test_one_wrong_bit_is_refused_with_the_path_and_the_remedy(
    elsewhere: DatasetInfo, place: Callable[..., Path], tmp_path: Path, *, raw: bool
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


def turn_into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def deflate_something_else(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\0" * 60_008))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_off, "28,880 bytes instead of 28,881"),
        (prolong, "longer than 28,881 bytes"),
        (turn_into_a_folder, "not a file"),
        (deflate_something_else, "[0-9]+ bytes instead of 28,881"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(
    elsewhere: DatasetInfo,
    place: Callable[..., Path],
    cache: Path,
    damage: Callable[[Path], None],
    reason: str,
) -> None:
    path = place(elsewhere, cache) / elsewhere.train_labels.name
    damage(path)
    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))}: {reason}; delete it"):
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)


def test_an_unreadable_file_is_refused_with_the_systems_reason(
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place(elsewhere, cache) / elsewhere.train_labels.name

    # Permissions do not bind root, as whom containers run tests.
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))}: Permission denied; "):
        locate.obtain(elsewhere, elsewhere.train_labels, OFFLINE)


def test_a_gzip_bomb_is_refused_before_it_is_inflated(
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path
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
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path
) -> None:
    info = undigested(elsewhere)
    packed = place(info, cache) / info.train_labels.name
    shutil.copyfile(packed, packed.with_suffix(""))
    assert locate.find(info, info.train_labels, None) == packed


def test_lone_raw_content_without_a_digest_is_taken_if_its_structure_is_right(
    elsewhere: DatasetInfo, place: Callable[..., Path], cache: Path
) -> None:
    info = undigested(elsewhere)
    raw = unpack(place(info, cache) / info.train_labels.name)
    assert locate.obtain(info, info.train_labels, OFFLINE) == raw.read_bytes()
    raw.write_bytes(bytes(info.train_labels.content_size))
    with pytest.raises(DatasetError, match=r"no IDX file of shape \(60000,\)"):
        locate.obtain(info, info.train_labels, OFFLINE)


def test_offline_a_missing_file_is_told_with_where_it_was_sought_and_what_to_do(
    elsewhere: DatasetInfo, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError) as caught:
        locate.obtain(elsewhere, elsewhere.train_images, Source(tmp_path / "named", offline=True))
    message = str(caught.value)
    for root in (tmp_path / "named", tmp_path / "work" / "data", DATA, cache):
        assert f"\n  {root / 'Elsewhere' / 'raw'}\n" in message
    for remedy in ("`nnlab data download mnist`", "--data-dir", "NNLAB_DATA_DIR"):
        assert remedy in message


@pytest.mark.parametrize("named", [False, True])
def test_a_missing_file_is_downloaded_to_the_users_root_or_else_to_the_cache(
    elsewhere: DatasetInfo, mirror: Mirror, cache: Path, tmp_path: Path, *, named: bool
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
