"""What every optimiser is able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from nnlab.network import Array

if TYPE_CHECKING:
    from nnlab.optimisation.part import Part

OptimiserState: TypeAlias = dict[str, Array]  # arrays by name, all of which a checkpoint stores


class UpdateRule(Protocol):
    """How the gradient changes the parameters. It is immutable; what changes is in the state of a part."""

    def scale(self, eta: float) -> float:
        """Return the factor by which the gradient of the mean cost is multiplied before `step`."""

    def step(self, part: Part, eta: float, number: int, /) -> None:
        """Update a part of the parameters and its state in place; the gradient, scaled, may be overwritten.

        `number` counts the steps of the training, from 0. Parts may be updated in several threads.
        """


class Optimiser(UpdateRule, Protocol):
    """An update rule that says which arrays it keeps."""

    def start(self, parameters: Array) -> OptimiserState:
        """Return the state before the first step: arrays like `parameters`."""
