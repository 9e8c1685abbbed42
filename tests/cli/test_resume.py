from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

import pytest

from nnlab.runs.lock import locked
from nnlab.runs.run import Run

from .conftest import DIVERGING, start_nnlab, what_came_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Outcome

# Steps so large that the validation loss goes up and down.
RESTLESS = ("eta=2", "momentum=0.9")


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir()}


def test_more_epochs_give_the_same_as_so_many_from_the_start(
    call: Callable[..., Outcome], with_run: Path
) -> None:
    resumed = call("train", "--resume", "linear-001", "epochs=6")
    assert (resumed.code, resumed.out) == (0, "runs/linear-001\n")
    assert call("train", "linear.yaml", "epochs=6").code == 0
    assert what_came_of(with_run) == what_came_of(with_run.with_name("linear-002"))
    config = with_run / "config.yaml"
    assert config.read_bytes() == (with_run.with_name("linear-002") / "config.yaml").read_bytes()


def test_more_patience_gives_the_same_as_so_much_from_the_start(
    call: Callable[..., Outcome], desk: Path
) -> None:
    call("train", "linear.yaml", *RESTLESS, "patience=1", "epochs=8", "--name", "resumed")
    stopped = json.loads((desk / "runs/resumed-001/summary.json").read_text())
    assert (stopped["stop_reason"], stopped["status"]) == ("patience", "finished")
    call("train", "linear.yaml", *RESTLESS, "patience=4", "epochs=8", "--name", "whole")
    assert call("train", "--resume", "resumed-001", "patience=4").code == 0
    resumed, whole = (what_came_of(desk / f"runs/{name}-001") for name in ("resumed", "whole"))
    assert resumed[0] | {"name": "whole"} == whole[0]
    assert resumed[1] == whole[1]
    assert len(whole[1]) > stopped["epochs"]


def test_a_finished_run_says_so_and_stays_as_it_is(call: Callable[..., Outcome], with_run: Path) -> None:
    before = contents(with_run)
    assert call("train", "--resume", "linear-001") == (
        0,
        "runs/linear-001\n",
        "runs/linear-001 has already ended after epoch 3; go on with a larger epochs=N\n",
    )
    assert contents(with_run) == before
    assert json.loads(call("train", "--resume", "linear-001", "--json").out) == json.loads(
        before["summary.json"]
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("eta=0.2", "--resume cannot change eta; only epochs and patience"),
        ("seed=1", "--resume cannot change seed; only epochs and patience"),
        ("name=other", "--resume cannot change name; only epochs and patience"),
        ("epochs=2", "epochs can only be raised from 3 (given 2)"),
        ("patience=4", "patience can only be raised from 5 (given 4)"),
        ("epochs=many", "command line: epochs: must be a whole number (given 'many')"),
        ("linear.yaml", "--resume goes on with the config of the run; leave linear.yaml out"),
    ],
)
def test_other_changes_are_refused_and_nothing_is_touched(
    call: Callable[..., Outcome], with_run: Path, change: str, says: str
) -> None:
    before = contents(with_run)
    refused = call("train", "--resume", "linear-001", change)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.removeprefix("nnlab: ") == f"{says}\n"
    assert contents(with_run) == before


def test_patience_can_be_lifted_but_not_introduced(call: Callable[..., Outcome], with_run: Path) -> None:
    assert call("train", "--resume", "linear-001", "patience=null", "epochs=4").code == 0
    assert "patience: null" in (with_run / "config.yaml").read_text()
    refused = call("train", "--resume", "linear-001", "patience=100")
    assert refused.err == "nnlab: patience is null, which never stops, and cannot be raised (given 100)\n"


def test_a_diverged_run_is_not_resumed(call: Callable[..., Outcome]) -> None:
    assert call("train", "linear.yaml", *DIVERGING).code == 3
    refused = call("train", "--resume", "linear-001", "epochs=9")
    assert refused.code == 2
    assert refused.err == (
        "nnlab: runs/linear-001 diverged, and would again; train anew with a smaller eta\n"
    )


def test_the_test_accuracy_of_weights_that_were_improved_on_goes(
    call: Callable[..., Outcome], with_run: Path
) -> None:
    call("eval")
    shown = json.loads(call("compare", "--format", "json").out)
    assert shown[0]["test_accuracy"] > 0.5
    call("train", "--resume", "linear-001", "epochs=6")
    assert not (with_run / "eval_test.json").exists()
    shown = json.loads(call("compare", "--format", "json").out)
    assert shown[0]["test_accuracy"] is None


@pytest.mark.parametrize("content", [None, "{", '{"status": "diverged"}'])
def test_a_summary_that_is_lost_is_made_anew(
    call: Callable[..., Outcome], with_run: Path, content: str | None
) -> None:
    before = what_came_of(with_run)
    (with_run / "summary.json").unlink()
    if content is not None:
        (with_run / "summary.json").write_text(content)
    assert call("train", "--resume", "linear-001").code == 0
    assert what_came_of(with_run) == before


@pytest.mark.parametrize("broken", ["config.yaml", "last.npz", "metrics.csv"])
def test_a_run_that_lacks_a_file_is_a_run_error(
    call: Callable[..., Outcome], with_run: Path, broken: str
) -> None:
    (with_run / broken).unlink()
    failed = call("train", "--resume", "linear-001", "epochs=4")
    assert (failed.code, failed.out) == (5, "")
    assert f"runs/linear-001/{broken}" in failed.err
    if broken != "config.yaml":
        remedy = "put it back as it was, or train anew with `nnlab train runs/linear-001/config.yaml`"
        assert failed.err.endswith(f"; {remedy}\n")


def test_a_run_that_is_being_trained_is_not_resumed(desk: Path, nnlab: Callable[..., Outcome]) -> None:
    process = start_nnlab(desk, "train", "linear.yaml", "epochs=100000", "patience=null")
    assert process.stderr
    next(line for line in process.stderr if line.startswith("    1 "))
    refused = nnlab("train", "--resume", "linear-001", "epochs=100001")
    process.kill()
    process.communicate()
    assert refused.code == 5
    holder = f"process {process.pid} on {platform.node()}"
    assert refused.err == f"nnlab: runs/linear-001 is being trained by {holder}; wait for it, or stop it\n"
    run = desk / "runs/linear-001"
    assert (run / ".lock").exists(), "a killed process leaves its claim behind"
    with locked(Run(run)):
        pass
    assert not (run / ".lock").exists()


def test_the_command_that_made_a_run_stays_the_one_that_is_kept(
    call: Callable[..., Outcome], with_run: Path
) -> None:
    before = json.loads((with_run / "environment.json").read_text())
    assert before["command"] == ["nnlab", "train", "linear.yaml"]
    assert call("train", "--resume", "linear-001", "epochs=4", "--threads", "2").code == 0
    after = json.loads((with_run / "environment.json").read_text())
    assert (after["command"], after["threads"]) == (before["command"], 2)
