from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.datasets import DATASETS, Source, Split, idx, load, load_test, load_training
from nnlab.errors import DatasetError, UsageError
from nnlab.randomness import stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnlab.datasets.mnist import ImageDataset

    from .conftest import PlaceFiles
    from .mirror import Mirror

RAW = Path(__file__).parents[2] / "data" / "MNIST" / "raw"
OFFLINE = Source(offline=True)


def splits(validation_size: int = 10, train_size: int | None = 100, seed: int = 0) -> tuple[Split, Split]:
    rng = np.random.default_rng(seed)
    return load_training(
        "mnist", validation_size=validation_size, train_size=train_size, rng=rng, source=OFFLINE
    )


def published(images: str, labels: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return (
        idx.decode(gzip.decompress((RAW / images).read_bytes()), images).reshape(-1, 784),
        idx.decode(gzip.decompress((RAW / labels).read_bytes()), labels),
    )


@pytest.fixture(scope="module")
def train_data() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return published("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")


def test_the_splits_are_disjoint_and_complete(
    train_data: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
) -> None:
    training, validation = splits(validation_size=10_000, train_size=None)
    images, labels = train_data
    order = np.random.default_rng(0).permutation(60_000)
    assert len(training.labels) + len(validation.labels) == len(order)
    for split, rows in ((validation, order[:10_000]), (training, order[10_000:])):
        np.testing.assert_array_equal(np.rint(split.inputs * 255).astype(np.uint8), images[rows])
        np.testing.assert_array_equal(split.labels, labels[rows])


def test_arrays_are_contiguous_rows_of_pixels_between_zero_and_exactly_one() -> None:
    training, validation = splits()
    for split, examples in ((training, 100), (validation, 10)):
        assert split.inputs.shape == (examples, 784)
        assert split.inputs.dtype == np.float32
        assert split.inputs.flags.c_contiguous
        assert split.labels.shape == (examples,)
        assert split.labels.dtype == np.intp
    assert training.inputs.min() == 0.0
    assert training.inputs.max() == 1.0


@pytest.mark.parametrize("dtype", ["float32", np.float64])
def test_the_inputs_have_the_dtype_that_was_asked_for(dtype: npt.DTypeLike) -> None:
    split = load_test("mnist", dtype=dtype, source=OFFLINE)
    assert split.inputs.dtype == np.dtype(dtype)
    assert split.inputs.max() == 1.0


def test_the_same_seed_gives_the_same_splits_and_another_seed_others() -> None:
    once, again, other = splits(seed=1), splits(seed=1), splits(seed=2)
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first.inputs, second.inputs)
        np.testing.assert_array_equal(first.labels, second.labels)
    assert not np.array_equal(once[0].inputs, other[0].inputs)


def test_the_train_size_moves_neither_the_validation_split_nor_the_examples_in_common() -> None:
    small, validation_of_small = splits(train_size=50)
    large, validation_of_large = splits(train_size=100)
    np.testing.assert_array_equal(validation_of_small.inputs, validation_of_large.inputs)
    np.testing.assert_array_equal(small.inputs, large.inputs[:50])


def test_if_nothing_is_held_out_the_training_examples_validate() -> None:
    training, validation = splits(validation_size=0, train_size=5)
    assert validation is training
    assert len(training.labels) == 5


@pytest.mark.parametrize(
    ("validation_size", "train_size"), [(10_000, 50_001), (60_000, None), (60_001, None), (-1, 10), (10, 0)]
)
def test_sizes_that_do_not_fit_are_the_users_mistake(validation_size: int, train_size: int | None) -> None:
    with pytest.raises(UsageError, match="60,000 examples"):
        splits(validation_size, train_size)


def test_the_test_split_is_the_published_one_in_its_order() -> None:
    images, labels = published("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    split = load_test("mnist", source=OFFLINE)
    np.testing.assert_array_equal(np.rint(split.inputs * 255).astype(np.uint8), images)
    np.testing.assert_array_equal(split.labels, labels)
    assert split.inputs.flags.c_contiguous


def test_training_needs_no_test_files_and_the_test_no_training_files(
    elsewhere: ImageDataset, place: PlaceFiles, tmp_path: Path
) -> None:
    place(elsewhere, tmp_path / "train", elsewhere.train_images, elsewhere.train_labels)
    place(elsewhere, tmp_path / "test", elsewhere.test_images, elsewhere.test_labels)
    rng = np.random.default_rng(0)
    training, _ = load_training(
        "mnist", validation_size=10, train_size=10, rng=rng, source=Source(tmp_path / "train", offline=True)
    )
    assert len(training.labels) == 10
    assert len(load_test("mnist", source=Source(tmp_path / "test", offline=True)).labels) == 10_000
    with pytest.raises(DatasetError, match="t10k-images"):
        load_test("mnist", source=Source(tmp_path / "train", offline=True))


def test_what_is_missing_and_nothing_else_is_downloaded(
    elsewhere: ImageDataset, mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, "mnist", replace(elsewhere, mirrors=(mirror.base("good"),)))
    split = load_test("mnist")
    np.testing.assert_array_equal(split.labels[:5], [7, 2, 1, 0, 4])
    assert sorted(path.name for path in (cache / "Elsewhere" / "raw").iterdir()) == sorted(
        [elsewhere.test_images.name, elsewhere.test_labels.name]
    )


def test_a_label_that_is_not_a_class_is_refused(
    elsewhere: ImageDataset, place: PlaceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = replace(elsewhere.test_labels, content_sha256=None)
    info = replace(elsewhere, test_labels=file)
    monkeypatch.setitem(DATASETS, "mnist", info)
    raw = place(info, tmp_path, info.test_images) / file.name.removesuffix(".gz")
    raw.write_bytes(file.header + bytes([10]) + bytes(9_999))
    with pytest.raises(DatasetError, match=f"^{re.escape(str(raw))}: label 10, but .* 0 to 9"):
        load_test("mnist", source=Source(tmp_path, offline=True))


def test_as_many_labels_as_images_are_asked_for(
    elsewhere: ImageDataset, place: PlaceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = replace(elsewhere.test_labels, content_sha256=None)
    monkeypatch.setitem(DATASETS, "mnist", replace(elsewhere, test_labels=file))
    raw = place(elsewhere, tmp_path, elsewhere.test_images) / file.name.removesuffix(".gz")
    raw.write_bytes(idx.header((9_999,)) + bytes(9_999))
    with pytest.raises(DatasetError, match="10,007 bytes instead of 10,008"):
        load_test("mnist", source=Source(tmp_path, offline=True))


def test_a_dataset_is_loaded_whole_and_in_its_published_order() -> None:
    mnist = load("mnist", source=OFFLINE)
    assert (mnist.name, mnist.classes) == ("mnist", tuple("0123456789"))
    images, labels = published("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    np.testing.assert_array_equal(np.rint(mnist.training.inputs * 255).astype(np.uint8), images)
    np.testing.assert_array_equal(mnist.training.labels, labels)
    assert mnist.training.inputs.dtype == np.float32
    np.testing.assert_array_equal(mnist.test.labels, load_test("mnist", source=OFFLINE).labels)


def test_a_toy_is_loaded_with_the_examples_that_a_training_of_that_seed_has() -> None:
    step = load("step", seed=3, dtype="float64")
    assert step.classes == ()
    training, _ = load_training(
        "step", validation_size=0, train_size=None, rng=stream(3, "split"), dtype="float64"
    )
    np.testing.assert_array_equal(np.sort(step.training.inputs, axis=0), np.sort(training.inputs, axis=0))
    few = load("step", options=DATASETS["step"].options.model_validate({"examples": 7}))
    assert (len(few.training.labels), len(few.test.labels)) == (7, 1000)


def test_a_dataset_that_does_not_exist_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match=r"^no dataset 'cifar'; there are mnist, .*, symmetric_step$"):
        load("cifar")
