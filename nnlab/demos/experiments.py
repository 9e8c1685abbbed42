"""The experiments of the demos, trained as `nnlab train` does but without a run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlab.config import Experiment
from nnlab.training import Epoch, TrainingState, load_to_train, start, train

if TYPE_CHECKING:
    from nnlab.datasets import Source

# A small experiment on MNIST: it takes a second or less, and does not touch the test images.
MNIST: dict[str, Any] = {
    "dataset": "mnist",
    "train_size": 5000,
    "validation_size": 2000,
    "architecture": (784, 30, 10),
    "activation": "sigmoid",
    "output": "softmax",
    "loss": "log_likelihood",
    "batch_size": 10,
    "patience": None,
    "seed": 0,
}
TOY: dict[str, Any] = {"batch_size": "full", "patience": None, "seed": 0, "dtype": "float64"}


def run(source: Source, **keys: Any) -> tuple[list[Epoch], TrainingState]:  # noqa: ANN401 - as many as keys
    """Train the experiment of these config `keys`; return its epochs and its final state."""
    experiment = Experiment(**keys)
    state = start(experiment)
    return list(train(experiment, state, *load_to_train(experiment, source))), state
