"""Writing a run's files as its training goes on, so that it can be resumed from any moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.config import Experiment, dump
from nnlab.errors import RunError
from nnlab.files import atomic_write
from nnlab.runs import checkpoint, folder, metrics, records, table
from nnlab.runs.summary import Summary, summarise

if TYPE_CHECKING:
    from nnlab.runs.environment import Environment
    from nnlab.training import Epoch, StopReason, TrainingState


@dataclass
class Recorder:
    """The pen of one run.

    last.npz is what counts: a row in metrics.csv or diagnostics.csv that it does not know of, and a best.npz
    that it is ahead of, are put right by `reopen`. So the files of an epoch are written in this order:
    metrics.csv, diagnostics.csv, last.npz, best.npz, summary.json.
    """

    run: Path
    experiment: Experiment
    train_examples: int
    best_epoch: int | None = None
    weights_sha256: str = ""  # of best.npz
    rows: list[metrics.Row] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        run: Path,
        experiment: Experiment,
        state: TrainingState,
        environment: Environment,
        train_examples: int,
    ) -> Recorder:
        """Fill the new folder `run`; the starting weights are its first checkpoint."""
        recorder = cls(run, experiment, train_examples)
        recorder.write_config()
        records.write(run / folder.ENVIRONMENT, environment)
        table.rewrite(run / folder.METRICS, metrics.Row, [])
        if experiment.diagnostics:
            table.rewrite(run / folder.DIAGNOSTICS, metrics.LayerRow, [])
        checkpoint.save_state(run / folder.LAST, state)
        recorder._save_best(state)
        recorder.close(None)
        return recorder

    @classmethod
    def reopen(cls, run: Path, experiment: Experiment, state: TrainingState, train_examples: int) -> Recorder:
        """Go on with `run` from `state`, which is that of its last.npz. Raises `RunError`."""
        rows = metrics.read(run / folder.METRICS)[: state.epoch]
        if len(rows) < state.epoch:
            raise RunError(
                f"{run / folder.METRICS} ends at epoch {len(rows)}, the checkpoint at {state.epoch}"
            )
        for left in run.glob(".*.tmp"):  # by a process that was killed as it wrote
            left.unlink(missing_ok=True)
        table.rewrite(run / folder.METRICS, metrics.Row, rows)
        if experiment.diagnostics:
            path = run / folder.DIAGNOSTICS
            # Nothing else depends on the file: where it is gone, it begins again with the next epoch.
            layer_rows = table.read(path, metrics.LayerRow) if path.exists() else []
            known = [row for row in layer_rows if row.epoch <= state.epoch]
            table.rewrite(path, metrics.LayerRow, known)
        recorder = cls(run, experiment, train_examples, state.history.best_epoch, rows=rows)
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
        return recorder

    def record(self, epoch: Epoch, state: TrainingState) -> Summary:
        """Write the figures of `epoch` and the checkpoints after it; a diverged one leaves no checkpoint."""
        self.rows.append(metrics.row_of(epoch))
        table.append(self.run / folder.METRICS, self.rows[-1:])
        if epoch.diagnostics:
            table.append(self.run / folder.DIAGNOSTICS, metrics.layer_rows_of(epoch))
        if epoch.stop_reason != "diverged":
            checkpoint.save_state(self.run / folder.LAST, state)
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
        with atomic_write(self.run / folder.CONFIG) as file:
            file.write(dump(self.experiment).encode())

    def _save_best(self, state: TrainingState) -> None:
        """Keep the weights of `state` as the best; what was measured of earlier ones no longer holds."""
        for evaluation in self.run.glob("eval_*.json"):
            evaluation.unlink(missing_ok=True)
        checkpoint.save_weights(self.run / folder.BEST, state.network)
        self.weights_sha256 = checkpoint.weights_sha256(state.network)
