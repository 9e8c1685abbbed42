"""Places for labels beside curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return `places` from `low` to `high`, moved as little as needed to be at least `gap` apart."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    least = low
    for index in order:
        moved[index] = max(places[index], least)
        least = moved[index] + gap
    most = high
    for index in reversed(order):
        moved[index] = min(moved[index], most)
        most = moved[index] - gap
    return moved
