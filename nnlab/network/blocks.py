"""Divides the work of a large layer into blocks of neurons, which threads can share.

The blocks depend on the sizes alone, never on the number of threads. So the results do not depend on it
either, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

Task: TypeAlias = Callable[[], object]
Share: TypeAlias = Callable[[Sequence[Task]], None]  # runs tasks, in any order and perhaps at the same time

# In smaller blocks, a product repeats too much of its preparation.
MIN_NEURONS = 256
# A layer with less work is done before another thread is awake.
MIN_MULTIPLICATIONS = 4_000_000


def one_by_one(tasks: Sequence[Task]) -> None:
    """Run `tasks` in this thread."""
    for task in tasks:
        task()


@lru_cache
def blocks(neurons: int, multiplications: int) -> tuple[slice, ...]:
    """Return the neurons of a layer in blocks of about equal size, as many as a power of two."""
    is_large = multiplications >= MIN_MULTIPLICATIONS and neurons >= 2 * MIN_NEURONS
    number = 1 << (neurons // MIN_NEURONS).bit_length() - 1 if is_large else 1
    bounds = [neurons * block // number for block in range(number + 1)]
    return tuple(slice(start, stop) for start, stop in pairwise(bounds))
