"""Optimisation: how gradients change the parameters, and how η and the momentum change with time.

A new optimiser is one file and an entry in `OPTIMISERS`, a new schedule one entry in `SCHEDULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from nnlab.optimisation.adam import Adam, AdamOptions
from nnlab.optimisation.max_norm import limit_norms
from nnlab.optimisation.momentum import MomentumRamp
from nnlab.optimisation.nesterov import Nesterov
from nnlab.optimisation.optimiser import Optimiser, OptimiserState, UpdateRule
from nnlab.optimisation.part import Part, part_of
from nnlab.optimisation.penalties import Penalties
from nnlab.optimisation.schedules import NO_FALLS, SCHEDULES, Falls, Moment, Schedule
from nnlab.optimisation.sgd import SGD
from nnlab.optimisation.weight_average import AVERAGE, Averaged, update_average
from nnlab.options import Options

__all__ = [
    "AVERAGE",
    "NO_FALLS",
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "Averaged",
    "Falls",
    "Moment",
    "MomentumRamp",
    "Nesterov",
    "Optimiser",
    "OptimiserInfo",
    "OptimiserState",
    "Part",
    "Penalties",
    "Schedule",
    "UpdateRule",
    "limit_norms",
    "part_of",
    "update_average",
]


@dataclass(frozen=True)
class OptimiserInfo:
    """What is known about an optimiser: its options, its need of a momentum μ, and how to make it."""

    make: Callable[[Any, float, Penalties], Optimiser]  # (options, μ, penalties) -> the optimiser
    options: type[Options] = Options  # none
    momentum: Literal["possible", "needed", "unused"] = "possible"


# The optimisers, by their names in a config.
OPTIMISERS: dict[str, OptimiserInfo] = {
    "sgd": OptimiserInfo(lambda _, momentum, penalties: SGD(momentum, penalties)),
    "nesterov": OptimiserInfo(
        lambda _, momentum, penalties: Nesterov(momentum, penalties), momentum="needed"
    ),
    "adam": OptimiserInfo(
        lambda options, _, penalties: Adam(options.beta1, options.beta2, options.epsilon, penalties),
        options=AdamOptions,
        momentum="unused",
    ),
}
