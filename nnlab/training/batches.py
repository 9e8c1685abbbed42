"""The batches of an epoch: training examples in the order determined by the seed and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnlab.network import Array

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class BatchSource:
    """Yields batches of `inputs` (examples, features) and `targets` (outputs, examples)."""

    inputs: Array
    targets: Array
    batch_size: int

    def groups(self, order: NDArray[np.intp]) -> Iterator[BatchGroup]:
        """Yield the batches of an epoch in groups of equal size: all full ones, then a smaller last one."""
        whole = len(order) - len(order) % self.batch_size
        for examples in order[:whole], order[whole:]:
            if len(examples):
                size = min(self.batch_size, len(examples))
                yield BatchGroup(self.inputs, self.targets.take(examples, axis=1), examples.reshape(-1, size))


@dataclass(frozen=True)
class BatchGroup:
    """Batches of equal size. `targets` are (outputs, examples of all batches), in order."""

    inputs: Array
    targets: Array
    batches: NDArray[np.intp]  # (batches, size): the rows of `inputs` in each

    @property
    def size(self) -> int:
        """The number of examples in each batch."""
        return len(self.batches[0])

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Yield x, (features, size), and the targets, (outputs, size), of each batch.

        Every x is the same array with new content.
        """
        outputs = len(self.targets)
        # One column per sample within each batch, and the batches one after another.
        y = np.ascontiguousarray(self.targets.reshape(outputs, -1, self.size).swapaxes(0, 1))
        x = np.empty((self.size, self.inputs.shape[1]), self.inputs.dtype)
        columns = x.T
        for batch, y_batch in zip(self.batches, y, strict=True):
            # mode="clip" saves a copy: with the default mode, NumPy buffers `out`.
            self.inputs.take(batch, axis=0, out=x, mode="clip")
            yield columns, y_batch
