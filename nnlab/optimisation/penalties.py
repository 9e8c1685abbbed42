"""Penalties on large weights, which are added to the cost. Biases are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.network import Array


@dataclass(frozen=True)
class Penalties:
    """The terms λ₁ ‖W‖₁ + λ₂/2 ‖W‖² of the cost, Nielsen chapter 3."""

    l1: float = 0.0  # λ₁
    l2: float = 0.0  # λ₂

    def add_gradient(self, gradient: Array, weights: Array, scale: float) -> None:
        """Add `scale` · (λ₁ sgn W + λ₂ W) to the first part of `gradient`, in place; sgn 0 = 0."""
        part = gradient[: len(weights)]
        if self.l2:
            part += (scale * self.l2) * weights
        if self.l1:
            part += (scale * self.l1) * np.sign(weights)


NO_PENALTIES = Penalties()
