"""Curves and pictures as plain text, without escape codes, so that they can be piped."""

from __future__ import annotations

import numpy as np

from nnlab.rendering.pieces import Curves, Picture

WIDTH, HEIGHT = 68, 16  # of the canvas; with its scale, it fits in 80 columns
MARGIN, NARROWEST = 12, 40  # columns: left of the canvas and right of it, and altogether at least
MARKS = "*o+x#@"
INK, OPPOSITE = " ░▒▓█", "  ··:"


def draw(piece: Curves | Picture, columns: int | None = None) -> str:
    """Return a drawing as lines of text; curves fit into `columns` if these are at least 40."""
    width = WIDTH if columns is None else min(WIDTH, max(columns, NARROWEST) - MARGIN)
    return _draw_curves(piece, width) if isinstance(piece, Curves) else _draw_picture(piece)


def _draw_curves(drawing: Curves, width: int) -> str:
    """Return curves as lines of text, with axes and a legend; where two meet, the first is on top."""
    x, curves = drawing.x, drawing.curves
    low = min(float(np.nanmin(curve)) for curve in curves.values())
    high = max(float(np.nanmax(curve)) for curve in curves.values())
    columns = np.linspace(x[0], x[-1], width)
    canvas = np.full((HEIGHT, width), " ")
    for mark, curve in reversed(list(zip(MARKS, curves.values(), strict=False))):
        finite = np.flatnonzero(np.isfinite(curve))
        xs, figures = np.asarray(x)[finite], np.asarray(curve)[finite]
        drawn = np.flatnonzero((columns >= xs[0]) & (columns <= xs[-1]))[: 1 if len(x) == 1 else None]
        if not len(drawn):  # a curve between two columns
            drawn = np.array([np.abs(columns - xs[0]).argmin()])
        y = np.interp(columns[drawn], xs, figures)
        rows = np.rint((high - y) / ((high - low) or 1) * (HEIGHT - 1)).astype(int)
        canvas[rows, drawn] = mark
    scale = {0: high, HEIGHT // 2: (high + low) / 2, HEIGHT - 1: low}
    ticks = [_tick(scale[row], high - low) if row in scale else "" for row in range(HEIGHT)]
    left, right = (_tick(float(end), float(x[-1] - x[0])) for end in (x[0], x[-1]))
    legend = "   ".join(f"{mark} {name}" for mark, name in zip(MARKS, curves, strict=False))
    return "\n".join(
        [
            f"{drawing.title}: {legend}",
            *(f"{tick:>8} │{''.join(row).rstrip()}" for tick, row in zip(ticks, canvas, strict=True)),
            f"{'':9}└{'─' * width}",
            f"{'':10}{left}{drawing.x_label.center(width - len(left) - len(right))}{right}",
            "",
        ]
    )


def _draw_picture(picture: Picture) -> str:
    """Return images side by side as text, two characters per pixel, each scaled to its darkest pixel."""
    blocks = []
    for caption, image in picture.images.items():
        shades = np.rint(image / (np.abs(image).max() or 1) * (len(INK) - 1)).astype(int)
        rows = ["".join(2 * (INK[ink] if ink >= 0 else OPPOSITE[-ink]) for ink in row) for row in shades]
        blocks.append([caption.center(2 * image.shape[1]), *rows] if caption else rows)
    return "".join("   ".join(parts).rstrip() + "\n" for parts in zip(*blocks, strict=True))


def _tick(value: float, extent: float) -> str:
    """Return `value` to three digits, or 0 if it is negligible compared with the `extent` of its axis."""
    return f"{value if abs(value) > extent / 1000 else 0:.3g}"
