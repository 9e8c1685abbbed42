"""One seed a run, and from it an independent stream of random numbers for every purpose."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator for `purpose`; its numbers depend on `seed` and `purpose` alone.

    So a new purpose never moves the numbers of another. Within a run there are `split` (which examples
    validate), `initialisation` (the starting weights) and `shuffle` (the order of the examples).
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode())))
