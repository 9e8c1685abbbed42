"""Divides the work on a large layer into tasks, which threads can share.

How it is divided depends on the sizes alone, never on the number of threads. So the results do not depend on
it either, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

Task: TypeAlias = Callable[[], object]
Share: TypeAlias = Callable[[Sequence[Task]], None]  # runs tasks, in any order and perhaps at the same time
Block: TypeAlias = tuple[slice, slice]  # (neurons, examples)

# The least size of a block, in neurons or examples and in multiplications. In a smaller matrix product, too
# much of the time is preparation, and a smaller layer would be done before another thread is awake.
LEAST_SIDE, LEAST_WORK = 256, 4_000_000
# A product with a long inner side takes less preparation.
LEAST_NEURONS, LEAST_GRADIENT = 64, 16_000_000
# The first block is larger, because the thread that shares the work begins with it while others wake up.
HEAD_START = 1 / 8  # of a block
UNIT = 16  # neurons or examples that the matrix library computes together


def one_by_one(tasks: Sequence[Task]) -> None:
    """Run `tasks` in this thread."""
    for task in tasks:
        task()


@lru_cache
def blocks_of_layer(neurons: int, fan_in: int, examples: int) -> list[Block]:
    """Return the blocks in which the activations of a layer are computed: of neurons, or else of examples."""
    work = neurons * fan_in * examples
    if neurons >= 2 * LEAST_SIDE:
        bounds = _bounds(neurons, work, LEAST_SIDE, LEAST_WORK, HEAD_START)
        return [(slice(start, stop), slice(None)) for start, stop in pairwise(bounds)]
    bounds = _bounds(examples, work, LEAST_SIDE, LEAST_WORK, HEAD_START)
    return [(slice(None), slice(start, stop)) for start, stop in pairwise(bounds)]


def blocks_of_gradient(neurons: int, fan_in: int, examples: int) -> list[slice]:
    """Return the blocks of neurons in which the gradient of a layer is computed."""
    bounds = _bounds(neurons, neurons * fan_in * examples, LEAST_NEURONS, LEAST_GRADIENT)
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _bounds(length: int, work: int, least: int, least_work: int, head_start: float = 0.0) -> list[int]:
    """Return the bounds of blocks of about equal size, as many as a power of two."""
    most = max(1, min(length // least, work // least_work))
    number = 1 << (most.bit_length() - 1)
    size = length / (number + head_start)
    return [0, *(length - int(size * left) // UNIT * UNIT for left in reversed(range(number)))]
