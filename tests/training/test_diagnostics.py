"""Diagnostics: worked by hand, at the extremes, and without effect on the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS, OUTPUTS, Backpropagation, Network, number_of_parameters
from nnlab.training import start, train
from nnlab.training.diagnostics import diagnose, sample_size

if TYPE_CHECKING:
    from .conftest import BuildExperiment, DrawBlobs

X = np.array([[1.0, -1.0, 2.0]])
TARGETS = np.array([[0.0, 1.0, 0.0]])


def network(activation: str, output: str, loss: str, weights: float, biases: float) -> Network:
    """1–2–1: the first hidden neuron has these parameters, the second 1 and 0; the output adds them up."""
    architecture = (1, 2, 1)
    subject = Network(
        architecture,
        (ACTIVATIONS[activation],) * (len(architecture) - 2),
        OUTPUTS[output, loss],
        np.zeros(number_of_parameters(architecture)),
    )
    subject.weights[0][:, 0] = weights, 1
    subject.biases[0][:, 0] = biases, 0
    subject.weights[1][...] = 1
    return subject


def test_a_dead_rectifier_and_an_active_one() -> None:
    subject = network("relu", "identity", "quadratic", weights=1, biases=-5)
    hidden, output = diagnose(subject, subject.parameters.copy(), X, TARGETS)
    assert hidden.dead == 0.5
    assert hidden.saturated == pytest.approx(4 / 6)  # the dead one always, the living one for x = −1
    assert (output.dead, output.saturated) == (0, 0)  # an identity never is
    assert hidden.update_ratio == output.update_ratio == 0


def test_saturation_is_a_twentieth_of_the_steepest_slope() -> None:
    # σ' / ¼ is 0.0499 at z = ±4.36, and 0.0513 at ±4.33.
    for z, saturated in ((4.33, 0.0), (4.36, 0.5)):
        subject = network("sigmoid", "sigmoid", "cross_entropy", weights=0, biases=z)
        hidden, _ = diagnose(subject, subject.parameters, X, TARGETS)
        assert hidden.saturated == saturated
        assert hidden.dead == saturated  # it is so for every x, as its weight is 0


def test_gradient_and_update_are_those_of_the_weights() -> None:
    subject = network("tanh", "sigmoid", "quadratic", weights=0.5, biases=0.1)
    before = subject.parameters.copy()
    subject.weights[0][...] += np.array([[3.0], [4.0]])
    subject.biases[0][...] = 9
    hidden, output = diagnose(subject, before, X, TARGETS)
    assert hidden.update_ratio == pytest.approx(5 / np.hypot(3.5, 5))
    assert output.update_ratio == 0
    backpropagation = Backpropagation(subject, 3)
    backpropagation(X, TARGETS)
    for layer, found in enumerate((hidden, output)):
        gradient = np.sqrt((backpropagation.weight_gradients[layer] ** 2).sum())
        assert found.gradient_norm == pytest.approx(float(gradient), rel=1e-12)


def test_softmax_has_no_slope_of_its_own() -> None:
    architecture = (1, 3)
    subject = Network(architecture, (), OUTPUTS["softmax", "log_likelihood"], np.zeros(6))
    (output,) = diagnose(subject, subject.parameters, X, np.eye(3))
    assert (output.saturated, output.dead) == (None, None)
    assert np.isnan(output.update_ratio)  # all weights are zero
    assert output.gradient_norm > 0


def test_training_with_diagnostics_is_the_same_training(
    experiment: BuildExperiment, blobs: DrawBlobs
) -> None:
    states = {}
    for wanted in (False, True):
        asked = experiment(diagnostics=wanted, momentum=0.9, epochs=3)
        states[wanted] = start(asked)
        epochs = list(train(asked, states[wanted], blobs(50), blobs(20, seed=2)))
        assert [len(epoch.diagnostics) for epoch in epochs] == [2 * wanted] * 3
    assert states[False].network.parameters.tobytes() == states[True].network.parameters.tobytes()


@pytest.mark.parametrize(
    ("available", "taken"), [(1, 1), (99, 99), (4000, 100), (10_000, 200), (60_000, 1000), (10**6, 1000)]
)
def test_one_example_in_fifty_is_diagnosed(available: int, taken: int) -> None:
    assert sample_size(available) == taken
