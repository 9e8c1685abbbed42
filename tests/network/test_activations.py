from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from nnlab.config.experiment import ActivationName
from nnlab.network import ACTIVATIONS, OUTPUTS, Backpropagation, Network

LN3 = np.log(3)

each = pytest.mark.parametrize("name", ACTIVATIONS)


def test_every_activation_of_a_config_is_here() -> None:
    assert set(ACTIVATIONS) == set(get_args(ActivationName))


# σ(ln 3) = 1 / (1 + 1/3) = 3/4, and tanh(ln 3) = (3 − 1/3) / (3 + 1/3) = 8/10.
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("identity", (-LN3, 0, LN3)),
        ("step", (0, 1, 1)),
        ("sigmoid", (1 / 4, 1 / 2, 3 / 4)),
        ("tanh", (-4 / 5, 0, 4 / 5)),
        ("relu", (0, 0, LN3)),
    ],
)
def test_values_at_minus_ln_3_and_0_and_ln_3(name: str, values: tuple[float, ...]) -> None:
    a = ACTIVATIONS[name].function(np.array([-LN3, 0.0, LN3]), None)
    np.testing.assert_allclose(a, values, rtol=1e-15, atol=1e-16)


def test_tanh_is_equation_24() -> None:
    z = np.linspace(-5, 5, 101)
    defined = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    np.testing.assert_allclose(ACTIVATIONS["tanh"].function(z, None), defined, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "step"])
def test_derivative_read_off_the_output_agrees_with_finite_differences(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation.derivative is not None
    z = np.linspace(-4, 4, 40)  # without 0
    numeric = (activation.function(z + 1e-5, None) - activation.function(z - 1e-5, None)) / 2e-5
    np.testing.assert_allclose(activation.derivative(activation.function(z, None)), numeric, atol=1e-9)


def test_relu_neuron_that_is_off_has_no_slope() -> None:
    assert ACTIVATIONS["relu"].derivative is not None
    np.testing.assert_array_equal(ACTIVATIONS["relu"].derivative(np.array([0.0, 1e-300, 2.0])), [0, 1, 1])


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_in_place_gives_the_same_as_out_of_place(name: str, dtype: str) -> None:
    function = ACTIVATIONS[name].function
    z = np.linspace(-3, 3, 7, dtype=dtype)
    original = z.copy()
    a = function(z, None)
    np.testing.assert_array_equal(z, original)
    assert not np.shares_memory(a, z)
    assert a.dtype == dtype
    assert function(z, z) is z
    np.testing.assert_array_equal(z, a)


def test_step_goes_forward_but_cannot_be_trained() -> None:
    # x₁ + x₂ ≥ 1.5: the perceptron that computes AND.
    parameters = np.array([1, 1, 1, -1.5, 0], float)
    perceptron = Network((2, 1, 1), ACTIVATIONS["step"], OUTPUTS["identity", "quadratic"], parameters)
    z = perceptron.forward(np.array([[0, 0, 1, 1], [0, 1, 0, 1]], float))
    np.testing.assert_array_equal(z, [[0, 0, 0, 1]])
    with pytest.raises(ValueError, match=r"^step cannot be trained: its derivative is zero .* take sigmoid"):
        Backpropagation(perceptron, 4)
