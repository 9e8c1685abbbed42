"""What the networks learn from: the MNIST family, found or downloaded, always checked; and toys."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from nnlab.datasets import idx
from nnlab.datasets.inventory import (
    Download,
    Listing,
    Verification,
    download_dataset,
    folder,
    list_files,
    verify,
)
from nnlab.datasets.locate import Source, find, obtain
from nnlab.datasets.mnist import FAMILY, DatasetInfo, FamilyName, PublishedFile
from nnlab.datasets.toys import TOYS, Options, Toy, ToyName
from nnlab.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DATASETS",
    "FAMILY",
    "TOYS",
    "DatasetInfo",
    "DatasetName",
    "Download",
    "FamilyName",
    "Listing",
    "Options",
    "Source",
    "Split",
    "Toy",
    "Verification",
    "digests",
    "download_dataset",
    "folder",
    "list_files",
    "load_test",
    "load_training",
    "number_of_examples",
    "verify",
]

DatasetName = Literal[FamilyName, ToyName]
DATASETS: Mapping[DatasetName, DatasetInfo | Toy] = ChainMap(cast("Any", TOYS), cast("Any", FAMILY))
WHITE = 255  # the largest value of a pixel
ANYWHERE = Source()
NO_OPTIONS = Options()


@dataclass(frozen=True)
class Split:
    """Examples, a row each: `inputs` (examples, features), C-contiguous, pixels in [0, 1].

    `labels` are classes as integers, (examples,), or in a regression the values, (examples, 1), as floats.
    """

    inputs: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[Any]


def number_of_examples(name: DatasetName, options: Options = NO_OPTIONS) -> int:
    """Return how many examples there are to train and validate with."""
    info = DATASETS[name]
    return info.number(options) if isinstance(info, Toy) else info.train_examples


def load_training(
    name: DatasetName,
    *,
    validation_size: int,
    train_size: int | None,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    options: Options = NO_OPTIONS,
    source: Source = ANYWHERE,
) -> tuple[Split, Split]:
    """Return the training and the validation split, disjoint random samples of the training examples.

    `rng` draws the examples of a toy, and permutes them all. The first `validation_size` validate, the next
    `train_size` train, or all the rest when it is None. So `train_size` never moves the validation split, but
    another `validation_size` moves the training split. If none are to validate, the training examples do
    that too. The test files stay shut.
    Raises `UsageError` if there are not as many examples, `DatasetError` if the files are unavailable.
    """
    info = DATASETS[name]
    available = number_of_examples(name, options)
    if train_size is None:
        train_size = available - validation_size
    if validation_size < 0 or train_size < 1 or validation_size + train_size > available:
        raise UsageError(
            f"train_size {train_size:,} and validation_size {validation_size:,} do not fit {info.title}, "
            f"which has {available:,} examples to train and validate with; take fewer"
        )
    inputs: npt.NDArray[Any]
    if isinstance(info, Toy):
        inputs, labels = info.draw(options, rng)
    else:
        inputs, labels = _read(info, info.train_images, info.train_labels, source)
    order = rng.permutation(available)
    training = _split(inputs, labels, order[validation_size : validation_size + train_size], dtype)
    if not validation_size:
        return training, training
    return training, _split(inputs, labels, order[:validation_size], dtype)


def load_test(
    name: DatasetName,
    *,
    dtype: npt.DTypeLike = np.float32,
    options: Options = NO_OPTIONS,
    source: Source = ANYWHERE,
) -> Split:
    """Return the test split in its order: as published, or a toy's.

    A function is tested on an even grid, without noise; a toy of a few examples on all of them.
    Raises `DatasetError` if the files are unavailable.
    """
    info = DATASETS[name]
    if isinstance(info, Toy):
        return _split(*info.test(options), slice(None), dtype)
    return _split(*_read(info, info.test_images, info.test_labels, source), slice(None), dtype)


def digests(name: DatasetName) -> dict[str, str]:
    """Return the published SHA-256 of each .gz by its file name; a toy has no files."""
    info = DATASETS[name]
    return {} if isinstance(info, Toy) else {file.name: file.sha256 for file in info.files}


def _read(
    info: DatasetInfo, images_file: PublishedFile, labels_file: PublishedFile, source: Source
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return images (examples, features) and labels (examples,) as they are on disk."""
    images = idx.decode(obtain(info, images_file, source), images_file.name)
    labels = idx.decode(obtain(info, labels_file, source), labels_file.name)
    # Only raw content without a published digest can come to this.
    if labels.max() >= len(info.classes):
        raise DatasetError(
            f"{find(info, labels_file, source.data_dir)}: label {labels.max()}, "
            f"but {info.title} has the labels 0 to {len(info.classes) - 1}; delete it"
        )
    return images.reshape(len(images), -1), labels


def _split(
    inputs: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    rows: npt.NDArray[np.intp] | slice,
    dtype: npt.DTypeLike,
) -> Split:
    """Return those `rows` of all examples, pixels scaled to [0, 1]."""
    # Bytes are gathered first and scaled after: an eighth of the memory traffic, and one copy of floats.
    unit = 1 / WHITE if inputs.dtype == np.uint8 else 1
    scaled = np.multiply(inputs[rows], unit, dtype=dtype)
    values = labels.dtype.kind == "f"
    return Split(scaled, labels[rows].astype(dtype if values else np.intp))
