"""Reads pictures: files of any size and kind, as brightness in [0, 1]."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from nnlab.errors import NnlabError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST_SIDE = 1200  # pixels: larger pictures are made smaller, which is finer than any digit needs
MOST_BYTES = 256 << 20


class PictureError(NnlabError):
    """A picture cannot be read, or holds no digit."""


def read_content(path: Path) -> bytes:
    """Return the content of the file at `path`. Raises `PictureError`."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error


def brightness_of(content: bytes, name: str) -> NDArray[np.float64]:
    """Return the brightness of a picture, rotated as its EXIF says, (rows, columns). Raises `PictureError`.

    Where it is transparent, it is white, or black if what can be seen is light.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not content:
        raise PictureError(f"{name}: the file is empty")
    if len(content) > MOST_BYTES:
        raise PictureError(f"{name}: larger than {MOST_BYTES >> 20} MiB; make it smaller")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return _brightness(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: not a picture; use PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"{name}: too many pixels; make it smaller") from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise PictureError(f"{name}: a damaged picture ({error})") from error


def _brightness(picture: Image) -> NDArray[np.float64]:
    """Return the brightness of an open picture, (rows, columns)."""
    if picture.mode.startswith(("I", "F")):  # more than eight bits
        values = np.asarray(picture, np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0  # noqa: PLR2004 (of 16 and 8 bits)
        grey = np.clip(values / top, 0, 1)
    else:
        with_alpha = picture.convert("RGBA")
        pixels = np.asarray(with_alpha, np.float64) / 255
        luminance = pixels[..., :3] @ np.array([0.299, 0.587, 0.114])
        alpha = pixels[..., 3]
        seen = alpha.sum()
        is_light = alpha.min() < 1 and seen > 0 and (luminance * alpha).sum() / seen > 0.5  # noqa: PLR2004
        grey = luminance * alpha + (0.0 if is_light else 1.0) * (1 - alpha)
    return _at_most(grey, LARGEST_SIDE)


def _at_most(grey: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Return a picture whose sides are at most `side` pixels."""
    from PIL import Image

    longer = max(grey.shape)
    if longer <= side:
        return grey
    height, width = (max(1, round(each * side / longer)) for each in grey.shape)
    small = Image.fromarray(grey.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.float64)
