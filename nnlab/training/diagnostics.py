"""Diagnostics of a network during training: gradients, saturated and dead neurons, updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network import Backpropagation
from nnlab.network.network import views

if TYPE_CHECKING:
    from nnlab.network import Activation, Array, Network

# A neuron is saturated if its slope is below this share of the largest slope.
SATURATED = 0.05


@dataclass(frozen=True)
class LayerDiagnostics:
    """The diagnostics of a layer. A softmax layer has no slope per neuron, so two figures are None."""

    gradient_norm: float  # ‖∂C/∂W‖
    saturated: float | None  # share of (neuron, example) pairs that are saturated
    dead: float | None  # share of neurons that are saturated for every example
    update_ratio: float  # ‖W − W before‖ / ‖W‖


def sample_size(train_examples: int) -> int:
    """Return how many training examples to diagnose: few enough to take little time."""
    return min(train_examples, 1000, max(100, train_examples // 50))


def diagnose(network: Network, before: Array, x: Array, targets: Array) -> tuple[LayerDiagnostics, ...]:
    """Return the diagnostics of each layer; `before` are its parameters before the epoch.

    C is the mean cost of the examples `x`, (features, examples), with `targets`, (outputs, examples).
    """
    backpropagation = Backpropagation(network, x.shape[1])
    z = backpropagation(x, targets)
    outputs = [*backpropagation.activations[:-1], network.output.activate(z)]
    return tuple(
        LayerDiagnostics(
            gradient_norm=_norm(gradient),
            **_shares(activation, a),
            update_ratio=_norm(weights - old) / (_norm(weights) or np.nan),
        )
        for activation, a, gradient, weights, old in zip(
            network.activations,
            outputs,
            backpropagation.weight_gradients,
            network.weights,
            views(before, network.architecture)[0],
            strict=True,
        )
    )


def _shares(activation: Activation, a: Array) -> dict[str, float | None]:
    """Return the shares of saturated pairs and of dead neurons in a layer whose outputs are `a`."""
    if activation.derivative is None:
        return {"saturated": None, "dead": None}
    flat = activation.derivative(a) < SATURATED * activation.max_slope
    return {"saturated": float(flat.mean()), "dead": float(flat.all(axis=1).mean())}


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))
