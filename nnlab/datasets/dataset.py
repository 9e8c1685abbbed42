"""What all datasets have in common, whether their examples are read from files or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnlab.datasets.locate import Source
    from nnlab.datasets.options import Options

# Inputs (examples, features), and labels (examples,) or, in a regression, values (examples, 1). Pixels are
# bytes, as they are on disk.
Examples: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]


class DatasetInfo(Protocol):
    """A dataset before its examples are loaded: what is known about it, and how to get them.

    A new dataset is one entry of `DATASETS`; no other code asks which kind of dataset it has.
    """

    @property
    def title(self) -> str:
        """How messages call it."""

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
        """The options that it takes, all of them with defaults."""

    @property
    def validation_size(self) -> int:
        """How many examples are held out for validation unless a config says otherwise."""

    @property
    def digests(self) -> dict[str, str]:
        """The published SHA-256 of each of its files, by file name."""

    def number_of_examples(self, options: Options, /) -> int:
        """Return how many examples there are to train and validate with."""

    def load_training(self, options: Options, rng: np.random.Generator, source: Source, /) -> Examples:
        """Return all examples to train and validate with. Raises `DatasetError`."""

    def load_test(self, options: Options, source: Source, /) -> Examples:
        """Return the examples to test with. Raises `DatasetError`."""


@dataclass(frozen=True)
class Split:
    """Examples, a row each: `inputs` (examples, features), C-contiguous, pixels in [0, 1].

    `labels` are classes as integers, (examples,), or in a regression the values, (examples, 1), as floats.
    """

    inputs: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[Any]


@dataclass(frozen=True)
class Dataset:
    """A whole dataset as arrays."""

    name: str
    classes: tuple[str, ...]  # in the order of their labels; none in a regression
    training: Split  # all examples to train and validate with, in their order
    test: Split
