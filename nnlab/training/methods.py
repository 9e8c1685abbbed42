"""The methods of an experiment, ready for one epoch, which counts from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.augmentation import augment
from nnlab.datasets import MNIST_FAMILY
from nnlab.network import Array, Dropout, Scaling
from nnlab.optimisation import OPTIMISERS, Moment, Penalties
from nnlab.randomness import fast_bits, stream

if TYPE_CHECKING:
    import numpy as np

    from nnlab.config import Experiment
    from nnlab.optimisation import Falls, Optimiser
    from nnlab.training.batches import Change


def optimiser_of(experiment: Experiment, epoch: int = 0) -> Optimiser:
    """Return the optimiser of `experiment`, with its momentum in `epoch`."""
    ramp, momentum = experiment.momentum_ramp, experiment.momentum
    return OPTIMISERS[experiment.optimiser].make(
        experiment.optimiser_options,
        momentum if ramp is None else ramp.at(epoch, momentum),
        Penalties(experiment.l1, experiment.l2),
    )


def etas_of(experiment: Experiment, epoch: int, steps: int, falls: Falls) -> list[float]:
    """Return η in each of the `steps` of `epoch`."""
    now = Moment(epoch, experiment.epochs, steps, falls)
    return [experiment.eta * share for share in experiment.schedule_options.shares(now)]


def dropout_of(experiment: Experiment, epoch: int) -> Dropout | None:
    """Return the dropout of `experiment`; its masks depend on the seed and `epoch` alone."""
    rates = experiment.dropout_rates
    return Dropout(rates, fast_bits(experiment.seed, f"dropout {epoch}")) if rates else None


def scaling_of(experiment: Experiment) -> Scaling:
    """Return how pixels, from 0 to 1, are scaled."""
    if experiment.inputs == "symmetric":
        return Scaling(0.5, 0.5)
    if experiment.inputs == "standardised":
        dataset = MNIST_FAMILY[experiment.dataset]
        return Scaling(dataset.pixel_mean, dataset.pixel_deviation)
    return Scaling()


def augmentation_of(experiment: Experiment, epoch: int) -> Change | None:
    """Return how images change, and are scaled: chunk by chunk, by the seed, `epoch` and chunk alone."""
    settings = experiment.augmentation
    if settings is None:
        return None
    shape, scaling = MNIST_FAMILY[experiment.dataset].shape, scaling_of(experiment)

    def change(inputs: Array, chunk: int) -> Array:
        return scaling(augment(inputs, shape, settings, augmentation_stream(experiment, epoch, chunk)))

    return change


def augmentation_stream(experiment: Experiment, epoch: int, chunk: int) -> np.random.Generator:
    """Return the random numbers for a chunk of images in `epoch`."""
    return stream(experiment.seed, f"augmentation {epoch} {chunk}")


def smoothed(targets: Array, share: float) -> Array:
    """Return (1 − share) y + share / K for `targets` y of K classes, (outputs, examples).

    A single output distinguishes two classes. Szegedy et al. 2016.
    """
    return targets * (1 - share) + share / max(len(targets), 2) if share else targets
