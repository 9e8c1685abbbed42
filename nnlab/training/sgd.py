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
        parameters = network.parameters
        weights = parameters[: number_of_weights(network.architecture)]
        z = np.empty((targets.shape[1], len(order)), parameters.dtype)
        whole = len(order) - len(order) % self.batch_size
        for part in slice(whole), slice(whole, None):
            size = min(self.batch_size, len(order[part]))
            if not size:
                continue
            batches = order[part].reshape(-1, size)
            # A column a sample within each batch, and the batches one after another.
            y = np.ascontiguousarray(targets[batches].swapaxes(1, 2))
            logits = np.empty_like(y)
            x = np.empty((size, inputs.shape[1]), parameters.dtype)
            backpropagation = Backpropagation(network, size, scale=self.eta)
            step = backpropagation.gradient
            for batch, y_batch, z_batch in zip(batches, y, logits, strict=True):
                # mode="clip": with the default one, NumPy fills `out` by way of another copy.
                inputs.take(batch, axis=0, out=x, mode="clip")
                backpropagation(x.T, y_batch, z_batch)
                if self.momentum:
                    if self.l2:
                        step[: len(weights)] += (self.eta * self.l2) * weights
                    velocity *= self.momentum
                    velocity += step
                    parameters -= velocity
                else:
                    if self.l2:
                        weights *= 1 - self.eta * self.l2
                    parameters -= step
                on_batch(size)
            z[:, part] = logits.swapaxes(0, 1).reshape(len(z), -1)
        return z
