"""Where each pixel of an augmented image comes from: affine maps and elastic displacement fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnlab.augmentation.settings import Augmentation

Numbers = npt.NDArray[np.floating[Any]]

# The displacement fields of many images are windows of one field, so many times as high and wide as an image.
EXTENT = 7


def shifts(settings: Augmentation, images: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return how many pixels each image moves down and to the right, (images, 2)."""
    return rng.integers(-settings.shift, settings.shift, (images, 2), endpoint=True)


def affine_maps(settings: Augmentation, images: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return for each image the matrix from (y, x) in the new image to (y, x) in the old, (images, 2, 2).

    Its inverse scales, shears and rotates about the centre. Angles and shares are uniformly distributed.
    """
    angle = np.deg2rad(settings.rotate * rng.uniform(-1, 1, images))
    height, width = 1 + settings.scale * rng.uniform(-1, 1, (2, images))
    lean = np.tan(np.deg2rad(settings.shear * rng.uniform(-1, 1, images)))
    flips = rng.integers(0, 2, (2, images)) * 2 - 1
    height = height * (flips[0] if settings.mirror in ("vertical", "both") else 1)
    width = width * (flips[1] if settings.mirror in ("horizontal", "both") else 1)
    cos, sin = np.cos(angle), np.sin(angle)
    # The inverse of diag(height, width), of the shear x + lean · y, and of the rotation, in this order.
    unrotated = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    unsheared = np.zeros((images, 2, 2))
    unsheared[:, 0, 0] = unsheared[:, 1, 1] = 1
    unsheared[:, 1, 0] = -lean
    unscaled = np.zeros((images, 2, 2))
    unscaled[:, 0, 0], unscaled[:, 1, 1] = 1 / height, 1 / width
    maps: npt.NDArray[np.float64] = np.einsum("nij,njk,nkl->nil", unscaled, unsheared, unrotated)
    return maps


@dataclass(frozen=True)
class Windows:
    """The displacement fields of images, as windows of one large field."""

    windows: npt.NDArray[np.float32]  # (2, rows, columns, height, width), all that there are
    rows: npt.NDArray[np.int64]  # (images,), where the window of each image begins
    columns: npt.NDArray[np.int64]

    def displacements(self, images: slice) -> npt.NDArray[np.float32]:
        """Return how far down and right each pixel of these images comes from, (2, images, height, width)."""
        return np.asarray(self.windows[:, self.rows[images], self.columns[images]])


def windows_of_field(
    settings: Augmentation, images: int, shape: tuple[int, int], rng: np.random.Generator
) -> Windows:
    """Return random displacement fields for so many images.

    Noise between −1 and 1 at each pixel is smoothed by a Gaussian of width σ and multiplied by α (Simard et
    al. 2003). So its standard deviation is α / (√3 · 2 √π σ), and the correlation of two pixels at the
    distance d is exp(−d² / 4σ²). Each image gets a random window of one large field.
    """
    extent = [EXTENT * side for side in shape]
    noise = rng.uniform(-1, 1, (2, *extent))
    frequencies = np.fft.fftfreq(extent[0])[:, np.newaxis] ** 2 + np.fft.rfftfreq(extent[1]) ** 2
    gaussian = np.exp(-2 * (np.pi * settings.sigma) ** 2 * frequencies)
    field = settings.elastic * np.fft.irfft2(np.fft.rfft2(noise) * gaussian, s=extent)
    windows = np.lib.stride_tricks.sliding_window_view(field.astype(np.float32), shape, axis=(1, 2))
    rows, columns = (rng.integers(0, number, images) for number in windows.shape[1:3])
    return Windows(windows, rows, columns)
