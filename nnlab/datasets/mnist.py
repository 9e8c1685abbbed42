"""The MNIST family: published datasets of grey images of 28 × 28 pixels with their classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from nnlab.datasets import idx
from nnlab.datasets.locate import find, obtain
from nnlab.datasets.published import PublishedFile, PublishedFiles
from nnlab.errors import DatasetError
from nnlab.options import Options

if TYPE_CHECKING:
    import numpy as np

    from nnlab.datasets.dataset import Examples
    from nnlab.datasets.locate import Source


@dataclass(frozen=True)
class ImageDataset(PublishedFiles):
    """A dataset of grey images and their classes: a `DatasetInfo` whose examples are read from files."""

    classes: tuple[str, ...]
    pixel_mean: float  # of all training images, pixels in [0, 1]; the next too
    pixel_deviation: float
    options: type[Options] = Options  # none
    validation_size: int = 10_000

    @property
    def features(self) -> int:
        """The pixels of an image."""
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """The height and the width of an image."""
        _, height, width = self.train_images.shape
        return height, width

    @property
    def outputs(self) -> tuple[int, ...]:
        """The widths that the output layer may have: a neuron per class."""
        return (len(self.classes),)

    def number_of_examples(self, _: Options) -> int:
        """Return the number of examples for training and validation."""
        return self.train_images.shape[0]

    def load_training(self, _: Options, _rng: np.random.Generator, source: Source) -> Examples:
        """Return the training examples in their published order. Raises `DatasetError`."""
        read = _read_once if source.keeps else _read
        return read(self, self.train_images, self.train_labels, source)

    def load_test(self, _: Options, source: Source) -> Examples:
        """Return the test examples in their published order. Raises `DatasetError`."""
        read = _read_once if source.keeps else _read
        return read(self, self.test_images, self.test_labels, source)


def _read(
    dataset: ImageDataset, images_file: PublishedFile, labels_file: PublishedFile, source: Source
) -> Examples:
    """Return images (examples, features) and labels (examples,), as bytes."""
    images = idx.decode(obtain(dataset, images_file, source), images_file.name)
    labels = idx.decode(obtain(dataset, labels_file, source), labels_file.name)
    # Only raw content without a published digest can have such labels.
    if labels.max() >= len(dataset.classes):
        raise DatasetError(
            f"{find(dataset, labels_file, source.data_dir)}: label {labels.max()}, "
            f"but {dataset.title} has the labels 0 to {len(dataset.classes) - 1}; delete it"
        )
    return images.reshape(len(images), -1), labels


_read_once = lru_cache(maxsize=4)(_read)


def _train_images(size: int, sha256: str, content_sha256: str | None = None) -> PublishedFile:
    return PublishedFile("train-images-idx3-ubyte.gz", size, sha256, (60000, 28, 28), content_sha256)


def _train_labels(size: int, sha256: str, content_sha256: str | None = None) -> PublishedFile:
    return PublishedFile("train-labels-idx1-ubyte.gz", size, sha256, (60000,), content_sha256)


def _test_images(size: int, sha256: str, content_sha256: str | None = None) -> PublishedFile:
    return PublishedFile("t10k-images-idx3-ubyte.gz", size, sha256, (10000, 28, 28), content_sha256)


def _test_labels(size: int, sha256: str, content_sha256: str | None = None) -> PublishedFile:
    return PublishedFile("t10k-labels-idx1-ubyte.gz", size, sha256, (10000,), content_sha256)


MNIST = ImageDataset(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    train_images=_train_images(
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    train_labels=_train_labels(
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    test_images=_test_images(
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    test_labels=_test_labels(
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    classes=tuple("0123456789"),
    pixel_mean=0.1307,
    pixel_deviation=0.3081,
    licence="CC BY-SA 3.0",
)

FASHION_MNIST = ImageDataset(
    name="fashion_mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        # This mirror has no https; the digest protects the bytes.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    train_images=_train_images(
        26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    train_labels=_train_labels(29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    test_images=_test_images(4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    test_labels=_test_labels(5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    pixel_mean=0.2860,
    pixel_deviation=0.3530,
    licence="MIT",
)

KMNIST = ImageDataset(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    train_images=_train_images(
        18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"
    ),
    train_labels=_train_labels(29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
    test_images=_test_images(3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
    test_labels=_test_labels(5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    pixel_mean=0.1918,
    pixel_deviation=0.3483,
    licence="CC BY-SA 4.0",
)

MNIST_FAMILY: dict[str, ImageDataset] = {info.name: info for info in (MNIST, FASHION_MNIST, KMNIST)}
