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
    from nnlab.network import Array
    from nnlab.optimisation import OptimiserState
    from nnlab.optimisation.part import Part


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
        """Return m, and v without its constant factor, both zero before the first step."""
        return {"mean": np.zeros_like(parameters), "squares": np.zeros_like(parameters)}

    def step(self, part: Part, eta: float, number: int) -> None:
        """Update `part` in place by its gradient, which is (1 − β₁) ∇C and is overwritten."""
        parameters, gradient = part.parameters, part.gradient
        mean, squares = part.state["mean"], part.state["squares"]
        self.penalties.add_gradient(gradient, part.weights, 1 - self.beta1)
        mean *= self.beta1
        mean += gradient
        gradient *= gradient
        squares *= self.beta2
        squares += gradient
        # η m̂ / (√v̂ + ε), computed in the array of the gradient: √v̂ is factor · √squares.
        t = number + 1
        factor = math.sqrt((1 - self.beta2) / (1 - self.beta2**t)) / (1 - self.beta1)
        np.sqrt(squares, out=gradient)
        gradient += self.epsilon / factor
        np.divide(mean, gradient, out=gradient)
        gradient *= eta / (factor * (1 - self.beta1**t))
        parameters -= gradient
