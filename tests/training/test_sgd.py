from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import (
    ACTIVATIONS,
    OUTPUTS,
    Array,
    Backpropagation,
    Network,
    number_of_parameters,
    number_of_weights,
)
from nnlab.training.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.datasets import Split

ARCHITECTURE = (4, 5, 3)


def new_network(dtype: str = "float64") -> Network:
    parameters = np.random.default_rng(2).standard_normal(number_of_parameters(ARCHITECTURE)).astype(dtype)
    return Network(ARCHITECTURE, ACTIVATIONS["tanh"], OUTPUTS["softmax", "log_likelihood"], parameters)


def copied(network: Network) -> Network:
    return replace(network, parameters=network.parameters.copy())


def example_gradient(network: Network, x: Array, y: Array) -> list[float]:
    backpropagation = Backpropagation(network, 1)  # proven in tests/network
    backpropagation(x[:, None], y[:, None])
    gradient: list[float] = backpropagation.gradient.tolist()
    return gradient


def plain_epoch(
    sgd: SGD, network: Network, velocity: list[float], inputs: Array, targets: Array, order: list[int]
) -> list[float]:
    """Take the epoch parameter by parameter, in plain floats; return the velocity it ends with."""
    while order:
        batch, order = order[: sgd.batch_size], order[sgd.batch_size :]
        gradients = [example_gradient(network, inputs[i], targets[i]) for i in batch]
        for k, parameter in enumerate(network.parameters.tolist()):
            slope = sum(gradient[k] for gradient in gradients) / len(batch)
            if k < number_of_weights(network.architecture):
                slope += sgd.l2 * parameter
            velocity[k] = sgd.momentum * velocity[k] + sgd.eta * slope
            network.parameters[k] = parameter - velocity[k]
    return velocity


@pytest.mark.parametrize("batch_size", [1, 4, 5, 11, 16], ids="batch_size={}".format)
@pytest.mark.parametrize("momentum", [0, 0.9], ids="momentum={}".format)
@pytest.mark.parametrize("l2", [0, 0.1], ids="l2={}".format)
def test_epochs_agree_with_the_rule_in_plain_floats(
    batch_size: int, momentum: float, l2: float, blobs: Callable[..., Split]
) -> None:
    data = blobs(11, dtype="float64")  # 4 + 4 + 3: the last batch is short
    targets = np.eye(3)[data.labels]
    sgd = SGD(batch_size, eta=0.3, momentum=momentum, l2=l2)
    fast, plain = new_network(), new_network()
    velocity, plain_velocity = np.zeros_like(fast.parameters), [0.0] * len(plain.parameters)
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(11)
        sgd.epoch(fast, velocity, data.inputs, targets, order)
        plain_velocity = plain_epoch(sgd, plain, plain_velocity, data.inputs, targets, order.tolist())

    np.testing.assert_allclose(fast.parameters, plain.parameters, rtol=1e-11, atol=1e-13)
    if momentum:
        np.testing.assert_allclose(velocity, plain_velocity, rtol=1e-10, atol=1e-13)


def test_one_batch_of_all_is_gradient_descent_on_the_mean_cost(blobs: Callable[..., Split]) -> None:
    data = blobs(20, dtype="float64")
    targets = np.eye(3)[data.labels]
    network = new_network()
    start = network.parameters.copy()
    SGD(20, eta=0.3).epoch(network, np.zeros_like(start), data.inputs, targets, np.arange(20)[::-1])
    descended = (start - network.parameters) / 0.3

    def mean_cost(parameters: Array) -> float:
        net = replace(network, parameters=parameters)
        return float(net.output.loss(net.forward(data.inputs.T), targets.T).mean())

    nudges = 1e-5 * np.eye(len(start))
    slopes = [(mean_cost(start + nudge) - mean_cost(start - nudge)) / 2e-5 for nudge in nudges]
    np.testing.assert_allclose(descended, slopes, rtol=1e-6, atol=1e-9)


def test_l2_shrinks_weights_and_leaves_biases_out(blobs: Callable[..., Split]) -> None:
    data = blobs(8, dtype="float64")
    with_l2, without = new_network(), new_network()
    weights = number_of_weights(ARCHITECTURE)
    start = with_l2.parameters.copy()
    for network, l2 in ((with_l2, 0.1), (without, 0.0)):
        SGD(8, 0.5, l2=l2).epoch(
            network, np.zeros_like(start), data.inputs, np.eye(3)[data.labels], np.arange(8)
        )
    shrunk = without.parameters - with_l2.parameters
    np.testing.assert_allclose(shrunk[:weights], 0.5 * 0.1 * start[:weights], rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(shrunk[weights:], 0)


def test_each_example_is_used_exactly_once_in_the_batch_of_its_turn() -> None:
    # Example i lights input i alone, and so moves the weights of column i alone.
    parameters = np.zeros(number_of_parameters((7, 2)))
    network = Network((7, 2), ACTIVATIONS["identity"], OUTPUTS["identity", "quadratic"], parameters)
    order = np.array([5, 0, 3, 6, 1, 4, 2])
    moved: list[list[int]] = []
    before = network.weights[0].copy()

    def look(_: int) -> None:
        moved.append(np.flatnonzero((network.weights[0] != before).any(axis=0)).tolist())
        before[...] = network.weights[0]

    SGD(3, 0.1).epoch(network, np.zeros_like(parameters), np.eye(7), np.ones((7, 2)), order, look)
    assert moved == [[0, 3, 5], [1, 4, 6], [2]]


def test_z_is_that_before_the_update_of_its_batch_a_column_an_example_in_order(
    blobs: Callable[..., Split],
) -> None:
    data = blobs(11, dtype="float64")
    network = new_network()
    order = np.random.default_rng(3).permutation(11)
    snapshots = [copied(network)]
    z = SGD(4, 0.5).epoch(
        network,
        np.zeros_like(network.parameters),
        data.inputs,
        np.eye(3)[data.labels],
        order,
        lambda _: snapshots.append(copied(network)),
    )
    expected = [snapshots[place // 4].forward(data.inputs[[i]].T)[:, 0] for place, i in enumerate(order)]
    np.testing.assert_allclose(z.T, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("examples", "batch_size", "sizes"),
    [(11, 4, [4, 4, 3]), (8, 4, [4, 4]), (3, 4, [3]), (4, 4, [4]), (3, 1, [1, 1, 1])],
)
def test_on_batch_is_told_each_size_and_the_last_may_be_short(
    examples: int, batch_size: int, sizes: list[int], blobs: Callable[..., Split]
) -> None:
    data, network, seen = blobs(examples), new_network("float32"), []
    targets = np.eye(3, dtype="float32")[data.labels]
    velocity, order = np.zeros_like(network.parameters), np.arange(examples)
    z = SGD(batch_size, 0.1).epoch(network, velocity, data.inputs, targets, order, seen.append)
    assert seen == sizes
    assert z.shape == (3, examples)
    assert z.dtype == network.parameters.dtype == np.float32


def test_data_and_order_are_left_alone(blobs: Callable[..., Split]) -> None:
    data, network = blobs(11, dtype="float64"), new_network()
    arrays = (data.inputs, np.eye(3)[data.labels], np.arange(11))
    before = [array.copy() for array in arrays]
    SGD(4, 0.5, momentum=0.9, l2=0.1).epoch(network, np.zeros_like(network.parameters), *arrays)
    for array, original in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, original)
