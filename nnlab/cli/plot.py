"""Curves as plain text: no colours and no cursor, so that they survive a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.demos.pieces import Curves, Picture

WIDTH, HEIGHT = 68, 16  # with the scale, narrower than 80 columns
MARKS = "*o+x#@"
INK, OPPOSITE = " ░▒▓█", "  ··:"


def plot(drawing: Curves) -> str:
    """Return curves as lines of text, with axes and a legend; where two meet, the first is seen."""
    x, curves = drawing.x, drawing.curves
    low = min(float(np.min(curve)) for curve in curves.values())
    high = max(float(np.max(curve)) for curve in curves.values())
    columns = np.linspace(x[0], x[-1], WIDTH)
    canvas = np.full((HEIGHT, WIDTH), " ")
    for mark, curve in reversed(list(zip(MARKS, curves.values(), strict=False))):
        drawn = columns <= x[len(curve) - 1]
        y = np.interp(columns[drawn], x[: len(curve)], curve)
        rows = np.rint((high - y) / ((high - low) or 1) * (HEIGHT - 1)).astype(int)
        canvas[rows, np.arange(len(rows))] = mark
    scale = {0: high, HEIGHT // 2: (high + low) / 2, HEIGHT - 1: low}
    labels = [_number(scale[row], high - low) if row in scale else "" for row in range(HEIGHT)]
    left, right = (_number(float(end), float(x[-1] - x[0])) for end in (x[0], x[-1]))
    legend = "   ".join(f"{mark} {name}" for mark, name in zip(MARKS, curves, strict=False))
    return "\n".join(
        [
            f"{drawing.title}: {legend}",
            *(f"{label:>8} │{''.join(row).rstrip()}" for label, row in zip(labels, canvas, strict=True)),
            f"{'':9}└{'─' * WIDTH}",
            f"{'':10}{left}{drawing.x_label.center(WIDTH - len(left) - len(right))}{right}",
            "",
        ]
    )


def draw(picture: Picture) -> str:
    """Return images side by side as text, two characters a pixel; the darkest pixel of each is full."""
    blocks = []
    for caption, image in picture.images.items():
        shades = np.rint(image / (np.abs(image).max() or 1) * (len(INK) - 1)).astype(int)
        rows = ["".join(2 * (INK[ink] if ink >= 0 else OPPOSITE[-ink]) for ink in row) for row in shades]
        blocks.append([caption.center(2 * image.shape[1]), *rows] if caption else rows)
    return "".join("   ".join(parts).rstrip() + "\n" for parts in zip(*blocks, strict=True))


def _number(value: float, extent: float) -> str:
    """Return `value` to three digits, or 0 where it is next to nothing beside the `extent` of its axis."""
    return f"{value if abs(value) > extent / 1000 else 0:.3g}"
