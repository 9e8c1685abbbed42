"""The exponential moving average of the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.network import Array


def update_average(average: Array, parameters: Array, decay: float, step: int) -> None:
    """Let `average` ← d · `average` + (1 − d) · `parameters`, in place, in `step`, counted from 0.

    d is `decay`, but at first smaller, (1 + step) / (10 + step), so that the starting weights are soon
    forgotten (Polyak and Juditsky 1992; the first steps are those of TensorFlow's moving average).
    """
    d = min(decay, (1 + step) / (10 + step))
    change = np.subtract(parameters, average)
    change *= 1 - d
    average += change
