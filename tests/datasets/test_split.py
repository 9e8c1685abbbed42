"""Pixels are stored as bytes and become floats when they are taken."""

from __future__ import annotations

import numpy as np
import pytest

from nnlab.datasets import Split

BYTES = np.random.default_rng(0).integers(0, 256, (2500, 6), dtype=np.uint8)
BYTES[:, 3] = 0
ROWS = np.random.default_rng(1).permutation(2500)[:2300]
LABELS = np.arange(2300)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_are_taken_as_floats_from_0_to_1(dtype: str) -> None:
    split = Split(BYTES, LABELS, ROWS, dtype)
    expected = np.multiply(BYTES[ROWS], 1 / 255, dtype=dtype)
    assert split.inputs.dtype == split.take(slice(3)).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(split.inputs, expected)
    np.testing.assert_array_equal(split.take(slice(5, 9)), expected[5:9])
    np.testing.assert_array_equal(split.take(np.array([7, 2, 7])), expected[[7, 2, 7]])
    assert split.inputs.flags.c_contiguous
    assert (Split(np.array([[0, 255]], np.uint8), LABELS[:1], dtype=dtype).inputs == [[0, 1]]).all()


def test_floats_are_taken_as_they_are() -> None:
    floats = BYTES[:5].astype(np.float64)
    split = Split(floats, LABELS[:5])
    assert split.inputs.dtype == np.float64
    np.testing.assert_array_equal(split.take(np.array([4, 1])), floats[[4, 1]])


@pytest.mark.parametrize("rows", [ROWS, None], ids=["some rows", "all rows"])
def test_a_copy_stores_its_own_examples_and_columns(rows: np.ndarray | None) -> None:
    split = Split(BYTES, LABELS if rows is not None else np.arange(2500), rows)
    columns = np.array([True, True, False, False, True, True])
    stored = BYTES.copy()
    stored[:, 2] = 0
    sparse = Split(stored, split.labels, rows)
    whole, part = sparse.copied(), sparse.copied(columns)
    assert part.stored.shape == (len(split.labels), 4)
    for copy in (whole, part):
        assert copy.rows is None
        assert not np.shares_memory(copy.stored, stored)
        np.testing.assert_array_equal(copy.inputs, sparse.inputs)
        np.testing.assert_array_equal(copy.take(slice(1995, 2005)), sparse.inputs[1995:2005])
