"""What can be seen of a training from outside, while another process does it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from nnlab.analysis.history import MOST_ROWS, History, best_epoch_of
from nnlab.config import Experiment
from nnlab.errors import RunError
from nnlab.files import printable
from nnlab.runs import metrics, records
from nnlab.runs.lock import is_locked
from nnlab.runs.run import experiment_of
from nnlab.runs.summary import Summary
from nnlab.training.early_stopping import History as Waiting
from nnlab.training.trainer import early_stopping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.runs.metrics import MetricsRow
    from nnlab.runs.run import Run

# `gone`: the process ended without a word, for it was killed. The run can be resumed.
Status: TypeAlias = Literal["training", "finished", "diverged", "interrupted", "gone"]
RECENT = 5  # epochs, from whose mean time the time left is estimated


@dataclass(frozen=True)
class Watched:
    """The state of a run: its history, and how long it may still take."""

    experiment: Experiment
    history: History
    status: Status
    patience_left: int | None  # epochs; None without a patience
    seconds_left: float | None  # if all epochs are done; None before the first epoch, and after the end
    since_last_epoch: float  # seconds


def watched(run: Run, name: str) -> Watched:
    """Return the state of `run`. Raises `RunError`, and `UsageError` for a baseline."""
    config = experiment_of(run, lacks="epochs to watch")
    is_alive = is_locked(run)  # before the summary: a training writes it, and then ends
    summary = records.read_or_none(run.summary_json, Summary)
    rows = _rows(run)
    status: Status = "training" if is_alive else "gone"
    if not is_alive and summary is not None and summary.status != "running":
        status = summary.status
    seconds = [row.seconds or 0 for row in rows[-RECENT:]]
    left = (config.epochs - len(rows)) * sum(seconds) / len(seconds) if seconds else None
    return Watched(
        experiment=config,
        history=History(printable(name), tuple(rows), best_epoch_of(summary, rows)),
        status=status,
        patience_left=_patience_left(config, rows),
        seconds_left=left if status == "training" else None,
        since_last_epoch=_age(run),
    )


def _rows(run: Run) -> list[MetricsRow]:
    """Return the metrics so far; none before the first epoch."""
    try:
        return metrics.read(run.metrics_csv, epochs=MOST_ROWS)
    except RunError:
        if run.metrics_csv.exists():
            raise
        return []


def _patience_left(experiment: Experiment, rows: Sequence[MetricsRow]) -> int | None:
    rule = early_stopping(experiment)
    waiting = Waiting()
    for row in rows:
        value = getattr(row, experiment.monitor)
        if value is not None:
            waiting = rule.observe(waiting, row.epoch, value)
    return rule.patience_left(waiting)


def _age(run: Run) -> float:
    """Return the seconds since the last epoch was written."""
    try:
        return max(0.0, time.time() - run.metrics_csv.stat().st_mtime)
    except OSError:
        return 0.0
