from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from .conftest import run_nnlab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .conftest import Outcome

KEYS = ["run", "checkpoint", "split", "examples", "loss", "accuracy", "errors", "per_class", "confusion"]


def test_json_has_exactly_the_keys_of_the_contract_and_is_kept(
    call: Callable[..., Outcome], with_run: Path
) -> None:
    measured = call("eval", "--json")
    assert (measured.code, measured.err) == (0, "")
    found = json.loads(measured.out)
    assert list(found) == KEYS
    assert (found["run"], found["checkpoint"], found["split"]) == ("runs/linear-001", "best", "test")
    assert [list(each) for each in found["per_class"]] == 10 * [["name", "examples", "precision", "recall"]]
    assert sum(map(sum, found["confusion"])) == found["examples"] == 10_000
    assert json.loads((with_run / "eval_test.json").read_text()) == found


def test_a_pipe_gets_the_figures_in_plain_text(first: tuple[Path, Outcome], desk: Path) -> None:
    shutil.copytree(first[0] / "runs", desk / "runs")
    measured = run_nnlab(desk, "eval")
    assert (measured.code, measured.err) == (0, "")
    assert not re.search(r"[\r\x1b─│…]", measured.out)
    lines = measured.out.splitlines()
    assert lines[0] == "runs/linear-001: best weights on the test split, 10,000 examples"
    assert re.fullmatch(r"accuracy  \d\d\.\d\d%  \(\d,\d{3} errors\)", lines[2])
    assert re.fullmatch(r"loss      \d\.\d{4}", lines[3])
    assert lines[5].split() == ["class", "examples", "precision", "recall"]
    assert [line.split()[0] for line in lines[6:16]] == list("0123456789")
    assert any(line.startswith("true class ↓") for line in lines)
    assert [len(line.split()) for line in lines[-10:]] == 10 * [11]


def test_only_the_best_weights_are_kept_for_compare(call: Callable[..., Outcome], with_run: Path) -> None:
    assert call("eval", "--checkpoint", "last").code == 0
    assert not (with_run / "eval_test.json").exists()
    assert call("eval", "--split", "validation").code == 0
    assert (with_run / "eval_validation.json").exists()
    assert "test_accuracy\n" not in call("compare", "--format", "csv").out


def test_validation_figures_are_those_of_the_summary(call: Callable[..., Outcome], with_run: Path) -> None:
    found = json.loads(call("eval", "--split", "validation", "--json").out)
    summary = json.loads((with_run / "summary.json").read_text())
    assert found["accuracy"] == summary["val_accuracy"]
    assert found["loss"] == summary["val_loss"]


def test_a_run_is_found_from_any_directory_by_its_path(
    call: Callable[..., Outcome], with_run: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "elsewhere").mkdir()
    monkeypatch.chdir(desk / "elsewhere")
    assert json.loads(call("eval", str(with_run), "--json").out)["run"] == str(with_run)
    assert json.loads(call("eval", "../runs/linear-001", "--json").out)["run"] == "../runs/linear-001"


def test_the_newest_run_is_taken_when_none_is_named(call: Callable[..., Outcome], with_run: Path) -> None:
    call("train", "linear.yaml", "epochs=1", "--name", "a")
    assert json.loads(call("eval", "--json").out)["run"] == "runs/a-001"
    call("train", "--resume", with_run.name, "epochs=4")
    assert json.loads(call("eval", "--json").out)["run"] == "runs/linear-001"


def test_one_example_is_one(call: Callable[..., Outcome]) -> None:
    trained = call("train", "neuron", "epochs=1")
    assert "\n1 example of one neuron's task" in trained.err
    lines = call("eval").out.splitlines()
    assert lines[0] == "runs/neuron-001: best weights on the test split, 1 example"
    assert lines[2] == "accuracy  0.00%  (1 error)"


def test_a_baseline_goes_by_its_name_and_has_no_best_weights(call: Callable[..., Outcome]) -> None:
    assert call("baseline", "mean_darkness", "train_size=100", "validation_size=100", "-q").code == 0
    heading = call("eval").out.splitlines()[0]
    assert heading == "runs/mean_darkness-001: mean_darkness on the test split, 10,000 examples"
