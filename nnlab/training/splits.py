"""The examples for training and for validation of a network or a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.datasets import Source, Split, load_training
from nnlab.randomness import stream

if TYPE_CHECKING:
    from nnlab.config import Config


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
