"""What follows a step: the bound on the norms, and the average of the weights."""

from __future__ import annotations

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS, OUTPUTS, Network, number_of_parameters
from nnlab.optimisation import limit_norms, update_average

ARCHITECTURE = (5, 4, 3)


@pytest.fixture
def network() -> Network:
    parameters = np.random.default_rng(0).standard_normal(number_of_parameters(ARCHITECTURE))
    return Network(ARCHITECTURE, (ACTIVATIONS["relu"],), OUTPUTS["softmax", "log_likelihood"], parameters)


def test_only_neurons_beyond_the_bound_shrink_to_it(network: Network) -> None:
    before = [weights.copy() for weights in network.weights]
    biases = [each.copy() for each in network.biases]
    limit_norms(network, [2.0, 1.0])
    beyond = 0
    for weights, old, bound in zip(network.weights, before, (2.0, 1.0), strict=True):
        for row, old_row in zip(weights, old, strict=True):
            if np.linalg.norm(old_row) > bound:
                beyond += 1
                np.testing.assert_allclose(row, old_row * bound / np.linalg.norm(old_row))
            else:
                np.testing.assert_array_equal(row, old_row)
    assert 0 < beyond < 7
    for kept, old in zip(network.biases, biases, strict=True):
        np.testing.assert_array_equal(kept, old)


def test_a_layer_without_a_bound_stays(network: Network) -> None:
    before = network.weights[0].copy()
    limit_norms(network, [None, 0.1])
    np.testing.assert_array_equal(network.weights[0], before)
    np.testing.assert_allclose(np.linalg.norm(network.weights[1], axis=1), 0.1)


def test_weights_whose_norm_is_not_finite_have_diverged() -> None:
    parameters = np.full(number_of_parameters((2, 1)), 1e25, np.float32)
    network = Network((2, 1), (), OUTPUTS["identity", "quadratic"], parameters)
    with np.errstate(over="ignore"):
        limit_norms(network, [3.0])
    assert np.isnan(network.weights[0]).all()


def test_an_average_by_hand() -> None:
    average, parameters = np.array([0.0]), np.array([1.0])
    # d = 1/10, then 2/11, and later the decay itself.
    update_average(average, parameters, 0.5, 0)
    assert average == pytest.approx([0.9])
    update_average(average, parameters, 0.5, 1)
    assert average == pytest.approx([0.9 * 2 / 11 + 9 / 11])
    average[...] = 0
    update_average(average, parameters, 0.5, 1000)
    assert average == pytest.approx([0.5])
    assert parameters == [1]
