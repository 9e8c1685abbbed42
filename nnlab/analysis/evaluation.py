"""What the weights of a run are worth on a split: loss, accuracy, and which classes are confused."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from nnlab import baselines, files
from nnlab.config import Baseline, Experiment
from nnlab.datasets import DATASETS, Source, Split, load_test
from nnlab.errors import RunError, UsageError
from nnlab.files import printable
from nnlab.runs import folder, records
from nnlab.runs.checkpoint import arrays_sha256, load_arrays, load_network, weights_sha256
from nnlab.runs.environment import Environment
from nnlab.runs.records import Count, Share
from nnlab.runs.summary import Summary
from nnlab.training import load_splits, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from nnlab.network import Network

Checkpoint: TypeAlias = Literal["best", "last"]
T = TypeVar("T")
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
        run=printable(str(run)),
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


def _best(run: Path, load: Callable[[], T], digest: Callable[[T], str]) -> T:
    """Return what `load` takes from best.npz of `run`, of that `digest`.

    Raises `RunError` if it is not what summary.json recorded. While a run is trained, its best weights may be
    ahead of its summary; and where a training ends in between, both are read again.
    """
    path = run / folder.BEST
    while True:
        version = files.version(path)
        found = load()
        summary = records.read_if_whole(run / folder.SUMMARY, Summary)
        if summary is None or summary.status == "running" or summary.weights_sha256 == digest(found):
            return found
        if files.version(path) == version:
            raise RunError(
                f"{path} does not match the weights recorded in {folder.SUMMARY}; put the right file back, "
                "or make the run anew"
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

    def load() -> Network:
        return load_network(weights, experiment)

    network = _best(run, load, weights_sha256) if weights.name == folder.BEST else load()
    examples = _load(experiment, split, source)
    with _threads_of_training(run):
        z = network.pre_activations(examples.inputs)
        loss, accuracy = measure(network, z, examples.labels)
    return examples.labels, loss, accuracy, network.classes(z)


def _measure_baseline(
    run: Path, baseline: Baseline, split: SplitName, source: Source
) -> tuple[NDArray[Any], float, float | None, NDArray[np.intp]]:
    """Return the same of a baseline, which has no loss."""
    arrays = _best(run, lambda: load_arrays(run / folder.BEST), arrays_sha256)
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
