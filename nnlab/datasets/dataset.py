"""The interface of all datasets, whether their examples are read from files or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnlab.datasets.locate import Source
    from nnlab.options import Options

# Inputs (examples, features), and labels (examples,) or, in a regression, values (examples, 1). Pixels are
# bytes, as on disk.
Examples: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]


class DatasetInfo(Protocol):
    """The description of a dataset, with functions that load its examples.

    A new dataset is one entry of `DATASETS`; no other code distinguishes kinds of datasets.
    """

    @property
    def title(self) -> str:
        """The name used in messages."""

    @property
    def features(self) -> int:
        """The width of the input layer."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their labels; none in a regression."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """The widths that the output layer may have."""

    @property
    def options(self) -> type[Options]:
        """The model of its options, all of which have defaults."""

    @property
    def validation_size(self) -> int:
        """The number of examples held out for validation by default."""

    @property
    def digests(self) -> dict[str, str]:
        """The published SHA-256 of each of its files, by file name."""

    def number_of_examples(self, options: Options, /) -> int:
        """Return the number of examples for training and validation."""

    def load_training(self, options: Options, rng: np.random.Generator, source: Source, /) -> Examples:
        """Return all examples for training and validation. Raises `DatasetError`."""

    def load_test(self, options: Options, source: Source, /) -> Examples:
        """Return the test examples. Raises `DatasetError`."""


@dataclass(frozen=True)
class Split:
    """Examples, one per row: `inputs` (examples, features), C-contiguous, pixels in [0, 1].

    `labels` are classes as integers, (examples,), or in a regression the values, (examples, 1), as floats.
    """

    inputs: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[Any]


@dataclass(frozen=True)
class Dataset:
    """A whole dataset as arrays."""

    name: str
    classes: tuple[str, ...]  # in the order of their labels; none in a regression
    training: Split  # all examples for training and validation, in their published order
    test: Split
