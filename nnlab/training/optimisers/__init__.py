"""Optimisers: how a gradient becomes a step. A new one is one file here and one entry in `OPTIMISERS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from nnlab.training.optimisers.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.config import Experiment
    from nnlab.network import Array, Network

__all__ = ["OPTIMISERS", "SGD", "Optimiser", "OptimiserState", "optimiser_of"]

OptimiserState: TypeAlias = "dict[str, Array]"  # by name; a checkpoint stores whatever arrays there are


class Optimiser(Protocol):
    """An update rule. It holds what does not change; what does is in the arrays of its state."""

    def scale(self, eta: float) -> float:
        """Return the factor by which `step` wants the gradient of the mean cost multiplied."""

    def start(self, parameters: Array) -> OptimiserState:
        """Return the state before the first step: arrays as `parameters`, or small ones."""

    def step(self, network: Network, gradient: Array, state: OptimiserState, eta: float) -> None:
        """Update the parameters of `network` and `state` in place; `gradient`, scaled, may be overwritten."""


OPTIMISERS: dict[str, Callable[[Experiment], Optimiser]] = {
    "sgd": lambda experiment: SGD(momentum=experiment.momentum, l2=experiment.l2),
}


def optimiser_of(experiment: Experiment) -> Optimiser:
    """Return the optimiser that trains `experiment`."""
    return OPTIMISERS["sgd"](experiment)
