from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest

from nnlab.config import Experiment
from nnlab.datasets import Split
from tests.laboratory import LINEAR

KEYS = LINEAR | {
    "architecture": (4, 6, 3),
    "activation": "tanh",
    "eta": 0.5,
    "batch_size": 16,
    "patience": None,
    "train_size": None,
}


class BuildExperiment(Protocol):
    def __call__(self, **changes: object) -> Experiment: ...


class DrawBlobs(Protocol):
    def __call__(self, examples: int, *, seed: int = 1, dtype: str = "float32") -> Split: ...


@pytest.fixture
def experiment() -> BuildExperiment:
    """Build an experiment for `blobs`, some keys changed, without the rules that tie it to a dataset."""

    def build(**changes: object) -> Experiment:
        values: dict[str, Any] = KEYS | changes
        return Experiment.model_construct(**values)

    return build


@pytest.fixture
def blobs() -> DrawBlobs:
    """Draw examples of three classes, each scattered around its own point."""

    def draw(examples: int, *, seed: int = 1, dtype: str = "float32") -> Split:
        rng = np.random.default_rng(seed)
        labels = rng.integers(3, size=examples)
        inputs = np.eye(3, 4)[labels] + rng.normal(0, 0.4, (examples, 4))
        return Split(inputs.astype(dtype), labels)

    return draw
