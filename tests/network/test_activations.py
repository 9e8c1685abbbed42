from __future__ import annotations

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS, OUTPUTS, Backpropagation, Network

from .table import EXPECTED, HUGE, LN3, TRAINABLE

each = pytest.mark.parametrize("name", EXPECTED)
each_trainable = pytest.mark.parametrize("name", TRAINABLE)
both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])


def test_every_activation_has_its_row_in_the_table() -> None:
    assert set(EXPECTED) == set(ACTIVATIONS)
    assert [name for name, activation in ACTIVATIONS.items() if activation.derivative] == TRAINABLE


@each
def test_values_at_minus_ln_3_and_0_and_ln_3(name: str) -> None:
    a = ACTIVATIONS[name].function(np.array([-LN3, 0.0, LN3]), None)
    np.testing.assert_allclose(a, EXPECTED[name].at_ln_3, rtol=1e-15, atol=1e-16)


@each
@both_precisions
def test_values_at_huge_logits_are_exact(name: str, dtype: str) -> None:
    a = ACTIVATIONS[name].function(np.array([-HUGE, HUGE], dtype), None)
    np.testing.assert_array_equal(a, np.array(EXPECTED[name].at_huge, dtype))


@each
def test_values_are_those_of_the_plain_formula(name: str) -> None:
    z = np.linspace(-5, 5, 101)
    plain = [EXPECTED[name].a(float(each)) for each in z]
    np.testing.assert_allclose(ACTIVATIONS[name].function(z, None), plain, rtol=1e-12, atol=1e-15)


def test_tanh_is_equation_24() -> None:
    z = np.linspace(-5, 5, 101)
    defined = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    np.testing.assert_allclose(ACTIVATIONS["tanh"].function(z, None), defined, rtol=1e-12, atol=1e-15)


@each_trainable
def test_derivative_from_the_output_agrees_with_finite_differences(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation.derivative is not None
    z = np.linspace(-4, 4, 40)  # without 0
    numeric = (activation.function(z + 1e-5, None) - activation.function(z - 1e-5, None)) / 2e-5
    np.testing.assert_allclose(activation.derivative(activation.function(z, None)), numeric, atol=1e-9)


@each_trainable
def test_the_largest_slope_is_max_slope(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation.derivative is not None
    slopes = np.abs(activation.derivative(activation.function(np.linspace(-50, 50, 100_001), None)))
    assert slopes.max() == pytest.approx(activation.max_slope, rel=1e-12)


@each_trainable
def test_the_slope_jumps_at_the_kinks_and_nowhere_else(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation.derivative is not None
    z = np.arange(-5000, 5001) / 1000 + 0.0005
    slopes = activation.derivative(activation.function(z, None)).astype(float)
    jumps = z[:-1][np.abs(np.diff(slopes)) > 0.01] + 0.0005
    np.testing.assert_allclose(jumps, activation.kinks, atol=1e-9)


@each_trainable
def test_complex_z_gives_the_slope_as_gradient_checking_needs(name: str) -> None:
    slope = EXPECTED[name].slope
    assert slope is not None
    for z in (-2.5, -0.1, 0.3, 3.0):
        a = ACTIVATIONS[name].function(np.array([z + 1e-60j]), None)
        assert a.imag[0] / 1e-60 == pytest.approx(slope(z), rel=1e-12)


def test_relu_neuron_that_is_off_has_no_slope() -> None:
    assert ACTIVATIONS["relu"].derivative is not None
    np.testing.assert_array_equal(ACTIVATIONS["relu"].derivative(np.array([0.0, 1e-300, 2.0])), [0, 1, 1])


@each
@both_precisions
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
    perceptron = Network((2, 1, 1), (ACTIVATIONS["step"],), OUTPUTS["identity", "quadratic"], parameters)
    z = perceptron.forward(np.array([[0, 0, 1, 1], [0, 1, 0, 1]], float))
    np.testing.assert_array_equal(z, [[0, 0, 0, 1]])
    with pytest.raises(
        ValueError, match=r"^an activation without a derivative, such as step, .* take sigmoid"
    ):
        Backpropagation(perceptron, 4)
