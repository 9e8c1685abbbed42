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
    from nnlab.runs.environment import Environment


def record(
    run: Path,
    baseline: Baseline,
    arrays: Arrays,
    environment: Environment,
    *,
    val_accuracy: float,
    train_examples: int,
    seconds: float,
) -> Summary:
    """Fill the new folder `run`, with what was fitted as best.npz, and return the summary."""
    with folder.filled(run):
        records.write(run / folder.ENVIRONMENT, environment)
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
            best_npz_tail_sha256=checkpoint.tail_sha256(run / folder.BEST),
        )
        records.write(run / folder.SUMMARY, summary)
    return summary
