"""MNIST's own preprocessing: a 20 × 20 box, placed by its centre of mass in 28 × 28 pixels.

nnlab/report/board.js does the same, step by step. tests/digits/golden.json holds both to the same results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE, BOX = 28, 20
ROUNDING = 1e-9  # sums in another order must not round a half down
FAINT = 0.02  # as a share of the darkest ink: what is fainter does not extend the box


def in_mnist_form(ink: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return `ink`, (rows, columns), 0 where there is none, as an image of (28, 28) in [0, 1]; None if blank.

    The longer side of what is drawn becomes 20 pixels, each the mean of the area that it covers. The darkest
    pixel becomes 1. The centre of mass is put, to the nearest pixel, in the middle. Source: LeCun, Cortes and
    Burges, The MNIST database of handwritten digits.
    """
    darkest = float(ink.max(initial=0.0))
    if darkest <= 0:
        return None
    rows, columns = (np.flatnonzero((ink > FAINT * darkest).any(axis=axis)) for axis in (1, 0))
    drawn = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(drawn.shape)
    height, width = (max(1, _rounded(side * BOX / longer)) for side in drawn.shape)
    small = _areas(drawn.shape[0], height) @ drawn @ _areas(drawn.shape[1], width).T
    small /= small.max()
    image = np.zeros((SIDE, SIDE))
    top = _start(small.sum(axis=1), height)
    left = _start(small.sum(axis=0), width)
    image[top : top + height, left : left + width] = small
    return image


def _areas(size: int, parts: int) -> NDArray[np.float64]:
    """Return the share of each of `size` pixels in the mean of each of `parts` equal parts, (parts, size)."""
    length = size / parts
    edges = np.arange(parts)[:, np.newaxis] * length
    pixels = np.arange(size)
    overlap = np.minimum(edges + length, pixels + 1) - np.maximum(edges, pixels)
    shares: NDArray[np.float64] = np.maximum(overlap, 0) / length
    return shares


def _start(weights: NDArray[np.float64], size: int) -> int:
    """Return where an image of `size` pixels starts if the centre of its `weights` is on pixel 14."""
    centre = float((weights * (np.arange(size) + 0.5)).sum() / weights.sum())
    return min(max(_rounded(SIDE / 2 + 0.5 - centre), 0), SIDE - size)


def _rounded(value: float) -> int:
    """Return the nearest whole number; a half, to within rounding errors, is rounded up."""
    return int(np.floor(value + 0.5 + ROUNDING))
