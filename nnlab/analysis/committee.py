"""Committees: several networks that answer together, by the mean of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.analysis.answers import answers_of, are_probabilities
from nnlab.analysis.evaluation import class_figures, confusion_of
from nnlab.datasets import DATASETS
from nnlab.errors import UsageError
from nnlab.files import printable
from nnlab.runs.evaluations import CheckpointName, ClassFigures, SplitName
from nnlab.runs.run import experiment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nnlab.config import Experiment
    from nnlab.datasets import Source
    from nnlab.runs.run import Run


@dataclass(frozen=True)
class Member:
    """A run of a committee: its figures alone, and the errors of the committee without it."""

    run: str
    log_loss: float | None  # −log of its probability of the label
    accuracy: float
    errors: int
    errors_without: int


@dataclass(frozen=True)
class Committee:
    """The figures of a committee and of its members; the keys of `nnlab eval --json` for several runs.

    A log loss is None if it is infinite, or if the outputs do not add up to 1.
    """

    runs: list[str]
    checkpoint: CheckpointName
    split: SplitName
    examples: int
    log_loss: float | None  # −log of the mean probability of the label
    accuracy: float
    errors: int
    per_class: list[ClassFigures]
    confusion: list[list[int]]  # one row per true class, one column per predicted class
    members: list[Member]


def evaluate_committee(
    runs: Sequence[Run], *, checkpoint: CheckpointName, split: SplitName, source: Source
) -> Committee:
    """Measure the mean of the probabilities of at least two `runs` on a split (Meier et al. 2011).

    Raises `RunError`, `DatasetError`, and `UsageError` for runs that cannot answer together.
    """
    experiments = [experiment_of(run) for run in runs]
    _check(runs, experiments, split)
    answers = [
        answers_of(run, experiment, source, split=split, checkpoint=checkpoint)
        for run, experiment in zip(runs, experiments, strict=True)
    ]
    labels = answers[0].examples.labels
    total = np.sum([each.outputs for each in answers], axis=0)
    predicted = _predicted(total)
    is_wrong = predicted != labels
    names = [printable(str(run)) for run in runs]
    classes = DATASETS[experiments[0].dataset].classes
    confusion = confusion_of(labels, predicted, len(classes))
    return Committee(
        runs=names,
        checkpoint=checkpoint,
        split=split,
        examples=len(labels),
        log_loss=_log_loss(total / len(runs), labels),
        accuracy=float((~is_wrong).mean()),
        errors=int(is_wrong.sum()),
        per_class=class_figures(confusion, classes),
        confusion=confusion.tolist(),
        members=[
            Member(
                name,
                _log_loss(each.outputs, labels),
                float(each.is_right.mean()),
                int((~each.is_right).sum()),
                int((_predicted(total - each.outputs) != labels).sum()),
            )
            for name, each in zip(names, answers, strict=True)
        ],
    )


def _check(runs: Sequence[Run], experiments: Sequence[Experiment], split: SplitName) -> None:
    """Raise `UsageError` unless the runs answer the same questions with probabilities."""
    first = experiments[0]
    for run, experiment in zip(runs, experiments, strict=True):
        if not DATASETS[experiment.dataset].classes:
            raise UsageError(f"{run} is a regression; a committee needs classes")
        if not are_probabilities(experiment.output):
            raise UsageError(f"{run} has {experiment.output} outputs, which are no probabilities to average")
        keys = ["dataset", "dataset_options"]
        if split != "test":
            keys += ["seed", "validation_size", "train_size"]  # they choose the examples of the split
        if different := [key for key in keys if getattr(experiment, key) != getattr(first, key)]:
            what = (
                f"{run} and {runs[0]} differ in {different[0]}, and so in the examples of the {split} split"
            )
            remedy = "; use --split test" if different[0] in keys[2:] else ""
            raise UsageError(f"{what}{remedy}")


def _predicted(outputs: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the class with the largest output, (examples,); of two equal ones of a toy, the second."""
    has_two = outputs.shape[1] == 2  # noqa: PLR2004 (classes, as one output of at least a half says the second)
    predicted: NDArray[np.intp] = (
        (outputs[:, 1] >= outputs[:, 0]).astype(np.intp) if has_two else outputs.argmax(axis=1)
    )
    return predicted


def _log_loss(outputs: NDArray[np.float64], labels: NDArray[np.intp]) -> float | None:
    """Return the mean of −log of the output of the label; None if one is 0, or if they do not add up to 1."""
    of_label = outputs[np.arange(len(labels)), labels]
    is_known = of_label.min() > 0 and np.allclose(outputs.sum(axis=1), 1)
    return float(-np.log(of_label).mean()) if is_known else None
