"""The loop over epochs: train, measure on the validation split, decide whether to stop."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nnlab.network import UNSCALED, Backpropagation, one_by_one
from nnlab.optimisation import AVERAGE, Averaged, limit_norms, part_of, update_average
from nnlab.training.batches import BatchGroup, BatchSource
from nnlab.training.diagnostics import LayerDiagnostics, diagnose, sample_size
from nnlab.training.early_stopping import EarlyStopping
from nnlab.training.idle_inputs import layout_of
from nnlab.training.measures import measure, pre_activations, targets_of
from nnlab.training.methods import (
    augmentation_of,
    dropout_of,
    etas_of,
    optimiser_of,
    smoothed,
)
from nnlab.training.threads import number_of_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from nnlab.config import Experiment
    from nnlab.datasets import Split
    from nnlab.network import Array, Dropout, Network, Share
    from nnlab.optimisation import OptimiserState, UpdateRule
    from nnlab.training.state import TrainingState

StopReason: TypeAlias = Literal["patience", "epochs", "plateau", "diverged", "interrupted"]


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
        larger_is_better=experiment.monitor != "val_loss",
    )


def stop_reason(experiment: Experiment, state: TrainingState) -> StopReason | None:
    """Return why training stops at the epoch of `state`, or None if it continues."""
    left = early_stopping(experiment).patience_left(state.history)
    if left is not None and left <= 0:
        return "patience"
    if experiment.schedule_options.has_ended(state.falls):
        return "plateau"
    return "epochs" if state.epoch >= experiment.epochs else None


def train(
    experiment: Experiment,
    state: TrainingState,
    training: Split,
    validation: Split,
    *,
    on_batch: Callable[[int], None] = lambda _: None,
    workers: int | None = None,
    share: Share = one_by_one,
) -> Iterator[Epoch]:
    """Train `state` in place and yield each epoch's figures, the last with a stop reason.

    The work of large steps is done by `share`. Images are augmented by `workers` further threads, by default
    one if there are several cores. Neither changes the result.

    The arrays of `state` are those of the last epoch until the next one ends. `on_batch` is called with the
    size of each finished batch, and may end the training with an exception.
    After a diverged epoch `state.network` is unusable.
    """
    rule, network = early_stopping(experiment), state.network
    examples = len(training.labels)
    val_targets = targets_of(validation.labels, experiment.architecture[-1], experiment.dtype)
    workers = number_of_workers(experiment) if workers is None else workers
    shared = _Training(experiment, network, training, on_batch=on_batch, workers=workers, share=share)
    sample = slice(sample_size(examples))
    reason = stop_reason(experiment, state)
    while reason is None:
        began = time.perf_counter()
        before_epoch = network.parameters.copy() if experiment.diagnostics else None
        etas = etas_of(experiment, state.epoch, shared.steps, state.falls)
        # Divergence is detected by the losses; warnings on the way would add nothing.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            train_loss, train_accuracy = shared.epoch(state, etas)
            z = pre_activations(state.validated, validation, share)
            val_loss, val_accuracy = measure(network, z, val_targets, validation.labels)
            diagnostics = (
                ()
                if before_epoch is None
                else diagnose(
                    network,
                    before_epoch,
                    network.scaling(training.take(sample)).T,
                    shared.targets[:, sample],
                )
            )

        state.epoch += 1
        before = state.history
        if math.isfinite(train_loss) and math.isfinite(val_loss) and network.is_finite:
            figure = val_loss if experiment.monitor == "val_loss" or val_accuracy is None else val_accuracy
            value = state.epoch if experiment.monitor == "epoch" else figure
            state.history = rule.observe(before, state.epoch, value)
            improved = state.history.to_beat != before.to_beat
            state.falls = experiment.schedule_options.observe(state.falls, improved=improved)
            reason = stop_reason(experiment, state)
        else:
            improved, reason = False, "diverged"
        yield Epoch(
            epoch=state.epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            eta=etas[-1],
            seconds=time.perf_counter() - began,
            improved=improved,
            is_best=reason != "diverged" and state.is_best,
            patience_left=rule.patience_left(state.history),
            stop_reason=reason,
            diagnostics=diagnostics,
        )


class _Training:
    """What all epochs of a training have in common."""

    def __init__(
        self,
        experiment: Experiment,
        network: Network,
        training: Split,
        *,
        on_batch: Callable[[int], None],
        workers: int,
        share: Share,
    ) -> None:
        """Prepare the targets and the source of the batches."""
        self.experiment, self.labels = experiment, training.labels
        self.on_batch, self.workers, self.share = on_batch, workers, share
        examples = len(training.labels)
        batch_size = examples if experiment.batch_size == "full" else experiment.batch_size
        self.steps = -(-examples // batch_size)  # in an epoch
        self.targets = targets_of(training.labels, experiment.architecture[-1], experiment.dtype)
        self.layout = layout_of(network, training)
        self.source = BatchSource(
            training,
            smoothed(self.targets, experiment.label_smoothing),
            batch_size,
            UNSCALED if experiment.augmentation is not None else network.scaling,
        )

    def epoch(self, state: TrainingState, etas: Sequence[float]) -> tuple[float, float | None]:
        """Train `state` for an epoch, with the η of each step; return the mean loss and the accuracy."""
        experiment, layout, first_step = self.experiment, self.layout, state.epoch * self.steps
        inner = state if layout is None else state.mapped(layout.narrowed, layout.architecture)
        network, average, decay = inner.network, inner.average, experiment.weight_average
        optimiser: UpdateRule = optimiser_of(experiment, state.epoch)
        bounds, arrays = experiment.norm_bounds, inner.optimiser
        if average is not None and not bounds:
            optimiser, arrays = Averaged(optimiser, decay), arrays | {AVERAGE: average}

        def on_step(number: int, size: int) -> None:
            if bounds:
                limit_norms(network, bounds)
                if average is not None:  # the average is that of the bounded weights
                    update_average(average, network.parameters, decay, number)
            self.on_batch(size)

        order = state.rng.permutation(len(self.labels))
        change = augmentation_of(experiment, state.epoch)
        z, targets = train_epoch(
            network,
            optimiser,
            arrays,
            self.source.groups(order, change, workers=self.workers),
            enumerate(etas, first_step),
            dropout=dropout_of(experiment, state.epoch),
            on_step=on_step,
            share=self.share,
        )
        if layout is not None:
            for narrow, wide in zip(inner.arrays, state.arrays, strict=True):
                layout.widen(narrow, wide)
        if experiment.label_smoothing:  # the loss is that of the labels, as for validation
            targets = self.targets.take(order, axis=1)
        return measure(network, z, targets, self.labels[order])


def train_epoch(
    network: Network,
    optimiser: UpdateRule,
    state: OptimiserState,
    groups: Iterable[BatchGroup],
    steps: Iterable[tuple[int, float]],
    *,
    dropout: Dropout | None = None,
    on_step: Callable[[int, int], None] = lambda _number, _size: None,
    share: Share = one_by_one,
) -> tuple[Array, Array]:
    """Update `network` and the optimiser's `state`, in place, with every batch of `groups`.

    `steps` are the number of each step and its η; there have to be enough. `on_step` is called after each
    with its number and the size of its batch. Returns z of the output layer and the targets, (outputs,
    examples), one column per example, in the order of the batches. The z of an example is the one before the
    update with its batch.
    """
    outputs, next_step = network.architecture[-1], iter(steps).__next__
    logits, targets = [], []
    for group in groups:
        size = group.size
        backpropagation = Backpropagation(network, size, share=share)
        update = _Update(optimiser, backpropagation, state)
        masks = None
        if dropout is not None:
            masks = dropout.masks(network.architecture[:-1], size, network.parameters.dtype)
        z = np.empty((len(group.batches), outputs, size), network.parameters.dtype)
        for (x, y_batch), z_batch in zip(group, z, strict=True):
            update.number, eta = next_step()
            if eta != update.eta:
                update.eta = eta
                backpropagation.scale_by(optimiser.scale(eta))
            if masks is not None:
                masks.draw()
            backpropagation(x, y_batch, z_batch, masks, update)
            on_step(update.number, size)
        logits.append(z.swapaxes(0, 1).reshape(outputs, -1))
        targets.append(group.targets)
    return _joined(logits), _joined(targets)


class _Update:
    """The update of a step, for each part of the gradient when it is known."""

    def __init__(
        self, optimiser: UpdateRule, backpropagation: Backpropagation, state: OptimiserState
    ) -> None:
        """Prepare the parts."""
        network, gradient = backpropagation.network, backpropagation.gradient
        self.step = optimiser.step
        self.parts = [part_of(network, gradient, state, place) for place in backpropagation.parts]
        self.eta, self.number = math.nan, 0

    def __call__(self, part: int) -> None:
        self.step(self.parts[part], self.eta, self.number)


def _joined(parts: list[Array]) -> Array:
    """Return the columns of all `parts`. A single part is not copied, which would slow down toys."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
