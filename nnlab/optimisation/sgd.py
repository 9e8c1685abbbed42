"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnlab.optimisation.penalties import NO_PENALTIES, Penalties

if TYPE_CHECKING:
    from nnlab.network import Array, Network
    from nnlab.optimisation import OptimiserState


@dataclass(frozen=True)
class SGD:
    """The update rule v ← μ v + η ∇C, W ← W − v, lecture (8), where C includes the penalties."""

    momentum: float = 0.0  # μ
    penalties: Penalties = NO_PENALTIES

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
            if self.penalties.l1:
                replace(self.penalties, l2=0.0).add_gradient(gradient, weights, eta)
            if self.penalties.l2:
                weights *= 1 - eta * self.penalties.l2
            parameters -= gradient
            return
        self.penalties.add_gradient(gradient, weights, eta)
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        parameters -= velocity
