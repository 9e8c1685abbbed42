"""Batches are gathered several at a time, and hold what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from nnlab.datasets import Split
from nnlab.network import UNSCALED, Scaling
from nnlab.training import BatchSource

PIXELS = np.random.default_rng(0).integers(0, 256, (900, 5), dtype=np.uint8)
ROWS = np.random.default_rng(1).permutation(900)[:700]
TARGETS = np.arange(700.0)[np.newaxis]


@pytest.mark.parametrize("batch_size", [1, 7, 64, 127, 128, 300, 700, 1000])
@pytest.mark.parametrize("scaling", [UNSCALED, Scaling(0.25, 3.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bits_are_those_of_scaling_all_inputs_beforehand(
    batch_size: int, scaling: Scaling, dtype: str
) -> None:
    split = Split(PIXELS, np.arange(700), ROWS, dtype)
    order = np.random.default_rng(2).permutation(700)
    expected = scaling(split.inputs)[order]
    seen = 0
    for group in BatchSource(split, TARGETS, batch_size, scaling).groups(order):
        for x, y in group:
            examples = slice(seen, seen + x.shape[1])
            np.testing.assert_array_equal(x.T, expected[examples])
            np.testing.assert_array_equal(y[0], order[examples])
            assert x.dtype == np.dtype(dtype)
            seen += x.shape[1]
    assert seen == 700


def test_floats_are_gathered_as_they_are_and_left_alone() -> None:
    floats = PIXELS[:700].astype(np.float32)
    before = floats.copy()
    batches = [
        x.T.copy()
        for group in BatchSource(Split(floats, np.arange(700)), TARGETS, 10, Scaling(1.0, 2.0)).groups(
            np.arange(700)
        )
        for x, _ in group
    ]
    np.testing.assert_array_equal(np.concatenate(batches), (before - 1) / 2)
    np.testing.assert_array_equal(floats, before)
