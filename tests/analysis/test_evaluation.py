from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnlab.analysis.evaluation import evaluate
from nnlab.datasets import load_test
from nnlab.errors import DatasetError, RunError
from nnlab.runs import checkpoint, records
from nnlab.runs.run import Run, experiment_of
from tests.trainings import OFFLINE, copy_of, summary_of, train
from tests.untrained_runs import make_untrained_run

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.runs.evaluations import CheckpointName, Evaluation, SplitName


def measured(run: Run, *, checkpoint: CheckpointName = "best", split: SplitName = "test") -> Evaluation:
    """Return what the weights of `run` are worth on a split."""
    return evaluate(run, experiment_of(run), checkpoint=checkpoint, split=split, source=OFFLINE)


def recompute(weights: Path) -> tuple[list[int], list[int], float]:
    """Return the labels, the predictions and the loss of a linear softmax network on the test split."""
    test = load_test("mnist", source=OFFLINE)
    with np.load(weights) as arrays:
        z = test.inputs.astype(float) @ arrays["weights.0"].T.astype(float) + arrays["biases.0"]
    probabilities = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.log(probabilities[np.arange(len(z)), test.labels]).mean()
    return test.labels.tolist(), z.argmax(axis=1).tolist(), float(loss)


@pytest.mark.parametrize("which", ["best", "last"])
def test_every_figure_is_what_a_plain_recomputation_gives(run: Run, which: CheckpointName) -> None:
    found = measured(run, checkpoint=which)
    labels, predictions, loss = recompute(run.folder / f"{which}.npz")
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


def test_best_and_last_are_different_weights(run: Run) -> None:
    best, last = (measured(run, checkpoint=which) for which in ("best", "last"))
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
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run = train(tmp_path, **{"momentum": 0.0, "activation": "sigmoid"} | changes)
    summary = summary_of(run)
    found = measured(run, split="validation")
    assert (found.loss, found.accuracy) == (summary.val_loss, summary.val_accuracy)
    assert found.examples == changes.get("validation_size", 1000)


def test_the_train_split_is_the_one_trained_on(run: Run) -> None:
    found = measured(run, split="train")
    assert found.examples == 1000
    test = measured(run)
    assert found.accuracy
    assert test.accuracy
    assert found.accuracy > test.accuracy


def test_a_class_that_is_never_predicted_has_no_precision(run: Run, tmp_path: Path) -> None:
    blind = copy_of(run, tmp_path / "blind")
    network = checkpoint.load_network(blind.best_npz, experiment_of(blind))
    network.biases[0][4] = -1e9
    checkpoint.save_weights(blind.best_npz, network)
    blind.summary_json.unlink()  # which speaks of other weights
    found = measured(blind)
    assert (found.per_class[4].precision, found.per_class[4].recall) == (None, 0.0)
    assert [row[4] for row in found.confusion] == [0] * 10


def test_a_loss_that_is_not_finite_is_null(run: Run, tmp_path: Path) -> None:
    burst = copy_of(run, tmp_path / "burst")
    network = checkpoint.load_network(burst.best_npz, experiment_of(burst))
    network.parameters[:] = np.inf
    checkpoint.save_weights(burst.best_npz, network)
    burst.summary_json.unlink()
    found = measured(burst)
    assert json.loads(records.as_json(found))["loss"] is None


def test_a_run_without_its_weights_is_a_run_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"best\.npz is missing"):
        measured(make_untrained_run(tmp_path / "small-001"))


def test_data_that_are_not_there_are_a_dataset_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(b"not MNIST")
    with pytest.raises(DatasetError, match=r"t10k-images-idx3-ubyte\.gz"):
        measured(run)
