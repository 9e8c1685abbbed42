from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.config import Experiment
from nnlab.datasets import Split

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def experiment() -> Callable[..., Experiment]:
    """Build an experiment for `blobs`, some keys changed, without the rules that tie it to a dataset."""

    def build(**changes: object) -> Experiment:
        values = {
            "dataset": "mnist",
            "architecture": (4, 6, 3),
            "activation": "tanh",
            "output": "softmax",
            "loss": "log_likelihood",
            "eta": 0.5,
            "batch_size": 16,
            "epochs": 3,
            "patience": None,
            "seed": 0,
        }
        return Experiment.model_construct(**values | changes)

    return build


@pytest.fixture
def blobs() -> Callable[..., Split]:
    """Draw examples of three classes, each a cloud around a point of its own."""

    def draw(examples: int, *, seed: int = 1, dtype: str = "float32") -> Split:
        rng = np.random.default_rng(seed)
        labels = rng.integers(3, size=examples)
        inputs = np.eye(3, 4)[labels] + rng.normal(0, 0.4, (examples, 4))
        return Split(inputs.astype(dtype), labels)

    return draw
