"""Trains the trials of a sweep that are not done, on workers of any kind."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import nnlab
from nnlab.config import dump
from nnlab.errors import NnlabError
from nnlab.files import make_folders, printable, remove
from nnlab.runs.lock import locked
from nnlab.runs.run import Run
from nnlab.runs.summary import Summary
from nnlab.sweeps import store
from nnlab.sweeps.halving import epoch_at, epochs_of, run_halving
from nnlab.sweeps.local import local_workers
from nnlab.sweeps.plan import DONE, Plan, Trial, make_plan
from nnlab.sweeps.trial import Outcome, Task, content_of
from nnlab.sweeps.work import DEFAULT_OPTIONS, Options, Work, work_of
from nnlab.sweeps.workers import Workers
from nnlab.training import available_cores, load_splits

if TYPE_CHECKING:
    from nnlab.config.sweep import Sweep
    from nnlab.datasets import Source

MOST_DEATHS = 3  # of the workers of a trial at the same epoch, after which it has failed
FAILURES_IN_A_ROW = 3  # after which a sweep gives up by default
PATIENCE = 1.5  # seconds in which stopped trials have to end
TICK = 0.2  # seconds


@dataclass
class Progress:
    """The trials of a sweep while it runs."""

    trials: Sequence[Trial] = ()
    ended: dict[str, Summary] = field(default_factory=dict)  # by name of the trial, also from earlier sweeps
    failed: dict[str, str] = field(default_factory=dict)  # the reason in one line, by name of the trial
    running: dict[Future[Outcome], Trial] = field(default_factory=dict)
    waiting: deque[Trial] = field(default_factory=deque)
    is_stopped: bool = False  # because the caller asked for it
    has_given_up: bool = False  # because too many trials failed
    todo: int = 0  # the number of trials for which there is something to do at the beginning
    began: float = field(default_factory=monotonic)
    ended_since: int = 0  # the number of trials that have ended since then
    dropped: int = 0  # the number of trials that halving left where they were

    @property
    def total(self) -> int:
        """The number of trials."""
        return len(self.trials)

    @property
    def error(self) -> NnlabError | None:
        """The error with which the sweep ended, if trials failed."""
        if not self.failed:
            return None
        count = len(self.failed)
        failed = "1 trial failed" if count == 1 else f"{count:,} trials failed"
        if self.has_given_up:
            failed += f", and {len(self.waiting):,} were not begun"
        return NnlabError(f"{failed}; mend the cause, and repeat the sweep to train what is missing")


def _ignore(*_: Any) -> None:  # noqa: ANN401 (callbacks get different arguments)
    pass


@dataclass(frozen=True)
class Callbacks:
    """Functions that a sweep calls, in its own thread."""

    on_begin: Callable[[Plan, Progress, Workers], None] = _ignore  # from here on, ask to stop, do not raise
    on_end: Callable[[Trial, Summary], None] = _ignore  # when a trial has ended, or stopped on request
    on_failure: Callable[[Trial, str, Path | None], None] = _ignore  # with the reason and the log
    on_tick: Callable[[], None] = _ignore  # several times per second
    should_stop: Callable[[], bool] = lambda: False


@contextmanager
def claimed(sweep: Sweep, runs: Path, options: Options) -> Iterator[Plan]:
    """Yield the plan of `sweep`, whose folder in `runs` no other sweep uses in the block.

    Runs that were made by hand are copied there first. Raises `RunError` if the folder is in use or cannot be
    read, and `NnlabError` if the file system refuses.
    """
    folder = runs / sweep.name
    try:
        make_folders(folder)
    except OSError as error:
        reason = error.strerror or error
        raise NnlabError(f"cannot make {folder}: {reason}; choose another place with --runs") from error
    with locked(Run(folder)):
        store.remove_temporary(folder)
        plan = make_plan(sweep, runs)
        for planned in [] if options.repeats else plan.of_state("made"):
            if planned.made is not None:
                store.copy(planned.made, planned.trial.run)
        plan = make_plan(sweep, runs)
        store.write_plan(folder, [planned.trial.run.name for planned in plan.trials])
        yield plan


def run_sweep(
    sweep: Sweep,
    runs: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    options: Options = DEFAULT_OPTIONS,
    callbacks: Callbacks = Callbacks(),
) -> Progress:
    """Train the trials of `sweep` that are not done, into `runs`.

    They are trained by `jobs` processes of this machine, by default one per core, or by the cluster whose
    scheduler has the address `cluster`.

    Raises `RunError` if another process runs the sweep, `DatasetError`, and `NnlabError` if the cluster
    cannot be used or the file system refuses. A trial that fails raises nothing; `Progress.failed` has it.
    """
    if cluster is None:
        plan = make_plan(sweep, runs)
        work = work_of(plan, options)
        trials = [*work.measure, *work.train]
        if options.halves and trials:  # the rounds after the next may need all
            trials = [planned.trial for planned in plan.trials if planned.state not in DONE]
        _check_datasets(trials, options.source)
        workers = local_workers(min(jobs or available_cores(), max(1, len(trials))))
    else:
        from nnlab.sweeps.cluster import cluster_workers  # noqa: PLC0415 (an extra)

        workers = cluster_workers(cluster)
    with workers as found, claimed(sweep, runs, options) as plan:
        loop = Loop(found, options, callbacks)
        work = loop.begin(plan)
        if not options.halves:
            loop.run([*work.measure, *work.train])
            return loop.progress
        if work.measure or work.train:
            loop.run(work.measure)
            usable = [planned for planned in plan.trials if options.repeats or planned.state != "broken"]
            run_halving([planned.trial for planned in usable], loop)
        if not (loop.progress.is_stopped or loop.progress.has_given_up):
            # Nobody waits for the trials that were dropped.
            store.write_plan(plan.folder, [*loop.progress.ended, *loop.progress.failed])
        return loop.progress


def _check_datasets(trials: Iterable[Trial], source: Source) -> None:
    """Read each dataset once, so that one that is missing is downloaded once, or is an error before all else.

    Raises `DatasetError`.
    """
    first = {trial.setting.experiment.dataset: trial for trial in reversed(list(trials))}
    for trial in first.values():
        load_splits(trial.setting.experiment, source)


@dataclass
class Loop:
    """Gives trials to workers, and puts what they return into the run folder."""

    workers: Workers
    options: Options
    callbacks: Callbacks
    progress: Progress = field(default_factory=Progress)
    to_repeat: set[str] = field(default_factory=set, init=False)  # names of trials with an old run
    # By name of the trial: how many of its workers died, and the epochs that it had then.
    _deaths: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    _failures_in_a_row: int = field(default=0, init=False)

    def begin(self, plan: Plan) -> Work:
        """Record what `plan` holds already, and return what there is to do."""
        work = work_of(plan, self.options)
        begun = {trial.run.name for trial in (*work.measure, *work.train)}
        self.progress.trials = [planned.trial for planned in plan.trials]
        self.progress.ended = {
            planned.trial.run.name: planned.summary
            for planned in plan.trials
            if planned.summary and planned.state != "interrupted" and planned.trial.run.name not in begun
        }
        self.progress.todo = len(begun)
        self.to_repeat = begun if self.options.repeats else set()
        self.callbacks.on_begin(plan, self.progress, self.workers)
        for planned in plan.of_state("broken"):
            if planned.trial.run.name not in begun:
                self._fail(planned.trial, planned.reason)
        return work

    def run(self, trials: Iterable[Trial], share: int = 1) -> None:
        """Train `trials` to one in `share` of their epochs."""
        progress = self.progress
        progress.waiting.extend(trial for trial in trials if trial.run.name not in progress.ended)
        while progress.running or (progress.waiting and not progress.has_given_up):
            if self.callbacks.should_stop():
                self._stop()
                return
            slots = max(1, self.workers.slots())  # a cluster may have lost its workers, and get new ones
            while progress.waiting and not progress.has_given_up and len(progress.running) < slots:
                self._submit(progress.waiting.popleft(), share)
            done, _ = wait(progress.running, TICK, FIRST_COMPLETED)
            for future in done:
                self._collect(future)
            self.callbacks.on_tick()

    def _submit(self, trial: Trial, share: int) -> None:
        shares_files, folder = self.workers.shares_files, trial.run.folder
        if trial.run.name in self.to_repeat:
            self.to_repeat.remove(trial.run.name)
            try:
                store.remove(trial.run)
            except NnlabError as error:
                self._fail(trial, str(error))
                return
        source = self.options.source
        task = Task(
            sweep=self.workers.token,
            name=trial.run.name,
            config=dump(trial.experiment),
            version=nnlab.__version__,
            folder=str(folder.absolute()) if shares_files else None,
            content={} if shares_files or not folder.exists() else content_of(folder),
            data_dir=None if source.data_dir is None else str(source.data_dir),
            offline=source.offline,
            until=None if share == 1 else epoch_at(trial, share),
            evaluates=self.options.evaluates,
            command=self.options.command,
        )
        self.progress.running[self.workers.executor.submit(self.workers.perform, task)] = trial

    def _collect(self, future: Future[Outcome]) -> None:
        """Take the outcome of a trial, or have it trained again if its worker died."""
        trial = self.progress.running.pop(future)
        try:
            outcome = future.result()
        except self.workers.died as error:
            deaths, epochs = self._deaths.get(trial.run.name, (0, 0))
            now = epochs_of(trial.run, trial.experiment.epochs)
            deaths = deaths + 1 if now == epochs else 1
            self._deaths[trial.run.name] = deaths, now
            if deaths < MOST_DEATHS:
                self.progress.waiting.appendleft(trial)
                return
            how = str(error).partition("\n")[0]
            what = f"its worker ended {MOST_DEATHS} times at the same epoch (the last one {how})"
            outcome = Outcome(None, what, str(error))
        except Exception as error:  # noqa: BLE001 (whatever a cluster raises fails its trial alone)
            outcome = Outcome(None, f"{type(error).__name__}: {error}", traceback.format_exc())
        self._keep(trial, outcome)

    def _keep(self, trial: Trial, outcome: Outcome) -> None:
        """Put the outcome of `trial` into the run folder, and report it."""
        summary, error, log = outcome.summary, outcome.error, outcome.log
        try:
            if outcome.content:
                store.put(trial.run, outcome.content)
            if summary is not None:
                remove(store.log_of(trial.run))
        except NnlabError as failure:
            summary, error, log = None, str(failure), traceback.format_exc()
        if summary is None:
            self._fail(trial, error, log)
            return
        self._failures_in_a_row = 0
        self.progress.failed.pop(trial.run.name, None)
        if summary.status in ("finished", "diverged"):
            self.progress.ended[trial.run.name] = summary
            self.progress.ended_since += 1
        self.callbacks.on_end(trial, summary)

    def _fail(self, trial: Trial, error: str, log: str | None = None) -> None:
        """Record that `trial` failed, with a log unless that is None."""
        reason = printable(error.partition("\n")[0])
        path = None
        with suppress(NnlabError):  # on a full disk there is no log
            path = None if log is None else store.write_log(trial.run, error, log)
        self.progress.failed[trial.run.name] = reason
        self._failures_in_a_row += log is not None
        most = self.options.most_failures
        self.progress.has_given_up |= (
            self._failures_in_a_row >= FAILURES_IN_A_ROW
            if most is None
            else len(self.progress.failed) >= most
        )
        self.callbacks.on_failure(trial, reason, path)

    def _stop(self) -> None:
        """Stop the running trials, and keep what they have done."""
        self.progress.is_stopped = True
        self.workers.stop()
        done, lingering = wait(self.progress.running, PATIENCE)
        if lingering:
            self.workers.kill()
        for future in done:
            trial = self.progress.running.pop(future)
            with suppress(*self.workers.died, CancelledError):
                self._keep(trial, future.result())
