"""A part of the parameters of a network, which is updated at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.network import Array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.network import Network

# The arrays of a part this long stay in the cache from the first operation of an update to the last.
LENGTH = 1 << 15


@dataclass(frozen=True)
class Part:
    """Some of the parameters, next to one another, with their gradient and what an optimiser keeps of them.

    The arrays are views.
    """

    parameters: Array  # (n,)
    weights: Array  # the weights among them, which come first; the others are biases
    gradient: Array  # (n,)
    state: Mapping[str, Array]  # (n,) each


def parts_of(
    network: Network, gradient: Array, state: Mapping[str, Array], place: slice | None = None
) -> Iterator[Part]:
    """Yield the parameters of `network`, or those at a `place` of their vector, in parts."""
    place = place or slice(0, len(network.parameters))
    for start in range(place.start, place.stop, LENGTH):
        here = slice(start, min(start + LENGTH, place.stop))
        yield Part(
            network.parameters[here],
            network.all_weights[here],
            gradient[here],
            {name: array[here] for name, array in state.items()},
        )
