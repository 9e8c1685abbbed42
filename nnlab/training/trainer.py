"""The epoch loop: train, measure on the validation split, decide whether to go on."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from nnlab.network import (
    ACTIVATIONS,
    LOSS_OF_A_GUESS,
    OUTPUTS,
    Array,
    Network,
    initialise,
    number_of_parameters,
)
from nnlab.randomness import stream
from nnlab.training.diagnostics import LayerDiagnostics, diagnose, sample_size
from nnlab.training.early_stopping import EarlyStopping, History
from nnlab.training.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import DTypeLike, NDArray

    from nnlab.config import Experiment
    from nnlab.datasets import Split

StopReason: TypeAlias = Literal["patience", "epochs", "diverged", "interrupted"]


@dataclass
class TrainingState:
    """All that the next epoch depends on, beside the experiment and the data: what a checkpoint holds."""

    network: Network
    velocity: Array  # as `network.parameters`
    rng: np.random.Generator  # of the shuffles
    epoch: int = 0
    history: History = field(default_factory=History)

    @property
    def is_best(self) -> bool:
        """Whether its weights are the best so far; before the first epoch, those of the start are."""
        return self.epoch == (self.history.best_epoch or 0)

    def copy(self) -> TrainingState:
        """Return a copy that stays as it is when the training goes on."""
        network = replace(self.network, parameters=self.network.parameters.copy())
        return replace(self, network=network, velocity=self.velocity.copy(), rng=deepcopy(self.rng))


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch. A train loss is the running mean over the epoch's batches."""

    epoch: int
    train_loss: float
    train_accuracy: float | None  # None in a regression
    val_loss: float
    val_accuracy: float | None
    eta: float
    seconds: float
    improved: bool  # by more than min_delta
    is_best: bool  # truly best so far
    patience_left: int | None
    stop_reason: StopReason | None  # of the last epoch
    diagnostics: tuple[LayerDiagnostics, ...] = ()  # of each layer, if the experiment asks for them


def blank_network(experiment: Experiment) -> Network:
    """Return the experiment's network with all parameters zero."""
    return Network(
        architecture=tuple(experiment.architecture),
        activation=ACTIVATIONS[experiment.activation],
        output=OUTPUTS[experiment.output, experiment.loss],
        parameters=np.zeros(number_of_parameters(experiment.architecture), experiment.dtype),
    )


def blank_state(experiment: Experiment) -> TrainingState:
    """Return the state before the first epoch, but with all parameters zero."""
    network = blank_network(experiment)
    return TrainingState(network, np.zeros_like(network.parameters), stream(experiment.seed, "shuffle"))


def start(experiment: Experiment) -> TrainingState:
    """Return the state before the first epoch: its weights are given, or drawn by the experiment's seed."""
    state = blank_state(experiment)
    network = state.network
    rng = stream(experiment.seed, "initialisation")
    if experiment.start is None:
        initialise(network, experiment.initialisation, rng=rng)
    else:
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            weights[...] = experiment.start.weights[layer]
            biases[:, 0] = experiment.start.biases[layer]
    return state


def early_stopping(experiment: Experiment) -> EarlyStopping:
    """Return the experiment's patience rule."""
    return EarlyStopping(
        patience=experiment.patience,
        min_delta=experiment.min_delta,
        start_from_epoch=experiment.start_from_epoch,
        larger_is_better=experiment.monitor == "val_accuracy",
    )


def stop_reason(experiment: Experiment, state: TrainingState) -> StopReason | None:
    """Return why the training ends after the epoch that `state` is at, or None if it goes on."""
    left = early_stopping(experiment).patience_left(state.history)
    if left is not None and left <= 0:
        return "patience"
    return "epochs" if state.epoch >= experiment.epochs else None


def targets_of(labels: NDArray[Any], outputs: int, dtype: DTypeLike) -> Array:
    """Return what `outputs` neurons should say, (outputs, examples).

    A class is 1 at its own output and 0 at the others; with a single output, class 0 is 0 and class 1 is 1.
    The values of a regression stand for themselves.
    """
    if labels.dtype.kind == "f":
        return labels.T
    if outputs == 1:
        return labels[np.newaxis].astype(dtype)
    return np.eye(outputs, dtype=dtype)[:, labels]


def measure(network: Network, z: Array, labels: NDArray[Any]) -> tuple[float, float | None]:
    """Return the mean loss and the accuracy of output pre-activations `z`, (outputs, examples).

    A regression, whose `labels` are values, has no accuracy.
    """
    loss = float(network.output.loss(z, targets_of(labels, len(z), z.dtype)).mean(dtype=np.float64))
    if labels.dtype.kind == "f":
        return loss, None
    return loss, float((network.classes(z) == labels).mean())


def loss_of_a_guess(experiment: Experiment, labels: NDArray[Any]) -> float:
    """Return the mean loss that a network can have on `labels` without looking at its input."""
    return LOSS_OF_A_GUESS[experiment.loss](targets_of(labels, experiment.architecture[-1], np.float64))


def train(
    experiment: Experiment,
    state: TrainingState,
    training: Split,
    validation: Split,
    *,
    on_batch: Callable[[int], None] = lambda _: None,
) -> Iterator[Epoch]:
    """Train `state` in place and yield each epoch's figures, the last with a stop reason.

    `on_batch` is told the size of each batch that is done, and may end the training by an exception.
    After a diverged epoch `state.network` is unusable.
    """
    rule = early_stopping(experiment)
    sgd = SGD(
        batch_size=len(training.labels) if experiment.batch_size == "full" else experiment.batch_size,
        eta=experiment.eta,
        momentum=experiment.momentum,
        l2=experiment.l2,
    )
    targets = targets_of(training.labels, experiment.architecture[-1], experiment.dtype)
    targets = np.ascontiguousarray(targets.T)
    examined = sample_size(len(training.labels))
    reason = stop_reason(experiment, state)
    while reason is None:
        began = time.perf_counter()
        parameters = state.network.parameters.copy() if experiment.diagnostics else None
        order = state.rng.permutation(len(training.labels))
        # A run that diverges is told from its losses; the warnings on its way there add nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            z = sgd.epoch(state.network, state.velocity, training.inputs, targets, order, on_batch)
            train_loss, train_accuracy = measure(state.network, z, training.labels[order])
            z = state.network.pre_activations(validation.inputs)
            val_loss, val_accuracy = measure(state.network, z, validation.labels)
            diagnostics = (
                ()
                if parameters is None
                else diagnose(state.network, parameters, training.inputs[:examined].T, targets[:examined].T)
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
