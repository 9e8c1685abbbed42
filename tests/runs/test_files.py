from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.files import append, atomic_write, make_folders, read, remove, remove_temporary
from tests.obstacles import OBSTACLES, put

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a long old content")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"a long old content"
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_a_file_stays_as_it_was_when_writing_fails(tmp_path: Path, exception: type[BaseException]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(exception), atomic_write(path) as file:  # noqa: PT012 - the block is what fails
        file.write(b"half of the ne")
        raise exception
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_is_an_error_with_the_path_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(NnlabError) as error, atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert str(error.value) == f"cannot write {tmp_path / 'a'}: No space left on device"
    assert error.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error_with_the_path(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a"
    with pytest.raises(NnlabError, match=r"missing/a: No such file or directory"), atomic_write(path):
        pass


def test_a_target_that_is_a_folder_is_an_error_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with (
        pytest.raises(NnlabError, match=r"/a: a folder is in its place; move it away$"),
        atomic_write(tmp_path / "a"),
    ):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_umask_asks_for(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_write(tmp_path / "a") as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_what_is_removed_is_gone_or_an_error_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NnlabError, match=r"^cannot remove .*: it is a folder; move it away$"):
        remove(tmp_path)


def test_what_is_removed_is_gone_from_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("nnlab.files.sync_folder", synced.append)
    remove(tmp_path / "a")
    assert synced == []
    (tmp_path / "a").touch()
    remove(tmp_path / "a")
    assert synced == [tmp_path]


@pytest.mark.parametrize("what", OBSTACLES)
def test_what_is_not_a_file_is_neither_read_nor_appended_to_and_never_waited_for(
    tmp_path: Path, what: str
) -> None:
    path = tmp_path / "a"
    put(what, path)
    kind = "a folder" if what == "a folder" else "a pipe, a socket or a device"
    with pytest.raises(RunError, match=rf"cannot read .*/a: it is {kind}, not a file$"):
        read(path, limit=100)
    kind = "a link" if what == "a device" else kind
    with pytest.raises(NnlabError, match=rf"cannot write .*/a: it is {kind}"):
        append(path, b"more")


@pytest.mark.parametrize(
    ("link", "what"), [("symlink_to", "a link"), ("hardlink_to", "hard-linked elsewhere")]
)
def test_nothing_is_appended_to_what_a_link_leads_to(tmp_path: Path, link: str, what: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    getattr(tmp_path / "a", link)(precious)
    with pytest.raises(NnlabError, match=what):
        append(tmp_path / "a", b"more")
    assert precious.read_bytes() == b"precious"


def test_an_atomic_write_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "a").symlink_to(precious)
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (precious.read_bytes(), (tmp_path / "a").read_bytes()) == (b"precious", b"new")


def test_only_what_an_atomic_write_left_is_cleared_away(tmp_path: Path) -> None:
    for name in (".last.npz.0123abcd.tmp", ".mine.tmp", ".a.0123ABCD.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".b.0123abcd.tmp").mkdir()
    remove_temporary(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.0123ABCD.tmp",
        ".b.0123abcd.tmp",
        ".mine.tmp",
    ]


def test_every_new_folder_is_made_durable_in_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("nnlab.files.sync_folder", synced.append)
    make_folders(tmp_path / "a" / "b" / "c")
    assert set(synced) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}
    synced.clear()
    make_folders(tmp_path / "a" / "b" / "c")
    assert synced == []
