"""The run folder of a baseline: as of a training, but without epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.config import Baseline, dump
from nnlab.files import atomic_write
from nnlab.runs import checkpoint, folder, metrics, records, table
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.baselines import Arrays


def record(
    run: Path,
    baseline: Baseline,
    arrays: Arrays,
    *,
    val_accuracy: float,
    train_examples: int,
    seconds: float,
) -> Summary:
    """Write the config, what was fitted as best.npz, and the summary, which is returned."""
    with atomic_write(run / folder.CONFIG) as file:
        file.write(dump(baseline).encode())
    table.rewrite(run / folder.METRICS, metrics.Row, [])
    checkpoint.save_arrays(run / folder.BEST, arrays)
    summary = Summary(
        schema_version=1,
        name=baseline.name,
        status="finished",
        stop_reason=None,
        epochs=0,
        best_epoch=None,
        monitor="val_accuracy",
        best_value=val_accuracy,
        val_loss=None,
        val_accuracy=val_accuracy,
        parameters=sum(array.size for array in arrays.values() if array.dtype.kind == "f"),
        train_examples=train_examples,
        seconds=round(seconds, 3),
        weights_sha256=checkpoint.arrays_sha256(arrays),
    )
    records.write(run / folder.SUMMARY, summary)
    return summary
