"""Pictures of digits as people make them: enlarged, noisy, photographed on ruled paper, typeset."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Grey = NDArray[np.float64]

FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral", "cmss10")


def enlarged(digit: Grey, side: int) -> Grey:
    """Return an MNIST image, ink from 0 to 1, with `side` pixels, softly interpolated."""
    picture = Image.fromarray((digit * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float64) / 255


def scan(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return a clean scan, dark on light."""
    return 1 - enlarged(digit, int(rng.integers(100, 400)))


def inverted(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return light on dark, as a blackboard."""
    return 0.1 + 0.8 * enlarged(digit, int(rng.integers(100, 300)))


def noisy(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return grey on grey with noise."""
    ink = enlarged(digit, 280)
    return np.clip(0.85 - 0.6 * ink + rng.normal(0, 0.06, ink.shape), 0, 1)


def photo(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return a photo in uneven light, with the digit somewhere in it."""
    side, size = 400, int(rng.integers(160, 260))
    ink = np.zeros((side, side))
    top, left = rng.integers(10, side - size - 10, 2)
    ink[top : top + size, left : left + size] = enlarged(digit, size)
    above, below = (float(level) for level in rng.uniform(0.45, 1.0, 2))
    light = np.linspace(above, below, side)[:, np.newaxis] * np.linspace(1, 0.75, side)
    return np.asarray(np.clip(light * (1 - 0.75 * ink) + rng.normal(0, 0.02, ink.shape), 0, 1))


def ruled(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return a photo on ruled paper, with pale or dark lines."""
    picture, strength = photo(digit, rng), rng.choice([0.8, 0.35])
    for row in range(int(rng.integers(5, 40)), len(picture), 52):
        picture[row : row + 3] *= strength
    return picture


def squared(digit: Grey, rng: np.random.Generator) -> Grey:
    """Return a photo on squared paper."""
    picture = photo(digit, rng)
    for line in range(int(rng.integers(5, 30)), len(picture), 40):
        picture[line : line + 2] *= 0.78
        picture[:, line : line + 2] *= 0.78
    return picture


KINDS = {each.__name__: each for each in (scan, inverted, noisy, photo, ruled, squared)}


def typeset() -> Iterator[tuple[int, Grey]]:
    """Yield digits in the fonts that come with matplotlib."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for font in FONTS:
        letters = ImageFont.truetype(str(folder / f"{font}.ttf"), 130)
        for digit in range(10):
            picture = Image.new("L", (200, 200), 255)
            ImageDraw.Draw(picture).text((100, 100), str(digit), font=letters, fill=0, anchor="mm")
            yield digit, np.asarray(picture, np.float64) / 255


def as_file(picture: Grey, form: str = "png", **options: object) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    image.save(buffer, form, **options)
    return buffer.getvalue()
