"""How all figures look, and how they are written: the same input gives the same bytes."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nnlab.rendering.labels import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

# Okabe and Ito's colours, without yellow: told apart by the colour-blind. Each has a line style of its own,
# so that they can be told apart in black and white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (9, 2)), (0, (3, 1)))
MARKERS = "osD^vP*"
STYLE: dict[Any, Any] = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "lines.linewidth": 2.2,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.hashsalt": "nnlab",
    "text.parse_math": False,  # a name may contain $
    "svg.fonttype": "none",  # text stays text: to be searched, and read aloud
    "pdf.fonttype": 42,
    "path.simplify": False,
}
HEIGHT = 5.0  # inches, of axes with few labels
LABEL_HEIGHT = 0.06  # as a share of the height of axes 5 inches high
EQUAL_CONTRAST = 0.179  # the luminance on which black and white can be read equally well
FEW_DECADES = 50  # the largest value is so many times the smallest: one number per decade is too few
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def nnlabs_style() -> Iterator[None]:
    """Draw and save in nnlab's style within the block, whatever the settings of the user."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def written(figure: Figure, form: str) -> bytes:
    """Return a figure as a file of the format png, svg or pdf; call it within `nnlabs_style`."""
    buffer = io.BytesIO()
    title = {"Title": figure.get_suptitle()} if figure.get_suptitle() else {}
    figure.savefig(buffer, format=form, metadata=METADATA[form] | title)
    return buffer.getvalue()


def line_of(number: int) -> dict[str, Any]:
    """Return the colour and the dashes of curve `number`, from 0."""
    # The numbers of both are coprime, so that 42 curves are all different.
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def height_for(labels: int) -> float:
    """Return the height in inches of axes with so many labels beside them."""
    return max(HEIGHT, HEIGHT * LABEL_HEIGHT * (labels + 1))


def label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write a label beside the end of each curve, given as x, y, label and colour, so that none overlap.

    A label that has to move is linked to its end by a thin line.
    """
    axes.get_ylim()  # fits the limits to the data, which the transformations use
    to_share = axes.transData + axes.transAxes.inverted()
    shares = [float(to_share.transform((x, y))[1]) for x, y, _, _ in ends]
    each = LABEL_HEIGHT * HEIGHT / height_for(len(ends))
    levels = spread(shares, each, 0, 1)
    for (x, y, label, colour), level in zip(ends, levels, strict=True):
        axes.annotate(
            label,
            (x, y),
            (1.03, level),
            textcoords="axes fraction",
            color=colour,
            va="center",
            fontsize=10,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
        )


def log_scale(axes: Axes, which: Literal["x", "y"]) -> None:
    """Give an axis a logarithmic scale with plain numbers: names may contain $, so TeX is off."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_data_interval()
    if high < FEW_DECADES * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def readable_on(rgba: object) -> str:
    """Return black or white, whichever has the better contrast with a colour (WCAG 2)."""
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB)
        for each in np.ravel(np.asarray(rgba, np.float64))[:3]
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if luminance > EQUAL_CONTRAST else "white"
