"""MNIST's preprocessing, and that the page's is the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlab.datasets import load
from nnlab.digits.mnist_form import in_mnist_form

GOLDEN = Path(__file__).with_name("golden.json")


def test_it_gives_the_golden_images() -> None:
    """The page's board.js is held to the same file in a browser."""
    for each in json.loads(GOLDEN.read_text("utf-8")):
        ink = np.array(each["ink"], np.float64).reshape(each["rows"], each["columns"])
        image = in_mnist_form(ink)
        assert image is not None
        assert np.abs(image.ravel() - np.array(each["image"])).max() < 1e-9


def test_images_of_mnist_stay_as_they_are() -> None:
    """To the pixel: this is how they were prepared."""
    images = load("mnist").test.inputs[:1000].reshape(-1, 28, 28).astype(np.float64)
    for image in images:
        form = in_mnist_form(image)
        assert form is not None
        assert np.abs(image - form).max() < 0.02


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_longer_side_is_20_pixels_and_the_centre_of_mass_in_the_middle(
    rows: int, columns: int, seed: int
) -> None:
    ink = np.random.default_rng(seed).random((rows, columns)) * 0.9 + 0.1
    image = in_mnist_form(np.pad(ink, 7))
    assert image is not None
    drawn_rows, drawn_columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    assert max(np.ptp(drawn_rows), np.ptp(drawn_columns)) + 1 == 20
    assert image.max() == 1
    at = np.arange(28)
    centre = (image.sum(axis=1) @ at / image.sum(), image.sum(axis=0) @ at / image.sum())
    assert centre == pytest.approx((14, 14), abs=0.51)


def test_without_ink_there_is_no_image() -> None:
    assert in_mnist_form(np.zeros((5, 5))) is None
