"""Functions that format a single value for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TINY, HUGE = 5e-5, 1e5  # a loss outside this range is written with an exponent


def text(value: object) -> str:
    """Return any value as text: empty for None, 784-30-10 for a list, steps=4 noise=0.1 for a mapping.

    A list of other items than whole numbers and names is [0.2,null].
    """
    if isinstance(value, list | tuple):
        if all(isinstance(item, int | str) for item in value):
            return "-".join(map(str, value))
        return f"[{','.join('null' if item is None else str(item) for item in value)}]"
    if isinstance(value, dict):
        return " ".join(f"{key}={text(item)}" for key, item in value.items())
    return "" if value is None else str(value)


def decimals(loss: float | None) -> str:
    """Return a loss with four decimals, or with an exponent if it is very small or large."""
    if loss is None:
        return "not finite"
    return f"{loss:.4f}" if loss == 0 or TINY <= loss < HUGE else f"{loss:.3e}"


def percent(share: float | None) -> str:
    """Return an accuracy as a percentage: 98.20%."""
    return "–" if share is None else f"{share:.2%}"


def count(number: int) -> str:
    """Return a whole number with thousands separators: 79,510."""
    return f"{number:,}"


def counted(number: int, thing: str) -> str:
    """Return `1 example`, `2 examples`, …."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a time such as 45 s, 3 min 20 s or 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def digest(sha256: str) -> str:
    """Return the first characters of a digest, enough to compare two by eye."""
    return sha256[:12]


def join_with_or(names: Iterable[str]) -> str:
    """Return `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
