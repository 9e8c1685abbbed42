"""What goes on inside a network while it learns: gradients, saturated and dead neurons, updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network import ACTIVATIONS, Backpropagation
from nnlab.network.activations import sigmoid
from nnlab.network.network import views

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.network import Array, Network

# A neuron saturates where its slope is below this share of the steepest.
SATURATED = 0.05
STEEPEST: dict[Callable[..., Array], float] = {sigmoid: 0.25}  # of the others it is 1
SLOPES: dict[Callable[..., Array], Callable[[Array], Array] | None] = {
    activation.function: activation.derivative for activation in ACTIVATIONS.values()
}


@dataclass(frozen=True)
class LayerDiagnostics:
    """How a layer fares. A softmax layer has no slopes of its own, so that two figures are None."""

    gradient_norm: float  # ‖∂C/∂W‖
    saturated: float | None  # share of (neuron, example) pairs with next to no slope
    dead: float | None  # share of neurons for which that is so for every example
    update_ratio: float  # ‖W − W before‖ / ‖W‖


def sample_size(train_examples: int) -> int:
    """Return how many training examples to diagnose: few enough to cost next to nothing."""
    return min(train_examples, 1000, max(100, train_examples // 50))


def diagnose(network: Network, before: Array, x: Array, targets: Array) -> tuple[LayerDiagnostics, ...]:
    """Return the diagnostics of each layer; `before` are the parameters that `network` had an epoch ago.

    C is the mean cost of the examples `x`, (features, examples), with `targets`, (outputs, examples).
    """
    backpropagation = Backpropagation(network, x.shape[1])
    z = backpropagation(x, targets)
    functions = [network.activation.function] * (len(network.weights) - 1) + [network.output.activate]
    outputs = [*backpropagation.activations[:-1], network.output.activate(z)]
    return tuple(
        LayerDiagnostics(
            gradient_norm=_norm(gradient),
            **_shares(function, a),
            update_ratio=_norm(weights - old) / (_norm(weights) or np.nan),
        )
        for function, a, gradient, weights, old in zip(
            functions,
            outputs,
            backpropagation.weight_gradients,
            network.weights,
            views(before, network.architecture)[0],
            strict=True,
        )
    )


def _shares(function: Callable[..., Array], a: Array) -> dict[str, float | None]:
    """Return the shares of saturated pairs and of dead neurons, by the activations `a`."""
    slope = SLOPES.get(function)
    if slope is None:
        return {"saturated": None, "dead": None}
    flat = slope(a) < SATURATED * STEEPEST.get(function, 1)
    return {"saturated": float(flat.mean()), "dead": float(flat.all(axis=1).mean())}


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))
