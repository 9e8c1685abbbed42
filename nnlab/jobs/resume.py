"""Resuming a run from where it ended or was interrupted."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlab.config import Experiment, parse_config
from nnlab.datasets import DEFAULT_SOURCE, digests
from nnlab.errors import NewerError, RunError, UsageError
from nnlab.jobs.callbacks import Callbacks, TrainingResult, TrainingStarted
from nnlab.jobs.train import continue_training
from nnlab.rendering.formatters import counted
from nnlab.runs import records
from nnlab.runs.environment import Environment, describe
from nnlab.runs.find import find_each, newest_first
from nnlab.runs.lock import is_locked, locked
from nnlab.runs.run import Run, config_text, experiment_of
from nnlab.runs.summary import Summary
from nnlab.runs.writer import RunWriter, saved_state
from nnlab.training import checked_threads, computing_with, load_to_train, number_of_threads, stop_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from nnlab.datasets import Source


def resume_run(
    run: Run,
    raised: Sequence[str] | Mapping[str, object] = (),
    *,
    source: Source = DEFAULT_SOURCE,
    threads: int | None = None,
    command: Sequence[str] = (),
    callbacks: Callbacks = Callbacks(),  # noqa: B008 (it is frozen)
) -> TrainingResult:
    """Resume `run`, to the same weights as if it had never stopped.

    Its epochs and patience may be `raised`, by overrides. If there is nothing to do, the run is not changed.
    `threads` means what it does in `train_experiment`: the weights do not depend on it.

    Raises `RunError` for a run that is broken or being trained, `UsageError` and `ConfigError` if the
    overrides are invalid, and the errors of `train_experiment`.
    """
    threads = checked_threads(threads)
    with locked(run):
        before = experiment_of(run, lacks="training to resume")
        with _advice(run):
            experiment = _with_raised(run, before, raised)
            summary = records.read_or_none(run.summary_json, Summary)  # without one, it is written again
            if summary and summary.status == "diverged":
                raise UsageError(
                    f"{run} diverged, and would diverge again; train a new run with a smaller eta"
                )
            reason = stop_reason(experiment, saved_state(run, experiment)[0])
            if summary and reason is not None and summary.stop_reason == reason:
                return TrainingResult(run, experiment, summary)
            recorded = records.read_or_none(run.environment_json, Environment)
            if recorded is None and run.environment_json.exists():
                records.read(run.environment_json, Environment)  # says what is wrong with it
        training, validation = load_to_train(experiment, source)
        examples = len(training.labels)
        threads = threads or number_of_threads(experiment, examples)
        with computing_with(threads) as team:
            callbacks.before_writing()
            with _advice(run):
                writer, state = RunWriter.reopen(run, experiment, examples)
            environment = describe(threads=threads, digests=digests(experiment.dataset), command=command)
            if recorded:
                environment = replace(environment, command=recorded.command)  # the one that made the run
            records.write(run.environment_json, environment)
            callbacks.on_begin(
                TrainingStarted(run, experiment, environment, examples, state.epoch, is_resumed=True)
            )
            return continue_training(writer, state, training, validation, callbacks, team)


@contextmanager
def _advice(run: Run) -> Iterator[None]:
    """Let a `RunError` in the block say what to do about a broken `run`."""
    try:
        yield
    except NewerError:
        raise
    except RunError as error:
        command_again = f"nnlab train {shlex.quote(str(run.config_yaml))}"
        raise RunError(f"{error}; restore the file, or train again with `{command_again}`") from error


def newest_to_resume(runs: Path, *, finished: bool) -> Run:
    """Return the newest run that can be resumed, `finished` ones included on request. Raises `RunError`."""
    for run in newest_first(find_each(runs, ())):
        summary = records.read_or_none(run.summary_json, Summary)
        ended = summary is not None and (
            summary.status == "diverged" or (summary.status == "finished" and not finished)
        )
        if run.last_npz.exists() and not ended and not is_locked(run):
            return run
    raise RunError(
        f"no run in {runs} can be resumed: all are finished, diverged or being trained; "
        "to train a finished one for longer, use --resume epochs=N"
    )


def _with_raised(run: Run, before: Experiment, raised: Sequence[str] | Mapping[str, object]) -> Experiment:
    """Return the experiment `before` with its epochs and patience `raised`.

    Raises `ConfigError`, and `UsageError` for another change.
    """
    if not raised:
        return before
    after = parse_config(config_text(run), run.config_yaml, raised)
    if not isinstance(after, Experiment):
        raise UsageError("resuming cannot make a baseline of a training")
    changed = {key for key, value in before if getattr(after, key) != value}
    if others := changed - {"epochs", "patience"}:
        raise UsageError(f"resuming cannot change {', '.join(sorted(others))}; only epochs and patience")
    if after.epochs < before.epochs:
        raise UsageError(f"epochs can only be raised from {before.epochs} (given {after.epochs})")
    if after.epochs > before.epochs and before.schedule_options.depends_on_epochs:
        raise UsageError(
            f"with schedule {before.schedule}, η falls over {counted(before.epochs, 'epoch')}, so their "
            f"number cannot change; train a new run with epochs={after.epochs}"
        )
    if after.patience is not None and (before.patience is None or after.patience < before.patience):
        if before.patience is None:
            raise UsageError(
                f"patience is null, which never stops, and cannot be raised (given {after.patience})"
            )
        raise UsageError(f"patience can only be raised from {before.patience} (given {after.patience})")
    return after
