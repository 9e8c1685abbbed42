"""What the weights of a run are worth on a split: loss, accuracy, and which classes are confused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from nnlab.datasets import DATASETS, Source, Split, load_test
from nnlab.runs import folder, records
from nnlab.runs.checkpoint import load_network
from nnlab.runs.environment import Environment
from nnlab.training import load_splits, measure, predict

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.config import Experiment

Checkpoint: TypeAlias = Literal["best", "last"]
SplitName: TypeAlias = Literal["test", "validation", "train"]


@dataclass(frozen=True)
class ClassFigures:
    """How one class fared; None where there is nothing to divide by."""

    name: str
    examples: int
    precision: float | None  # of those called so, the share that are
    recall: float | None  # of those that are, the share called so


@dataclass(frozen=True)
class Evaluation:
    """The keys of eval_SPLIT.json and of `nnlab eval --json`."""

    run: str
    checkpoint: Checkpoint
    split: SplitName
    examples: int
    loss: float | None  # None when it overflows
    accuracy: float | None  # None in a regression, as are the errors
    errors: int | None
    per_class: list[ClassFigures]
    confusion: list[list[int]]  # a row each true class, a column each predicted one


def evaluate(run: Path, *, checkpoint: Checkpoint, split: SplitName, source: Source) -> Evaluation:
    """Measure the weights of `run` on a split. Raises `RunError` and `DatasetError`."""
    experiment = folder.experiment_of(run)
    network = load_network(run / (folder.BEST if checkpoint == "best" else folder.LAST), experiment)
    examples = _load(experiment, split, source)
    # The number of threads decides the last bits, and the figures are to be those of the training.
    threads = records.read(run / folder.ENVIRONMENT, Environment).threads
    with threadpool_limits(threads, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
        z = network.pre_activations(examples.inputs)
        loss, accuracy = measure(network, z, examples.labels)
        classes = DATASETS[experiment.dataset].classes
        confusion = np.zeros((len(classes), len(classes)), int)
        if classes:
            np.add.at(confusion, (examples.labels, predict(network, z)), 1)
    return Evaluation(
        run=str(run),
        checkpoint=checkpoint,
        split=split,
        examples=len(examples.labels),
        loss=loss if math.isfinite(loss) else None,
        accuracy=accuracy,
        errors=int(confusion.sum() - confusion.trace()) if classes else None,
        per_class=[
            ClassFigures(
                name=name,
                examples=int(confusion[label].sum()),
                precision=_share(confusion[label, label], confusion[:, label].sum()),
                recall=_share(confusion[label, label], confusion[label].sum()),
            )
            for label, name in enumerate(classes)
        ],
        confusion=confusion.tolist(),
    )


def _load(experiment: Experiment, split: SplitName, source: Source) -> Split:
    if split == "test":
        return load_test(
            experiment.dataset,
            dtype=experiment.dtype,
            options=experiment.dataset_options,
            source=source,
        )
    training, validation = load_splits(experiment, source)
    return training if split == "train" else validation


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
