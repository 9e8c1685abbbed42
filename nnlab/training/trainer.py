"""The loop over epochs: train, measure on the validation split, decide whether to stop."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nnlab.network import Backpropagation
from nnlab.training.batches import BatchSource
from nnlab.training.diagnostics import LayerDiagnostics, diagnose, sample_size
from nnlab.training.early_stopping import EarlyStopping
from nnlab.training.measures import measure, targets_of
from nnlab.training.optimisers import optimiser_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from nnlab.config import Experiment
    from nnlab.datasets import Split
    from nnlab.network import Array, Network
    from nnlab.training.optimisers import Optimiser, OptimiserState
    from nnlab.training.state import TrainingState

StopReason: TypeAlias = Literal["patience", "epochs", "diverged", "interrupted"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch. `train_loss` is the running mean over the batches of the epoch."""

    epoch: int
    train_loss: float
    train_accuracy: float | None  # None in a regression
    val_loss: float
    val_accuracy: float | None
    eta: float
    seconds: float
    improved: bool  # by more than min_delta
    is_best: bool  # the best so far, regardless of min_delta
    patience_left: int | None
    stop_reason: StopReason | None  # of the last epoch
    diagnostics: tuple[LayerDiagnostics, ...] = ()  # of each layer, if the experiment asks for them


def early_stopping(experiment: Experiment) -> EarlyStopping:
    """Return the early-stopping rule of `experiment`."""
    return EarlyStopping(
        patience=experiment.patience,
        min_delta=experiment.min_delta,
        start_from_epoch=experiment.start_from_epoch,
        larger_is_better=experiment.monitor == "val_accuracy",
    )


def stop_reason(experiment: Experiment, state: TrainingState) -> StopReason | None:
    """Return why training stops at the epoch of `state`, or None if it continues."""
    left = early_stopping(experiment).patience_left(state.history)
    if left is not None and left <= 0:
        return "patience"
    return "epochs" if state.epoch >= experiment.epochs else None


def train(
    experiment: Experiment,
    state: TrainingState,
    training: Split,
    validation: Split,
    *,
    on_batch: Callable[[int], None] = lambda _: None,
) -> Iterator[Epoch]:
    """Train `state` in place and yield each epoch's figures, the last with a stop reason.

    `on_batch` is called with the size of each finished batch, and may end the training with an exception.
    After a diverged epoch `state.network` is unusable.
    """
    rule, optimiser = early_stopping(experiment), optimiser_of(experiment)
    outputs, examples = experiment.architecture[-1], len(training.labels)
    targets = targets_of(training.labels, outputs, experiment.dtype)
    val_targets = targets_of(validation.labels, outputs, experiment.dtype)
    batch_size = examples if experiment.batch_size == "full" else experiment.batch_size
    source = BatchSource(training.inputs, targets, batch_size)
    sample = slice(sample_size(examples))
    reason = stop_reason(experiment, state)
    while reason is None:
        began = time.perf_counter()
        parameters = state.network.parameters.copy() if experiment.diagnostics else None
        order = state.rng.permutation(examples)
        # Divergence is detected by the losses; warnings on the way would add nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            z, shuffled_targets = train_epoch(
                state.network,
                optimiser,
                state.optimiser,
                source,
                order,
                eta=experiment.eta,
                on_batch=on_batch,
            )
            train_loss, train_accuracy = measure(state.network, z, shuffled_targets, training.labels[order])
            z = state.network.pre_activations(validation.inputs)
            val_loss, val_accuracy = measure(state.network, z, val_targets, validation.labels)
            diagnostics = (
                ()
                if parameters is None
                else diagnose(state.network, parameters, training.inputs[sample].T, targets[:, sample])
            )

        state.epoch += 1
        before = state.history
        if math.isfinite(train_loss) and math.isfinite(val_loss) and state.network.is_finite:
            value = val_loss if experiment.monitor == "val_loss" or val_accuracy is None else val_accuracy
            state.history = rule.observe(before, state.epoch, value)
            reason = stop_reason(experiment, state)
        else:
            reason = "diverged"
        yield Epoch(
            epoch=state.epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            eta=experiment.eta,
            seconds=time.perf_counter() - began,
            improved=state.history.to_beat != before.to_beat,
            is_best=reason != "diverged" and state.is_best,
            patience_left=rule.patience_left(state.history),
            stop_reason=reason,
            diagnostics=diagnostics,
        )


def train_epoch(
    network: Network,
    optimiser: Optimiser,
    state: OptimiserState,
    source: BatchSource,
    order: NDArray[np.intp],
    *,
    eta: float,
    on_batch: Callable[[int], None] = lambda _: None,
) -> tuple[Array, Array]:
    """Update `network` and the optimiser's `state`, in place, with every batch of `source`, in `order`.

    Returns z of the output layer and the targets, (outputs, examples), one column per example, in `order`.
    The z of an example is the one before the update with its batch.
    """
    outputs, step = len(source.targets), optimiser.step
    logits, targets = [], []
    for group in source.groups(order):
        size = group.size
        backpropagation = Backpropagation(network, size, scale=optimiser.scale(eta))
        gradient = backpropagation.gradient
        z = np.empty((len(group.batches), outputs, size), network.parameters.dtype)
        for (x, y_batch), z_batch in zip(group, z, strict=True):
            backpropagation(x, y_batch, z_batch)
            step(network, gradient, state, eta)
            on_batch(size)
        logits.append(z.swapaxes(0, 1).reshape(outputs, -1))
        targets.append(group.targets)
    return _joined(logits), _joined(targets)


def _joined(parts: list[Array]) -> Array:
    """Return the columns of all `parts`. A single part is not copied, which would slow down toys."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
