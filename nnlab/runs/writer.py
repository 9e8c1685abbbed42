"""Writes the files of a run during its training, so that it can be resumed from any moment."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from nnlab import files
from nnlab.config import Experiment, dump
from nnlab.errors import RunError
from nnlab.runs import checkpoint, evaluations, metrics, records, tables
from nnlab.runs.npz import tail_sha256
from nnlab.runs.run import Run
from nnlab.runs.summary import Summary, summarise
from nnlab.training import start, stop_reason

if TYPE_CHECKING:
    from nnlab.runs.environment import Environment
    from nnlab.training import Epoch, StopReason, TrainingState

# Seconds that a finished epoch may wait to be written. Flushing a file to the disk takes longer than many an
# epoch of a toy, so epochs that end within this time are written together.
DELAY = 0.5


class Checkpoint(NamedTuple):
    """The state of a training after an epoch, and the digest of its metrics so far."""

    state: TrainingState
    metrics_sha256: str


@dataclass
class Pending:
    """Rows and checkpoints that are not yet written."""

    rows: list[metrics.MetricsRow] = field(default_factory=list)
    diagnostics_rows: list[metrics.DiagnosticsRow] = field(default_factory=list)
    last: Checkpoint | None = None
    best: Checkpoint | None = None


@dataclass
class RunWriter:
    """Writes the files of one run.

    last.npz decides. `reopen` removes rows of metrics.csv and diagnostics.csv that are newer than last.npz,
    and rewrites a best.npz that is older and a summary.json that is missing. So files are written in this
    order: metrics.csv, diagnostics.csv, last.npz, best.npz, summary.json. If several epochs are written
    together and the best is not the last of them, last.npz is first written as it was after the best.
    """

    run: Run
    experiment: Experiment
    train_examples: int
    best_epoch: int | None = None
    weights_sha256: str = ""  # of best.npz, like the next
    tail_sha256: str = ""
    rows: list[metrics.MetricsRow] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)  # of `rows`
    summary: Summary = field(init=False)  # as last written
    _pending: Pending = field(default_factory=Pending, init=False)
    _last_write: float = field(default_factory=monotonic, init=False)  # the time of the last write
    _timer: threading.Timer | None = field(default=None, init=False)  # writes what waits too long
    _is_interrupted: bool = field(default=False, init=False)  # an exception interrupted `add` or `flush`
    _failure: BaseException | None = field(default=None, init=False)  # in the thread of the timer
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    @classmethod
    def create(
        cls,
        run: Run,
        experiment: Experiment,
        state: TrainingState,
        environment: Environment,
        train_examples: int,
    ) -> RunWriter:
        """Write the first files of the new `run`; its first checkpoint has the starting weights.

        Once config.yaml exists, the run can be resumed. Only environment.json is written before it.
        """
        writer = cls(run, experiment, train_examples)
        records.write(run.environment_json, environment)
        writer.write_config()
        tables.rewrite(run.metrics_csv, metrics.MetricsRow, [])
        if experiment.diagnostics:
            tables.rewrite(run.diagnostics_csv, metrics.DiagnosticsRow, [])
        begun = Checkpoint(state, writer.digest.hexdigest())
        writer._save_last(begun)
        writer._save_best(begun)
        writer._write_summary(None)
        return writer

    @classmethod
    def reopen(cls, run: Run, experiment: Experiment, train_examples: int) -> tuple[RunWriter, TrainingState]:
        """Repair the files of `run`; return a writer and the state in last.npz. Raises `RunError`."""
        state, written = saved_state(run, experiment)
        writer = cls(run, experiment, train_examples, state.history.best_epoch)
        writer._read_metrics(state.epoch, written.metrics_sha256)
        files.remove_temporary(run.folder)  # left by a process that was killed while writing
        tables.rewrite(run.metrics_csv, metrics.MetricsRow, writer.rows)
        if experiment.diagnostics:
            writer._repair_diagnostics(state.epoch)
        saved = Checkpoint(state, writer.digest.hexdigest())
        if not run.last_npz.exists():
            writer._save_last(saved)
        try:
            best = checkpoint.load_network(run.best_npz, experiment)
            writer.weights_sha256 = checkpoint.weights_sha256(best)
            writer.tail_sha256 = tail_sha256(run.best_npz)
        except RunError:
            if not state.is_best:
                raise
        if not state.is_best and _best_sha256(run, written) not in (None, writer.weights_sha256):
            raise RunError(f"{run.best_npz} is not the file that was written")
        if state.is_best and writer.weights_sha256 != checkpoint.weights_sha256(state.validated):
            writer._save_best(saved)
        writer.write_config()
        writer._write_summary(stop_reason(experiment, state))
        return writer, state

    def add(self, epoch: Epoch, state: TrainingState) -> None:
        """Add the figures of `epoch` and the checkpoint after it; a diverged epoch has no checkpoint.

        They are written at once after the last epoch, or if nothing was written for `DELAY` seconds.
        Otherwise a timer writes them after that time. Raises `NnlabError`.
        """
        with self._lock:
            self._raise_failure()
            self._is_interrupted = True
            self._pending.rows.append(row := metrics.metrics_row(epoch))
            self._pending.diagnostics_rows += metrics.diagnostics_rows(epoch)
            self._add(row)
            at_once = epoch.stop_reason is not None or monotonic() - self._last_write >= DELAY
            if epoch.stop_reason != "diverged":
                kept = state if at_once else state.copy()  # the training will change `state`
                self._pending.last = Checkpoint(kept, self.digest.hexdigest())
                if epoch.is_best:
                    self.best_epoch = epoch.epoch
                    self._pending.best = self._pending.last
            self._is_interrupted = False
            if at_once:
                self.flush(epoch.stop_reason)
            elif self._timer is None:
                self._timer = threading.Timer(DELAY, self._write_overdue)
                self._timer.daemon = True
                try:
                    self._timer.start()
                except RuntimeError:  # the system allows no more threads
                    self.flush(None)

    def flush(self, stop_reason: StopReason | None) -> None:
        """Write all that was added, and the summary; without a `stop_reason` the run continues.

        Raises `NnlabError`. After an exception of any kind has interrupted it, nothing more is written. The
        files are then as after a crash, and `reopen` repairs them.
        """
        with self._lock:
            self._cancel_timer()
            self._raise_failure()
            if self._is_interrupted:
                return
            self._is_interrupted = True
            pending, self._pending = self._pending, Pending()
            tables.append(self.run.metrics_csv, pending.rows)
            tables.append(self.run.diagnostics_csv, pending.diagnostics_rows)
            if pending.best is not None:
                self._save_last(pending.best)
                self._save_best(pending.best)
            if pending.last is not None and pending.last is not pending.best:
                self._save_last(pending.last)
            self._write_summary(stop_reason)
            self._last_write = monotonic()
            self._is_interrupted = False

    def close(self) -> None:
        """Stop writing. What was added since the last write is lost."""
        with self._lock:
            self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_overdue(self) -> None:
        """Write the epochs that have waited for `DELAY`. An error is raised in the thread of the training."""
        with self._lock:
            try:
                if self._timer is threading.current_thread():  # otherwise they are already written
                    self.flush(None)
            except BaseException as error:  # noqa: BLE001 (it is raised by the next call)
                self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _write_summary(self, stop_reason: StopReason | None) -> None:
        summary = summarise(
            self.experiment,
            self.rows,
            best_epoch=self.best_epoch,
            weights_sha256=self.weights_sha256,
            best_npz_tail_sha256=self.tail_sha256,
            train_examples=self.train_examples,
            stop_reason=stop_reason,
        )
        records.write(self.run.summary_json, summary)
        self.summary = summary

    def write_config(self) -> None:
        """Write config.yaml, which repeats the experiment."""
        with files.atomic_write(self.run.config_yaml) as file:
            file.write(dump(self.experiment).encode())

    def _read_metrics(self, epochs: int, written: str | None) -> None:
        """Read the rows of the first `epochs`, whose digest has to be `written` unless that is None."""
        path = self.run.metrics_csv
        for row in metrics.read(path, epochs=epochs) if epochs else ():
            self._add(row)
        if len(self.rows) < epochs:
            raise RunError(f"{path} ends at epoch {len(self.rows)}, the checkpoint at {epochs}")
        if written not in (None, self.digest.hexdigest()):
            raise RunError(f"{path} does not hold the figures that were written")

    def _repair_diagnostics(self, epochs: int) -> None:
        """Remove the rows of later epochs. The file may be missing, because nothing depends on it."""
        path = self.run.diagnostics_csv
        try:
            most = epochs * (len(self.experiment.architecture) - 1)
            rows = tables.read(path, metrics.DiagnosticsRow, most=most) if path.exists() else []
        except RunError as error:
            raise RunError(f"{error}; delete it to continue without it") from error
        tables.rewrite(path, metrics.DiagnosticsRow, [row for row in rows if row.epoch <= epochs])

    def _add(self, row: metrics.MetricsRow) -> None:
        self.rows.append(row)
        self.digest.update(metrics.digest_input(row))

    def _save_last(self, saved: Checkpoint) -> None:
        state = saved.state
        best = checkpoint.weights_sha256(state.validated) if state.is_best else self.weights_sha256
        checkpoint.save_state(
            self.run.last_npz, state, metrics_sha256=saved.metrics_sha256, weights_sha256=best
        )

    def _save_best(self, saved: Checkpoint) -> None:
        """Write the weights of `saved` as the best, and remove the evaluations of earlier ones."""
        evaluations.remove_all(self.run)  # before, so that a crash cannot leave one with other weights
        checkpoint.save_weights(self.run.best_npz, saved.state.validated)
        evaluations.remove_all(self.run)  # after, for one that was written in between
        self.weights_sha256 = checkpoint.weights_sha256(saved.state.validated)
        self.tail_sha256 = tail_sha256(self.run.best_npz)


def _best_sha256(run: Run, written: checkpoint.Progress) -> str | None:
    """Return the digest of the best weights that were written, or None if it is not known."""
    if written.weights_sha256 is None:  # an earlier version kept it only in summary.json, which may be older
        summary = records.read_or_none(run.summary_json, Summary)
        return summary.weights_sha256 if summary and summary.status != "running" else None
    return written.weights_sha256


def saved_state(run: Run, experiment: Experiment) -> tuple[TrainingState, checkpoint.Progress]:
    """Return the state from which to resume `run`, and its progress record. Raises `RunError`.

    A run without a checkpoint was killed at its beginning, and starts again.
    """
    if run.last_npz.exists() or run.best_npz.exists():
        return checkpoint.load_state(run.last_npz, experiment)
    state = start(experiment)
    return state, checkpoint.Progress(state.epoch, state.history, dict(state.rng.bit_generator.state))
