"""metrics.csv, with one row per epoch, and diagnostics.csv, with one row per epoch and layer."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from nnlab.errors import RunError
from nnlab.runs import tables

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.training import Epoch


@dataclass(frozen=True)
class MetricsRow:
    """The figures of one epoch; None if there is no finite number."""

    epoch: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    eta: float | None
    seconds: float | None


@dataclass(frozen=True)
class DiagnosticsRow:
    """The diagnostics of one layer, counted from 1, in one epoch; None if there is no finite number."""

    epoch: int
    layer: int
    gradient_norm: float | None
    saturated: float | None
    dead: float | None
    update_ratio: float | None


def metrics_row(epoch: Epoch) -> MetricsRow:
    """Return the figures of `epoch` as a row."""
    figures = {field.name: _finite(getattr(epoch, field.name)) for field in fields(MetricsRow)[1:-1]}
    return MetricsRow(epoch=epoch.epoch, **figures, seconds=round(epoch.seconds, 3))


def diagnostics_rows(epoch: Epoch) -> list[DiagnosticsRow]:
    """Return the diagnostics of `epoch`, one row per layer."""
    return [
        DiagnosticsRow(epoch.epoch, layer, *(_finite(figure) for figure in vars(diagnostics).values()))
        for layer, diagnostics in enumerate(epoch.diagnostics, 1)
    ]


def digest_input(row: MetricsRow) -> bytes:
    """Return the bytes of `row` that the digest in last.npz covers.

    Every version of nnlab writes these columns, so a new column does not change the digests of earlier runs.
    """
    figures = row.train_loss, row.train_accuracy, row.val_loss, row.val_accuracy, row.eta, row.seconds
    return tables.csv_line([row.epoch, *figures])


def read(path: Path, *, epochs: int) -> list[MetricsRow]:
    """Return the rows of metrics.csv, at most `epochs` of them.

    Raises `RunError`, also if the epochs are not 1, 2, ….
    """
    rows = tables.read(path, MetricsRow, most=epochs)
    if [row.epoch for row in rows] != list(range(1, len(rows) + 1)):
        raise RunError(f"{path} is not one of nnlab's files: the epochs do not count from 1")
    return rows


def _finite(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) else None
