"""The exponential moving average of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.optimisation.optimiser import UpdateRule

if TYPE_CHECKING:
    from nnlab.network import Array
    from nnlab.optimisation.part import Part

AVERAGE = "average of the parameters"  # its name among the arrays of an optimiser


def update_average(average: Array, parameters: Array, decay: float, step: int) -> None:
    """Let `average` ← d · `average` + (1 − d) · `parameters`, in place, in `step`, counted from 0.

    d is `decay`, but at first smaller, (1 + step) / (10 + step), so that the starting weights are soon
    forgotten (Polyak and Juditsky 1992; the first steps are those of TensorFlow's moving average).
    """
    d = min(decay, (1 + step) / (10 + step))
    change = np.subtract(parameters, average)
    change *= 1 - d
    average += change


@dataclass(frozen=True)
class Averaged:
    """An update rule after each of whose steps the average of the parameters follows."""

    optimiser: UpdateRule
    decay: float

    def scale(self, eta: float) -> float:
        """Return that of the optimiser."""
        return self.optimiser.scale(eta)

    def step(self, part: Part, eta: float, number: int) -> None:
        """Update `part` and then its average."""
        self.optimiser.step(part, eta, number)
        update_average(part.state[AVERAGE], part.parameters, self.decay, number)
