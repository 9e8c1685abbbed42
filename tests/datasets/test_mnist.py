from __future__ import annotations

import subprocess
import sys

import pytest

from nnlab.datasets import DATASETS, MNIST_FAMILY, digests, number_of_examples

CONTENT_SIZES = [47_040_016, 60_008, 7_840_016, 10_008]


@pytest.mark.parametrize("name", MNIST_FAMILY)
def test_every_dataset_has_the_shape_of_mnist(name: str) -> None:
    info = MNIST_FAMILY[name]
    assert DATASETS[name] is info
    assert info.name == name
    assert (info.features, info.outputs, number_of_examples(name)) == (784, (10,), 60_000)
    assert len(set(info.classes)) == 10
    assert [file.content_size for file in info.files] == CONTENT_SIZES


@pytest.mark.parametrize("name", MNIST_FAMILY)
def test_every_mirror_is_a_base_to_which_a_file_name_can_be_added(name: str) -> None:
    assert all(mirror.startswith(("https://", "http://")) for mirror in MNIST_FAMILY[name].mirrors)
    assert all(mirror.endswith("/") for mirror in MNIST_FAMILY[name].mirrors)


def test_no_two_files_share_a_digest() -> None:
    published = [digest for name in MNIST_FAMILY for digest in digests(name).values()]
    assert len(set(published)) == 12
    assert {len(digest) for digest in published} == {64}


def test_digests_are_keyed_by_the_names_of_the_files() -> None:
    assert list(digests("kmnist")) == [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ]


def test_importing_the_datasets_imports_nothing_that_only_a_download_needs() -> None:
    code = (
        "import sys, nnlab.datasets; print(sys.modules.keys() & {'requests', 'tqdm', 'platformdirs'} or '')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
