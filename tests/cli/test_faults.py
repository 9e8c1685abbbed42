"""Run folders that cannot be written, go away, or belong to somebody else."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnlab.runs import records

from .conftest import start_nnlab

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

CONFIGS = Path(__file__).parents[2] / "configs"


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
    assert (evaluated.code, evaluated.out[:12]) == (0, "runs/linear-")
    assert evaluated.err == (
        "nnlab: cannot write runs/linear-001/eval_test.json: Permission denied; so `nnlab compare` does not "
        "show these figures\n"
    )
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
        "nnlab: cannot remove runs/linear-001/eval_test.json: it is a folder; move it away; the epochs "
        "before are kept, go on with `nnlab train --resume runs/linear-001`"
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
    "name",
    [
        "metrics.csv",
        "summary.json",
        "environment.json",
        "best.npz",
        "last.npz",
        "config.yaml",
        "eval_test.json",
        ".lock",
    ],
)
@pytest.mark.parametrize("what", ["a folder", "a pipe", "a socket", "a device", "a link to itself"])
def test_what_is_no_file_is_refused_or_replaced_and_never_waited_for(
    call: Callable[..., Outcome], with_run: Path, put: Callable[[Path, str], None], name: str, what: str
) -> None:
    path = with_run / name
    path.unlink(missing_ok=True)
    put(path, what)
    for arguments in (["eval", "linear-001"], ["train", "--resume", "linear-001", "epochs=4"]):
        outcome = call(*arguments)
        assert outcome.code in ((0, 5) if what != "a folder" else (0, 1, 5))
        assert outcome.code == 0 or f"linear-001/{name}" in outcome.err.splitlines()[-1]
        assert call("compare").code == 0


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_lock_that_leads_elsewhere_is_refused_and_what_it_leads_to_stays_as_it_is(
    call: Callable[..., Outcome], with_run: Path, desk: Path, link: str
) -> None:
    (desk / "precious").write_text("precious")
    getattr(with_run / ".lock", link)(desk / "precious")
    assert call("compare").code == 0
    resumed = call("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (5, "")
    assert resumed.err.startswith("nnlab: cannot lock runs/linear-001/.lock: it ")
    assert resumed.err.endswith("; remove it if no training uses the run\n")
    assert (desk / "precious").read_text() == "precious"
    (with_run / ".lock").unlink()
    assert call("train", "--resume", "linear-001", "epochs=4").code == 0


def test_a_lock_that_leads_to_nothing_makes_nothing(
    call: Callable[..., Outcome], with_run: Path, desk: Path
) -> None:
    (with_run / ".lock").symlink_to(desk / "new")
    assert call("train", "--resume", "linear-001", "epochs=4").code == 5
    assert not (desk / "new").exists()


def test_the_holder_of_a_lock_cannot_forge_a_line(call: Callable[..., Outcome], with_run: Path) -> None:
    lock = with_run / ".lock"
    lock.write_text("process 1\nnnlab: all is well\x1b[2K")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        resumed = call("train", "--resume", "linear-001", "epochs=4")
    assert resumed.code == 5
    assert resumed.err == (
        r"nnlab: runs/linear-001 is being trained by process 1\nnnlab: all is well\x1b[2K; "
        "wait for it, or stop it\n"
    )


@pytest.mark.parametrize(
    "name", ["config.yaml", "environment.json", "metrics.csv", "last.npz", "best.npz", "summary.json"]
)
@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_resuming_writes_nothing_outside_the_run(
    call: Callable[..., Outcome], with_run: Path, desk: Path, name: str, link: str
) -> None:
    elsewhere = desk / "elsewhere"
    (with_run / name).rename(elsewhere)
    getattr(with_run / name, link)(elsewhere)
    before = elsewhere.read_bytes()
    assert call("train", "--resume", "linear-001", "epochs=4").code == 0
    assert elsewhere.read_bytes() == before
    assert not (with_run / name).is_symlink()


def test_300_epochs_of_a_neuron_are_on_the_disk_after_a_few_fsyncs(
    call: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    assert call("train", str(CONFIGS / "neuron.yaml"), "-q").code == 0
    assert 10 < len(synced) <= 30


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
