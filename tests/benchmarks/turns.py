"""Measuring in turns: each does its share, and a different one begins each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

Name = TypeVar("Name", bound="Hashable")
Measured = TypeVar("Measured")


def in_turns(entries: Mapping[Name, Callable[[int], Measured]], turns: int) -> dict[Name, list[Measured]]:
    """Return what each of the `entries` returned, when called with the number of the turn."""
    measured: dict[Name, list[Measured]] = {name: [] for name in entries}
    order = list(entries)
    for turn in range(turns):
        first = turn % len(order)
        for name in order[first:] + order[:first]:
            measured[name].append(entries[name](turn))
    return measured


def ratios(seconds: dict[str, list[float]], name: str, other: str) -> list[float]:
    """Return the time of `name` over that of `other`, turn by turn."""
    return [ours / theirs for ours, theirs in zip(seconds[name], seconds[other], strict=True)]
