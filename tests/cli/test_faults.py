"""Run folders that cannot be written, go away, or belong to somebody else."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from nnlab.runs import records
from tests.laboratory import CONFIGS, contents, read_until
from tests.obstacles import put

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

    from tests.laboratory import Laboratory


def test_a_runs_folder_that_is_read_only_is_one_line(lab: Laboratory) -> None:
    (lab.folder / "runs").mkdir()
    (lab.folder / "runs").chmod(0o555)
    assert lab.without_root("train", "linear.yaml") == (
        1,
        "",
        "nnlab: cannot make a run folder in runs: Permission denied; choose another with --runs\n",
    )


def test_a_read_only_run_is_evaluated_and_compared_but_neither_resumed_nor_changed(
    lab: Laboratory, run: Path
) -> None:
    before = contents(run)
    run.chmod(0o555)
    assert lab.without_root("compare").code == 0
    assert lab.without_root("eval", "--checkpoint", "last").code == 0
    evaluated = lab.without_root("eval")
    assert (evaluated.code, evaluated.out[:12]) == (0, "runs/linear-")
    assert evaluated.err == (
        "nnlab: cannot write runs/linear-001/eval_test.json: Permission denied; so `nnlab compare` does not "
        "show these figures\n"
    )
    resumed = lab.without_root("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (1, "")
    assert resumed.err == "nnlab: cannot write runs/linear-001/.lock: Permission denied\n"
    assert contents(run) == before
    assert not (lab.folder / "eval_test.json").exists()


@pytest.mark.parametrize("name", ["config.yaml", "summary.json", "best.npz", "environment.json"])
def test_a_file_that_may_not_be_read_is_one_line_that_names_it(run: Path, lab: Laboratory, name: str) -> None:
    (run / name).chmod(0)
    evaluated = lab.without_root("eval")
    if name in ("summary.json", "environment.json"):  # eval does without
        assert evaluated.code == 0
    else:
        assert (evaluated.code, evaluated.err.count("\n")) == (5, 1)
        assert f"runs/linear-001/{name}" in evaluated.err
    compared = lab.without_root("compare", "--format", "json")
    assert compared.code == 0
    (row,) = json.loads(compared.out)
    if name in ("config.yaml", "summary.json"):
        assert row["status"].startswith("broken: ")
        assert name in row["status"]


def test_a_run_folder_that_may_not_be_read_is_one_line(run: Path, lab: Laboratory) -> None:
    run.chmod(0)
    assert lab.without_root("eval") == (
        5,
        "",
        "nnlab: cannot read runs/linear-001/config.yaml: Permission denied\n",
    )
    assert lab.without_root("train", "--resume", "linear-001") == (
        1,
        "",
        "nnlab: cannot write runs/linear-001/.lock: Permission denied\n",
    )
    compared = lab.without_root("compare", "--format", "json")
    assert (compared.code, json.loads(compared.out)[0]["status"]) == (
        0,
        "broken: cannot read config.yaml: Permission denied",
    )


def test_an_evaluation_that_cannot_be_removed_is_one_line_and_nothing_is_trained(
    run: Path, lab: Laboratory
) -> None:
    (run / "eval_test.json").mkdir()
    before = (run / "best.npz").read_bytes()
    resumed = lab.call("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (1, "")
    assert resumed.err.splitlines()[-1] == (
        "nnlab: cannot remove runs/linear-001/eval_test.json: it is a folder; move it away; the epochs "
        "before it are kept; resume with `nnlab train --resume runs/linear-001`"
    )
    assert (run / "best.npz").read_bytes() == before


def test_a_run_folder_that_vanishes_under_a_training_is_one_line(lab: Laboratory) -> None:
    with lab.start("train", "linear.yaml", "epochs=100000", "patience=null") as process:
        read_until(process.stderr, "    1 ")
        (lab.folder / "runs").rename(lab.folder / "elsewhere")
        out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith("nnlab: cannot write runs/linear-001/")
    assert err.splitlines()[-1].endswith(": No such file or directory")
    assert (lab.folder / "elsewhere/linear-001/last.npz").exists()


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
    lab: Laboratory, run: Path, name: str, what: str
) -> None:
    path = run / name
    put(what, path)
    for arguments in (["eval", "linear-001"], ["train", "--resume", "linear-001", "epochs=4"]):
        outcome = lab.call(*arguments)
        assert outcome.code in ((0, 5) if what != "a folder" else (0, 1, 5))
        assert outcome.code == 0 or f"linear-001/{name}" in outcome.err.splitlines()[-1]
        assert lab.call("compare").code == 0


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_lock_that_leads_elsewhere_is_refused_and_what_it_leads_to_stays_as_it_is(
    lab: Laboratory, run: Path, link: str
) -> None:
    (lab.folder / "precious").write_text("precious")
    getattr(run / ".lock", link)(lab.folder / "precious")
    assert lab.call("compare").code == 0
    resumed = lab.call("train", "--resume", "linear-001", "epochs=4")
    assert (resumed.code, resumed.out) == (5, "")
    assert resumed.err.startswith("nnlab: cannot lock runs/linear-001/.lock: it ")
    assert resumed.err.endswith("; remove it if no training uses the run\n")
    assert (lab.folder / "precious").read_text() == "precious"
    (run / ".lock").unlink()
    assert lab.call("train", "--resume", "linear-001", "epochs=4").code == 0


def test_a_lock_that_leads_to_nothing_makes_nothing(lab: Laboratory, run: Path) -> None:
    (run / ".lock").symlink_to(lab.folder / "new")
    assert lab.call("train", "--resume", "linear-001", "epochs=4").code == 5
    assert not (lab.folder / "new").exists()


def test_the_holder_of_a_lock_cannot_forge_a_line(lab: Laboratory, run: Path) -> None:
    lock = run / ".lock"
    lock.write_text("process 1\nnnlab: all is well\x1b[2K")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        resumed = lab.call("train", "--resume", "linear-001", "epochs=4")
    assert resumed.code == 5
    assert resumed.err == (
        r"nnlab: runs/linear-001 is being trained by process 1\nnnlab: all is well\x1b[2K; "
        "wait for it, or stop it\n"
    )


@pytest.mark.parametrize(
    "name", ["config.yaml", "environment.json", "metrics.csv", "last.npz", "best.npz", "summary.json"]
)
@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_resuming_writes_nothing_outside_the_run(lab: Laboratory, run: Path, name: str, link: str) -> None:
    elsewhere = lab.folder / "elsewhere"
    (run / name).rename(elsewhere)
    getattr(run / name, link)(elsewhere)
    before = elsewhere.read_bytes()
    assert lab.call("train", "--resume", "linear-001", "epochs=4").code == 0
    assert elsewhere.read_bytes() == before
    assert not (run / name).is_symlink()


def test_300_epochs_of_a_neuron_are_on_the_disk_after_a_few_fsyncs(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    assert lab.call("train", str(CONFIGS / "neuron.yaml"), "-q").code == 0
    assert 10 < len(synced) <= 30


def test_an_evaluation_that_a_training_overtook_is_not_kept(
    lab: Laboratory, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = run.parent / "other.npz"
    shutil.copyfile(run / "best.npz", other)
    write = records.write

    def overtaken(path: Path, record: DataclassInstance) -> None:
        write(path, record)
        other.replace(run / "best.npz")  # as a training does

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", overtaken)
        assert lab.call("eval").code == 0
    assert not (run / "eval_test.json").exists()
    assert lab.call("eval").code == 0
    assert (run / "eval_test.json").exists()
