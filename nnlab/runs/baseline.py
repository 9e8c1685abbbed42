"""The run folder of a baseline: like that of a network, but without epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.config import Baseline, dump
from nnlab.files import atomic_write
from nnlab.runs import metrics, records, tables
from nnlab.runs.npz import arrays_sha256, save_arrays, tail_sha256
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from nnlab.baselines import Arrays
    from nnlab.runs.environment import Environment
    from nnlab.runs.run import Run


def write_baseline(
    run: Run,
    baseline: Baseline,
    arrays: Arrays,
    environment: Environment,
    *,
    val_accuracy: float,
    train_examples: int,
    seconds: float,
) -> Summary:
    """Write the files of the new `run`, with the fitted `arrays` as best.npz, and return its summary."""
    records.write(run.environment_json, environment)
    with atomic_write(run.config_yaml) as file:
        file.write(dump(baseline).encode())
    tables.rewrite(run.metrics_csv, metrics.MetricsRow, [])
    save_arrays(run.best_npz, arrays)
    summary = Summary(
        schema_version=records.SCHEMA_VERSION,
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
        weights_sha256=arrays_sha256(arrays),
        best_npz_tail_sha256=tail_sha256(run.best_npz),
    )
    records.write(run.summary_json, summary)
    return summary
