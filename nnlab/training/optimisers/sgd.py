"""Stochastic gradient descent with momentum and L2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.network import Array, Network
    from nnlab.training.optimisers import OptimiserState


@dataclass(frozen=True)
class SGD:
    """The update rule v ← μ v + η (∇C + λ W), W ← W − v, lecture (8). λ does not apply to biases."""

    momentum: float = 0.0  # μ
    l2: float = 0.0  # λ

    def scale(self, eta: float) -> float:
        """Return η: scaling the error that is sent back saves a pass over all parameters."""
        return eta

    def start(self, parameters: Array) -> OptimiserState:
        """Return the velocity v, which is zero before the first step."""
        return {"velocity": np.zeros_like(parameters)}

    def step(self, network: Network, gradient: Array, state: OptimiserState, eta: float) -> None:
        """Update `network` and `state` in place by `gradient`, which is η ∇C and may be overwritten."""
        parameters, weights = network.parameters, network.all_weights
        if not self.momentum:
            if self.l2:
                weights *= 1 - eta * self.l2
            parameters -= gradient
            return
        if self.l2:
            gradient[: len(weights)] += (eta * self.l2) * weights
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        parameters -= velocity
