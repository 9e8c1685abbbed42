"""A run on real MNIST, and run folders that only look like ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from threadpoolctl import threadpool_limits

from nnlab.config import Experiment, dump
from nnlab.datasets import Source
from nnlab.runs.environment import describe
from nnlab.runs.recorder import Recorder
from nnlab.training import load_splits, start, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS: dict[str, Any] = {
    "name": "small",
    "dataset": "mnist",
    "architecture": (784, 10),
    "activation": "sigmoid",
    "output": "softmax",
    "loss": "log_likelihood",
    "eta": 0.1,
    "batch_size": 64,
    "epochs": 3,
    "patience": None,
    "seed": 0,
    "train_size": 1000,
    "validation_size": 1000,
}
SUMMARY: dict[str, Any] = {
    "schema_version": 1,
    "name": "small",
    "status": "finished",
    "stop_reason": "epochs",
    "epochs": 3,
    "best_epoch": 2,
    "monitor": "val_loss",
    "best_value": 0.5,
    "val_loss": 0.5,
    "val_accuracy": 0.8,
    "parameters": 7850,
    "train_examples": 1000,
    "seconds": 1.5,
    "weights_sha256": "0" * 64,
}


@pytest.fixture(scope="session")
def train_into() -> Callable[..., Experiment]:
    """Train into a new folder; return the experiment."""

    def go(run: Path, **changes: Any) -> Experiment:  # noqa: ANN401 - as many types as there are keys
        run.mkdir()
        experiment = Experiment(**KEYS | changes)
        splits = load_splits(experiment, Source(offline=True))
        state = start(experiment)
        recorder = Recorder.create(run, experiment, state, describe(threads=1, digests={}), 1000)
        with threadpool_limits(1, user_api="blas"):
            for epoch in train(experiment, state, *splits):
                recorder.record(epoch, state)
        return experiment

    return go


@pytest.fixture(scope="session")
def run(train_into: Callable[..., Experiment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose best epoch is not its last; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "small-001"
    train_into(folder, eta=2.0, momentum=0.9, epochs=5)
    return folder


@pytest.fixture
def pretend(tmp_path: Path) -> Callable[..., Path]:
    """Make a run folder without training; `summary` None leaves it out."""

    def make(
        called: str,
        /,
        *,
        summary: dict[str, Any] | None = SUMMARY,
        test_accuracy: float | None = None,
        **changes: Any,  # noqa: ANN401 - as many types as there are keys
    ) -> Path:
        folder = tmp_path / called
        folder.mkdir()
        (folder / "config.yaml").write_text(dump(Experiment(**KEYS | changes)))
        if summary is not None:
            (folder / "summary.json").write_text(json.dumps(SUMMARY | summary))
        if test_accuracy is not None:
            evaluation = {
                "run": str(folder),
                "checkpoint": "best",
                "split": "test",
                "examples": 10000,
                "loss": 0.25,
                "accuracy": test_accuracy,
                "errors": 100,
                "per_class": [],
                "confusion": [],
            }
            (folder / "eval_test.json").write_text(json.dumps(evaluation))
        return folder

    return make
