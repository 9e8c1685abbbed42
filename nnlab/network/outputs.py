"""Pairs of an output activation and a loss, differentiated together with respect to z.

Every array has one column per sample: z, a and the targets y have the shape (outputs, batch). Losses are
computed from z, never from a, so that the logarithm of zero does not occur.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlab.network.activations import (
    ACTIVATIONS,
    Activation,
    Array,
    sigmoid_derivative,
    softplus,
    tanh_derivative,
)


@dataclass(frozen=True)
class Output:
    """The activation of the last layer, its loss, and the error δ that it propagates back."""

    activation: Activation
    loss: Callable[[Array, Array], Array]  # (z, y) -> the cost of each sample, (batch,); z may be complex
    delta: Callable[[Array, Array], Array]  # (a, y) -> dC/dz, (outputs, batch)

    def activate(self, z: Array) -> Array:
        """Return a = activation(z), (outputs, batch), in a new array."""
        return self.activation.function(z, None)


def softmax(z: Array, out: Array | None = None) -> Array:
    """Return a_j = e^{z_j} / Σ_k e^{z_k} for each column, lecture (19)."""
    a: Array = np.subtract(z, z.max(axis=0), out=out)
    np.exp(a, out=a)
    a /= a.sum(axis=0)
    return a


IDENTITY, SIGMOID, TANH = (ACTIVATIONS[name] for name in ("identity", "sigmoid", "tanh"))
# Its derivative is a matrix, ∂a_j/∂z_k, not one number per neuron.
SOFTMAX = Activation(softmax, None, "glorot")


def log_likelihood(z: Array, targets: Array) -> Array:
    """Return −log a_y = log Σ_k e^{z_k} − z_y with a = softmax(z), lecture (21)."""
    below = z - z.max(axis=0)
    loss: Array = np.log(np.exp(below).sum(axis=0)) - (targets * below).sum(axis=0)
    return loss


def cross_entropy(z: Array, targets: Array) -> Array:
    """Return −Σ_j [y_j log a_j + (1 − y_j) log(1 − a_j)] with a = σ(z), lecture (17)."""
    loss: Array = (softplus(z) - targets * z).sum(axis=0)
    return loss


def quadratic(activation: Activation) -> Callable[[Array, Array], Array]:
    """Return the loss ½‖a − y‖² of a = activation(z), lecture (9)."""

    def loss(z: Array, targets: Array) -> Array:
        halves: Array = 0.5 * np.square(activation.function(z, None) - targets).sum(axis=0)
        return halves

    return loss


def difference(a: Array, targets: Array) -> Array:
    """Return a − y: if loss and activation match, the derivative a'(z) cancels, lecture (15), (22)."""
    return a - targets


def sigmoid_quadratic_delta(a: Array, targets: Array) -> Array:
    """Return (a − y) σ'(z), which is small if the neuron saturates, lecture (10)."""
    delta = a - targets
    delta *= sigmoid_derivative(a)
    return delta


def tanh_quadratic_delta(a: Array, targets: Array) -> Array:
    """Return (a − y) tanh'(z)."""
    delta = a - targets
    delta *= tanh_derivative(a)
    return delta


def softmax_quadratic_delta(a: Array, targets: Array) -> Array:
    """Return Jᵀ(a − y), where J = diag(a) − a aᵀ is the Jacobian of softmax."""
    error = a - targets
    delta: Array = a * (error - (a * error).sum(axis=0))
    return delta


def _shares(targets: Array) -> Array:
    return np.asarray(targets.mean(axis=1, dtype=np.float64))


def _entropy(shares: Array) -> float:
    """Return −Σ p log p, where 0 log 0 = 0."""
    return float(-(shares * np.log(np.where(shares > 0, shares, 1))).sum())


# The smallest mean loss of a network that ignores its input, from the targets (outputs, examples). The
# outputs of such a network are the mean targets. Its loss is half their variance for the quadratic cost, and
# the entropy of the classes for the others.
LOSS_OF_A_GUESS: dict[str, Callable[[Array], float]] = {
    "quadratic": lambda targets: 0.5 * float(targets.var(axis=1, dtype=np.float64).sum()),
    "cross_entropy": lambda targets: _entropy(_shares(targets)) + _entropy(1 - _shares(targets)),
    "log_likelihood": lambda targets: _entropy(_shares(targets)),
}

# The keys are the names of output and loss in a config.
OUTPUTS: dict[tuple[str, str], Output] = {
    ("softmax", "log_likelihood"): Output(SOFTMAX, log_likelihood, difference),
    ("softmax", "quadratic"): Output(SOFTMAX, quadratic(SOFTMAX), softmax_quadratic_delta),
    ("sigmoid", "cross_entropy"): Output(SIGMOID, cross_entropy, difference),
    ("sigmoid", "quadratic"): Output(SIGMOID, quadratic(SIGMOID), sigmoid_quadratic_delta),
    ("tanh", "quadratic"): Output(TANH, quadratic(TANH), tanh_quadratic_delta),
    ("identity", "quadratic"): Output(IDENTITY, quadratic(IDENTITY), difference),
}
