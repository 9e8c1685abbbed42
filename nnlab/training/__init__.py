"""Training: batches, early stopping, and the loop that joins them with the methods of an experiment."""

from nnlab.training.batches import BatchSource
from nnlab.training.measures import loss_of_a_guess, measure, pre_activations, targets_of
from nnlab.training.methods import augmentation_stream, dropout_of, optimiser_of, smoothed
from nnlab.training.splits import load_splits, load_to_train
from nnlab.training.state import TrainingState, blank_network, blank_state, start
from nnlab.training.team import Team
from nnlab.training.threads import (
    available_cores,
    available_threads,
    checked_threads,
    computing_with,
    number_of_threads,
)
from nnlab.training.trainer import Epoch, StopReason, stop_reason, train, train_epoch

__all__ = [
    "BatchSource",
    "Epoch",
    "StopReason",
    "Team",
    "TrainingState",
    "augmentation_stream",
    "available_cores",
    "available_threads",
    "blank_network",
    "blank_state",
    "checked_threads",
    "computing_with",
    "dropout_of",
    "load_splits",
    "load_to_train",
    "loss_of_a_guess",
    "measure",
    "number_of_threads",
    "optimiser_of",
    "pre_activations",
    "smoothed",
    "start",
    "stop_reason",
    "targets_of",
    "train",
    "train_epoch",
]
