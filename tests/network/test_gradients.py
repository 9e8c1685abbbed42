"""Backpropagation agrees with central differences of the mean loss, for every activation and output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import OUTPUTS, Array, Backpropagation, Network
from nnlab.network.network import views

from .table import TRAINABLE

if TYPE_CHECKING:
    from .conftest import BuildNetwork, DrawBatch

STEP = 1e-5
KINK = 1e-2  # no pre-activation may come so near to a kink, where there is no derivative
BATCH = 6
SEED = 44  # keeps away from the kink, and gives every layer a gradient to speak of

# Deep and shallow, wide and narrow: 1 to 4 layers of weights.
ARCHITECTURES = [
    (4, 3),
    (1, 2),
    (4, 5, 3),
    (3, 2, 2),
    (5, 4, 6, 3),
    (2, 7, 3, 4),
    (3, 5, 4, 6, 2),
    (4, 3, 3, 3, 3),
]

everywhere = pytest.mark.parametrize("output", OUTPUTS, ids="-".join)
with_every_activation = pytest.mark.parametrize("activation", TRAINABLE)


def mean_loss(network: Network, x: Array, y: Array) -> float:
    return float(network.output.loss(network.forward(x), y).mean())


def central_differences(network: Network, x: Array, y: Array) -> Array:
    numeric = np.empty_like(network.parameters)
    for i, parameter in enumerate(network.parameters.copy()):
        network.parameters[i] = parameter + STEP
        above = mean_loss(network, x, y)
        network.parameters[i] = parameter - STEP
        below = mean_loss(network, x, y)
        network.parameters[i] = parameter
        numeric[i] = (above - below) / (2 * STEP)
    return numeric


def by_layer(gradient: Array, network: Network) -> list[Array]:
    weights, biases = views(gradient, network.architecture)
    return weights + biases


def relative_errors(a: Array, b: Array, network: Network) -> list[float]:
    parts = zip(by_layer(a, network), by_layer(b, network), strict=True)
    return [float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))) for a, b in parts]


def distance_to_a_kink(network: Network, x: Array) -> float:
    """Return how near a hidden neuron comes to a kink of its activation."""
    smallest = np.inf
    for layer, activation in enumerate(network.hidden_activations):
        z = network.weights[layer] @ x + network.biases[layer]
        smallest = min(smallest, *(float(np.abs(z - kink).min()) for kink in activation.kinks), np.inf)
        x = activation.function(z, None)
    return smallest


def gradient(network: Network, x: Array, y: Array, scale: float = 1.0) -> Array:
    backpropagation = Backpropagation(network, x.shape[1], scale)
    backpropagation(x, y)
    return backpropagation.gradient


@everywhere
@with_every_activation
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_gradient_is_that_of_the_mean_loss(
    architecture: tuple[int, ...],
    activation: str,
    output: tuple[str, str],
    network: BuildNetwork,
    batch: DrawBatch,
) -> None:
    net = network(architecture, activation, output, parameters=SEED)
    x, y = batch(net, BATCH)
    assert distance_to_a_kink(net, x) > KINK

    analytic, numeric = gradient(net, x, y), central_differences(net, x, y)

    # A gradient of nothing would prove nothing.
    assert min(np.linalg.norm(part) for part in by_layer(numeric, net)) > 1e-3
    assert max(relative_errors(analytic, numeric, net)) < 1e-6


@everywhere
@with_every_activation
def test_gradient_in_float32_agrees_with_float64(
    activation: str,
    output: tuple[str, str],
    network: BuildNetwork,
    batch: DrawBatch,
) -> None:
    single = network((4, 6, 5, 3), activation, output, parameters=SEED, dtype="float32")
    double = replace(single, parameters=single.parameters.astype("float64"))
    x, y = batch(single, BATCH)
    g = gradient(single, x, y)
    assert g.dtype == np.float32
    assert max(relative_errors(g, gradient(double, x.astype("float64"), y), double)) < 4e-6


@everywhere
def test_scale_scales_the_gradient(output: tuple[str, str], network: BuildNetwork, batch: DrawBatch) -> None:
    net = network((4, 5, 3), "tanh", output)
    x, y = batch(net, BATCH)
    np.testing.assert_allclose(gradient(net, x, y, scale=-2.5), -2.5 * gradient(net, x, y), rtol=1e-12)


def test_gradient_of_a_batch_is_the_mean_over_its_examples(network: BuildNetwork, batch: DrawBatch) -> None:
    net = network((4, 5, 3), "relu", ("softmax", "log_likelihood"))
    x, y = batch(net, BATCH)
    one_by_one = [gradient(net, x[:, [i]], y[:, [i]]) for i in range(BATCH)]
    np.testing.assert_allclose(gradient(net, x, y), np.mean(one_by_one, axis=0), rtol=1e-12, atol=1e-15)


def test_one_batch_leaves_nothing_behind_for_the_next(network: BuildNetwork, batch: DrawBatch) -> None:
    net = network((4, 5, 4, 3), "tanh", ("softmax", "log_likelihood"))
    reused = Backpropagation(net, BATCH)
    reused(*batch(net, BATCH, seed=2))
    x, y = batch(net, BATCH, seed=3)
    np.testing.assert_array_equal(reused(x, y), net.forward(x))
    np.testing.assert_array_equal(reused.gradient, gradient(net, x, y))


def test_backpropagation_leaves_inputs_targets_and_parameters_alone(
    network: BuildNetwork, batch: DrawBatch
) -> None:
    net = network((4, 5, 3), "relu", ("identity", "quadratic"))
    x, y = batch(net, BATCH)
    before = [array.copy() for array in (x, y, net.parameters)]
    gradient(net, x, y)
    for array, original in zip((x, y, net.parameters), before, strict=True):
        np.testing.assert_array_equal(array, original)
