"""Run folders that cannot be written, go away, or belong to somebody else."""

from __future__ import annotations

import json
import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from nnlab.runs import records

from .conftest import start_nnlab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Outcome


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir()}


def test_a_runs_folder_that_is_read_only_is_one_line(desk: Path, as_a_user: Callable[..., Outcome]) -> None:
    (desk / "runs").mkdir()
    (desk / "runs").chmod(0o555)
    assert as_a_user("train", "linear.yaml") == (
        1,
        "",
        "nnlab: cannot make a run folder in runs: Permission denied; choose another with --runs\n",
    )


def test_a_read_only_run_is_evaluated_and_compared_but_neither_resumed_nor_changed(
    desk: Path, with_run: Path, as_a_user: Callable[..., Outcome]
) -> None:
    before = contents(with_run)
    with_run.chmod(0o555)
    assert as_a_user("compare").code == 0
    assert as_a_user("eval", "--checkpoint", "last").code == 0
    evaluated = as_a_user("eval")
    assert (evaluated.code, evaluated.out[:12]) == (1, "runs/linear-")
    assert evaluated.err == ("nnlab: cannot write runs/linear-001/eval_test.json: Permission denied\n")
    resumed = as_a_user("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (1, "")
    assert resumed.err == "nnlab: cannot write runs/linear-001/.lock: Permission denied\n"
    assert contents(with_run) == before
    assert not (desk / "eval_test.json").exists()


@pytest.mark.parametrize("name", ["config.yaml", "summary.json", "best.npz", "environment.json"])
def test_a_file_that_may_not_be_read_is_one_line_that_names_it(
    with_run: Path, as_a_user: Callable[..., Outcome], name: str
) -> None:
    (with_run / name).chmod(0)
    evaluated = as_a_user("eval")
    if name == "summary.json":  # eval does without
        assert evaluated.code == 0
    else:
        assert (evaluated.code, evaluated.err.count("\n")) == (5, 1)
        assert f"runs/linear-001/{name}" in evaluated.err
    compared = as_a_user("compare", "--format", "json")
    assert compared.code == 0
    (row,) = json.loads(compared.out)
    if name in ("config.yaml", "summary.json"):
        assert row["status"].startswith("broken: ")
        assert name in row["status"]


def test_a_run_folder_that_may_not_be_read_is_one_line(
    with_run: Path, as_a_user: Callable[..., Outcome]
) -> None:
    with_run.chmod(0)
    assert as_a_user("eval") == (
        5,
        "",
        "nnlab: cannot read runs/linear-001/config.yaml: Permission denied\n",
    )
    assert as_a_user("train", "--resume", "linear-001") == (
        1,
        "",
        "nnlab: cannot write runs/linear-001/.lock: Permission denied\n",
    )
    compared = as_a_user("compare", "--format", "json")
    assert (compared.code, json.loads(compared.out)[0]["status"]) == (
        0,
        "broken: cannot read config.yaml: Permission denied",
    )


def test_an_evaluation_that_cannot_be_removed_is_one_line_and_nothing_is_trained(
    with_run: Path, call: Callable[..., Outcome]
) -> None:
    (with_run / "eval_test.json").mkdir()
    before = (with_run / "best.npz").read_bytes()
    resumed = call("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (1, "")
    assert resumed.err.splitlines()[-1] == (
        "nnlab: cannot remove runs/linear-001/eval_test.json: Is a directory; the epochs before are kept, "
        "go on with `nnlab train --resume runs/linear-001`"
    )
    assert (with_run / "best.npz").read_bytes() == before


def test_a_run_folder_that_vanishes_under_a_training_is_one_line(desk: Path) -> None:
    process = start_nnlab(desk, "train", "linear.yaml", "epochs=100000", "patience=null")
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    assert process.stderr
    next(line for line in process.stderr if line.startswith("    1 "))
    (desk / "runs").rename(desk / "elsewhere")
    out, err = process.communicate()
    deadline.cancel()
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith("nnlab: cannot write runs/linear-001/")
    assert err.splitlines()[-1].endswith(": No such file or directory")
    assert (desk / "elsewhere/linear-001/last.npz").exists()


@pytest.mark.parametrize(
    "name", ["metrics.csv", "summary.json", "environment.json", "best.npz", "last.npz", "config.yaml"]
)
@pytest.mark.parametrize("what", ["a folder", "a pipe", "a loop of links"])
def test_what_is_no_file_is_refused_or_replaced_and_never_waited_for(
    call: Callable[..., Outcome], with_run: Path, name: str, what: str
) -> None:
    path = with_run / name
    path.unlink()
    {
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "a loop of links": lambda: path.symlink_to(path),
    }[what]()
    for arguments in (["eval"], ["train", "--resume", "linear-001", "epochs=4"]):
        outcome = call(*arguments)
        assert outcome.code in (0, 1, 5)
        assert outcome.code == 0 or outcome.err.count("\n") == 1
        assert outcome.code == 0 or f"linear-001/{name}" in outcome.err
        assert call("compare").code == 0


def test_an_evaluation_that_a_training_overtook_is_not_kept(
    call: Callable[..., Outcome], with_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = with_run.parent / "other.npz"
    shutil.copyfile(with_run / "best.npz", other)
    write = records.write

    def overtaken(*arguments: object) -> None:
        write(*arguments)
        other.replace(with_run / "best.npz")  # as a training does

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", overtaken)
        assert call("eval").code == 0
    assert not (with_run / "eval_test.json").exists()
    assert call("eval").code == 0
    assert (with_run / "eval_test.json").exists()
