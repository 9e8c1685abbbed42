"""What a training reports to its caller, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnlab.config import Experiment
from nnlab.errors import DivergedError
from nnlab.runs.environment import Environment
from nnlab.runs.run import Run
from nnlab.runs.summary import Summary
from nnlab.training import Epoch


@dataclass(frozen=True)
class TrainingStarted:
    """A training that has begun, or resumes after `epoch`; its first files are written."""

    run: Run
    experiment: Experiment
    environment: Environment
    train_examples: int
    epoch: int = 0
    is_resumed: bool = False


def _ignore(_: Any) -> None:  # noqa: ANN401 (callbacks get different arguments)
    pass


@dataclass(frozen=True)
class Callbacks:
    """Functions that a training calls, in its own thread. An exception from one ends it; no epoch is lost."""

    before_writing: Callable[[], None] = lambda: None  # from here on, ask to stop rather than raise
    on_begin: Callable[[TrainingStarted], None] = _ignore
    on_batch: Callable[[int], None] = _ignore  # called after each batch with its number of examples
    on_epoch: Callable[[Epoch], None] = _ignore  # called after each epoch, perhaps before it is written
    should_stop: Callable[[], bool] = lambda: False  # called after every batch and epoch


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training; `is_stopped` means that the caller asked it to stop."""

    run: Run
    experiment: Experiment
    summary: Summary
    is_stopped: bool = False
    loss_of_a_guess: float | None = None  # best val_loss without looking at the input; None: nothing to do

    @property
    def error(self) -> DivergedError | None:
        """The error with which the training ended, if it diverged."""
        summary = self.summary
        if summary.status != "diverged":
            return None
        kept = f"the weights of epoch {summary.best_epoch}" if summary.best_epoch else "the starting weights"
        return DivergedError(
            f"the loss or a weight is no longer finite in epoch {summary.epochs}; take a smaller eta; "
            f"{kept} are kept in {self.run}"
        )
