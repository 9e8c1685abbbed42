from __future__ import annotations

from itertools import combinations, product

import numpy as np

from nnlab.randomness import stream

PURPOSES = ["split", "spilt", "initialisation", "shuffle"]  # the second shares its letters with the first


def test_a_stream_is_the_same_every_time() -> None:
    first, again = (stream(7, "shuffle").permutation(1000) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_drawing_from_one_stream_does_not_move_another() -> None:
    undisturbed = stream(7, "shuffle").random(5)
    shuffle, split = stream(7, "shuffle"), stream(7, "split")
    split.random(1000)
    np.testing.assert_array_equal(shuffle.random(5), undisturbed)


def test_every_seed_and_purpose_has_numbers_of_its_own() -> None:
    seeds = [0, 1, 2, 2**32, 2**63 - 1]
    draws = {key: stream(*key).standard_normal(2000) for key in product(seeds, PURPOSES)}
    for one, other in combinations(draws.values(), 2):
        assert not np.isin(one, other).any()
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.11  # five standard deviations of chance
