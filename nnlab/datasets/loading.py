"""Loads the examples of any dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nnlab.datasets.dataset import Dataset, DatasetInfo, Split
from nnlab.datasets.locate import Source
from nnlab.datasets.mnist import MNIST_FAMILY
from nnlab.datasets.toys import TOYS
from nnlab.errors import UsageError
from nnlab.randomness import stream

if TYPE_CHECKING:
    from nnlab.options import Options

DATASETS: dict[str, DatasetInfo] = {**MNIST_FAMILY, **TOYS}
DEFAULT_SOURCE = Source()


def number_of_examples(name: str, options: Options | None = None) -> int:
    """Return the number of examples for training and validation."""
    info = _info(name)
    return info.number_of_examples(options or info.options())


def load_training(
    name: str,
    *,
    validation_size: int,
    train_size: int | None,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    options: Options | None = None,
    source: Source = DEFAULT_SOURCE,
) -> tuple[Split, Split]:
    """Return the training and the validation split, disjoint random samples of the training examples.

    `rng` draws the examples of a toy, and permutes those of any dataset. The first `validation_size` are for
    validation, the next `train_size` for training, or all the rest if it is None. So `train_size` never
    changes the validation split, but `validation_size` changes the training split. If none are held out, the
    training examples are used for validation too. The test files are not opened.
    Raises `UsageError` if there are fewer examples, `DatasetError` if the files are unavailable.
    """
    info = _info(name)
    options = options or info.options()
    available = info.number_of_examples(options)
    if train_size is None:
        train_size = available - validation_size
    if validation_size < 0 or train_size < 1 or validation_size + train_size > available:
        raise UsageError(
            f"train_size {train_size:,} and validation_size {validation_size:,} do not fit {info.title}, "
            f"which has {available:,} examples for training and validation; take fewer"
        )
    inputs, labels = info.load_training(options, rng, source)
    order = rng.permutation(available)
    training = _split(inputs, labels, order[validation_size : validation_size + train_size], dtype)
    if not validation_size:
        return training, training
    return training, _split(inputs, labels, order[:validation_size], dtype)


def load_test(
    name: str,
    *,
    dtype: npt.DTypeLike = np.float32,
    options: Options | None = None,
    source: Source = DEFAULT_SOURCE,
) -> Split:
    """Return the test split in its published order.

    A toy function is tested on an even grid without noise, a toy with few examples on all of them.
    Raises `DatasetError` if the files are unavailable.
    """
    info = _info(name)
    return _split(*info.load_test(options or info.options(), source), slice(None), dtype)


def load(
    name: str,
    *,
    dtype: npt.DTypeLike = np.float32,
    options: Options | None = None,
    seed: int = 0,
    source: Source = DEFAULT_SOURCE,
) -> Dataset:
    """Return all training and test examples of a dataset, in their published order.

    The examples of a toy are those of an experiment with this `seed`.
    Raises `UsageError` if there is no such dataset, `DatasetError` if the files are unavailable.
    """
    info = _info(name)
    rng = stream(seed, "split")
    examples = info.load_training(options or info.options(), rng, source)
    return Dataset(
        name,
        info.classes,
        training=_split(*examples, slice(None), dtype),
        test=load_test(name, dtype=dtype, options=options, source=source),
    )


def digests(name: str) -> dict[str, str]:
    """Return the published SHA-256 of each .gz, by file name; none for a toy, which has no files."""
    return _info(name).digests


def _info(name: str) -> DatasetInfo:
    try:
        return DATASETS[name]
    except KeyError:
        raise UsageError(f"no dataset {name!r}; there are {', '.join(DATASETS)}") from None


def _split(
    inputs: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    rows: npt.NDArray[np.intp] | slice,
    dtype: npt.DTypeLike,
) -> Split:
    """Return these `rows` of the examples; pixels are not copied."""
    chosen = labels[rows].astype(dtype if labels.dtype.kind == "f" else np.intp)
    if inputs.dtype == np.uint8:
        return Split(inputs, chosen, None if isinstance(rows, slice) else rows, dtype)
    return Split(inputs[rows].astype(dtype), chosen)
