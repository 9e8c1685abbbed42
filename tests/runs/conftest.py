"""Runs on real MNIST, so small that training them takes no time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nnlab.config import Experiment
from nnlab.datasets import Source
from nnlab.runs import folder
from nnlab.runs.environment import describe
from nnlab.runs.recorder import Recorder
from nnlab.training import load_splits, start, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.datasets import Split
    from nnlab.runs.summary import Summary


def an_experiment(**changes: Any) -> Experiment:  # noqa: ANN401 - as many types as there are keys
    """The linear network on 1,000 examples; momentum, so that its state is more than its weights."""
    keys = {
        "name": "linear",
        "dataset": "mnist",
        "architecture": (784, 10),
        "activation": "identity",
        "output": "softmax",
        "loss": "log_likelihood",
        "eta": 0.1,
        "momentum": 0.9,
        "batch_size": 64,
        "epochs": 3,
        "patience": None,
        "seed": 0,
        "train_size": 1000,
        "validation_size": 1000,
    }
    return Experiment(**keys | changes)


@pytest.fixture
def experiment() -> Callable[..., Experiment]:
    return an_experiment


@pytest.fixture(scope="session")
def splits() -> tuple[Split, Split]:
    return load_splits(an_experiment(), Source(offline=True))


@pytest.fixture(scope="session")
def train_into(splits: tuple[Split, Split]) -> Callable[..., Summary]:
    """Train an experiment into a new folder, as `nnlab train` does."""

    def go(run: Path, experiment: Experiment) -> Summary:
        run.mkdir(parents=True)
        state = start(experiment)
        examples = len(splits[0].labels)
        recorder = Recorder.create(run, experiment, state, describe(threads=1, digests={}), examples)
        for epoch in train(experiment, state, *splits):
            recorder.record(epoch, state)
        return recorder.summary

    return go


@pytest.fixture(scope="session")
def go_on_with(splits: tuple[Split, Split]) -> Callable[..., Summary]:
    """Resume a run from what lies in its folder, with some keys raised."""

    def go(run: Path, **raised: int) -> Summary:
        experiment = folder.experiment_of(run).model_copy(update=raised)
        recorder, state = Recorder.reopen(run, experiment, len(splits[0].labels))
        for epoch in train(experiment, state, *splits):
            recorder.record(epoch, state)
        return recorder.summary

    return go


@pytest.fixture(scope="session")
def trained(
    train_into: Callable[..., Summary], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Experiment]:
    """A finished run, not to be changed."""
    run = tmp_path_factory.mktemp("runs") / "linear-001"
    experiment = an_experiment(architecture=(784, 5, 10), activation="sigmoid")
    train_into(run, experiment)
    return run, experiment
