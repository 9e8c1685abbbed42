"""Stochastic gradient descent in mini-batches, with momentum and L2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network import Backpropagation, number_of_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nnlab.network import Array, Network


@dataclass(frozen=True)
class SGD:
    """The update rule: v ← μ v + η (∇C + λ W), W ← W − v, lecture (8).

    C is the mean cost of a batch; λ leaves out the biases.
    """

    batch_size: int
    eta: float  # η
    momentum: float = 0.0  # μ
    l2: float = 0.0  # λ

    def epoch(
        self,
        network: Network,
        velocity: Array,
        inputs: Array,
        targets: Array,
        order: NDArray[np.intp],
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> Array:
        """Update `network` and `velocity`, in place, with every batch of `order`; the last one may be short.

        `inputs` are (examples, features), `targets` (examples, outputs), `velocity` is as the network's
        parameters. `on_batch` is told the size of each batch that is done.

        Returns z of the output layer, (outputs, examples): a column an example, in `order`, each as it was
        when its batch came up.
        """
        parameters, weights = network.parameters, slice(number_of_weights(network.architecture))
        z = np.empty((targets.shape[1], len(order)), parameters.dtype)
        whole = len(order) - len(order) % self.batch_size
        for size, starts in (
            (self.batch_size, range(0, whole, self.batch_size)),
            (len(order) - whole, range(whole, len(order), self.batch_size)),
        ):
            backpropagation = Backpropagation(network, size)
            step = backpropagation.gradient
            x = np.empty((size, inputs.shape[1]), parameters.dtype)
            y = np.empty((size, targets.shape[1]), parameters.dtype)
            for start in starts:
                batch = order[start : start + size]
                # mode="clip": with the default one, NumPy fills `out` by way of another copy.
                inputs.take(batch, axis=0, out=x, mode="clip")
                targets.take(batch, axis=0, out=y, mode="clip")
                z[:, start : start + size] = backpropagation(x.T, y.T, scale=self.eta)
                if self.momentum:
                    if self.l2:
                        step[weights] += (self.eta * self.l2) * parameters[weights]
                    velocity *= self.momentum
                    velocity += step
                    parameters -= velocity
                else:
                    if self.l2:
                        parameters[weights] *= 1 - self.eta * self.l2
                    parameters -= step
                on_batch(size)
        return z
