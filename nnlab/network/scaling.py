"""How inputs are scaled before they reach the first layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlab.network.activations import Array


@dataclass(frozen=True)
class Scaling:
    """Scales inputs to (x − mean) / deviation; by default they stay as they are."""

    mean: float = 0.0
    deviation: float = 1.0

    def __call__(self, inputs: Array) -> Array:
        """Return the scaled `inputs`, of any shape; the same array if nothing changes."""
        return inputs if self == UNSCALED else self.apply(inputs.copy())

    def apply(self, inputs: Array) -> Array:
        """Scale the `inputs` in place, and return them."""
        if self != UNSCALED:
            inputs -= self.mean
            inputs /= self.deviation
        return inputs


UNSCALED = Scaling()
