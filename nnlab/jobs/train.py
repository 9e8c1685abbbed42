"""Training an experiment into a new run folder."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

from nnlab.datasets import DEFAULT_SOURCE, digests
from nnlab.errors import NnlabError, RunError
from nnlab.jobs.callbacks import Callbacks, TrainingResult, TrainingStarted
from nnlab.runs.environment import describe
from nnlab.runs.lock import locked
from nnlab.runs.run import create, create_as, removed_on_failure
from nnlab.runs.writer import RunWriter
from nnlab.training import (
    checked_threads,
    computing_with,
    load_to_train,
    loss_of_a_guess,
    number_of_threads,
    start,
)
from nnlab.training import train as train_epochs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnlab.config import Experiment
    from nnlab.datasets import Source, Split
    from nnlab.runs.run import Run
    from nnlab.training import Epoch, Team, TrainingState


class _StopRequestedError(Exception):
    """Raised when the caller wants the training to stop."""


def train_experiment(
    experiment: Experiment,
    *,
    runs: Path,
    folder: str | None = None,
    source: Source = DEFAULT_SOURCE,
    threads: int | None = None,
    command: Sequence[str] = (),
    callbacks: Callbacks = Callbacks(),  # noqa: B008 (it is frozen)
) -> TrainingResult:
    """Train `experiment` into a new run folder in `runs`, called `folder` or else NAME-001, NAME-002, ….

    `threads` is the number of threads that share large steps, by default chosen by the size of a step; the
    weights do not depend on it. `command` is recorded as the command that made the run. Raises
    `DatasetError`, `UsageError` for an impossible number of threads, and `NnlabError` if the file system
    refuses.
    """
    threads = checked_threads(threads)
    training, validation = load_to_train(experiment, source)
    state = start(experiment)
    examples = len(training.labels)
    threads = threads or number_of_threads(experiment, examples)
    with computing_with(threads) as team, ExitStack() as stack:
        environment = describe(threads=threads, digests=digests(experiment.dataset), command=command)
        callbacks.before_writing()
        run = create(runs, experiment.name) if folder is None else _create_as(runs / folder)
        with removed_on_failure(run):
            stack.enter_context(locked(run))
            writer = RunWriter.create(run, experiment, state, environment, examples)
            callbacks.on_begin(TrainingStarted(run, experiment, environment, examples))
        return continue_training(writer, state, training, validation, callbacks, team)


def _create_as(folder: Path) -> Run:
    if run := create_as(folder):
        return run
    raise RunError(f"{folder} exists; resume it, or move it away")


def continue_training(
    writer: RunWriter,
    state: TrainingState,
    training: Split,
    validation: Split,
    callbacks: Callbacks,
    team: Team,
) -> TrainingResult:
    """Train from `state` until there is a stop reason or the caller stops it; write every epoch."""
    experiment, run = writer.experiment, writer.run
    batch_done, should_stop = callbacks.on_batch, callbacks.should_stop

    def on_batch(examples: int) -> None:
        batch_done(examples)
        if should_stop():
            raise _StopRequestedError

    is_stopped = False
    with closing(writer):
        try:
            for epoch in train_epochs(
                experiment, state, training, validation, on_batch=on_batch, share=team.share
            ):
                _write(writer, epoch, state)
                callbacks.on_epoch(epoch)
                if epoch.stop_reason is None and should_stop():
                    raise _StopRequestedError
        except _StopRequestedError:
            is_stopped = True
            with suppress(NnlabError):  # on a full disk, the previous checkpoint remains valid
                writer.flush("interrupted")
        except BaseException as error:
            with suppress(NnlabError):
                writer.flush("interrupted" if isinstance(error, KeyboardInterrupt) else None)
            raise
    guess = loss_of_a_guess(experiment, validation.labels)
    return TrainingResult(run, experiment, writer.summary, is_stopped, guess)


def _write(writer: RunWriter, epoch: Epoch, state: TrainingState) -> None:
    """Write an epoch. Raises an `NnlabError` that says how to resume."""
    try:
        writer.add(epoch, state)
    except NnlabError as error:
        if not writer.run.last_npz.exists():
            raise
        go_on = f"nnlab train --resume {shlex.quote(str(writer.run))}"
        raise NnlabError(f"{error}; the epochs before it are kept; resume with `{go_on}`") from error
