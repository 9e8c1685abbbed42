from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from nnlab.cli import plan
from nnlab.cli.evaluate import pieces_of
from nnlab.rendering.pieces import Table
from nnlab.runs.evaluations import ClassFigures, Evaluation
from tests.laboratory import Laboratory
from tests.trainings import linear_experiment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Outcome

KEYS = ["run", "checkpoint", "split", "examples", "loss", "accuracy", "errors", "per_class", "confusion"]


def test_json_has_exactly_the_keys_of_the_contract_and_is_kept(lab: Laboratory, run: Path) -> None:
    measured = lab.call("eval", "--json")
    assert (measured.code, measured.err) == (0, "")
    found = json.loads(measured.out)
    assert list(found) == KEYS
    assert (found["run"], found["checkpoint"], found["split"]) == ("runs/linear-001", "best", "test")
    assert [list(each) for each in found["per_class"]] == 10 * [["name", "examples", "precision", "recall"]]
    assert sum(map(sum, found["confusion"])) == found["examples"] == 10_000
    assert json.loads((run / "eval_test.json").read_text()) == found


def test_a_pipe_gets_the_figures_in_plain_text(first: tuple[Laboratory, Outcome], lab: Laboratory) -> None:
    shutil.copytree(first[0].folder / "runs", lab.folder / "runs")
    measured = lab.nnlab("eval")
    assert (measured.code, measured.err) == (0, "")
    assert not re.search(r"[\r\x1b─│…]", measured.out)
    lines = measured.out.splitlines()
    assert lines[0] == "runs/linear-001: best weights on the test split, 10,000 examples"
    share = r"\d\d\.\d\d%"
    errors = rf"\(\d,\d{{3}} errors; 95% interval {share} to {share}\)"
    assert re.fullmatch(rf"accuracy  {share}  {errors}", lines[2])
    assert re.fullmatch(r"loss      \d\.\d{4}", lines[3])
    assert lines[5].split() == ["class", "examples", "precision", "recall"]
    assert [line.split()[0] for line in lines[6:16]] == list("0123456789")
    assert any(line.startswith("true class ↓") for line in lines)
    assert [len(line.split()) for line in lines[-10:]] == 10 * [11]


def test_only_the_best_weights_are_kept_for_compare(lab: Laboratory, run: Path) -> None:
    assert lab.call("eval", "--checkpoint", "last").code == 0
    assert not (run / "eval_test.json").exists()
    assert lab.call("eval", "--split", "validation").code == 0
    assert (run / "eval_validation.json").exists()
    assert "test_accuracy\n" not in lab.call("compare", "--format", "csv").out


@pytest.mark.usefixtures("run")
def test_validation_figures_are_those_of_the_summary(lab: Laboratory) -> None:
    found = json.loads(lab.call("eval", "--split", "validation", "--json").out)
    summary = lab.summary()
    assert found["accuracy"] == summary["val_accuracy"]
    assert found["loss"] == summary["val_loss"]


def test_a_run_is_found_from_any_directory_by_its_path(lab: Laboratory, run: Path) -> None:
    (lab.folder / "elsewhere").mkdir()
    elsewhere = Laboratory(lab.folder / "elsewhere")
    for named in (str(run), "../runs/linear-001"):
        assert json.loads(elsewhere.call("eval", named, "--json").out)["run"] == named


def test_the_newest_run_is_taken_when_none_is_named(lab: Laboratory, run: Path) -> None:
    lab.call("train", "linear.yaml", "epochs=1", "--name", "a")
    assert json.loads(lab.call("eval", "--json").out)["run"] == "runs/a-001"
    lab.call("train", "--resume", run.name, "epochs=4")
    assert json.loads(lab.call("eval", "--json").out)["run"] == "runs/linear-001"


def test_one_example_is_one(lab: Laboratory) -> None:
    trained = lab.call("train", "neuron", "epochs=1")
    assert "\n1 example of one neuron's task" in trained.err
    lines = lab.call("eval").out.splitlines()
    assert lines[0] == "runs/neuron-001: best weights on the test split, 1 example"
    assert lines[2] == "accuracy  0.00%  (1 error; 95% interval 0.00% to 79.35%)"


def test_a_baseline_is_shown_by_its_name_and_has_no_best_weights(lab: Laboratory) -> None:
    assert lab.call("baseline", "mean_darkness", "train_size=100", "validation_size=100", "-q").code == 0
    heading = lab.call("eval").out.splitlines()[0]
    assert heading == "runs/mean_darkness-001: mean_darkness on the test split, 10,000 examples"


def test_a_class_that_is_never_predicted_has_a_dash_and_what_is_right_stands_out() -> None:
    classes = [ClassFigures("a", 2, None, 0.0), ClassFigures("b", 3, 0.6, 1.0)]
    evaluation = Evaluation("r", "best", "test", 5, 0.5, 0.6, 2, classes, [[0, 2], [0, 3]])
    experiment = linear_experiment()
    figures, confusion = (p for p in pieces_of(evaluation, experiment) if isinstance(p, Table))
    assert figures.columns["precision"].cells() == ["–", "60.00%"]
    assert [list(column.bold_rows) for column in confusion.columns.values()] == [[], [0], [1]]


@pytest.mark.parametrize(("train_size", "met"), [(7849, False), (7850, True)])
def test_the_rule_of_thumb_is_met_by_one_example_per_parameter(train_size: int, met: bool) -> None:  # noqa: FBT001
    _, rule = plan.pieces_of(linear_experiment(train_size=train_size))
    assert ("here it is met" in rule) == met


def test_mistakes_are_drawn(lab: Laboratory, run: Path) -> None:
    assert run.exists()
    shown = lab.call("eval", "--show-errors", "2")
    assert shown.code == 0
    assert len(re.findall(r"(?m)^ +\d → \d, \d+\.\d%$", shown.out)) == 2
    assert "█" in shown.out


def test_what_has_no_mistakes_to_draw_is_not_measured(lab: Laboratory) -> None:
    lab.nnlab("train", "xor", "-q")
    refused = lab.call("eval", "--show-errors", "1")
    assert (refused.code, refused.out) == (2, "")
    assert not (lab.folder / "runs/xor-001/eval_test.json").exists()
    both = lab.call("eval", "--show-errors", "1", "--json")
    assert both.err == "nnlab: --show-errors draws, and --json does not; leave out one of the two\n"
