"""An output activation and its loss: one pair, differentiated together through z.

Every array has a column a sample: z, a and the targets y are of shape (outputs, batch). Losses are
computed from z, never from a, so that no logarithm meets a zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlab.network.activations import (
    Array,
    identity,
    sigmoid,
    sigmoid_derivative,
    tanh,
    tanh_derivative,
)


@dataclass(frozen=True)
class Output:
    """What the last layer computes, what it costs, and the error δ that it sends back."""

    activate: Callable[[Array], Array]  # z -> a
    loss: Callable[[Array, Array], Array]  # (z, y) -> the cost of each sample, (batch,)
    delta: Callable[[Array, Array], Array]  # (a, y) -> dC/dz, (outputs, batch)


def softmax(z: Array) -> Array:
    """Return a_j = e^{z_j} / Σ_k e^{z_k} for each column, lecture (19)."""
    a: Array = np.exp(z - z.max(axis=0))
    a /= a.sum(axis=0)
    return a


def log_likelihood(z: Array, targets: Array) -> Array:
    """Return −log a_y = log Σ_k e^{z_k} − z_y with a = softmax(z), lecture (21)."""
    below = z - z.max(axis=0)
    loss: Array = np.log(np.exp(below).sum(axis=0)) - (targets * below).sum(axis=0)
    return loss


def cross_entropy(z: Array, targets: Array) -> Array:
    """Return −Σ_j [y_j log a_j + (1 − y_j) log(1 − a_j)] with a = σ(z), lecture (17)."""
    loss: Array = (np.logaddexp(0, z) - targets * z).sum(axis=0)
    return loss


def quadratic(activate: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """Return the loss ½‖a − y‖² of a = activate(z), lecture (9)."""

    def loss(z: Array, targets: Array) -> Array:
        halves: Array = 0.5 * np.square(activate(z) - targets).sum(axis=0)
        return halves

    return loss


def difference(a: Array, targets: Array) -> Array:
    """Return a − y: where loss and activation match, the derivative σ'(z) cancels, lecture (15), (22)."""
    return a - targets


def sigmoid_quadratic_delta(a: Array, targets: Array) -> Array:
    """Return (a − y) σ'(z), small wherever the neuron saturates, lecture (10)."""
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


# The least mean loss of a network that ignores its input, from the targets (outputs, examples): each output
# is their mean. For the quadratic cost that is half their variance, for the others the entropy of classes.
LOSS_OF_A_GUESS: dict[str, Callable[[Array], float]] = {
    "quadratic": lambda targets: 0.5 * float(targets.var(axis=1, dtype=np.float64).sum()),
    "cross_entropy": lambda targets: _entropy(_shares(targets)) + _entropy(1 - _shares(targets)),
    "log_likelihood": lambda targets: _entropy(_shares(targets)),
}

OUTPUTS: dict[tuple[str, str], Output] = {
    ("softmax", "log_likelihood"): Output(softmax, log_likelihood, difference),
    ("softmax", "quadratic"): Output(softmax, quadratic(softmax), softmax_quadratic_delta),
    ("sigmoid", "cross_entropy"): Output(sigmoid, cross_entropy, difference),
    ("sigmoid", "quadratic"): Output(sigmoid, quadratic(sigmoid), sigmoid_quadratic_delta),
    ("tanh", "quadratic"): Output(tanh, quadratic(tanh), tanh_quadratic_delta),
    ("identity", "quadratic"): Output(identity, quadratic(identity), difference),
}
