"""Learning curves: loss and accuracy per epoch, of one run or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from nnlab.plots.style import COLOURS, MARKERS, label_ends, line_of, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nnlab.analysis.history import History

TITLES = {"loss": "Loss", "accuracy": "Accuracy"}
UNITS = {"loss": "loss per example", "accuracy": "accuracy in %"}


def figure_of(histories: Sequence[History]) -> Figure:
    """Return the curves of runs; the best epoch is marked, and where the training stopped."""
    kinds = [kind for kind in TITLES if any(history.has(kind) for history in histories)]
    figure = new_figure(6.5 * len(kinds) + 1, 5)
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        _draw(axes, kind, histories)
    names = histories[0].name if len(histories) == 1 else f"{len(histories)} runs"
    figure.suptitle(f"Learning curves of {names}")
    return figure


def _draw(axes: Axes, kind: str, histories: Sequence[History]) -> None:
    factor = 100 if kind == "accuracy" else 1
    ends = []
    shown = [history for history in histories if history.has(kind)]
    for number, history in enumerate(shown):
        line = line_of(number)
        if len(shown) == 1:
            epochs, training = history.curve(f"train_{kind}")
            axes.plot(epochs, factor * training, color=COLOURS[1], linestyle="--")
            ends.append((epochs[-1], factor * training[-1], "training", COLOURS[1]))
        epochs, validation = history.curve(f"val_{kind}")
        axes.plot(epochs, factor * validation, **line)
        label = "validation" if len(shown) == 1 else history.name
        ends.append((epochs[-1], factor * validation[-1], label, line["color"]))
        if history.best_epoch is not None:
            best = factor * validation[list(epochs).index(history.best_epoch)]
            axes.plot(
                history.best_epoch,
                best,
                MARKERS[number % len(MARKERS)],
                color=line["color"],
                markersize=10,
                markeredgecolor="white",
                label="best epoch" if number == 0 else None,
            )
        axes.plot(
            epochs[-1],
            factor * validation[-1],
            "|",
            color=line["color"],
            markersize=18,
            markeredgewidth=2.5,
            label="stopped" if number == 0 else None,
        )
    axes.set(title=TITLES[kind], xlabel="epoch", ylabel=UNITS[kind])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02)
    label_ends(axes, ends)
    axes.legend(frameon=False, fontsize=10)
