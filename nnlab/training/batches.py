"""The batches of an epoch: training examples in the order determined by the seed and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnlab.network import Array
from nnlab.training.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# How training images are changed before they reach the network: (inputs, number of the chunk) -> new inputs.
Change: TypeAlias = "Callable[[Array, int], Array]"

CHUNK = 2000  # examples that are changed together


@dataclass(frozen=True)
class BatchSource:
    """Yields batches of `inputs` (examples, features) and `targets` (outputs, examples)."""

    inputs: Array
    targets: Array
    batch_size: int

    def groups(
        self, order: NDArray[np.intp], change: Change | None = None, *, workers: int = 0
    ) -> Iterator[BatchGroup]:
        """Yield the batches of an epoch in groups of equal size: all full ones, then a smaller last one.

        Inputs may `change`, chunk by chunk, while earlier batches are used if there are `workers`; the result
        does not depend on their number.
        """
        whole = len(order) - len(order) % self.batch_size
        first_chunk = 0
        for examples in order[:whole], order[whole:]:
            if len(examples):
                size = min(self.batch_size, len(examples))
                targets = self.targets.take(examples, axis=1)
                group = BatchGroup(
                    self.inputs, targets, examples.reshape(-1, size), change, first_chunk, workers
                )
                first_chunk += len(group.chunks())
                yield group


@dataclass(frozen=True)
class BatchGroup:
    """Batches of equal size. `targets` are (outputs, examples of all batches), in order."""

    inputs: Array
    targets: Array
    batches: NDArray[np.intp]  # (batches, size): the rows of `inputs` in each
    change: Change | None = None
    first_chunk: int = 0  # the number of the first chunk, among those of the epoch
    workers: int = 0  # threads that change inputs; 0: none but the one that takes the batches

    @property
    def size(self) -> int:
        """The number of examples in each batch."""
        return len(self.batches[0])

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Yield x, (features, size), and the targets, (outputs, size), of each batch.

        Every x may be the same array with new content.
        """
        outputs = len(self.targets)
        # One column per sample within each batch, and the batches one after another.
        y = np.ascontiguousarray(self.targets.reshape(outputs, -1, self.size).swapaxes(0, 1))
        return zip(self._taken() if self.change is None else self._changed(self.change), y, strict=True)

    def _taken(self) -> Iterator[Array]:
        x = np.empty((self.size, self.inputs.shape[1]), self.inputs.dtype)
        columns = x.T
        for batch in self.batches:
            # mode="clip" saves a copy: with the default mode, NumPy buffers `out`.
            self.inputs.take(batch, axis=0, out=x, mode="clip")
            yield columns

    def _changed(self, change: Change) -> Iterator[Array]:
        def changed(batches: NDArray[np.intp], number: int) -> Array:
            return change(self.inputs[batches.ravel()], number)

        tasks = [
            partial(changed, batches, number)
            for number, batches in enumerate(self.chunks(), self.first_chunk)
        ]
        for inputs in ahead(tasks, workers=self.workers):
            for start in range(0, len(inputs), self.size):
                yield inputs[start : start + self.size].T

    def chunks(self) -> Sequence[NDArray[np.intp]]:
        """Return the batches in chunks of about `CHUNK` examples."""
        batches = max(1, CHUNK // self.size)
        return [self.batches[start : start + batches] for start in range(0, len(self.batches), batches)]
