"""Moves and deforms images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nnlab.augmentation.distortions import Numbers, affine_maps, shifts, windows_of_field

if TYPE_CHECKING:
    from nnlab.augmentation.settings import Augmentation

BLOCK = 100  # images that are deformed together: few enough for their pixels to stay in the cache


def augment(
    images: Numbers, shape: tuple[int, int], settings: Augmentation, rng: np.random.Generator
) -> Numbers:
    """Return `images`, (images, pixels), each moved and deformed at random; what comes from outside is 0.

    `shape` is the height and the width of an image. Pixels are interpolated bilinearly.
    """
    moves, maps = shifts(settings, len(images), rng), affine_maps(settings, len(images), rng)
    windows = windows_of_field(settings, len(images), shape, rng) if settings.elastic else None
    result = np.empty_like(images)
    for start in range(0, len(images), BLOCK):
        block = slice(start, start + BLOCK)
        if settings.is_shift:
            result[block] = _shifted(images[block], shape, moves[block], settings.shift)
            continue
        places = _places(shape, maps[block], moves[block])
        if windows is not None:
            places += windows.displacements(block).reshape(places.shape)
        result[block] = _interpolated(images[block], shape, places)
    return result


def _shifted(images: Numbers, shape: tuple[int, int], moves: npt.NDArray[np.int64], most: int) -> Numbers:
    """Return `images`, each moved by whole pixels, up to `most`."""
    height, width = shape
    padded = np.zeros((len(images), height + 2 * most, width + 2 * most), images.dtype)
    padded[:, most : most + height, most : most + width] = images.reshape(-1, height, width)
    windows = np.lib.stride_tricks.sliding_window_view(padded, shape, axis=(1, 2))
    down, right = most - moves.T
    moved: Numbers = windows[np.arange(len(images)), down, right].reshape(images.shape)
    return moved


def _places(
    shape: tuple[int, int], maps: npt.NDArray[np.float64], moves: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the place (y, x) in the old image that each new pixel comes from, (2, images, pixels)."""
    centre = (np.array(shape) - 1) / 2
    grid = np.indices(shape).reshape(2, -1) - centre[:, np.newaxis]
    offsets = centre - np.einsum("nij,nj->ni", maps, moves)
    y, x = grid.astype(np.float32)
    places = np.empty((2, len(maps), y.size), np.float32)
    for axis in (0, 1):
        along_y, along_x = maps[:, axis].T.astype(np.float32)[:, :, np.newaxis]
        np.multiply(along_y, y, out=places[axis])
        places[axis] += along_x * x
        places[axis] += offsets[:, axis, np.newaxis].astype(np.float32)
    return places


def _interpolated(images: Numbers, shape: tuple[int, int], places: npt.NDArray[np.float32]) -> Numbers:
    """Return the values of `images`, (images, pixels), at `places`, (2, images, pixels), bilinearly."""
    height, width = shape
    padded = np.zeros((len(images), height + 3, width + 3), images.dtype)
    padded[:, 1:-2, 1:-2] = images.reshape(-1, height, width)
    flat = padded.reshape(-1)
    # One pixel outside all is 0, and so is everything beyond.
    np.clip(places, -1, np.array(shape, np.float32)[:, np.newaxis, np.newaxis], out=places)
    places += 1
    corners = places.astype(np.intp)  # rounds down, because nothing is negative
    places -= corners
    down, right = places
    index = corners[0] * (width + 3)
    index += corners[1]
    index += ((height + 3) * (width + 3) * np.arange(len(images)))[:, np.newaxis]
    upper = _mixed(flat, index, right)
    index += width + 3
    lower = _mixed(flat, index, right)
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _mixed(flat: Numbers, index: npt.NDArray[np.intp], share: Numbers) -> Numbers:
    """Return flat[index] · (1 − share) + flat[index + 1] · share."""
    value = flat.take(index)
    rise = flat.take(index + 1)
    rise -= value
    rise *= share
    value += rise
    return value
