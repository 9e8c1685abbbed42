from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import INITIALISERS, OUTPUTS, Network, initialise

from .table import EXPECTED

if TYPE_CHECKING:
    from .conftest import BuildNetwork


def initialised(network: Network, name: str, seed: int = 0) -> Network:
    initialise(network, name, rng=np.random.default_rng(seed))
    return network


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("he", math.sqrt(2 / 400)),
        ("glorot", math.sqrt(2 / (400 + 100))),
        ("lecun", math.sqrt(1 / 400)),
        ("standard_normal", 1),
    ],
)
def test_weights_spread_around_zero_as_fan_in_and_fan_out_ask(
    name: str, deviation: float, network: BuildNetwork
) -> None:
    weights = initialised(network((400, 100, 5)), name).weights[0]
    # Of 40,000 numbers, four standard errors: of the deviation 1.4 %, of the mean 2 %.
    assert weights.std() == pytest.approx(deviation, rel=0.015)
    assert weights.mean() == pytest.approx(0, abs=0.02 * deviation)


@pytest.mark.parametrize("name", ["auto", "he", "glorot", "lecun"])
def test_biases_begin_at_zero(name: str, network: BuildNetwork) -> None:
    assert all((biases == 0).all() for biases in initialised(network((4, 9, 3)), name).biases)


def test_biases_of_standard_normal_are_standard_normal(network: BuildNetwork) -> None:
    biases = initialised(network((2, 10_000, 3)), "standard_normal").biases[0]
    assert biases.std() == pytest.approx(1, rel=0.03)
    assert biases.mean() == pytest.approx(0, abs=0.04)


@pytest.mark.parametrize("activation", EXPECTED)
def test_auto_takes_what_suits_the_activation_of_the_hidden_layers(
    activation: str, network: BuildNetwork
) -> None:
    name = EXPECTED[activation].initialiser
    assert name in INITIALISERS
    auto, named = (initialised(network((6, 5, 4, 3), activation), each) for each in ("auto", name))
    np.testing.assert_array_equal(auto.weights[0], named.weights[0])
    np.testing.assert_array_equal(auto.weights[1], named.weights[1])


@pytest.mark.parametrize("output", OUTPUTS, ids="-".join)
def test_auto_takes_what_suits_the_output(output: tuple[str, str], network: BuildNetwork) -> None:
    name = "glorot" if output[0] == "softmax" else EXPECTED[output[0]].initialiser
    auto, named = (initialised(network((6, 5, 3), "relu", output), each) for each in ("auto", name))
    np.testing.assert_array_equal(auto.weights[1], named.weights[1])
    assert auto.weights[1].all()


def test_same_generator_gives_same_weights_and_another_gives_others(network: BuildNetwork) -> None:
    first, again = (initialised(network((6, 5, 3)), "he", seed=1).parameters for _ in range(2))
    other = initialised(network((6, 5, 3)), "he", seed=2)
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(other.weights[0], first[:30].reshape(5, 6)).any()
