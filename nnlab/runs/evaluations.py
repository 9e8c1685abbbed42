"""eval_test.json and its like: what the best weights of a run were measured to be worth on a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from nnlab import files
from nnlab.runs import records
from nnlab.runs.records import Count, Share

if TYPE_CHECKING:
    from nnlab.runs.run import Run

CheckpointName: TypeAlias = Literal["best", "last"]
SplitName: TypeAlias = Literal["test", "validation", "train"]


@dataclass(frozen=True)
class ClassFigures:
    """How one class fared; None where there is nothing to divide by."""

    name: str
    examples: Count
    precision: Share | None  # of those called so, the share that are
    recall: Share | None  # of those that are, the share called so


@dataclass(frozen=True)
class Evaluation:
    """The keys of eval_SPLIT.json and of `nnlab eval --json`."""

    run: str
    checkpoint: CheckpointName
    split: SplitName
    examples: Count
    loss: float | None  # None when it overflows, and of a baseline
    accuracy: Share | None  # None in a regression, as are the errors
    errors: Count | None
    per_class: list[ClassFigures]
    confusion: list[list[Count]]  # a row per true class, a column per predicted one


def read(run: Run, split: SplitName) -> Evaluation:
    """Return what was measured on a split. Raises `MissingError` or another `RunError`."""
    return records.read(run.eval_json(split), Evaluation)


def write(run: Run, evaluation: Evaluation) -> None:
    """Keep what was measured. Raises `NnlabError`."""
    records.write(run.eval_json(evaluation.split), evaluation)


def remove_all(run: Run) -> None:
    """Remove what was measured, on whatever split. Raises `NnlabError`."""
    for path in run.folder.glob("eval_*.json"):
        files.remove(path)
