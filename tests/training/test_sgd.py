from __future__ import annotations

from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.datasets import Split
from nnlab.network import (
    ACTIVATIONS,
    OUTPUTS,
    Array,
    Backpropagation,
    Network,
    number_of_parameters,
    number_of_weights,
)
from nnlab.optimisation import SGD, Penalties
from nnlab.training import BatchSource, train_epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nnlab.optimisation import OptimiserState

    from .conftest import DrawBlobs

ARCHITECTURE = (4, 5, 3)


def new_network(dtype: str = "float64") -> Network:
    parameters = np.random.default_rng(2).standard_normal(number_of_parameters(ARCHITECTURE)).astype(dtype)
    return Network(
        ARCHITECTURE,
        (ACTIVATIONS["tanh"],) * (len(ARCHITECTURE) - 2),
        OUTPUTS["softmax", "log_likelihood"],
        parameters,
    )


def copied(network: Network) -> Network:
    return replace(network, parameters=network.parameters.copy())


def example_gradient(network: Network, x: Array, y: Array) -> list[float]:
    backpropagation = Backpropagation(network, 1)  # proven in tests/network
    backpropagation(x[:, None], y[:, None])
    gradient: list[float] = backpropagation.gradient.tolist()
    return gradient


def an_epoch(
    sgd: SGD,
    network: Network,
    data: Split,
    order: NDArray[np.intp] | None = None,
    *,
    batch_size: int,
    eta: float,
    state: OptimiserState | None = None,
    on_step: Callable[[int, int], None] = lambda _number, _size: None,
) -> Array:
    """Train `network` for an epoch on three classes and return z of the output layer."""
    targets = np.eye(3, dtype=network.parameters.dtype)[data.labels].T
    source = BatchSource(data, np.ascontiguousarray(targets), batch_size)
    order = np.arange(len(data.labels)) if order is None else order
    state = sgd.start(network.parameters) if state is None else state
    steps = enumerate(repeat(eta))
    z, ordered = train_epoch(network, sgd, state, source.groups(order), steps, on_step=on_step)
    np.testing.assert_array_equal(ordered, targets[:, order])
    return z


def plain_epoch(
    sgd: SGD,
    network: Network,
    velocity: list[float],
    data: Split,
    order: list[int],
    *,
    batch_size: int,
    eta: float,
) -> list[float]:
    """Train for an epoch parameter by parameter, in plain floats; return the final velocity."""
    targets = np.eye(3)[data.labels]
    while order:
        batch, order = order[:batch_size], order[batch_size:]
        gradients = [example_gradient(network, data.inputs[i], targets[i]) for i in batch]
        for k, parameter in enumerate(network.parameters.tolist()):
            slope = sum(gradient[k] for gradient in gradients) / len(batch)
            if k < number_of_weights(network.architecture):
                slope += sgd.penalties.l2 * parameter
            velocity[k] = sgd.momentum * velocity[k] + eta * slope
            network.parameters[k] = parameter - velocity[k]
    return velocity


@pytest.mark.parametrize("batch_size", [1, 4, 5, 11, 16], ids="batch_size={}".format)
@pytest.mark.parametrize("momentum", [0, 0.9], ids="momentum={}".format)
@pytest.mark.parametrize("l2", [0, 0.1], ids="l2={}".format)
def test_epochs_agree_with_the_rule_in_plain_floats(
    batch_size: int, momentum: float, l2: float, blobs: DrawBlobs
) -> None:
    data = blobs(11, dtype="float64")  # 4 + 4 + 3: the last batch is short
    sgd = SGD(momentum=momentum, penalties=Penalties(l2=l2))
    fast, plain = new_network(), new_network()
    state, plain_velocity = sgd.start(fast.parameters), [0.0] * len(plain.parameters)
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(11)
        an_epoch(sgd, fast, data, order, batch_size=batch_size, eta=0.3, state=state)
        plain_velocity = plain_epoch(
            sgd, plain, plain_velocity, data, order.tolist(), batch_size=batch_size, eta=0.3
        )

    np.testing.assert_allclose(fast.parameters, plain.parameters, rtol=1e-11, atol=1e-13)
    if momentum:
        np.testing.assert_allclose(state["velocity"], plain_velocity, rtol=1e-10, atol=1e-13)


def test_one_batch_of_all_is_gradient_descent_on_the_mean_cost(blobs: DrawBlobs) -> None:
    data = blobs(20, dtype="float64")
    targets = np.eye(3)[data.labels]
    network = new_network()
    start = network.parameters.copy()
    an_epoch(SGD(), network, data, np.arange(20)[::-1], batch_size=20, eta=0.3)
    descended = (start - network.parameters) / 0.3

    def mean_cost(parameters: Array) -> float:
        net = replace(network, parameters=parameters)
        return float(net.output.loss(net.forward(data.inputs.T), targets.T).mean())

    nudges = 1e-5 * np.eye(len(start))
    slopes = [(mean_cost(start + nudge) - mean_cost(start - nudge)) / 2e-5 for nudge in nudges]
    np.testing.assert_allclose(descended, slopes, rtol=1e-6, atol=1e-9)


def test_l2_shrinks_weights_and_leaves_biases_out(blobs: DrawBlobs) -> None:
    data = blobs(8, dtype="float64")
    with_l2, without = new_network(), new_network()
    weights = number_of_weights(ARCHITECTURE)
    start = with_l2.parameters.copy()
    for network, l2 in ((with_l2, 0.1), (without, 0.0)):
        an_epoch(SGD(penalties=Penalties(l2=l2)), network, data, batch_size=8, eta=0.5)
    shrunk = without.parameters - with_l2.parameters
    np.testing.assert_allclose(shrunk[:weights], 0.5 * 0.1 * start[:weights], rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(shrunk[weights:], 0)


def test_each_example_is_used_exactly_once_in_the_batch_of_its_turn() -> None:
    # Example i lights input i alone, and so moves the weights of column i alone.
    parameters = np.zeros(number_of_parameters((7, 2)))
    network = Network((7, 2), (), OUTPUTS["identity", "quadratic"], parameters)
    order = np.array([5, 0, 3, 6, 1, 4, 2])
    moved: list[list[int]] = []
    before = network.weights[0].copy()

    def look(_number: int, _size: int) -> None:
        moved.append(np.flatnonzero((network.weights[0] != before).any(axis=0)).tolist())
        before[...] = network.weights[0]

    source, steps = BatchSource(Split(np.eye(7), np.arange(7)), np.ones((2, 7)), 3), enumerate(repeat(0.1))
    train_epoch(network, SGD(), SGD().start(parameters), source.groups(order), steps, on_step=look)
    assert moved == [[0, 3, 5], [1, 4, 6], [2]]


def test_z_is_that_before_the_update_of_its_batch_a_column_per_example_in_order(
    blobs: DrawBlobs,
) -> None:
    data = blobs(11, dtype="float64")
    network = new_network()
    order = np.random.default_rng(3).permutation(11)
    snapshots = [copied(network)]
    z = an_epoch(
        SGD(),
        network,
        data,
        order,
        batch_size=4,
        eta=0.5,
        on_step=lambda *_: snapshots.append(copied(network)),
    )
    expected = [snapshots[place // 4].forward(data.inputs[[i]].T)[:, 0] for place, i in enumerate(order)]
    np.testing.assert_allclose(z.T, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("examples", "batch_size", "sizes"),
    [(11, 4, [4, 4, 3]), (8, 4, [4, 4]), (3, 4, [3]), (4, 4, [4]), (3, 1, [1, 1, 1])],
)
def test_on_step_gets_each_number_and_size_and_the_last_may_be_smaller(
    examples: int, batch_size: int, sizes: list[int], blobs: DrawBlobs
) -> None:
    data, network = blobs(examples), new_network("float32")
    seen: list[tuple[int, int]] = []
    z = an_epoch(
        SGD(), network, data, batch_size=batch_size, eta=0.1, on_step=lambda *step: seen.append(step)
    )
    assert seen == list(enumerate(sizes))
    assert z.shape == (3, examples)
    assert z.dtype == network.parameters.dtype == np.float32


def test_data_and_order_are_left_alone(blobs: DrawBlobs) -> None:
    data, network = blobs(11, dtype="float64"), new_network()
    source, order = BatchSource(data, np.eye(3)[data.labels].T.copy(), 4), np.arange(11)
    arrays = data.inputs, source.targets, order
    before = [array.copy() for array in arrays]
    sgd = SGD(momentum=0.9, penalties=Penalties(l2=0.1))
    train_epoch(network, sgd, sgd.start(network.parameters), source.groups(order), enumerate(repeat(0.5)))
    for array, original in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, original)
