from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.analysis.evaluation import evaluate
from nnlab.datasets import Source, load_test
from nnlab.errors import DatasetError, RunError
from nnlab.runs import checkpoint, folder, records
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.config import Experiment

HERE = Source(offline=True)


def recompute(weights: Path) -> tuple[list[int], list[int], float]:
    """Return the labels, the predictions and the loss of a linear softmax network on the test split."""
    test = load_test("mnist", source=HERE)
    with np.load(weights) as arrays:
        z = test.inputs.astype(float) @ arrays["weights.0"].T.astype(float) + arrays["biases.0"]
    probabilities = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.log(probabilities[np.arange(len(z)), test.labels]).mean()
    return test.labels.tolist(), z.argmax(axis=1).tolist(), float(loss)


@pytest.mark.parametrize("which", ["best", "last"])
def test_every_figure_is_what_a_plain_recomputation_gives(run: Path, which: str) -> None:
    found = evaluate(run, checkpoint=which, split="test", source=HERE)
    labels, predictions, loss = recompute(run / f"{which}.npz")
    pairs = list(zip(labels, predictions, strict=True))
    right = sum(label == prediction for label, prediction in pairs)
    assert (found.run, found.checkpoint, found.split) == (str(run), which, "test")
    assert found.examples == len(pairs) == 10_000
    assert found.accuracy == right / 10_000
    assert found.errors == 10_000 - right
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.confusion == [[pairs.count((truth, called)) for called in range(10)] for truth in range(10)]
    for digit, each in enumerate(found.per_class):
        hits = pairs.count((digit, digit))
        assert each.name == str(digit)
        assert each.examples == labels.count(digit)
        assert each.precision == pytest.approx(hits / predictions.count(digit), rel=1e-12)
        assert each.recall == pytest.approx(hits / labels.count(digit), rel=1e-12)


def test_best_and_last_are_different_weights(run: Path) -> None:
    best, last = (evaluate(run, checkpoint=which, split="test", source=HERE) for which in ("best", "last"))
    assert best.loss != last.loss


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"architecture": (784, 30, 10)},
        {"architecture": (784, 20, 20, 10), "activation": "tanh", "dtype": "float64"},
        {"batch_size": "full", "validation_size": 1234, "monitor": "val_accuracy", "eta": 2.0},
        {"output": "sigmoid", "loss": "quadratic"},
    ],
)
def test_on_the_validation_split_the_best_weights_reach_exactly_what_the_summary_says(
    tmp_path: Path, train_into: Callable[..., Experiment], changes: dict[str, object]
) -> None:
    train_into(tmp_path / "run", **changes)
    summary = records.read(tmp_path / "run" / folder.SUMMARY, Summary)
    found = evaluate(tmp_path / "run", checkpoint="best", split="validation", source=HERE)
    assert (found.loss, found.accuracy) == (summary.val_loss, summary.val_accuracy)
    assert found.examples == changes.get("validation_size", 1000)


def test_the_train_split_is_the_one_trained_on(run: Path) -> None:
    found = evaluate(run, checkpoint="best", split="train", source=HERE)
    assert found.examples == 1000
    test = evaluate(run, checkpoint="best", split="test", source=HERE)
    assert found.accuracy > test.accuracy


def test_a_class_that_is_never_predicted_has_no_precision(run: Path, tmp_path: Path) -> None:
    blind = shutil.copytree(run, tmp_path / "blind")
    network = checkpoint.load_network(blind / folder.BEST, folder.experiment_of(blind))
    network.biases[0][4] = -1e9
    checkpoint.save_weights(blind / folder.BEST, network)
    (blind / folder.SUMMARY).unlink()  # which speaks of other weights
    found = evaluate(blind, checkpoint="best", split="test", source=HERE)
    assert (found.per_class[4].precision, found.per_class[4].recall) == (None, 0.0)
    assert [row[4] for row in found.confusion] == [0] * 10


def test_a_loss_that_is_not_finite_is_null(run: Path, tmp_path: Path) -> None:
    burst = shutil.copytree(run, tmp_path / "burst")
    network = checkpoint.load_network(burst / folder.BEST, folder.experiment_of(burst))
    network.parameters[:] = np.inf
    checkpoint.save_weights(burst / folder.BEST, network)
    (burst / folder.SUMMARY).unlink()
    found = evaluate(burst, checkpoint="best", split="test", source=HERE)
    assert json.loads(records.as_json(found))["loss"] is None


def test_a_run_without_its_weights_is_a_run_error(pretend: Callable[..., Path]) -> None:
    with pytest.raises(RunError, match=r"best\.npz is missing"):
        evaluate(pretend("small-001"), checkpoint="best", split="test", source=HERE)


def test_data_that_are_not_there_are_a_dataset_error(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(b"not MNIST")
    with pytest.raises(DatasetError, match=r"t10k-images-idx3-ubyte\.gz"):
        evaluate(run, checkpoint="best", split="test", source=HERE)
