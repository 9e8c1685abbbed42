"""What the networks learn from: the MNIST family, found on disk or downloaded, always checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from nnlab.datasets.mnist import FAMILY, DatasetInfo, DatasetName, PublishedFile
from nnlab.errors import DatasetError, UsageError

__all__ = [
    "DATASETS",
    "DatasetInfo",
    "DatasetName",
    "Download",
    "Listing",
    "Source",
    "Split",
    "Verification",
    "digests",
    "download_dataset",
    "folder",
    "list_files",
    "load_test",
    "load_training",
    "verify",
]

DATASETS = FAMILY
WHITE = 255  # the largest value of a pixel
ANYWHERE = Source()


@dataclass(frozen=True)
class Split:
    """Examples, a row each: `inputs` (examples, features) in [0, 1], C-contiguous; `labels` (examples,)."""

    inputs: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[np.intp]


def load_training(
    name: DatasetName,
    *,
    validation_size: int,
    train_size: int | None,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    source: Source = ANYWHERE,
) -> tuple[Split, Split]:
    """Return the training and the validation split, disjoint random samples of the training examples.

    `rng` permutes all training examples. The first `validation_size` validate, the next `train_size` train,
    or all the rest when it is None; so the size of the one never moves the other. The test files stay shut.
    Raises `UsageError` if there are not as many examples, `DatasetError` if the files are not to be had.
    """
    info = FAMILY[name]
    available = info.train_examples
    if train_size is None:
        train_size = available - validation_size
    if validation_size < 0 or train_size < 1 or validation_size + train_size > available:
        raise UsageError(
            f"validation_size {validation_size} and train_size {train_size} do not fit {info.title}, "
            f"which has {available} examples to train and validate with"
        )
    images, labels = _read(info, info.train_images, info.train_labels, source)
    order = rng.permutation(available)
    training = _split(images, labels, order[validation_size : validation_size + train_size], dtype)
    return training, _split(images, labels, order[:validation_size], dtype)


def load_test(name: DatasetName, *, dtype: npt.DTypeLike = np.float32, source: Source = ANYWHERE) -> Split:
    """Return the test split, in the published order. Raises `DatasetError` if it is not to be had."""
    info = FAMILY[name]
    images, labels = _read(info, info.test_images, info.test_labels, source)
    return _split(images, labels, slice(None), dtype)


def digests(name: DatasetName) -> dict[str, str]:
    """Return the published SHA-256 of each .gz by its file name."""
    return {file.name: file.sha256 for file in FAMILY[name].files}


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
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.intp] | slice,
    dtype: npt.DTypeLike,
) -> Split:
    # Bytes are gathered first and scaled after: an eighth of the memory traffic, and one copy of floats.
    inputs = np.multiply(images[rows], 1 / WHITE, dtype=dtype)
    return Split(inputs, labels[rows].astype(np.intp))
