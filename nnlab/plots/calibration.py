"""The reliability diagram: how often answers of a confidence are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.plots.style import COLOURS, log_scale, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnlab.analysis.calibration import Calibration


def figure_of(calibration: Calibration, name: str) -> Figure:
    """Return accuracy over confidence, and below it how many examples have which confidence."""
    figure = new_figure(6.5, 7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = calibration.bins
    upper.plot([0, 100], [0, 100], color="#666666", linestyle="--", linewidth=1.2)
    grey = {"color": "#666666", "fontsize": 9}
    upper.annotate(
        "as right as confident",
        (40, 40),
        (0, 4),
        textcoords="offset points",
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
        **grey,
    )
    upper.plot(
        [100 * each.confidence for each in bins],
        [100 * each.accuracy for each in bins],
        "o-",
        color=COLOURS[0],
        markersize=7,
    )
    upper.set(ylabel="right answers in %")
    upper.set(xlim=(0, 102), ylim=(0, 102))
    upper.set_title(calibration.summary(), fontsize=10)
    figure.suptitle(f"Calibration of {name}")
    lower.bar(
        [100 * each.low for each in bins],
        [each.examples for each in bins],
        width=[100 * (each.high - each.low) for each in bins],
        align="edge",
        color=COLOURS[0],
        edgecolor="white",
    )
    lower.set(xlabel="confidence in %", ylabel="examples")
    log_scale(lower, "y")
    return figure
