from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

import pytest

from nnlab.runs.lock import locked
from nnlab.runs.run import Run
from tests.laboratory import DIVERGING, OSCILLATING, contents, read_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory


def test_more_epochs_give_the_same_as_that_many_from_the_start(lab: Laboratory, run: Path) -> None:
    resumed = lab.call("train", "--resume", "linear-001", "epochs=6")
    assert (resumed.code, resumed.out) == (0, "runs/linear-001\n")
    assert lab.call("train", "linear.yaml", "epochs=6").code == 0
    assert lab.results() == lab.results("linear-002")
    config = run / "config.yaml"
    assert config.read_bytes() == (run.with_name("linear-002") / "config.yaml").read_bytes()


def test_more_patience_gives_the_same_as_that_much_from_the_start(lab: Laboratory) -> None:
    lab.call("train", "linear.yaml", *OSCILLATING, "patience=1", "epochs=8", "--name", "resumed")
    stopped = lab.summary("resumed-001")
    assert (stopped["stop_reason"], stopped["status"]) == ("patience", "finished")
    lab.call("train", "linear.yaml", *OSCILLATING, "patience=4", "epochs=8", "--name", "whole")
    assert lab.call("train", "--resume", "resumed-001", "patience=4").code == 0
    resumed, whole = (lab.results(f"{name}-001") for name in ("resumed", "whole"))
    assert resumed[0] | {"name": "whole"} == whole[0]
    assert resumed[1] == whole[1]
    assert len(whole[1]) > stopped["epochs"]


def test_a_finished_run_says_so_and_stays_as_it_is(lab: Laboratory, run: Path) -> None:
    before = contents(run)
    assert lab.call("train", "--resume", "linear-001") == (
        0,
        "runs/linear-001\n",
        "runs/linear-001 has already ended after epoch 3; resume it with a larger epochs=N\n",
    )
    assert contents(run) == before
    assert json.loads(lab.call("train", "--resume", "linear-001", "--json").out) == json.loads(
        before["summary.json"]
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("eta=0.2", "resuming cannot change eta; only epochs and patience"),
        ("seed=1", "resuming cannot change seed; only epochs and patience"),
        ("name=other", "resuming cannot change name; only epochs and patience"),
        ("epochs=2", "epochs can only be raised from 3 (given 2)"),
        ("patience=4", "patience can only be raised from 5 (given 4)"),
        ("epochs=many", "command line: epochs: must be a whole number (given 'many')"),
        ("linear.yaml", "--resume uses the config of the run; leave out linear.yaml"),
    ],
)
def test_other_changes_are_refused_and_nothing_is_touched(
    lab: Laboratory, run: Path, change: str, says: str
) -> None:
    before = contents(run)
    refused = lab.call("train", "--resume", "linear-001", change)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.removeprefix("nnlab: ") == f"{says}\n"
    assert contents(run) == before


def test_patience_can_be_lifted_but_not_introduced(lab: Laboratory, run: Path) -> None:
    assert lab.call("train", "--resume", "linear-001", "patience=null", "epochs=4").code == 0
    assert "patience: null" in (run / "config.yaml").read_text()
    refused = lab.call("train", "--resume", "linear-001", "patience=100")
    assert refused.err == "nnlab: patience is null, which never stops, and cannot be raised (given 100)\n"


def test_a_diverged_run_is_not_resumed(lab: Laboratory) -> None:
    assert lab.call("train", "linear.yaml", *DIVERGING).code == 3
    refused = lab.call("train", "--resume", "linear-001", "epochs=9")
    assert refused.code == 2
    assert refused.err == (
        "nnlab: runs/linear-001 diverged, and would diverge again; train a new run with a smaller eta\n"
    )


def test_the_test_accuracy_of_superseded_weights_is_removed(lab: Laboratory, run: Path) -> None:
    lab.call("eval")
    shown = json.loads(lab.call("compare", "--format", "json").out)
    assert shown[0]["test_accuracy"] > 0.5
    lab.call("train", "--resume", "linear-001", "epochs=6")
    assert not (run / "eval_test.json").exists()
    shown = json.loads(lab.call("compare", "--format", "json").out)
    assert shown[0]["test_accuracy"] is None


@pytest.mark.parametrize("content", [None, "{", '{"status": "diverged"}'])
def test_a_lost_summary_is_written_again(lab: Laboratory, run: Path, content: str | None) -> None:
    before = lab.results()
    (run / "summary.json").unlink()
    if content is not None:
        (run / "summary.json").write_text(content)
    assert lab.call("train", "--resume", "linear-001").code == 0
    assert lab.results() == before


@pytest.mark.parametrize("broken", ["config.yaml", "last.npz", "metrics.csv"])
def test_a_run_that_lacks_a_file_is_a_run_error(lab: Laboratory, run: Path, broken: str) -> None:
    (run / broken).unlink()
    failed = lab.call("train", "--resume", "linear-001", "epochs=4")
    assert (failed.code, failed.out) == (5, "")
    assert f"runs/linear-001/{broken}" in failed.err
    if broken != "config.yaml":
        remedy = "restore the file, or train again with `nnlab train runs/linear-001/config.yaml`"
        assert failed.err.endswith(f"; {remedy}\n")


def test_a_run_that_is_being_trained_is_not_resumed(lab: Laboratory) -> None:
    with lab.start("train", "linear.yaml", "epochs=100000", "patience=null") as process:
        read_until(process.stderr, "    1 ")
        refused = lab.nnlab("train", "--resume", "linear-001", "epochs=100001")
    assert refused.code == 5
    holder = f"process {process.pid} on {platform.node()}"
    assert refused.err == f"nnlab: runs/linear-001 is being trained by {holder}; wait for it, or stop it\n"
    run = lab.folder / "runs/linear-001"
    assert (run / ".lock").exists(), "a killed process leaves its claim behind"
    with locked(Run(run)):
        pass
    assert not (run / ".lock").exists()


def test_the_command_that_made_a_run_stays_the_one_that_is_kept(lab: Laboratory, run: Path) -> None:
    before = json.loads((run / "environment.json").read_text())
    assert before["command"] == ["nnlab", "train", "linear.yaml"]
    assert lab.call("train", "--resume", "linear-001", "epochs=4", "--threads", "2").code == 0
    after = json.loads((run / "environment.json").read_text())
    assert (after["command"], after["threads"]) == (before["command"], 2)
