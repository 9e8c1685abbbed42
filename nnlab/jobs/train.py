"""Training an experiment into a new run folder."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from nnlab.datasets import DEFAULT_SOURCE, digests
from nnlab.errors import NnlabError
from nnlab.jobs.callbacks import Callbacks, TrainingResult, TrainingStarted
from nnlab.runs.environment import describe
from nnlab.runs.lock import locked
from nnlab.runs.run import create
from nnlab.runs.writer import RunWriter
from nnlab.training import computing_with, load_splits, loss_of_a_guess, number_of_threads, start
from nnlab.training import train as train_epochs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnlab.config import Experiment
    from nnlab.datasets import Source, Split
    from nnlab.training import TrainingState


class _StopRequestedError(Exception):
    """The caller wants the training to stop."""


def train(
    experiment: Experiment,
    *,
    runs: Path,
    source: Source = DEFAULT_SOURCE,
    threads: int | None = None,
    command: Sequence[str] = (),
    callbacks: Callbacks = Callbacks(),  # noqa: B008 (it is frozen)
) -> TrainingResult:
    """Train `experiment` into a new folder in `runs`.

    `threads` are those of the matrix products, by default as many as a step is worth. `command` is recorded
    as what made the run. Raises `DatasetError`, and `NnlabError` when the file system refuses.
    """
    training, validation = load_splits(experiment, source)
    state = start(experiment)
    examples = len(training.labels)
    threads = threads or number_of_threads(experiment, examples)
    with computing_with(threads):  # which may wait, so that there is not yet a folder
        run = create(runs, experiment.name)
        with locked(run):
            environment = describe(threads=threads, digests=digests(experiment.dataset), command=command)
            writer = RunWriter.create(run, experiment, state, environment, examples)
            callbacks.on_begin(TrainingStarted(run, experiment, environment, examples))
            return continue_training(writer, state, training, validation, callbacks)


def continue_training(
    writer: RunWriter, state: TrainingState, training: Split, validation: Split, callbacks: Callbacks
) -> TrainingResult:
    """Train from `state` until there is a stop reason or the caller asks for it; write every epoch."""
    experiment, run = writer.experiment, writer.run
    batch_done, should_stop = callbacks.on_batch, callbacks.should_stop

    def on_batch(examples: int) -> None:
        batch_done(examples)
        if should_stop():
            raise _StopRequestedError

    try:
        for epoch in train_epochs(experiment, state, training, validation, on_batch=on_batch):
            writer.add(epoch, state)
            callbacks.on_epoch(epoch)
    except _StopRequestedError:
        with suppress(NnlabError):  # the disk is full: the checkpoint before is as good
            writer.flush("interrupted")
    except NnlabError as error:
        if not run.last_npz.exists():
            raise
        go_on = f"nnlab train --resume {shlex.quote(str(run))}"
        raise NnlabError(f"{error}; the epochs before it are kept; resume with `{go_on}`") from error
    except BaseException as error:
        with suppress(NnlabError):
            writer.flush("interrupted" if isinstance(error, KeyboardInterrupt) else None)
        raise
    return TrainingResult(run, experiment, writer.summary, loss_of_a_guess(experiment, validation.labels))
