"""The examples for training and for validation of a network or a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.datasets import Source, Split, load_training
from nnlab.randomness import stream
from nnlab.training.idle_inputs import without_idle_inputs

if TYPE_CHECKING:
    from nnlab.config import Config, Experiment


def load_splits(config: Config, source: Source) -> tuple[Split, Split]:
    """Return the training and the validation split of `config`, always the same ones.

    Raises `DatasetError`.
    """
    return load_training(
        config.dataset,
        validation_size=config.validation_size,
        train_size=config.train_size,
        rng=stream(config.seed, "split"),
        dtype=config.dtype,
        options=config.dataset_options,
        source=source,
    )


def load_to_train(experiment: Experiment, source: Source) -> tuple[Split, Split]:
    """Return the same splits of `experiment`, in as little memory as their training takes.

    Raises `DatasetError`.
    """
    training, validation = load_splits(experiment, source)
    is_validated_on_itself = validation is training
    training = without_idle_inputs(experiment, training)
    return training, training if is_validated_on_itself else validation.copied()
