"""Leaves inputs that are zero in every training example out of the matrix products.

Their weights get no gradient, but penalties and averages concern them all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnlab.datasets import Split

if TYPE_CHECKING:
    from nnlab.network import Array, Network

CHUNK = 1000  # examples that are looked at, or copied, together


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a network are while it trains on the inputs that are `used`.

    The weights of the `idle` inputs come first, then those of the first layer, and so on.
    """

    architecture: tuple[int, ...]  # of the network with the used inputs alone
    used: NDArray[np.intp]
    idle: NDArray[np.intp]

    def narrowed(self, parameters: Array) -> Array:
        """Return a copy of a vector of all `parameters`, or of arrays like them, in this layout."""
        first = self._first(parameters)
        return np.concatenate(
            [first[:, self.idle].ravel(), first[:, self.used].ravel(), parameters[first.size :]]
        )

    def widen(self, narrow: Array, parameters: Array) -> None:
        """Copy a vector that was `narrowed` back into `parameters`."""
        first = self._first(parameters)
        fan_out = len(first)
        idle, used, rest = np.split(narrow, [fan_out * len(self.idle), first.size])
        first[:, self.idle] = idle.reshape(fan_out, -1)
        first[:, self.used] = used.reshape(fan_out, -1)
        parameters[first.size :] = rest

    def split(self, split: Split) -> Split:
        """Return a copy of `split` with the used inputs alone."""
        examples = len(split.labels)
        stored = np.empty((examples, len(self.used)), split.stored.dtype)
        for chunk in _chunks(examples):
            _rows(split, chunk).take(self.used, axis=1, out=stored[chunk], mode="clip")
        return Split(stored, split.labels, dtype=split.dtype)

    def _first(self, parameters: Array) -> Array:
        features, fan_out = len(self.used) + len(self.idle), self.architecture[1]
        return parameters[: fan_out * features].reshape(fan_out, features)


def layout_of(network: Network, training: Split) -> Layout | None:
    """Return the layout without the pixels that are zero in every example; None if there are none."""
    if not training.are_pixels:
        return None
    is_used = np.zeros(training.stored.shape[1], bool)
    for chunk in _chunks(len(training.labels)):
        is_used |= _rows(training, chunk).any(axis=0)
    if is_used.all() or not is_used.any():
        return None
    architecture = (int(is_used.sum()), *network.architecture[1:])
    return Layout(architecture, np.flatnonzero(is_used), np.flatnonzero(~is_used))


def _chunks(examples: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, examples)) for start in range(0, examples, CHUNK)]


def _rows(split: Split, chunk: slice) -> NDArray[np.uint8]:
    """Return the pixels of some examples, as bytes."""
    rows: NDArray[np.uint8] = split.stored[chunk if split.rows is None else split.rows[chunk]]
    return rows
