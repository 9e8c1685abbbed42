"""Scaling of the inputs, which belongs to the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import Scaling

if TYPE_CHECKING:
    from .conftest import BuildNetwork


def test_inputs_are_scaled_by_mean_and_deviation() -> None:
    np.testing.assert_array_equal(Scaling(0.5, 0.25)(np.array([0, 0.5, 1])), [-2, 0, 2])


def test_without_scaling_the_inputs_are_the_same_array() -> None:
    inputs = np.ones(3)
    assert Scaling()(inputs) is inputs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_precision_stays_and_the_inputs_are_left_alone(dtype: str) -> None:
    inputs = np.ones(3, dtype)
    assert Scaling(0.1307, 0.3081)(inputs).dtype == dtype
    np.testing.assert_array_equal(inputs, 1)


def test_a_network_scales_what_it_is_asked_about(network: BuildNetwork) -> None:
    plain = network((4, 5, 3), "tanh", ("softmax", "log_likelihood"))
    scaled = replace(plain, scaling=Scaling(0.5, 0.25))
    inputs = np.random.default_rng(1).random((7, 4))
    np.testing.assert_array_equal(scaled.outputs(inputs), plain.outputs((inputs - 0.5) / 0.25))
    np.testing.assert_array_equal(scaled.predict(inputs), plain.predict((inputs - 0.5) / 0.25))


def test_the_scaling_can_be_put_into_the_first_layer(network: BuildNetwork) -> None:
    scaled = replace(network((4, 5, 3), "tanh", ("identity", "quadratic")), scaling=Scaling(0.13, 0.3))
    inputs = np.random.default_rng(1).random((7, 4))
    plain = scaled.without_scaling()
    assert plain.scaling == Scaling()
    np.testing.assert_allclose(plain.outputs(inputs), scaled.outputs(inputs), rtol=1e-12)
    np.testing.assert_array_equal(plain.weights[1], scaled.weights[1])
