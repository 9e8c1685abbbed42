"""Datasets: the MNIST family, found or downloaded and always verified, and toys."""

from nnlab.datasets.dataset import CHUNK, MAX_PIXEL, Dataset, DatasetInfo, Split
from nnlab.datasets.inventory import (
    Download,
    Listing,
    Verification,
    download_dataset,
    find_folder,
    list_files,
    verify,
)
from nnlab.datasets.loading import (
    DATASETS,
    DEFAULT_SOURCE,
    digests,
    load,
    load_test,
    load_training,
    number_of_examples,
)
from nnlab.datasets.locate import Source
from nnlab.datasets.mnist import MNIST_FAMILY
from nnlab.datasets.toys import TOYS
from nnlab.options import Options

__all__ = [
    "CHUNK",
    "DATASETS",
    "DEFAULT_SOURCE",
    "MAX_PIXEL",
    "MNIST_FAMILY",
    "TOYS",
    "Dataset",
    "DatasetInfo",
    "Download",
    "Listing",
    "Options",
    "Source",
    "Split",
    "Verification",
    "digests",
    "download_dataset",
    "find_folder",
    "list_files",
    "load",
    "load_test",
    "load_training",
    "number_of_examples",
    "verify",
]
