"""The diagnostics of each layer over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from nnlab.analysis.history import DIAGNOSTICS, SHARES, layer_curves
from nnlab.plots.style import label_ends, line_of, log_scale, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from nnlab.runs.metrics import DiagnosticsRow


def figure_of(rows: Sequence[DiagnosticsRow], name: str) -> Figure:
    """Return one panel per figure, with one curve per layer."""
    curves = {column: found for column in DIAGNOSTICS if (found := layer_curves(rows, column))}
    columns = min(2, len(curves))
    figure = new_figure(6.8 * columns, 4.2 * (-(-len(curves) // columns)))
    grid = figure.subplots(-(-len(curves) // columns), columns, squeeze=False)
    for axes in grid.flat[len(curves) :]:
        axes.set_axis_off()
    for axes, (column, by_layer) in zip(grid.flat, curves.items(), strict=False):
        title, unit = DIAGNOSTICS[column]
        factor = 100 if column in SHARES else 1
        ends = []
        for number, (layer, curve) in enumerate(by_layer.items()):
            epochs = np.arange(1, len(curve) + 1)
            line = line_of(number)
            axes.plot(epochs, factor * curve, **line)
            last = int(np.flatnonzero(np.isfinite(curve))[-1])
            ends.append((float(epochs[last]), factor * float(curve[last]), f"layer {layer}", line["color"]))
        positive = all(np.nanmin(curve) > 0 for curve in by_layer.values())
        axes.set(title=title, xlabel="epoch", ylabel=unit)
        if positive and column not in SHARES:
            log_scale(axes, "y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_ends(axes, ends)
    figure.suptitle(f"Diagnostics of {name}")
    return figure
