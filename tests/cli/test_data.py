"""`nnlab data` with damaged files, missing folders and wrong names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import DATA
from tests.obstacles import OBSTACLES, put

if TYPE_CHECKING:
    from tests.laboratory import Laboratory

STEERING = "a\x1b[31mb\nc"
SHOWN = r"a\x1b[31mb\nc"


@pytest.mark.parametrize("what", OBSTACLES)
def test_what_is_no_file_is_one_line_for_every_command(lab: Laboratory, what: str) -> None:
    path = lab.folder / "mine" / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    put(what, path)
    verified = lab.call("data", "verify", "mnist", "--data-dir", "mine")
    assert verified.code == 4
    assert verified.out.splitlines()[0].startswith(f"wrong      {path}: ")
    assert "1 wrong or missing" in verified.err
    trained = lab.call("train", "linear.yaml", "--data-dir", "mine")
    assert (trained.code, trained.out) == (4, "")
    assert trained.err.startswith(f"nnlab: {path}: ")
    assert len(trained.err.splitlines()) == 1


def test_a_folder_in_the_place_of_a_file_is_one_line_for_a_download(lab: Laboratory) -> None:
    path = lab.folder / "mine" / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    put("a folder", path)
    refused = lab.call("data", "download", "mnist", "--data-dir", "mine")
    assert (refused.code, refused.out) == (4, "")
    assert refused.err == (
        f"nnlab: {path}: it is a folder, not a file; move the folder away, or name another folder with "
        "--data-dir\n"
    )


@pytest.mark.parametrize("command", ["list", "verify", "path", "download"])
def test_a_folder_under_the_users_root_that_may_not_be_entered_is_one_line(
    lab: Laboratory, command: str
) -> None:
    folder = lab.folder / "mine" / "MNIST"
    folder.parent.mkdir()
    folder.mkdir(mode=0)
    names = ["mnist"] if command != "list" else []
    refused = lab.without_root("data", command, *names, "--data-dir", "mine")
    assert (refused.code, refused.out) == (4, "")
    path = folder / "raw" / "train-images-idx3-ubyte"
    assert refused.err == (
        f"nnlab: {path}: Permission denied; make it readable, or name another folder with --data-dir\n"
    )


def test_a_locked_data_folder_that_was_not_named_is_skipped(lab: Laboratory) -> None:
    (lab.folder / "data").mkdir(mode=0)
    assert lab.without_root("data", "path", "mnist") == (0, f"{DATA}\n", "")


def test_a_file_that_may_not_be_read_is_wrong_with_the_remedy(lab: Laboratory) -> None:
    path = lab.folder / "mine" / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    path.parent.mkdir(parents=True)
    path.touch(mode=0)
    reason = f"{path}: Permission denied; make it readable, or name another folder with --data-dir\n"
    verified = lab.without_root("data", "verify", "mnist", "--data-dir", "mine")
    assert verified.code == 4
    assert verified.out.startswith(f"wrong      {reason}")
    assert lab.without_root("train", "linear.yaml", "--data-dir", "mine") == (4, "", f"nnlab: {reason}")


def test_a_path_steers_no_terminal_and_breaks_no_line(lab: Laboratory) -> None:
    raw = lab.folder / STEERING / "MNIST" / "raw"
    raw.parent.mkdir(parents=True)
    raw.symlink_to(DATA)
    arguments = ("--data-dir", STEERING)
    shown = f"{lab.folder}/{SHOWN}/MNIST/raw"
    verified = lab.call("data", "verify", "mnist", *arguments)
    downloaded = lab.call("data", "download", "mnist", *arguments)
    names = sorted(file.name for file in DATA.iterdir())
    assert sorted(verified.out.splitlines()) == [f"ok         {shown}/{name}" for name in names]
    assert sorted(downloaded.out.splitlines()) == [f"kept {shown}/{name}" for name in names]
    assert shown in lab.call("data", "list", *arguments).out


def test_the_path_for_a_script_is_the_exact_one(lab: Laboratory) -> None:
    (lab.folder / STEERING / "KMNIST" / "raw").mkdir(parents=True)
    printed = lab.call("data", "path", "kmnist", "--data-dir", STEERING).out
    assert (lab.folder / printed.removesuffix("\n")).is_dir()


def test_the_path_does_not_steer_a_terminal(lab: Laboratory) -> None:
    done = lab.on_a_terminal("data", "path", "kmnist", "--data-dir", STEERING)
    assert (done.code, done.out) == (0, f"{lab.folder}/{SHOWN}/KMNIST/raw\r\n")


def test_a_path_that_is_not_utf8_does_not_crash(lab: Laboratory) -> None:
    root = os.fsdecode(b"r\xff")
    assert lab.call("data", "verify", "kmnist", "--data-dir", root).code == 4
    assert lab.call("data", "list", "--data-dir", root).code == 0
