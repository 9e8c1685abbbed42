"""The batches of an epoch: training examples in the order determined by the seed and the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnlab.datasets import Split
from nnlab.network import UNSCALED, Array, Scaling
from nnlab.training.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# How training images are changed before they reach the network: (inputs, number of the chunk) -> new inputs.
Change: TypeAlias = "Callable[[Array, int], Array]"

CHUNK = 2000  # examples that are changed together
GATHERED = 128  # examples that are gathered together, at least; they stay in the cache


@dataclass(frozen=True)
class BatchSource:
    """Yields batches of the inputs of `training`, `scaling` applied, and `targets` (outputs, examples).

    If inputs change, that includes their scaling.
    """

    training: Split
    targets: Array
    batch_size: int
    scaling: Scaling = UNSCALED

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
                batches = examples.reshape(-1, size)
                group = BatchGroup(
                    self.training, self.scaling, targets, batches, change, first_chunk, workers
                )
                first_chunk += len(group.chunks())
                yield group


@dataclass(frozen=True)
class BatchGroup:
    """Batches of equal size. `targets` are (outputs, examples of all batches), in order."""

    training: Split
    scaling: Scaling
    targets: Array
    batches: NDArray[np.intp]  # (batches, size): the examples in each
    change: Change | None = None
    first_chunk: int = 0  # the number of the first chunk, among those of the epoch
    workers: int = 0  # threads that change inputs; 0: none but the one that takes the batches

    @property
    def size(self) -> int:
        """The number of examples in each batch."""
        return len(self.batches[0])

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Yield x, (features, size), and the targets, (outputs, size), of each batch.

        An x may be overwritten as soon as the next one is asked for.
        """
        outputs = len(self.targets)
        # One column per sample within each batch, and the batches one after another.
        y = np.ascontiguousarray(self.targets.reshape(outputs, -1, self.size).swapaxes(0, 1))
        return zip(self._taken() if self.change is None else self._changed(self.change), y, strict=True)

    def _taken(self) -> Iterator[Array]:
        training, rows = self.training, self.batches
        if training.rows is not None:
            rows = training.rows[rows]
        features, unit = training.stored.shape[1], training.unit
        together = min(-(-GATHERED // self.size), len(rows))
        stored = np.empty((together * self.size, features), training.stored.dtype)
        x = np.empty(stored.shape, unit.dtype) if training.are_pixels else stored
        columns = [x[start : start + self.size].T for start in range(0, len(x), self.size)]
        for start in range(0, len(rows), together):
            batches = rows[start : start + together]
            part = slice(batches.size)
            # mode="clip" saves a copy: with the default mode, NumPy buffers `out`.
            training.stored.take(batches.ravel(), axis=0, out=stored[part], mode="clip")
            if training.are_pixels:
                np.multiply(stored[part], unit, out=x[part])
            self.scaling.apply(x[part])
            yield from columns[: len(batches)]

    def _changed(self, change: Change) -> Iterator[Array]:
        def changed(batches: NDArray[np.intp], number: int) -> Array:
            return change(self.training.take(batches.ravel()), number)

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
