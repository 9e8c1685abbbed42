"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnlab.optimisation.penalties import NO_PENALTIES, Penalties

if TYPE_CHECKING:
    from nnlab.network import Array
    from nnlab.optimisation import OptimiserState
    from nnlab.optimisation.part import Part


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

    def step(self, part: Part, eta: float, _number: int) -> None:
        """Update `part` in place by its gradient, which is η ∇C and may be overwritten."""
        parameters, gradient = part.parameters, part.gradient
        if not self.momentum:
            if self.penalties.l1:
                replace(self.penalties, l2=0.0).add_gradient(gradient, part.weights, eta)
            if self.penalties.l2:
                weights = part.weights
                weights *= 1 - eta * self.penalties.l2
            parameters -= gradient
            return
        self.penalties.add_gradient(gradient, part.weights, eta)
        velocity = part.state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        parameters -= velocity
