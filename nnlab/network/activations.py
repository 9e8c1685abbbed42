"""The activations of hidden layers: z ↦ a, and da/dz read off a."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]


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
    a: Array = np.multiply(z, 0.5, out=out)
    np.tanh(a, out=a)
    a += 1
    a *= 0.5
    return a


def tanh(z: Array, out: Array | None = None) -> Array:
    """Return tanh z, lecture (24)."""
    a: Array = np.tanh(z, out=out)
    return a


def relu(z: Array, out: Array | None = None) -> Array:
    """Return max(0, z), lecture (27)."""
    a: Array = np.maximum(z, 0, out=out)
    return a


def sigmoid_derivative(a: Array) -> Array:
    """Return σ'(z) = a (1 − a)."""
    return a - a * a


def tanh_derivative(a: Array) -> Array:
    """Return tanh'(z) = 1 − a²."""
    return 1 - a * a


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, np.ones_like),
    "step": Activation(step, None),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, lambda a: a > 0),
}
