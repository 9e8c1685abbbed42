"""Run folders that were made without training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nnlab.config import dump
from nnlab.runs.run import Run
from tests.trainings import linear_experiment

if TYPE_CHECKING:
    from pathlib import Path

SUMMARY: dict[str, object] = {
    "schema_version": 1,
    "name": "small",
    "status": "finished",
    "stop_reason": "epochs",
    "epochs": 3,
    "best_epoch": 2,
    "monitor": "val_loss",
    "best_value": 0.5,
    "val_loss": 0.5,
    "val_accuracy": 0.8,
    "parameters": 7850,
    "train_examples": 1000,
    "seconds": 1.5,
    "weights_sha256": "0" * 64,
}


def make_untrained_run(
    folder: Path,
    /,
    *,
    summary: dict[str, object] | None = SUMMARY,
    test_accuracy: float | None = None,
    **changes: object,
) -> Run:
    """Make a run folder without training; without summary.json if `summary` is None."""
    run = Run(folder)
    folder.mkdir()
    run.config_yaml.write_text(dump(linear_experiment(**{"momentum": 0.0, "name": "small"} | changes)))
    if summary is not None:
        run.summary_json.write_text(json.dumps(SUMMARY | summary))
    if test_accuracy is not None:
        evaluation = {
            "run": str(folder),
            "checkpoint": "best",
            "split": "test",
            "examples": 10000,
            "loss": 0.25,
            "accuracy": test_accuracy,
            "errors": 100,
            "per_class": [],
            "confusion": [],
        }
        run.eval_json("test").write_text(json.dumps(evaluation))
    return run
