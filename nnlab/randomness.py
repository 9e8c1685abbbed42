"""One seed per run, and from it an independent stream of random numbers for each purpose."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the generator for `purpose`; its numbers depend on `seed` and `purpose` alone.

    So a new purpose never changes the numbers of another. A run uses `split` (which examples are held out),
    `initialisation` (the starting weights), `shuffle` (the order of the examples), and for each epoch streams
    for dropout and augmentation.
    """
    return np.random.default_rng(_sequence(seed, purpose))


def fast_bits(seed: int, purpose: str) -> np.random.SFC64:
    """Return a generator of random bits for `purpose`, for the many that dropout needs."""
    return np.random.SFC64(_sequence(seed, purpose))


def _sequence(seed: int, purpose: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode()))
