"""The history of a training: its metrics as curves over its epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.errors import UsageError
from nnlab.files import printable
from nnlab.runs import metrics, records, tables
from nnlab.runs.metrics import DiagnosticsRow, MetricsRow
from nnlab.runs.run import experiment_of
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nnlab.runs.run import Run

# Title and unit of each column of diagnostics.csv.
DIAGNOSTICS = {
    "gradient_norm": ("Gradient", "norm of the gradient"),
    "saturated": ("Saturation", "saturated outputs in %"),
    "dead": ("Dead neurons", "dead neurons in %"),
    "update_ratio": ("Update", "norm of the update / norm of the weights"),
}
SHARES = ("saturated", "dead")
MOST_ROWS = 1 << 30  # rows read from a table: more than anybody trains


@dataclass(frozen=True)
class History:
    """The metrics of a run, one row per epoch, and its best epoch."""

    name: str
    rows: tuple[MetricsRow, ...]
    best_epoch: int | None

    def has(self, kind: str) -> bool:
        """Return whether there is a validation figure of this kind, loss or accuracy."""
        return any(getattr(row, f"val_{kind}") is not None for row in self.rows)

    def curve(self, column: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Return the epochs and the figures of a column, (epochs,) each; NaN where there is no number."""
        figures = [getattr(row, column) for row in self.rows]
        return np.arange(1, len(self.rows) + 1), np.array(figures, np.float64)


def history_of(run: Run, name: str) -> History:
    """Return the history of `run`, called `name`. Raises `RunError`, and `UsageError` if it has no epochs."""
    experiment_of(run, lacks="epochs")
    rows = metrics.read(run.metrics_csv, epochs=MOST_ROWS)
    if not rows:
        raise UsageError(f"{run} has no epoch yet")
    summary = records.read_or_none(run.summary_json, Summary)
    best = best_epoch_of(summary, rows)
    history = History(printable(name), tuple(rows), best)
    if not history.has("loss") and not history.has("accuracy"):
        raise UsageError(f"{run} has no finite figure to draw; it diverged in its first epoch")
    return history


def best_epoch_of(summary: Summary | None, rows: Sequence[MetricsRow]) -> int | None:
    """Return the best epoch; None if it is unknown, or if its row is not written yet."""
    best = None if summary is None else summary.best_epoch
    return best if best is not None and best <= len(rows) else None


def histories_of(runs: Sequence[Run], names: Sequence[str]) -> tuple[list[History], list[str]]:
    """Return the histories of the runs that have epochs, and why the others have none. Raises `RunError`."""
    found, reasons = [], []
    for run, name in zip(runs, names, strict=True):
        try:
            found.append(history_of(run, name))
        except UsageError as error:
            reasons.append(str(error))
    return found, reasons


def diagnostics_of(run: Run) -> list[DiagnosticsRow]:
    """Return the rows of diagnostics.csv. Raises `RunError`, and `UsageError` if there are none."""
    if not run.diagnostics_csv.exists():
        raise UsageError(f"{run} has no diagnostics; train it with diagnostics=true")
    rows = tables.read(run.diagnostics_csv, DiagnosticsRow, most=MOST_ROWS)
    if not any(layer_curves(rows, column) for column in DIAGNOSTICS):
        raise UsageError(f"{run} has no finite diagnostics to draw")
    return rows


def layer_curves(rows: Sequence[DiagnosticsRow], column: str) -> dict[int, NDArray[np.float64]]:
    """Return a column by layer, (epochs,) each, NaN where there is no number, of the layers that have any."""
    layers = sorted({row.layer for row in rows})
    found = {layer: [getattr(row, column) for row in rows if row.layer == layer] for layer in layers}
    return {
        layer: np.array(figures, np.float64)
        for layer, figures in found.items()
        if any(figure is not None for figure in figures)
    }
