"""Stochastic gradient descent with Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.optimisation.penalties import NO_PENALTIES, Penalties

if TYPE_CHECKING:
    from nnlab.network import Array
    from nnlab.optimisation import OptimiserState
    from nnlab.optimisation.part import Part


@dataclass(frozen=True)
class Nesterov:
    """The update rule v ← μ (v + η ∇C), W ← W − (v + η ∇C), where C includes the penalties.

    The parameters are those at which the gradient is taken, one step v of momentum ahead (Sutskever et al.
    2013, in the form of Bengio et al. 2013).
    """

    momentum: float  # μ
    penalties: Penalties = NO_PENALTIES

    def scale(self, eta: float) -> float:
        """Return η: scaling the error that is sent back saves a pass over all parameters."""
        return eta

    def start(self, parameters: Array) -> OptimiserState:
        """Return the step v that the momentum would take, which is zero before the first step."""
        return {"velocity": np.zeros_like(parameters)}

    def step(self, part: Part, eta: float, _number: int) -> None:
        """Update `part` in place by its gradient, which is η ∇C and may be overwritten."""
        parameters, gradient, velocity = part.parameters, part.gradient, part.state["velocity"]
        self.penalties.add_gradient(gradient, part.weights, eta)
        velocity += gradient
        velocity *= self.momentum
        gradient += velocity
        parameters -= gradient
