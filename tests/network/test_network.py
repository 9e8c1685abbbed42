from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import number_of_parameters, number_of_weights
from nnlab.network.network import CHUNK

if TYPE_CHECKING:
    from .conftest import BuildNetwork


def test_weights_and_biases_are_views_of_the_parameters(network: BuildNetwork) -> None:
    net = network((4, 3, 2))
    for view in net.weights + net.biases:
        assert np.shares_memory(view, net.parameters)
    net.parameters[:] = 7
    assert all((view == 7).all() for view in net.weights + net.biases)
    net.biases[1][:] = 8
    np.testing.assert_array_equal(net.parameters[-2:], 8)


def test_parameters_hold_all_weights_and_then_all_biases(network: BuildNetwork) -> None:
    net = network((3, 2, 1), parameters=range(11))
    np.testing.assert_array_equal(net.weights[0], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(net.weights[1], [[6, 7]])
    np.testing.assert_array_equal(net.biases[0], [[8], [9]])
    np.testing.assert_array_equal(net.biases[1], [[10]])


@pytest.mark.parametrize(
    ("architecture", "weights", "biases"),
    [((1, 1), 1, 1), ((3, 2, 1), 8, 3), ([784, 128, 10], 101_632, 138), ([784, 30, 20, 10], 24_320, 60)],
)
def test_number_of_parameters_counts_weights_and_biases(
    architecture: list[int], weights: int, biases: int
) -> None:
    assert number_of_weights(architecture) == weights
    assert number_of_parameters(architecture) == weights + biases


@pytest.mark.parametrize("examples", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK + 345])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pre_activations_in_chunks_are_those_of_one_forward_pass(
    examples: int, dtype: str, network: BuildNetwork
) -> None:
    net = network((3, 4, 2), "tanh", dtype=dtype)
    inputs = np.random.default_rng(6).standard_normal((examples, 3)).astype(dtype)
    z = net.pre_activations(inputs)
    assert z.shape == (2, examples)
    assert z.dtype == dtype
    np.testing.assert_allclose(z, net.forward(inputs.T), rtol=20 * float(np.finfo(dtype).eps), atol=1e-6)


def test_forward_leaves_the_inputs_alone_and_each_layers_activations_in_the_buffers(
    network: BuildNetwork,
) -> None:
    net = network((3, 4, 2), "relu")
    x = np.random.default_rng(7).standard_normal((3, 5))
    original, buffers = x.copy(), [np.empty((4, 5)), np.empty((2, 5))]
    z = net.forward(x, buffers)
    np.testing.assert_array_equal(x, original)
    np.testing.assert_allclose(buffers[0], np.maximum(0, net.weights[0] @ x + net.biases[0]))
    np.testing.assert_allclose(buffers[1], net.weights[1] @ buffers[0] + net.biases[1])
    assert z is buffers[1]
    np.testing.assert_array_equal(net.forward(x), z)


@pytest.mark.parametrize(("output", "width"), [("softmax", 3), ("sigmoid", 3), ("identity", 2)])
def test_the_largest_output_is_the_class(output: str, width: int, network: BuildNetwork) -> None:
    net = network((3, 4, width), "tanh", (output, "quadratic"))
    inputs = np.random.default_rng(8).standard_normal((50, 3))
    answers = net.outputs(inputs)
    assert answers.shape == (50, width)
    np.testing.assert_array_equal(answers, net.output.activate(net.forward(inputs.T)).T)
    classes = net.predict(inputs)
    assert classes.dtype == np.intp
    np.testing.assert_array_equal(classes, answers.argmax(axis=1))
    assert len(set(classes)) == width
    np.testing.assert_array_equal(net.classes(net.pre_activations(inputs)), classes)


@pytest.mark.parametrize(("output", "border"), [("sigmoid", 0), ("identity", 0.5)])
def test_a_single_output_means_class_1_from_a_half_upwards(
    output: str, border: float, network: BuildNetwork
) -> None:
    net = network((1, 1), "identity", (output, "quadratic"), [1, 0])
    inputs = np.array([[border - 1e-9], [border], [border + 1]])
    np.testing.assert_array_equal(net.predict(inputs), [0, 1, 1])
    assert net.outputs(inputs).shape == (3, 1)


def test_a_network_returns_no_outputs_for_no_examples(network: BuildNetwork) -> None:
    net = network((3, 2), "identity", ("softmax", "log_likelihood"))
    assert net.predict(np.empty((0, 3))).shape == (0,)


def test_every_layer_has_its_activation(network: BuildNetwork) -> None:
    net = network((3, 4, 4, 2), "tanh", ("softmax", "quadratic"))
    assert net.activations == [*net.hidden_activations, net.output.activation]
    assert network((3, 2)).activations == [network((3, 2)).output.activation]
