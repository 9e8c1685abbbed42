"""Adam: steps of about the same size for every parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from nnlab.optimisation.penalties import NO_PENALTIES, Penalties
from nnlab.options import Options

if TYPE_CHECKING:
    from nnlab.network import Array, Network
    from nnlab.optimisation import OptimiserState


class AdamOptions(Options):
    """The options of Adam, with the defaults of the paper."""

    beta1: float = Field(0.9, ge=0, lt=1, description="β₁, how much of the mean of the gradient is kept")
    beta2: float = Field(0.999, ge=0, lt=1, description="β₂, how much of the mean of its square is kept")
    epsilon: float = Field(1e-8, gt=0, description="ε, which keeps the quotient finite")


@dataclass(frozen=True)
class Adam:
    """The update rule W ← W − η m̂ / (√v̂ + ε), where C includes the penalties (Kingma and Ba 2015).

    m ← β₁ m + (1 − β₁) ∇C and v ← β₂ v + (1 − β₂) (∇C)²; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) in step t.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    penalties: Penalties = NO_PENALTIES

    def scale(self, _eta: float) -> float:
        """Return 1 − β₁, the share of the gradient in its mean."""
        return 1 - self.beta1

    def start(self, parameters: Array) -> OptimiserState:
        """Return m, v without its constant factor, both zero before the first step, and the step t."""
        return {
            "mean": np.zeros_like(parameters),
            "squares": np.zeros_like(parameters),
            "steps": np.zeros(1),
        }

    def step(self, network: Network, gradient: Array, state: OptimiserState, eta: float) -> None:
        """Update `network` and `state` in place by `gradient`, which is (1 − β₁) ∇C and is overwritten."""
        self.penalties.add_gradient(gradient, network.all_weights, 1 - self.beta1)
        mean, squares = state["mean"], state["squares"]
        state["steps"] += 1
        steps = max(float(state["steps"][0]), 1.0)  # whatever a damaged checkpoint says
        mean *= self.beta1
        mean += gradient
        gradient *= gradient
        squares *= self.beta2
        squares += gradient
        # η m̂ / (√v̂ + ε), computed in the array of the gradient: √v̂ is factor · √squares.
        factor = math.sqrt((1 - self.beta2) / (1 - self.beta2**steps)) / (1 - self.beta1)
        np.sqrt(squares, out=gradient)
        gradient += self.epsilon / factor
        np.divide(mean, gradient, out=gradient)
        gradient *= eta / (factor * (1 - self.beta1**steps))
        parameters = network.parameters
        parameters -= gradient
