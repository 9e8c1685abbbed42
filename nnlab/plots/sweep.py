"""The figures of a sweep over the values that it tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.analysis.groups import SHARES
from nnlab.errors import UsageError
from nnlab.plots.style import COLOURS, log_scale, new_figure, readable_on
from nnlab.rendering.formatters import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nnlab.analysis.groups import Group

WIDE = 20  # the largest of positive values is so many times the smallest: a log axis


def figure_of(groups: Sequence[Group], name: str) -> Figure:
    """Return the figure by which settings are chosen over each key that differs.

    The values of each seed are points, and their mean is a line. A grid of two keys is a heat map of means.
    Raises `UsageError` if no key differs, or no run has finished.
    """
    groups = [group for group in groups if group.selection_figure in group.figures]
    if not groups:
        raise UsageError(f"no run of {name} has finished")
    keys = [key for key in groups[0].setting if _differs(groups, key)]
    if not keys:
        raise UsageError(f"{name} has one setting only; try several values, or plot the curves of its runs")
    figure_name = groups[0].selection_figure
    if len(keys) == 2 and _is_grid(groups, keys):  # noqa: PLR2004 (the axes of a map)
        figure = new_figure(7.5, 5.5)
        _map(figure, groups, keys, figure_name)
    else:
        figure = new_figure(6.5 * len(keys), 5)
        for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True):
            _points(axes, groups, key, figure_name, is_only=len(keys) == 1)
    figure.suptitle(f"{_title(figure_name)} of {name}")
    return figure


def _differs(groups: Sequence[Group], key: str) -> bool:
    return len({shown(group.setting.get(key)) for group in groups}) > 1


def _is_grid(groups: Sequence[Group], keys: Sequence[str]) -> bool:
    sizes = [len({shown(group.setting.get(key)) for group in groups}) for key in keys]
    return len(groups) == sizes[0] * sizes[1]


def _points(axes: Axes, groups: Sequence[Group], key: str, name: str, *, is_only: bool) -> None:
    """Draw the seeds of each value as points and, if nothing else differs, their means as a line."""
    factor = 100 if name in SHARES else 1
    values = [group.setting.get(key) for group in groups]
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    order: list[Any] = sorted({*values}) if are_numbers else sorted({shown(value) for value in values})
    places: dict[Any, float] = {value: value if are_numbers else float(k) for k, value in enumerate(order)}
    means: dict[float, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        x = places[value if are_numbers else shown(value)]
        figures = [factor * figure for figure in group.values[name].values()]
        axes.plot([x] * len(figures), figures, "o", color=COLOURS[0], alpha=0.55, markersize=6)
        means.setdefault(x, []).append(float(np.mean(figures)))
    if is_only:
        x_of_means = sorted(means)
        axes.plot(x_of_means, [np.mean(means[x]) for x in x_of_means], "_-", color=COLOURS[1], markersize=16)
        axes.plot([], [], "o", color=COLOURS[0], alpha=0.55, label="a seed")
        axes.plot([], [], "_-", color=COLOURS[1], label="mean")
        axes.legend(frameon=False)
    if not are_numbers:
        axes.set_xticks(range(len(order)), order, rotation=0 if max(map(len, order)) < 12 else 20)  # noqa: PLR2004
    elif order[0] > 0 and order[-1] / order[0] >= WIDE:
        log_scale(axes, "x")
    unit = " in %" if factor > 1 else ""
    axes.set(xlabel=_label(key), ylabel=f"{_title(name)}{unit}")


def _map(figure: Figure, groups: Sequence[Group], keys: Sequence[str], name: str) -> None:
    """Draw the mean of each pair of values as a cell."""
    factor = 100 if name in SHARES else 1
    axes = figure.subplots()
    rows, columns = (_ordered([group.setting.get(key) for group in groups]) for key in keys)
    means = np.full((len(rows), len(columns)), np.nan)
    for group in groups:
        place = rows.index(group.setting.get(keys[0])), columns.index(group.setting.get(keys[1]))
        means[place] = factor * group.figures[name].mean
    image = axes.imshow(means, cmap="cividis", aspect="auto", origin="lower")
    for (row, column), mean in np.ndenumerate(means):
        figure_text = f"{mean:.2f}" if factor > 1 else f"{mean:.4g}"
        colour = readable_on(image.to_rgba(mean))
        axes.text(column, row, figure_text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(columns)), [shown(value) for value in columns])
    axes.set_yticks(range(len(rows)), [shown(value) for value in rows])
    axes.set(xlabel=_label(keys[1]), ylabel=_label(keys[0]))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, label=f"mean {_title(name).lower()}{' in %' if factor > 1 else ''}")


def _ordered(values: Sequence[object]) -> list[object]:
    """Return the different values, in order."""
    found = list({shown(value): value for value in values}.values())
    are_numbers = all(isinstance(value, int | float) for value in found)
    return sorted(found, key=lambda value: value if are_numbers else shown(value))  # type: ignore[arg-type,return-value]


def _label(key: str) -> str:
    return "η (eta)" if key == "eta" else key


def shown(value: object) -> str:
    """Return a value as it is written in a config."""
    return "null" if value is None else text(value)


def _title(name: str) -> str:
    return name.replace("val_", "validation ").replace("test_", "test ").capitalize()
