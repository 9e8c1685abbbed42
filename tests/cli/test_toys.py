"""The toys go the whole way: trained, evaluated, compared, resumed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nnlab.rendering.formatters import decimals
from tests.laboratory import CONFIGS

if TYPE_CHECKING:
    from tests.laboratory import Laboratory


def test_a_regression_has_no_accuracy_anywhere(lab: Laboratory) -> None:
    trained = lab.call("train", str(CONFIGS / "line.yaml"))
    assert (trained.code, trained.out) == (0, "runs/line-001\n")
    assert "–" in trained.err
    assert "accuracy –" not in trained.err
    rows = lab.metrics("line-001")
    assert {row["train_accuracy"] + row["val_accuracy"] for row in rows} == {""}
    summary = lab.summary("line-001")
    assert (summary["val_accuracy"], summary["train_examples"]) == (None, 80)
    assert summary["val_loss"] < 0.01

    shown = lab.call("eval")
    assert shown.out.splitlines()[1:] == [
        "",
        f"loss      {decimals(json.loads(lab.call('eval', '--json').out)['loss'])}",
    ]
    measured = json.loads((lab.folder / "runs/line-001/eval_test.json").read_text())
    assert measured["loss"] < 0.001, "without the noise, the line is nearly exact"
    assert measured["accuracy"] is measured["errors"] is None
    assert measured["per_class"] == measured["confusion"] == []

    (run,) = json.loads(lab.call("compare", "--all", "--format", "json").out)
    assert (run["val_accuracy"], run["test_accuracy"]) == (None, None)
    assert run["dataset_options"] == {"examples": 100, "noise": 0.1, "slope": 2.0, "intercept": -1.0}
    options = lab.call("compare", "--columns", "dataset_options", "--format", "csv").out.splitlines()[1]
    assert options == "examples=100 noise=0.1 slope=2.0 intercept=-1.0"


def test_fail_under_needs_an_accuracy(lab: Laboratory) -> None:
    lab.call("train", str(CONFIGS / "line.yaml"), "epochs=1")
    refused = lab.call("eval", "--fail-under", "0.5")
    assert refused.code == 2
    assert "regression" in refused.err


def test_xor_is_learnt_and_its_two_classes_are_told_apart_by_one_output(lab: Laboratory) -> None:
    lab.call("train", str(CONFIGS / "xor.yaml"))
    measured = json.loads(lab.call("eval", "--json", "--fail-under", "1").out)
    assert (measured["accuracy"], measured["errors"], measured["examples"]) == (1.0, 0, 4)
    assert measured["confusion"] == [[2, 0], [0, 2]]
    assert [each["name"] for each in measured["per_class"]] == ["0", "1"]
    for split in ("validation", "train"):
        assert json.loads(lab.call("eval", "--json", "--split", split).out)["examples"] == 4
    two = lab.call(
        "train", str(CONFIGS / "xor.yaml"), "architecture=[2,4,2]", "output=softmax", "loss=log_likelihood"
    )
    assert two.code == 0
    assert lab.summary("xor-002")["val_accuracy"] == 1.0


def test_no_single_layer_learns_xor(lab: Laboratory) -> None:
    lab.call("train", str(CONFIGS / "xor.yaml"), "architecture=[2,1]")
    assert json.loads(lab.call("eval", "--json").out)["accuracy"] <= 0.75


def test_a_toy_is_resumed_to_the_same_weights(lab: Laboratory) -> None:
    config = str(CONFIGS / "step.yaml")
    lab.call("train", config, "epochs=4")
    lab.call("train", config, "epochs=2")
    assert lab.call("train", "--resume", "step-002", "epochs=4").code == 0
    first, second = (lab.summary(f"step-00{number}") for number in (1, 2))
    assert first["weights_sha256"] == second["weights_sha256"]


def test_the_slow_neuron_starts_where_its_config_says(lab: Laboratory) -> None:
    lab.call("train", str(CONFIGS / "neuron.yaml"), "epochs=1", "eta=1e-9")
    measured = json.loads(lab.call("eval", "--json").out)
    assert measured["loss"] == pytest.approx(0.982**2 / 2, rel=1e-3)  # σ(2 · 1 + 2) = 0.982


def test_the_plan_of_a_toy_counts_its_examples(lab: Laboratory) -> None:
    plan = lab.call("train", str(CONFIGS / "step.yaml"), "--dry-run").out
    assert "800 training examples for 193 parameters: 4.1 each" in plan
