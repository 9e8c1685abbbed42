"""Reads pictures: files of any size and kind, as brightness in [0, 1]."""

from __future__ import annotations

import io
import os
import warnings
from typing import TYPE_CHECKING

import numpy as np

from nnlab import files
from nnlab.config import one_line
from nnlab.errors import NnlabError
from nnlab.files import printable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG")  # Pillow would run other programs for some of its formats
SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST_SIDE = 1200  # pixels: larger pictures are made smaller, which is finer than any digit needs
MOST_BYTES = 256 << 20


class PictureError(NnlabError):
    """A picture cannot be read, or holds no digit."""


def read_content(path: Path) -> bytes:
    """Return the content of the file at `path`. Raises `PictureError`."""
    try:
        with os.fdopen(files.open_regular(path), "rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{printable(str(path))}: {reason}") from error


def brightness_of(content: bytes, name: str) -> NDArray[np.float64]:
    """Return the brightness of a PNG or JPEG, (rows, columns), turned as its EXIF says.

    Where it is transparent, it is white, or black if what can be seen is light. Raises `PictureError`.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise PictureError(f"{name}: the file is empty")
    if len(content) > MOST_BYTES:
        raise PictureError(f"{name}: larger than {MOST_BYTES >> 20} MiB; make it smaller")
    try:
        with warnings.catch_warnings():  # about damaged parts that do not matter
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                return _brightness(picture)
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: not a picture; use PNG or JPEG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"{name}: too many pixels; make it smaller") from error
    except MemoryError:
        raise
    except Exception as error:
        raise PictureError(f"{name}: a damaged picture ({one_line(str(error))})") from error


def _brightness(picture: Image) -> NDArray[np.float64]:
    """Return the brightness of an open picture, (rows, columns), at most `LARGEST_SIDE` long."""
    from PIL import ImageOps

    picture.draft(None, (LARGEST_SIDE, LARGEST_SIDE))  # a JPEG is decoded at a smaller size
    if picture.mode.startswith(("I", "F")):  # more than eight bits
        values = np.asarray(picture, np.float32)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0  # noqa: PLR2004 (of 16 and 8 bits)
        picture = _eight_bits(values / top)
    picture = picture.convert("RGBA" if picture.has_transparency_data else "L")
    if (factor := -(-max(picture.size) // LARGEST_SIDE)) > 1:
        picture = picture.reduce(factor)
    pixels = np.asarray(ImageOps.exif_transpose(picture), np.float64) / 255
    if pixels.ndim == 2:  # noqa: PLR2004 (without colours)
        return pixels
    luminance, alpha = pixels[..., :3] @ np.array([0.299, 0.587, 0.114]), pixels[..., 3]
    seen = alpha.sum()
    is_light = seen > 0 and (luminance * alpha).sum() / seen > 0.5  # noqa: PLR2004 (halfway)
    grey: NDArray[np.float64] = luminance * alpha + (0.0 if is_light else 1.0) * (1 - alpha)
    return grey


def _eight_bits(grey: NDArray[np.float32]) -> Image:
    from PIL import Image

    return Image.fromarray(np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8))
