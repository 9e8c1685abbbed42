"""Learning curves: loss and accuracy per epoch, of one run or several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nnlab.plots.style import MARKERS, height_for, label_ends, line_of, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from nnlab.analysis.history import History

TITLES = {"loss": "Loss", "accuracy": "Accuracy"}
CHARACTER = 0.085  # inches, the width of one in a label
UNITS = {"loss": "loss per example", "accuracy": "accuracy in %"}


def figure_of(histories: Sequence[History]) -> Figure:
    """Return the curves of runs; the best epoch and the last are marked."""
    kinds = [kind for kind in TITLES if any(history.has(kind) for history in histories)]
    longest = max(len(history.name) for history in histories)
    width = 6 + CHARACTER * (longest if len(histories) > 1 else len("validation"))
    figure = new_figure(width * len(kinds), height_for(len(histories)) + 0.3)
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        _draw(axes, kind, histories)
    names = histories[0].name if len(histories) == 1 else f"{len(histories)} runs"
    figure.suptitle(f"Learning curves of {names}")
    return figure


def _draw(axes: Axes, kind: str, histories: Sequence[History]) -> None:
    factor = 100 if kind == "accuracy" else 1
    is_only = len(histories) == 1
    ends = []
    for number, history in enumerate(histories):
        if not history.has(kind):
            continue
        line, marker = line_of(number), MARKERS[number % len(MARKERS)]
        if is_only:
            ends += _curve(axes, *history.curve(f"train_{kind}"), factor, "training", line_of(1))
        epochs, validation = history.curve(f"val_{kind}")
        end = _curve(axes, epochs, validation, factor, "validation" if is_only else history.name, line)
        ends += end
        if history.best_epoch is not None:
            best = factor * validation[history.best_epoch - 1]
            style = {"color": line["color"], "markersize": 10, "markeredgecolor": "white"}
            axes.plot(history.best_epoch, best, marker, **style)
        for x, y, _, colour in end:
            axes.plot(x, y, "|", color=colour, markersize=18, markeredgewidth=2.5)
    axes.set(title=TITLES[kind], xlabel="epoch", ylabel=UNITS[kind])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.margins(x=0.02)
    if max(len(history.rows) for history in histories) == 1:
        axes.set_xlim(0.5, 1.5)
    label_ends(axes, ends)
    signs = [
        Line2D([], [], color="#444444", linestyle="", marker=MARKERS[0], markersize=9),
        Line2D([], [], color="#444444", linestyle="", marker="|", markersize=14, markeredgewidth=2.5),
    ]
    axes.legend(signs, ["best epoch", "last epoch"], frameon=False, fontsize=10)


def _curve(
    axes: Axes,
    epochs: NDArray[Any],
    figures: NDArray[np.float64],
    factor: int,
    label: str,
    line: dict[str, Any],
) -> list[tuple[float, float, str, str]]:
    """Draw a curve, a point if it is only one; return its end and its label, or nothing without figures."""
    finite = np.flatnonzero(np.isfinite(figures))
    if not len(finite):
        return []
    axes.plot(epochs, factor * figures, marker="." if len(finite) == 1 else None, **line)
    last = finite[-1]
    return [(float(epochs[last]), factor * float(figures[last]), label, str(line["color"]))]
