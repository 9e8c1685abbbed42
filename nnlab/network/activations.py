"""The activations of hidden layers: z ↦ a, and da/dz read off a."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]

# Exact in every precision, and arrays: a Python number doubles the cost of an operation on a small batch.
ZERO, HALF, ONE = (np.array(value, np.float32) for value in (0, 0.5, 1))


@dataclass(frozen=True)
class Activation:
    """An elementwise activation; without a `derivative` it can be computed but not trained."""

    function: Callable[[Array, Array | None], Array]  # (z, out) -> a; out may be z itself
    derivative: Callable[[Array], npt.NDArray[Any]] | None  # a -> da/dz, from the output, which is at hand


def identity(z: Array, out: Array | None = None) -> Array:
    """Return a = z, the neuron of linear regression."""
    return np.positive(z, out=out)


def step(z: Array, out: Array | None = None) -> Array:
    """Return a = 1 where z ≥ 0, else 0: the perceptron."""
    a: Array = np.greater_equal(z, 0, out=np.empty_like(z) if out is None else out, casting="unsafe")
    return a


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """Return σ(z) = 1 / (1 + e⁻ᶻ) = (1 + tanh(z/2)) / 2, lecture (4) and (25).

    The form with tanh cannot overflow; its absolute error is that of one rounding.
    """
    a: Array = np.multiply(z, HALF, out=out)
    np.tanh(a, out=a)
    a += ONE
    a *= HALF
    return a


def tanh(z: Array, out: Array | None = None) -> Array:
    """Return tanh z, lecture (24)."""
    a: Array = np.tanh(z, out=out)
    return a


def relu(z: Array, out: Array | None = None) -> Array:
    """Return max(0, z), lecture (27)."""
    # Two arrays are compared in vectors; an array and one number are not, which takes four times as long.
    a: Array = np.maximum(z, zeros(z.shape, z.dtype), out=out)
    return a


@lru_cache
def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return zeros to compare with, not to be written to."""
    array = np.zeros(shape, dtype)
    array.flags.writeable = False
    return array


def sigmoid_derivative(a: Array) -> Array:
    """Return σ'(z) = a (1 − a)."""
    slope: Array = a * a
    return np.subtract(a, slope, out=slope)


def tanh_derivative(a: Array) -> Array:
    """Return tanh'(z) = 1 − a²."""
    slope: Array = a * a
    return np.subtract(ONE, slope, out=slope)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, np.ones_like),
    "step": Activation(step, None),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, lambda a: a > ZERO),
}
