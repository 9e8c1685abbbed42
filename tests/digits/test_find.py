"""Digits are found in pictures of many kinds, and read as well as MNIST's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.analysis.evaluation import best_network
from nnlab.config import load_experiment
from nnlab.datasets import load
from nnlab.digits.find import find_digits, ink_of
from nnlab.digits.predict import digits_in, outputs_for
from nnlab.jobs.train import train_experiment
from nnlab.shipped import path_of
from tests.digits.pictures import KINDS, photo, typeset
from tests.trainings import OFFLINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnlab.network import Network

EACH = 100  # pictures of each kind


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A network that is right for about 97% of the test images."""
    experiment = load_experiment(path_of("mnist_softmax"), ["epochs=5", "patience=null"])
    run = train_experiment(experiment, runs=tmp_path_factory.mktemp("runs"), source=OFFLINE, threads=1).run
    return best_network(run, experiment)


@pytest.fixture(scope="module")
def examples() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    dataset = load("mnist", source=OFFLINE)
    return dataset.test.inputs[:EACH].reshape(-1, 28, 28).astype(np.float64), dataset.test.labels[:EACH]


@pytest.mark.parametrize("kind", KINDS)
def test_digits_of_mnist_are_read_in_any_picture(
    kind: str, network: Network, examples: tuple[NDArray[np.float64], NDArray[np.int64]]
) -> None:
    rng = np.random.default_rng(7)
    images, labels = examples
    right = 0
    for image, label in zip(images, labels, strict=True):
        found = digits_in(KINDS[kind](image, rng), kind, invert=False, as_is=False)
        right += len(found) == 1 and int(outputs_for(network, found[0]).argmax()) == label
    assert right >= 0.93 * EACH, f"{right} of {EACH}"


def test_each_typeset_digit_is_found_and_most_are_read(network: Network) -> None:
    """A 1 with a foot looks like a 2 to a network that has seen only handwriting."""
    answers = [
        (digit, len(found), int(outputs_for(network, found[0]).argmax()))
        for digit, picture in typeset()
        if (found := digits_in(picture, "typeset", invert=False, as_is=False))
    ]
    assert [number for _, number, _ in answers] == [1] * 60
    assert sum(digit == answer for digit, _, answer in answers) >= 45


def test_digits_are_found_in_reading_order(
    examples: tuple[NDArray[np.float64], NDArray[np.int64]], network: Network
) -> None:
    images, labels = examples
    rng = np.random.default_rng(3)
    page = np.zeros((3 * 112, 6 * 112))
    for number in range(18):
        row, column = divmod(number, 6)
        top, left = row * 112 + rng.integers(0, 20), column * 112 + 14
        page[top : top + 84, left : left + 84] = np.kron(images[number], np.ones((3, 3)))
    found = digits_in(0.9 - 0.7 * page, "page", invert=False, as_is=False)
    answers = [int(outputs_for(network, digit).argmax()) for digit in found]
    assert len(answers) == 18
    assert sum(answer == label for answer, label in zip(answers, labels, strict=False)) >= 17


def test_the_border_decides_what_is_paper() -> None:
    picture = np.full((50, 50), 0.8)
    picture[10:40, 20:26] = 0.1
    assert (ink_of(picture)[12:38, 21:25] > 0.9).all()
    assert np.array_equal(ink_of(picture) > 0.5, ink_of(1 - picture) > 0.5)
    assert (ink_of(picture, invert=True)[12:38, 21:25] < 0.5).all()


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_picture_has_no_ink(level: float) -> None:
    rng = np.random.default_rng(0)
    blank = np.clip(level + rng.normal(0, 0.02, (300, 200)), 0, 1)
    assert find_digits(ink_of(blank)) == []
    assert find_digits(ink_of(np.full((1, 1), level))) == []


def test_a_shadow_is_no_ink(examples: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    picture = photo(examples[0][0], np.random.default_rng(5))
    picture[:, :150] *= 0.6
    assert len(find_digits(ink_of(picture))) == 1


def test_the_bar_of_a_five_belongs_to_it() -> None:
    ink = np.zeros((60, 60))
    ink[20:55, 15:20] = ink[50:55, 15:40] = ink[20:55, 36:40] = 1
    ink[8:13, 15:40] = 1
    assert len(find_digits(ink)) == 1
