"""The interface of all datasets, whether their examples are read from files or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnlab.datasets.locate import Source
    from nnlab.options import Options

# Inputs (examples, features), and labels (examples,) or, in a regression, values (examples, 1). Pixels are
# bytes, as on disk.
Examples: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]

MAX_PIXEL = 255  # the largest value of a pixel
CHUNK = 1000  # examples that are copied, or looked at, together


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
    """Examples, one per row. Pixels stay bytes, a quarter of the memory, until their inputs are asked for.

    `labels` are classes as integers, (examples,), or in a regression the values, (examples, 1), as floats.
    """

    stored: npt.NDArray[Any]  # (examples, features): pixels as bytes, or floats
    labels: npt.NDArray[Any]
    rows: npt.NDArray[np.intp] | None = None  # of the examples in `stored`, which may hold more; None: all
    dtype: npt.DTypeLike = np.float32  # of inputs that are stored as bytes
    columns: npt.NDArray[np.bool_] | None = None  # which inputs are stored, (features,); the others are zero

    @cached_property
    def inputs(self) -> npt.NDArray[np.floating[Any]]:
        """All inputs, (examples, features), C-contiguous, pixels in [0, 1]."""
        return self.take(slice(None))

    def take(self, examples: slice | npt.NDArray[np.intp]) -> npt.NDArray[np.floating[Any]]:
        """Return the inputs of these examples, (examples, features), pixels in [0, 1]."""
        # Bytes are gathered first and scaled afterwards: a quarter of the memory traffic.
        stored = self.stored_of(examples)
        if self.columns is not None:
            inputs = np.zeros((len(stored), len(self.columns)), stored.dtype)
            inputs[:, self.columns] = stored
            stored = inputs
        return np.multiply(stored, self.unit) if self.are_pixels else stored

    def stored_of(self, examples: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Return the inputs of these examples as they are stored."""
        stored: npt.NDArray[Any] = self.stored[examples if self.rows is None else self.rows[examples]]
        return stored

    def copied(self, columns: npt.NDArray[np.bool_] | None = None) -> Split:
        """Return a split that stores these examples alone, and of their inputs those in `columns`, if given.

        The inputs that are left out have to be zero.
        """
        chosen = np.arange(self.stored.shape[1]) if columns is None else np.flatnonzero(columns)
        stored = np.empty((len(self.labels), len(chosen)), self.stored.dtype)
        for start in range(0, len(stored), CHUNK):
            some = slice(start, start + CHUNK)
            self.stored_of(some).take(chosen, axis=1, out=stored[some], mode="clip")
        return Split(stored, self.labels, dtype=self.dtype, columns=columns)

    @property
    def are_pixels(self) -> bool:
        """Whether the inputs are stored as bytes."""
        return self.stored.dtype == np.uint8

    @property
    def unit(self) -> npt.NDArray[np.floating[Any]]:
        """The value of a pixel whose byte is 1, a single number."""
        return np.array(1 / MAX_PIXEL, self.dtype)


@dataclass(frozen=True)
class Dataset:
    """A whole dataset as arrays."""

    name: str
    classes: tuple[str, ...]  # in the order of their labels; none in a regression
    training: Split  # all examples for training and validation, in their published order
    test: Split
