"""Optimisers: update rules for the parameters. A new one is one file here and an entry in `OPTIMISERS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from nnlab.training.optimisers.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.config import Experiment
    from nnlab.network import Array, Network

__all__ = ["OPTIMISERS", "SGD", "Optimiser", "OptimiserState", "optimiser_of"]

OptimiserState: TypeAlias = "dict[str, Array]"  # arrays by name, all of which a checkpoint stores


class Optimiser(Protocol):
    """An update rule. It is immutable; what changes during training is in the arrays of its state."""

    def scale(self, eta: float) -> float:
        """Return the factor by which the gradient of the mean cost is multiplied before `step`."""

    def start(self, parameters: Array) -> OptimiserState:
        """Return the state before the first step: arrays like `parameters`, or small ones."""

    def step(self, network: Network, gradient: Array, state: OptimiserState, eta: float) -> None:
        """Update the parameters of `network` and `state` in place; `gradient`, scaled, may be overwritten."""


OPTIMISERS: dict[str, Callable[[Experiment], Optimiser]] = {
    "sgd": lambda experiment: SGD(momentum=experiment.momentum, l2=experiment.l2),
}


def optimiser_of(experiment: Experiment) -> Optimiser:
    """Return the optimiser that trains `experiment`."""
    return OPTIMISERS["sgd"](experiment)
