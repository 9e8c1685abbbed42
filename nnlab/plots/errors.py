"""The most confident mistakes, as images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnlab.plots.style import new_figure
from nnlab.rendering.formatters import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from nnlab.analysis.answers import Answers

MOST = 25
COLUMNS = 5


def figure_of(answers: Answers, classes: Sequence[str], shape: tuple[int, int], name: str) -> Figure:
    """Return the most confident mistakes: the label, the answer, and the output for it."""
    mistakes = answers.mistakes()[:MOST]
    rows = max(1, math.ceil(len(mistakes) / COLUMNS))
    figure = new_figure(2.1 * COLUMNS, 2.4 * rows + 0.8)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, index in zip(grid.flat, mistakes, strict=False):
        axes.imshow(answers.inputs_of(index).reshape(shape), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(answers.caption(index, classes), fontsize=10)
    total = counted(len(answers.mistakes()), "mistake")
    figure.suptitle(f"The {len(mistakes)} most confident of {total} of {name}")
    return figure
