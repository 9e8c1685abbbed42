"""One seed per run, and from it an independent stream of random numbers for each purpose."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator for `purpose`; its numbers depend on `seed` and `purpose` alone.

    So a new purpose never changes the numbers of another. A run uses `split` (which examples are held out),
    `initialisation` (the starting weights) and `shuffle` (the order of the examples).
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode())))
