"""eval_SPLIT.json: the figures of the best weights of a run on a split."""

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
    """The figures of one class; None if the denominator is zero."""

    name: str
    examples: Count
    precision: Share | None  # the share of correct answers among the examples predicted to be in the class
    recall: Share | None  # the share of correct answers among the examples that are in the class


@dataclass(frozen=True)
class Evaluation:
    """The keys of eval_SPLIT.json and of `nnlab eval --json`."""

    run: str
    checkpoint: CheckpointName
    split: SplitName
    examples: Count
    loss: float | None  # None if it overflows, and for a baseline
    accuracy: Share | None  # None in a regression, like `errors`
    errors: Count | None
    per_class: list[ClassFigures]
    confusion: list[list[Count]]  # one row per true class, one column per predicted class


def read(run: Run, split: SplitName) -> Evaluation:
    """Return the evaluation on a split. Raises `MissingError` or another `RunError`."""
    return records.read(run.eval_json(split), Evaluation)


def write(run: Run, evaluation: Evaluation) -> None:
    """Write an evaluation to its run folder. Raises `NnlabError`."""
    records.write(run.eval_json(evaluation.split), evaluation)


def remove_all(run: Run) -> None:
    """Remove the evaluations on all splits. Raises `NnlabError`."""
    for path in run.folder.glob("eval_*.json"):
        files.remove(path)
