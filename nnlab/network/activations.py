"""Activations: z ↦ a, da/dz computed from a, and everything else that is known about each activation.

A new activation is one entry in `ACTIVATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]

# These are exact in every precision. They are arrays because a Python number would double the cost of an
# operation on a small batch.
ZERO, HALF, ONE = (np.array(value, np.float32) for value in (0, 0.5, 1))
LEAK, SLOWDOWN, HEIGHT = 0.01, 2 / 3, 1.7159

Function: TypeAlias = Callable[[Array, Array | None], Array]  # (z, out) -> a; out may be z itself
Derivative: TypeAlias = Callable[[Array], npt.NDArray[Any]]  # a -> da/dz, elementwise


@dataclass(frozen=True)
class Activation:
    """An activation and all that the rest of the code needs to know about it.

    Gradient checking also calls `function` with complex z, where it has to be the analytic continuation.
    """

    function: Function
    derivative: Derivative | None  # None: a hidden layer with this activation cannot be trained
    initialiser: str  # in INITIALISERS; used by `auto`, keeps the variance of the signal through a layer
    max_slope: float = 1.0  # the largest slope
    kinks: tuple[float, ...] = ()  # the values of z at which the slope jumps
    unit_rounding: bool = False  # whether the rounding error of a is relative to 1 where |a| is smaller


def identity(z: Array, out: Array | None = None) -> Array:
    """Return a = z, as in linear regression."""
    return np.positive(z, out=out)


def step(z: Array, out: Array | None = None) -> Array:
    """Return a = 1 where z ≥ 0, else 0, as in a perceptron."""
    a: Array = np.greater_equal(z, 0, out=np.empty_like(z) if out is None else out, casting="unsafe")
    return a


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """Return σ(z) = 1 / (1 + e⁻ᶻ) = (1 + tanh(z/2)) / 2, lecture (4) and (25).

    The form with tanh cannot overflow, and its absolute error is that of a single rounding.
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
    # NumPy vectorises the maximum of two arrays; that of an array and a number is four times slower.
    a: Array = np.maximum(z, zeros(z.shape, z.dtype), out=out)
    return a


@lru_cache
def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return a read-only array of zeros to compare with."""
    array = np.zeros(shape, dtype)
    array.flags.writeable = False
    return array


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """Return z where z > 0, else z / 100 (Maas et al. 2013)."""
    a: Array = np.maximum(z, z * LEAK, out=out)  # complex numbers are ordered by their real parts
    return a


def elu(z: Array, out: Array | None = None) -> Array:
    """Return z where z > 0, else eᶻ − 1 (Clevert et al. 2016)."""
    below = np.minimum(z, ZERO)
    np.expm1(below, out=below)
    a: Array = np.maximum(z, ZERO, out=out)
    a += below
    return a


def softplus(z: Array, out: Array | None = None) -> Array:
    """Return log(1 + eᶻ), in a form that cannot overflow (Dugas et al. 2001)."""
    if z.dtype.kind == "c":  # np.logaddexp does not take complex numbers
        positive = np.maximum(z, 0)
        a: Array = np.add(positive, np.log1p(np.exp(z - 2 * positive)), out=out)
        return a
    return np.logaddexp(z, ZERO, out=out)


def scaled_tanh(z: Array, out: Array | None = None) -> Array:
    """Return 1.7159 tanh(2z/3), which is ±1 at ±1 (LeCun et al. 1998)."""
    a: Array = np.multiply(z, SLOWDOWN, out=out)
    np.tanh(a, out=a)
    a *= HEIGHT
    return a


def sigmoid_derivative(a: Array) -> Array:
    """Return σ'(z) = a (1 − a)."""
    slope: Array = a * a
    return np.subtract(a, slope, out=slope)


def tanh_derivative(a: Array) -> Array:
    """Return tanh'(z) = 1 − a²."""
    slope: Array = a * a
    return np.subtract(ONE, slope, out=slope)


def leaky_relu_derivative(a: Array) -> Array:
    """Return 1 where z > 0, else 0.01."""
    return np.where(a > ZERO, ONE, np.array(LEAK, a.dtype))


def elu_derivative(a: Array) -> Array:
    """Return 1 where z > 0, else eᶻ = a + 1."""
    slope: Array = np.minimum(a, ZERO)
    slope += ONE
    return slope


def softplus_derivative(a: Array) -> Array:
    """Return 1 − e⁻ᵃ, which is σ(z)."""
    slope: Array = np.negative(a)
    np.expm1(slope, out=slope)
    return np.negative(slope, out=slope)


def scaled_tanh_derivative(a: Array) -> Array:
    """Return (2/3) (1.7159 − a² / 1.7159)."""
    slope: Array = a * a
    slope *= -SLOWDOWN / HEIGHT
    slope += SLOWDOWN * HEIGHT
    return slope


# The activations of hidden layers, by their names in a config.
ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, np.ones_like, "lecun"),
    "step": Activation(step, None, "lecun"),
    "sigmoid": Activation(sigmoid, sigmoid_derivative, "glorot", max_slope=0.25, unit_rounding=True),
    "tanh": Activation(tanh, tanh_derivative, "glorot"),
    "relu": Activation(relu, lambda a: a > ZERO, "he", kinks=(0.0,)),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative, "he", kinks=(0.0,)),
    "elu": Activation(elu, elu_derivative, "he", unit_rounding=True),
    "softplus": Activation(softplus, softplus_derivative, "he", unit_rounding=True),
    "scaled_tanh": Activation(scaled_tanh, scaled_tanh_derivative, "lecun", max_slope=SLOWDOWN * HEIGHT),
}
