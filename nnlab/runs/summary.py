"""summary.json: the status and the results of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from nnlab.network import number_of_parameters
from nnlab.runs import records
from nnlab.runs.records import Count, Digest, Share
from nnlab.training import StopReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.config import Experiment
    from nnlab.runs.metrics import MetricsRow

Status: TypeAlias = Literal["running", "finished", "diverged", "interrupted"]

STATUS: dict[StopReason | None, Status] = {
    None: "running",
    "patience": "finished",
    "epochs": "finished",
    "plateau": "finished",
    "diverged": "diverged",
    "interrupted": "interrupted",
}


@dataclass(frozen=True)
class Summary:
    """The keys of summary.json; `val_loss`, `val_accuracy` and `weights_sha256` are of the best epoch."""

    schema_version: Annotated[int, Field(ge=1)]
    name: str
    status: Status
    stop_reason: StopReason | None
    epochs: Count
    best_epoch: Count | None
    monitor: str
    best_value: float | None
    val_loss: float | None
    val_accuracy: Share | None
    parameters: Count
    train_examples: Count
    seconds: Annotated[float, Field(ge=0)]
    weights_sha256: Digest
    best_npz_tail_sha256: Digest | None = None  # `npz.tail_sha256` of best.npz; missing in old runs


def summarise(
    experiment: Experiment,
    rows: Sequence[MetricsRow],
    *,
    best_epoch: int | None,
    weights_sha256: str,
    best_npz_tail_sha256: str,
    train_examples: int,
    stop_reason: StopReason | None,
) -> Summary:
    """Return the summary of a run with the metrics `rows` and the digests of its best weights."""
    best_row = rows[best_epoch - 1] if best_epoch else None
    return Summary(
        schema_version=records.SCHEMA_VERSION,
        name=experiment.name,
        status=STATUS[stop_reason],
        stop_reason=stop_reason,
        epochs=len(rows),
        best_epoch=best_epoch,
        monitor=experiment.monitor,
        best_value=getattr(best_row, experiment.monitor, None),
        val_loss=getattr(best_row, "val_loss", None),
        val_accuracy=getattr(best_row, "val_accuracy", None),
        parameters=number_of_parameters(experiment.architecture),
        train_examples=train_examples,
        seconds=round(sum(row.seconds or 0 for row in rows), 3),
        weights_sha256=weights_sha256,
        best_npz_tail_sha256=best_npz_tail_sha256,
    )
