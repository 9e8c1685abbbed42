"""The gradient check finds what is wrong, passes what is right, and leaves kinks out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS, OUTPUTS, ArrayCheck, Network, check_gradients, number_of_parameters

X = np.random.default_rng(0).uniform(-1, 1, (4, 6))
TARGETS = np.eye(3)[:, [0, 1, 2, 0, 1, 2]]


def network(activation: str = "tanh", output: str = "sigmoid", loss: str = "cross_entropy") -> Network:
    architecture = (4, 5, 3)
    parameters = np.random.default_rng(1).normal(0, 0.7, number_of_parameters(architecture))
    return Network(architecture, ACTIVATIONS[activation], OUTPUTS[output, loss], parameters)


def check(network: Network, samples: int = 100) -> list[ArrayCheck]:
    return list(check_gradients(network, X, TARGETS, samples=samples, rng=np.random.default_rng(2)))


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu"])
def test_what_is_right_passes(activation: str, output: str, loss: str) -> None:
    subject = network(activation, output, loss)
    before = subject.parameters.copy()
    checks = check(subject)
    assert [(each.layer, each.array, each.parameters) for each in checks] == [
        (1, "weights", 20),
        (1, "biases", 5),
        (2, "weights", 15),
        (2, "biases", 3),
    ]
    assert all(each.checked + each.at_kinks == each.parameters for each in checks)
    assert max(each.largest_error or 0 for each in checks) < 1e-8
    np.testing.assert_array_equal(subject.parameters, before)


@pytest.mark.parametrize("wrong", [lambda a: 1 - a, lambda a: a * (1 - a) * 1.001, np.ones_like])
def test_a_wrong_slope_is_found_below_the_layer_that_has_it(wrong: object) -> None:
    subject = network("sigmoid")
    subject = replace(subject, activation=replace(subject.activation, derivative=wrong))
    first, _, second, _ = check(subject)
    assert first.largest_error > 5e-4
    assert second.largest_error < 1e-8


def test_a_wrong_error_at_the_output_is_found_everywhere() -> None:
    subject = network()
    subject = replace(subject, output=replace(subject.output, delta=lambda a, y: (a - y) * 1.01))
    assert all(each.largest_error == pytest.approx(0.01, rel=0.02) for each in check(subject))


def test_a_rectified_neuron_at_its_kink_is_left_out() -> None:
    subject = network("relu")
    # The first hidden neuron's input is nought for the first example, whatever lies around it.
    subject.biases[0][0] = -(subject.weights[0][0] @ X[:, 0])
    weights, biases, *_ = check(subject)
    assert biases.at_kinks == 1
    assert weights.at_kinks == 4
    assert max(each.largest_error or 0 for each in check(subject)) < 1e-8


def test_no_more_parameters_are_checked_than_asked_for() -> None:
    assert [each.checked for each in check(network(), samples=4)] == [4, 4, 4, 3]
    assert check(network(), samples=4) == check(network(), samples=4)
