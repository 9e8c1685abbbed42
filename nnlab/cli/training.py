"""Joining the stages of a training: experiment, data, network, epochs, run folder, what the user sees."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from nnlab.cli.signals import Interrupted, held
from nnlab.cli.training_view import TrainingView
from nnlab.config import Experiment
from nnlab.datasets import Source, digests
from nnlab.errors import NnlabError, RunError, UsageError
from nnlab.runs import folder, records
from nnlab.runs.environment import Environment, describe
from nnlab.runs.recorder import Recorder, saved_state
from nnlab.runs.summary import Summary
from nnlab.training import (
    TrainingState,
    load_splits,
    loss_of_a_guess,
    number_of_threads,
    start,
    stop_reason,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.datasets import Split


@dataclass(frozen=True)
class Session:
    """What the command line says about any training."""

    runs: Path
    source: Source
    threads: int | None
    view: TrainingView

    def begin(self, experiment: Experiment) -> tuple[Path, Summary]:
        """Train `experiment` in a new run folder; return the folder and its summary."""
        training, validation = load_splits(experiment, self.source)
        state = start(experiment)
        threads = self.threads or number_of_threads(experiment, len(training.labels))
        run = folder.create(self.runs, experiment.name)
        with folder.claimed(run), threadpool_limits(threads, user_api="blas"), held() as check:
            environment = describe(threads=threads, digests=digests(experiment.dataset))
            recorder = Recorder.create(run, experiment, state, environment, len(training.labels))
            self.view.begin(experiment, run, environment, len(training.labels))
            return run, self._train(recorder, state, training, validation, check)

    def resume(self, named: str | None, raised: Sequence[str]) -> tuple[Path, Summary]:
        """Go on with the run `named`, its epochs and patience `raised` by KEY=VALUE; by None, the newest."""
        run = _newest(self.runs, finished=bool(raised)) if named is None else folder.find(self.runs, named)
        with folder.claimed(run):
            before = folder.experiment_of(run)
            try:
                return run, self._go_on(run, before, raised)
            except RunError as error:
                anew = f"nnlab train {shlex.quote(str(run / folder.CONFIG))}"
                raise RunError(f"{error}; put it back as it was, or train anew with `{anew}`") from error

    def _go_on(self, run: Path, before: Experiment, raised: Sequence[str]) -> Summary:
        experiment = folder.experiment_of(run, raised)
        _refuse_other_changes(before, experiment)
        summary = records.read_if_whole(run / folder.SUMMARY, Summary)  # without one, it is made anew
        if summary and summary.status == "diverged":
            raise UsageError(f"{run} diverged, and would again; train anew with a smaller eta")
        reason = stop_reason(experiment, saved_state(run, experiment)[0])
        if summary and reason is not None and summary.stop_reason == reason:
            self.view.nothing_to_do(run, summary)
            return summary
        training, validation = load_splits(experiment, self.source)
        begun = records.read_if_whole(run / folder.ENVIRONMENT, Environment)
        threads = self.threads or (begun or records.read(run / folder.ENVIRONMENT, Environment)).threads
        with threadpool_limits(threads, user_api="blas"), held() as check:
            recorder, state = Recorder.reopen(run, experiment, len(training.labels))
            environment = describe(threads=threads, digests=digests(experiment.dataset))
            command = begun.command if begun else environment.command  # the one that made the run
            records.write(run / folder.ENVIRONMENT, replace(environment, command=command))
            self.view.resume(run, state.epoch, len(training.labels))
            return self._train(recorder, state, training, validation, check)

    def _train(
        self,
        recorder: Recorder,
        state: TrainingState,
        training: Split,
        validation: Split,
        check: Callable[[], None],
    ) -> Summary:
        """Train until a stop reason or a signal, of which `check` tells by an exception."""
        experiment, view = recorder.experiment, self.view

        def on_batch(examples: int) -> None:
            check()
            view.advance(examples)

        try:
            for epoch in train(experiment, state, training, validation, on_batch=on_batch):
                recorder.record(epoch, state)
                view.epoch(epoch, experiment.patience)
        except Interrupted:
            with suppress(NnlabError):  # the disk is full: the checkpoint before is as good
                recorder.write("interrupted")
            view.interrupted(recorder.run, recorder.summary.epochs)
            raise
        except NnlabError as error:
            if not (recorder.run / folder.LAST).exists():
                raise
            go_on = f"nnlab train --resume {shlex.quote(str(recorder.run))}"
            raise NnlabError(f"{error}; the epochs before are kept, go on with `{go_on}`") from error
        except BaseException:
            with suppress(NnlabError):
                recorder.write(None)
            raise
        guess = loss_of_a_guess(experiment, validation.labels)
        view.end(recorder.run, recorder.summary, experiment.patience, guess)
        return recorder.summary


def _newest(runs: Path, *, finished: bool) -> Path:
    """Return the newest run that can go on, one that is `finished` only if it may. Raises `RunError`."""
    for run in folder.newest_first(folder.find_each(runs, ())):
        summary = records.read_if_whole(run / folder.SUMMARY, Summary)
        ended = summary is not None and (
            summary.status == "diverged" or (summary.status == "finished" and not finished)
        )
        if (run / folder.LAST).exists() and not ended and not folder.is_claimed(run):
            return run
    raise RunError(
        f"no run in {runs} can go on: all are finished, diverged or in training; "
        "a finished one can with more epochs: --resume epochs=N"
    )


def _refuse_other_changes(before: Experiment, after: Experiment) -> None:
    """Raise `UsageError` unless `after` has the same keys as `before`, or larger epochs or patience."""
    changed = {key for key, value in before if getattr(after, key) != value}
    if others := changed - {"epochs", "patience"}:
        raise UsageError(f"--resume cannot change {', '.join(sorted(others))}; only epochs and patience")
    if after.epochs < before.epochs:
        raise UsageError(f"epochs can only be raised from {before.epochs} (given {after.epochs})")
    if after.patience is not None and (before.patience is None or after.patience < before.patience):
        if before.patience is None:
            raise UsageError(
                f"patience is null, which never stops, and cannot be raised (given {after.patience})"
            )
        raise UsageError(f"patience can only be raised from {before.patience} (given {after.patience})")
