"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from nnlab.analysis.evaluation import row_shares
from nnlab.plots.style import new_figure, readable_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def figure_of(confusion: NDArray[np.intp], classes: Sequence[str], name: str) -> Figure:
    """Return counts and shares of each true class (row); mistakes are shaded by their share of the row."""
    size = len(classes)
    shares = row_shares(confusion)
    mistakes = np.where(np.eye(size, dtype=bool), np.nan, shares)
    figure = new_figure(max(6.0, 0.92 * size + 2), max(5.0, 0.82 * size + 1.6))
    axes = figure.subplots()
    colours = mpl.colormaps["Blues"].with_extremes(bad="#e4e4e4")
    worst = float(np.nanmax(mistakes)) if size > 1 else 0.0
    image = axes.imshow(mistakes, cmap=colours, vmin=0, vmax=worst or 1)
    for row in range(size):
        for column in range(size):
            colour = "black" if row == column else readable_on(image.to_rgba(mistakes[row, column]))
            axes.text(
                column,
                row,
                f"{confusion[row, column]:,}\n{shares[row, column]:.1%}" if confusion[row, column] else "·",
                ha="center",
                va="center",
                fontsize=8.5,
                color=colour,
                fontweight="bold" if row == column else "normal",
            )
    axes.set(xlabel="predicted class", ylabel="true class", title=f"Confusion of {name}")
    axes.set_xticks(range(size), classes, rotation=0 if max(map(len, classes)) < 4 else 45)  # noqa: PLR2004
    axes.set_yticks(range(size), classes)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, shrink=0.8)
    bar.set_label("mistakes, share of the true class")
    bar.ax.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=1))
    return figure
