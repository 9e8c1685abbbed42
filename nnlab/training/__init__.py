"""Training: stochastic gradient descent, early stopping, and the loop that joins them."""

from nnlab.training.splits import load_splits
from nnlab.training.threads import available_threads, number_of_threads
from nnlab.training.trainer import (
    Epoch,
    StopReason,
    TrainingState,
    blank_network,
    blank_state,
    loss_of_a_guess,
    measure,
    start,
    stop_reason,
    targets_of,
    train,
)

__all__ = [
    "Epoch",
    "StopReason",
    "TrainingState",
    "available_threads",
    "blank_network",
    "blank_state",
    "load_splits",
    "loss_of_a_guess",
    "measure",
    "number_of_threads",
    "start",
    "stop_reason",
    "targets_of",
    "train",
]
