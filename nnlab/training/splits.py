"""The examples that an experiment trains and validates on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.datasets import Source, Split, load_training
from nnlab.randomness import stream

if TYPE_CHECKING:
    from nnlab.config import Baseline, Experiment


def load_splits(experiment: Experiment | Baseline, source: Source) -> tuple[Split, Split]:
    """Return the training and the validation split, always the same for one experiment; for a baseline too.

    Raises `DatasetError`.
    """
    return load_training(
        experiment.dataset,
        validation_size=experiment.validation_size,
        train_size=experiment.train_size,
        rng=stream(experiment.seed, "split"),
        dtype=experiment.dtype,
        options=experiment.dataset_options,
        source=source,
    )
