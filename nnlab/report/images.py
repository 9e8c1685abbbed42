"""Images within the page: small PNG files in data URIs."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


def of_pixels(pixels: NDArray[np.floating]) -> str:
    """Return an image, (rows, columns) in [0, 1], where 1 is black, as a data URI."""
    grey = np.rint(255 * (1 - np.clip(pixels, 0, 1))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def of_weights(weights: NDArray[np.floating], most: float) -> str:
    """Return weights, (rows, columns), as a data URI: `most` is black, 0 grey and −`most` white."""
    return of_pixels(0.5 + 0.5 * np.asarray(weights, np.float64) / (most or 1))
