"""Charts as SVG: markup without styles, which the page's CSS colours for light, dark and print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from nnlab.rendering.labels import spread

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = 680, 360
LONGEST = 24  # characters of a label
LEFT, RIGHT, TOP, BOTTOM = 62, 190, 16, 48
GAP = 17  # between the labels of two curves
STYLES = 6  # of curves, in style.css


@dataclass(frozen=True)
class Series:
    """A curve: its points, without those that are no numbers, and the ones that are marked."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    best: tuple[float, float] | None = None
    number: int = 0  # of its style


@dataclass(frozen=True)
class Chart:
    """Curves with axes; `description` says in a sentence what can be seen."""

    identifier: str
    title: str
    description: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    diagonal: bool = False  # from the lower left to the upper right
    limits: tuple[float, float, float, float] | None = None  # of x and y

    def rows(self) -> list[list[str]]:
        """Return the numbers as rows: x, and y of each curve."""
        by_x: dict[float, dict[int, float]] = {}
        for number, series in enumerate(self.series):
            for x, y in zip(series.x, series.y, strict=True):
                by_x.setdefault(x, {})[number] = y
        return [
            [f"{x:g}", *(f"{ys[number]:.4g}" if number in ys else "–" for number in range(len(self.series)))]
            for x, ys in sorted(by_x.items())
        ]

    def svg(self) -> Markup:
        """Return the chart as an SVG element with a title and a description."""
        low_x, high_x, low_y, high_y = self.limits or self._limits()
        across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

        def to_x(x: float) -> float:
            return LEFT + across * (x - low_x) / ((high_x - low_x) or 1)

        def to_y(y: float) -> float:
            return TOP + up * (high_y - y) / ((high_y - low_y) or 1)

        parts = [*self._axes(to_x, to_y, (low_x, high_x, low_y, high_y))]
        if self.diagonal:
            ends = to_x(low_x), to_y(low_y), to_x(high_x), to_y(high_y)
            parts.append(
                Markup('<line class="ideal" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(*ends)
            )
        for series in self.series:
            style = series.number % STYLES
            points = " ".join(f"{to_x(x):.1f},{to_y(y):.1f}" for x, y in zip(series.x, series.y, strict=True))
            parts.append(Markup('<polyline class="curve s{}" points="{}"/>').format(style, points))
            if len(series.x) == 1 or self.diagonal:
                parts += [
                    Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/>').format(
                        style, to_x(x), to_y(y)
                    )
                    for x, y in zip(series.x, series.y, strict=True)
                ]
            if series.best:
                parts.append(
                    Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="5.5"/>').format(
                        style, to_x(series.best[0]), to_y(series.best[1])
                    )
                )
        parts += self._labels(to_x, to_y)
        head = Markup(
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{id}-title {id}-description">'
            '<title id="{id}-title">{}</title><desc id="{id}-description">{}</desc>'
        ).format(WIDTH, HEIGHT, self.title, self.description, id=self.identifier)
        return head + Markup("").join(parts) + Markup("</svg>")

    def _limits(self) -> tuple[float, float, float, float]:
        xs = [x for series in self.series for x in series.x]
        ys = [y for series in self.series for y in series.y]
        low, high = min(ys), max(ys)
        margin = 0.05 * ((high - low) or abs(high) or 1)
        return min(xs), max(xs), low - margin, high + margin

    def _axes(
        self,
        to_x: Callable[[float], float],
        to_y: Callable[[float], float],
        limits: tuple[float, float, float, float],
    ) -> list[Markup]:
        parts = []
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for y in ticks(limits[2], limits[3]):
            parts.append(
                Markup('<line class="grid" x1="{}" y1="{y:.1f}" x2="{}" y2="{y:.1f}"/>').format(
                    LEFT, right, y=to_y(y)
                )
            )
            parts.append(
                Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{:g}</text>').format(
                    LEFT - 7, to_y(y) + 4, y
                )
            )
        parts += [
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{:g}</text>').format(
                to_x(x), bottom + 18, x
            )
            for x in ticks(limits[0], limits[1], whole=self.x_label == "epoch")
        ]
        parts.append(
            Markup('<path class="axis" d="M{} {}V{}H{}" fill="none"/>').format(LEFT, TOP, bottom, right)
        )
        parts.append(
            Markup('<text class="name" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                (LEFT + right) / 2, HEIGHT - 10, self.x_label
            )
        )
        parts.append(
            Markup(
                '<text class="name" transform="rotate(-90)" x="{}" y="16" text-anchor="middle">{}</text>'
            ).format(-(TOP + bottom) / 2, self.y_label)
        )
        return parts

    def _labels(self, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> list[Markup]:
        """Return the names of the curves beside their ends, moved so that none overlap."""
        parts: list[Markup] = []
        shown = [series for series in self.series if series.x]
        levels = spread([to_y(series.y[-1]) for series in shown], GAP, TOP, HEIGHT - BOTTOM)
        for series, level in zip(shown, levels, strict=True):
            end = to_x(series.x[-1]), to_y(series.y[-1])
            style = series.number % STYLES
            parts.append(
                Markup('<line class="link s{}" x1="{:.1f}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(
                    style, end[0] + 3, end[1], WIDTH - RIGHT + 10, level
                )
            )
            name = _shortened(series.name)
            parts.append(
                Markup('<text class="label s{}" x="{}" y="{:.1f}">{}</text>').format(
                    style, WIDTH - RIGHT + 14, level + 4, name
                )
            )
        return parts


def _shortened(name: str) -> str:
    """Return a name without its middle if it is long: its end, such as a seed, tells runs apart."""
    half = LONGEST // 2
    return name if len(name) <= LONGEST else f"{name[: half - 1]}…{name[-half:]}"


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return about five round numbers from `low` to `high`."""
    extent = (high - low) or 1.0
    step = 10.0 ** math.floor(math.log10(extent / 5))
    step *= next(factor for factor in (1, 2, 5, 10) if extent / (step * factor) <= 6)  # noqa: PLR2004
    if whole:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]
