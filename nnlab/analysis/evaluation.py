"""What the weights of a run are worth on a split: loss, accuracy, and which classes are confused."""

from __future__ import annotations

import math
import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from nnlab import baselines
from nnlab.config import Baseline, Experiment
from nnlab.datasets import DATASETS, Source, Split, load_test
from nnlab.errors import RunError, UsageError
from nnlab.files import legible
from nnlab.runs import folder, records
from nnlab.runs.checkpoint import arrays_sha256, load_arrays, load_network, weights_sha256
from nnlab.runs.environment import Environment
from nnlab.runs.records import Count, Share
from nnlab.runs.summary import Summary
from nnlab.training import load_splits, measure, predict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

Checkpoint: TypeAlias = Literal["best", "last"]
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
    checkpoint: Checkpoint
    split: SplitName
    examples: Count
    loss: float | None  # None when it overflows, and of a baseline
    accuracy: Share | None  # None in a regression, as are the errors
    errors: Count | None
    per_class: list[ClassFigures]
    confusion: list[list[Count]]  # a row each true class, a column each predicted one


def evaluate(run: Path, *, checkpoint: Checkpoint, split: SplitName, source: Source) -> Evaluation:
    """Measure the weights of `run` on a split. Raises `RunError` and `DatasetError`."""
    config = folder.config_of(run)
    if isinstance(config, Experiment):
        weights = run / (folder.BEST if checkpoint == "best" else folder.LAST)
        labels, loss, accuracy, predicted = _measure_network(run, weights, config, split, source)
    elif checkpoint == "last":
        raise UsageError(f"{run} is a baseline; it has no epochs, so leave --checkpoint out")
    else:
        labels, loss, accuracy, predicted = _measure_baseline(run, config, split, source)
    classes = DATASETS[config.dataset].classes
    confusion = np.zeros((len(classes), len(classes)), int)
    if classes:
        np.add.at(confusion, (labels, predicted), 1)
    return Evaluation(
        run=legible(str(run)),
        checkpoint=checkpoint,
        split=split,
        examples=len(labels),
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


def refuse_other_weights(run: Path, summary: Summary | None, digest: str) -> None:
    """Raise `RunError` unless the weights of that `digest` are those that the summary of `run` speaks of.

    While a run is trained, its best weights may be ahead of its summary.
    """
    if summary is not None and summary.status != "running" and summary.weights_sha256 != digest:
        raise RunError(
            f"{run / folder.BEST} holds other weights than {folder.SUMMARY} speaks of; put the right file "
            f"back, or train anew with `nnlab train {shlex.quote(str(run / folder.CONFIG))}`"
        )


@contextmanager
def _threads_of_training(run: Path) -> Iterator[None]:
    """Compute as `run` did: the number of threads decides the last bits of the figures."""
    threads = records.read(run / folder.ENVIRONMENT, Environment).threads
    with threadpool_limits(threads, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
        yield


def _measure_network(
    run: Path, weights: Path, experiment: Experiment, split: SplitName, source: Source
) -> tuple[NDArray[Any], float, float | None, NDArray[np.intp]]:
    """Return the labels of the split, the loss, the accuracy, and the classes predicted."""
    network = load_network(weights, experiment)
    if weights.name == folder.BEST:
        refuse_other_weights(
            run, records.read_if_whole(run / folder.SUMMARY, Summary), weights_sha256(network)
        )
    examples = _load(experiment, split, source)
    with _threads_of_training(run):
        z = network.pre_activations(examples.inputs)
        loss, accuracy = measure(network, z, examples.labels)
    return examples.labels, loss, accuracy, predict(network, z)


def _measure_baseline(
    run: Path, baseline: Baseline, split: SplitName, source: Source
) -> tuple[NDArray[Any], float, float | None, NDArray[np.intp]]:
    """Return the same of a baseline, which has no loss."""
    arrays = load_arrays(run / folder.BEST)
    refuse_other_weights(run, records.read_if_whole(run / folder.SUMMARY, Summary), arrays_sha256(arrays))
    examples = _load(baseline, split, source)
    training, _ = load_splits(baseline, source)
    try:
        with _threads_of_training(run):
            predicted = baselines.predict(baseline, arrays, training, examples.inputs)
    except (LookupError, TypeError, ValueError) as error:
        raise RunError(f"{run / folder.BEST} does not hold a fitted {baseline.baseline}: {error}") from error
    return examples.labels, math.nan, float((predicted == examples.labels).mean()), predicted


def _load(config: Experiment | Baseline, split: SplitName, source: Source) -> Split:
    if split == "test":
        return load_test(
            config.dataset,
            dtype=config.dtype,
            options=config.dataset_options,
            source=source,
        )
    training, validation = load_splits(config, source)
    return training if split == "train" else validation


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
