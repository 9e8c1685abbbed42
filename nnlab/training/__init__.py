"""Training: batches, an optimiser, early stopping, and the loop that joins them."""

from nnlab.training.batches import BatchSource
from nnlab.training.measures import loss_of_a_guess, measure, targets_of
from nnlab.training.optimisers import OPTIMISERS, SGD, Optimiser, OptimiserState, optimiser_of
from nnlab.training.splits import load_splits
from nnlab.training.state import TrainingState, blank_network, blank_state, start
from nnlab.training.threads import available_threads, checked_threads, computing_with, number_of_threads
from nnlab.training.trainer import Epoch, StopReason, stop_reason, train, train_epoch

__all__ = [
    "OPTIMISERS",
    "SGD",
    "BatchSource",
    "Epoch",
    "Optimiser",
    "OptimiserState",
    "StopReason",
    "TrainingState",
    "available_threads",
    "blank_network",
    "blank_state",
    "checked_threads",
    "computing_with",
    "load_splits",
    "loss_of_a_guess",
    "measure",
    "number_of_threads",
    "optimiser_of",
    "start",
    "stop_reason",
    "targets_of",
    "train",
    "train_epoch",
]
