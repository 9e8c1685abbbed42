"""A sheet of images beside what augmentation makes of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnlab.augmentation.distortions import Numbers

GAP, BORDER = 28, 4  # pixels between the two halves, and around each
ENLARGED = 2  # each pixel is drawn as so many by so many


def sheet(images: Numbers, augmented: Numbers, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return a grey picture, black on white: `images` on the left, what they became at the same places."""
    halves = [np.pad(_grid(half, shape), BORDER) for half in (images, augmented)]
    gap = np.zeros((len(halves[0]), GAP))
    picture = np.hstack([halves[0], gap, halves[1]])
    grey = np.rint(255 * (1 - np.clip(picture, 0, 1))).astype(np.uint8)
    return np.asarray(grey.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1))


def _grid(images: Numbers, shape: tuple[int, int]) -> Numbers:
    """Return `images`, (images, pixels), as a square grid of them; places without an image are 0."""
    side = int(np.ceil(np.sqrt(len(images))))
    places = np.zeros((side * side, *shape), images.dtype)
    places[: len(images)] = images.reshape(-1, *shape)
    grid: Numbers = places.reshape(side, side, *shape).swapaxes(1, 2).reshape(side * shape[0], -1)
    return grid


def as_pgm(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return a grey picture as a PGM file."""
    height, width = picture.shape
    return f"P5\n{width} {height}\n255\n".encode() + picture.tobytes()


def as_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return a grey picture as a PNG file; needs Pillow."""
    from PIL import Image  # noqa: PLC0415 (it comes with an extra)

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png", optimize=True)
    return buffer.getvalue()
