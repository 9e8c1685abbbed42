from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import NnlabError
from nnlab.files import atomic_write, remove

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
    with pytest.raises(NnlabError, match=r"/a: Is a directory"), atomic_write(tmp_path / "a"):
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
    with pytest.raises(NnlabError, match=r"^cannot remove .*: (Is a directory|Operation not permitted)$"):
        remove(tmp_path)
