"""A part of the parameters of a network, which is updated at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.network import Array

if TYPE_CHECKING:
    from nnlab.network import Network


@dataclass(frozen=True)
class Part:
    """Some of the parameters, next to one another, with their gradient and what an optimiser keeps of them.

    The arrays are views.
    """

    parameters: Array  # (n,)
    weights: Array  # the weights among them, which come first; the others are biases
    gradient: Array  # (n,)
    state: Mapping[str, Array]  # (n,) each


def part_of(network: Network, gradient: Array, state: Mapping[str, Array], place: slice) -> Part:
    """Return the part of the parameters of `network` that is at a `place` of their vector."""
    return Part(
        network.parameters[place],
        network.all_weights[place],
        gradient[place],
        {name: array[place] for name, array in state.items()},
    )
