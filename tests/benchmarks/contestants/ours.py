"""nnlab itself: the generator that `nnlab train` runs, including the figures of each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from nnlab.config import Experiment
from nnlab.datasets import MAX_PIXEL, Split
from nnlab.training import Team, start, train
from nnlab.training.idle_inputs import without_idle_inputs

if TYPE_CHECKING:
    from tests.benchmarks.workloads import Workload

PACKAGES = ("nnlab", "numpy")


def experiment_of(workload: Workload) -> Experiment:
    """Return the workload as an experiment that never stops."""
    return Experiment(
        name=workload.name,
        dataset="mnist",
        architecture=workload.architecture,
        activation=workload.activation,
        output=workload.output,
        loss=workload.loss,
        eta=workload.eta,
        batch_size=workload.batch_size,
        epochs=1_000_000,
        patience=None,
        seed=0,
    )


def prepare(workload, inputs, labels, parameters, threads):
    """See `contestants`."""
    threadpool_limits(1, user_api="blas")
    experiment = experiment_of(workload)
    state = start(experiment)
    network = state.network
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        weights[...], biases[:, 0] = parameters[2 * layer], parameters[2 * layer + 1]
    # The pixels as nnlab keeps them: as bytes.
    pixels = np.rint(inputs * MAX_PIXEL).astype(np.uint8)
    # An epoch of nnlab measures the validation split too, which the others have none of: one example.
    training = without_idle_inputs(experiment, Split(pixels, labels))
    validation = Split(pixels[:1], labels[:1])
    epochs = train(experiment, state, training, validation, share=Team(threads).share)

    def epoch(seed):
        state.rng = np.random.default_rng(seed)
        next(epochs)

    def weights():
        pairs = zip(network.weights, network.biases, strict=True)
        return [array for weights, biases in pairs for array in (weights, biases[:, 0])]

    return epoch, weights
