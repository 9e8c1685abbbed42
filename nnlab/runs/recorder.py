"""Writing a run's files as its training goes on, so that it can be resumed from any moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlab import files
from nnlab.config import Experiment, dump
from nnlab.errors import RunError
from nnlab.runs import checkpoint, folder, metrics, records, table
from nnlab.runs.summary import Summary, summarise
from nnlab.training import start

if TYPE_CHECKING:
    from nnlab.runs.environment import Environment
    from nnlab.training import Epoch, StopReason, TrainingState


@dataclass
class Recorder:
    """The pen of one run.

    last.npz is what counts: a row in metrics.csv or diagnostics.csv that it does not know of, a best.npz that
    it is ahead of, and a summary.json that is not there are put right by `reopen`. So the files of an epoch
    are written in this order: metrics.csv, diagnostics.csv, last.npz, best.npz, summary.json.
    """

    run: Path
    experiment: Experiment
    train_examples: int
    best_epoch: int | None = None
    weights_sha256: str = ""  # of best.npz
    rows: list[metrics.Row] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)  # of the rows

    @classmethod
    def create(
        cls,
        run: Path,
        experiment: Experiment,
        state: TrainingState,
        environment: Environment,
        train_examples: int,
    ) -> Recorder:
        """Fill the new folder `run`; the starting weights are its first checkpoint.

        config.yaml makes it a run: from there on it can be resumed. Only environment.json comes before.
        """
        with folder.filled(run):
            recorder = cls(run, experiment, train_examples)
            records.write(run / folder.ENVIRONMENT, environment)
            recorder.write_config()
            table.rewrite(run / folder.METRICS, metrics.Row, [])
            if experiment.diagnostics:
                table.rewrite(run / folder.DIAGNOSTICS, metrics.LayerRow, [])
            recorder._save_last(state)
            recorder._save_best(state)
            recorder.close(None)
        return recorder

    @classmethod
    def reopen(cls, run: Path, experiment: Experiment, train_examples: int) -> tuple[Recorder, TrainingState]:
        """Go on with `run` from its last.npz. Raises `RunError`."""
        state, written = saved_state(run, experiment)
        recorder = cls(run, experiment, train_examples, state.history.best_epoch)
        recorder._read_metrics(state.epoch, written)
        for left in run.glob(".*.tmp"):  # by a process that was killed as it wrote
            files.remove(left)
        table.rewrite(run / folder.METRICS, metrics.Row, recorder.rows)
        if experiment.diagnostics:
            recorder._mend_diagnostics(state.epoch)
        if not (run / folder.LAST).exists():
            recorder._save_last(state)
        try:
            best = checkpoint.load_network(run / folder.BEST, experiment)
            recorder.weights_sha256 = checkpoint.weights_sha256(best)
        except RunError:
            if not state.is_best:
                raise
        if state.is_best and recorder.weights_sha256 != checkpoint.weights_sha256(state.network):
            recorder._save_best(state)
        recorder.write_config()
        recorder.close(None)
        return recorder, state

    def record(self, epoch: Epoch, state: TrainingState) -> Summary:
        """Write the figures of `epoch` and the checkpoints after it; a diverged one leaves no checkpoint."""
        self._add(metrics.row_of(epoch))
        table.append(self.run / folder.METRICS, self.rows[-1:])
        if epoch.diagnostics:
            table.append(self.run / folder.DIAGNOSTICS, metrics.layer_rows_of(epoch))
        if epoch.stop_reason != "diverged":
            self._save_last(state)
        if epoch.is_best:
            self.best_epoch = epoch.epoch
            self._save_best(state)
        return self.close(epoch.stop_reason)

    def close(self, stop_reason: StopReason | None) -> Summary:
        """Write and return the summary; without a `stop_reason` the run goes on."""
        summary = summarise(
            self.experiment,
            self.rows,
            best_epoch=self.best_epoch,
            weights_sha256=self.weights_sha256,
            train_examples=self.train_examples,
            stop_reason=stop_reason,
        )
        records.write(self.run / folder.SUMMARY, summary)
        return summary

    def write_config(self) -> None:
        """Write config.yaml, which repeats the experiment."""
        with files.atomic_write(self.run / folder.CONFIG) as file:
            file.write(dump(self.experiment).encode())

    def _read_metrics(self, epochs: int, written: str | None) -> None:
        """Take up the figures of the epochs so far, the digest of which was `written` if that is known."""
        path = self.run / folder.METRICS
        for row in metrics.read(path, epochs=epochs) if epochs else ():
            self._add(row)
        if len(self.rows) < epochs:
            raise RunError(f"{path} ends at epoch {len(self.rows)}, the checkpoint at {epochs}")
        if written not in (None, self.digest.hexdigest()):
            raise RunError(f"{path} has other figures than were written")

    def _mend_diagnostics(self, epochs: int) -> None:
        """Drop what is of later epochs. Nothing depends on the file: where it is gone, it begins anew."""
        path = self.run / folder.DIAGNOSTICS
        try:
            most = epochs * (len(self.experiment.architecture) - 1)
            rows = table.read(path, metrics.LayerRow, most=most) if path.exists() else []
        except RunError as error:
            raise RunError(f"{error}; delete it to go on without") from error
        table.rewrite(path, metrics.LayerRow, [row for row in rows if row.epoch <= epochs])

    def _add(self, row: metrics.Row) -> None:
        self.rows.append(row)
        self.digest.update(table.line(row))

    def _save_last(self, state: TrainingState) -> None:
        checkpoint.save_state(self.run / folder.LAST, state, self.digest.hexdigest())

    def _save_best(self, state: TrainingState) -> None:
        """Keep the weights of `state` as the best; what was measured of earlier ones no longer holds."""
        self._forget_evaluations()  # before, lest a crash leave one beside weights that it is not of
        checkpoint.save_weights(self.run / folder.BEST, state.network)
        self._forget_evaluations()  # after, for one that came in between
        self.weights_sha256 = checkpoint.weights_sha256(state.network)

    def _forget_evaluations(self) -> None:
        for evaluation in self.run.glob("eval_*.json"):
            files.remove(evaluation)


def saved_state(run: Path, experiment: Experiment) -> tuple[TrainingState, str | None]:
    """Return the state to go on with `run` from, and the digest of its metrics. Raises `RunError`.

    A run without any checkpoint was killed as it began, and begins again.
    """
    if any((run / name).exists() for name in (folder.LAST, folder.BEST)):
        return checkpoint.load_state(run / folder.LAST, experiment)
    return start(experiment), None
