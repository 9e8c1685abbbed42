"""The epoch loop: train, measure on the validation split, decide whether to go on."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nnlab.network import ACTIVATIONS, OUTPUTS, Array, Network, initialise, number_of_parameters
from nnlab.randomness import stream
from nnlab.training.early_stopping import EarlyStopping, History
from nnlab.training.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch. A train loss is the running mean over the epoch's batches."""

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    eta: float
    seconds: float
    improved: bool  # by more than min_delta
    is_best: bool  # truly best so far
    patience_left: int | None
    stop_reason: StopReason | None  # of the last epoch


def blank_network(experiment: Experiment) -> Network:
    """Return the experiment's network with all parameters zero."""
    return Network(
        architecture=tuple(experiment.architecture),
        activation=ACTIVATIONS[experiment.activation],
        output=OUTPUTS[experiment.output, experiment.loss],
        parameters=np.zeros(number_of_parameters(experiment.architecture), experiment.dtype),
    )


def start(experiment: Experiment) -> TrainingState:
    """Return the state before the first epoch, its weights drawn by the experiment's seed."""
    network = blank_network(experiment)
    hidden = len(experiment.architecture) - 2
    activations = [experiment.activation] * hidden + [experiment.output]
    rng = stream(experiment.seed, "initialisation")
    initialise(network, experiment.initialisation, activations, rng=rng)
    return TrainingState(network, np.zeros_like(network.parameters), stream(experiment.seed, "shuffle"))


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


def measure(network: Network, z: Array, labels: NDArray[np.intp]) -> tuple[float, float]:
    """Return the mean loss and the accuracy of output pre-activations `z`, (outputs, examples)."""
    targets = np.eye(len(z), dtype=z.dtype)[:, labels]
    loss = float(network.output.loss(z, targets).mean(dtype=np.float64))
    return loss, float((z.argmax(axis=0) == labels).mean())


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
    targets = np.eye(experiment.architecture[-1], dtype=experiment.dtype)[training.labels]
    reason = stop_reason(experiment, state)
    while reason is None:
        began = time.perf_counter()
        order = state.rng.permutation(len(training.labels))
        # A run that diverges is told from its losses; the warnings on its way there add nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            z = sgd.epoch(state.network, state.velocity, training.inputs, targets, order, on_batch)
            train_loss, train_accuracy = measure(state.network, z, training.labels[order])
            z = state.network.pre_activations(validation.inputs)
            val_loss, val_accuracy = measure(state.network, z, validation.labels)

        state.epoch += 1
        before = state.history
        if math.isfinite(train_loss) and math.isfinite(val_loss):
            value = val_accuracy if experiment.monitor == "val_accuracy" else val_loss
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
        )
