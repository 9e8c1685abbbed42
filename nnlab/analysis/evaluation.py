"""The loss, the accuracy and the confusion of classes of a run's weights on a split."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nnlab import baselines, files
from nnlab.config import Baseline, Experiment
from nnlab.datasets import DATASETS, Source, Split, load_test
from nnlab.errors import RunError, UsageError
from nnlab.files import printable
from nnlab.runs import records
from nnlab.runs.checkpoint import load_network, weights_sha256
from nnlab.runs.evaluations import CheckpointName, ClassFigures, Evaluation, SplitName
from nnlab.runs.npz import arrays_sha256, load_arrays
from nnlab.runs.summary import Summary
from nnlab.training import (
    available_threads,
    computing_with,
    load_splits,
    measure,
    pre_activations,
    targets_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnlab.network import Network
    from nnlab.runs.run import Run

T = TypeVar("T")


def evaluate(
    run: Run, config: Experiment | Baseline, *, checkpoint: CheckpointName, split: SplitName, source: Source
) -> Evaluation:
    """Measure the weights of `run`, a run of `config`, on a split. Raises `RunError` and `DatasetError`."""
    if isinstance(config, Experiment):
        labels, loss, accuracy, predicted = _measure_network(run, config, checkpoint, split, source)
    elif checkpoint == "last":
        raise UsageError(f"{run} is a baseline; it has no epochs, so leave out --checkpoint")
    else:
        labels, loss, accuracy, predicted = _measure_baseline(run, config, split, source)
    classes = DATASETS[config.dataset].classes
    confusion = confusion_of(labels, predicted, len(classes))
    return Evaluation(
        run=printable(str(run)),
        checkpoint=checkpoint,
        split=split,
        examples=len(labels),
        loss=loss if math.isfinite(loss) else None,
        accuracy=accuracy,
        errors=int(confusion.sum() - confusion.trace()) if classes else None,
        per_class=class_figures(confusion, classes),
        confusion=confusion.tolist(),
    )


def confusion_of(labels: NDArray[Any], predicted: NDArray[np.intp], classes: int) -> NDArray[np.intp]:
    """Return the counts of answers, one row per true class, one column per predicted class."""
    confusion = np.zeros((classes, classes), np.intp)
    if classes:
        np.add.at(confusion, (labels, predicted), 1)
    return confusion


def class_figures(confusion: NDArray[np.intp], classes: Sequence[str]) -> list[ClassFigures]:
    """Return the figures of each of the `classes`."""
    return [
        ClassFigures(
            name=name,
            examples=int(confusion[label].sum()),
            precision=_share(confusion[label, label], confusion[:, label].sum()),
            recall=_share(confusion[label, label], confusion[label].sum()),
        )
        for label, name in enumerate(classes)
    ]


def row_shares(confusion: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return each count as a share of its true class; 0 for a class without examples."""
    shares: NDArray[np.float64] = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return shares


def predictions(
    run: Run, config: Experiment | Baseline, source: Source
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the labels of the test split, and the classes that the best weights predict, (examples,) each.

    Raises `RunError` and `DatasetError`.
    """
    if isinstance(config, Experiment):
        labels, _, _, predicted = _measure_network(run, config, "best", "test", source)
    else:
        labels, _, _, predicted = _measure_baseline(run, config, "test", source)
    return labels, predicted


def network_of(run: Run, experiment: Experiment, checkpoint: CheckpointName) -> Network:
    """Return the network of `run`, a run of `experiment`, at a checkpoint. Raises `RunError`."""
    return best_network(run, experiment) if checkpoint == "best" else load_network(run.last_npz, experiment)


def best_network(run: Run, experiment: Experiment) -> Network:
    """Return the network of `run`, a run of `experiment`, with its best weights. Raises `RunError`."""
    return _best(run, lambda: load_network(run.best_npz, experiment), weights_sha256)


def _best(run: Run, load: Callable[[], T], digest: Callable[[T], str]) -> T:
    """Return what `load` reads from best.npz of `run`, if its `digest` is the one in summary.json.

    Raises `RunError` otherwise. While a run is being trained, its best weights may be newer than its summary.
    If a training replaces the weights in the meantime, both are read again.
    """
    while True:
        version = files.fingerprint(run.best_npz)
        found = load()
        summary = records.read_or_none(run.summary_json, Summary)
        if summary is None or summary.status == "running" or summary.weights_sha256 == digest(found):
            return found
        if files.fingerprint(run.best_npz) == version:
            raise RunError(
                f"{run.best_npz} does not match the weights recorded in {run.summary_json.name}; "
                "restore the file, or train the run again"
            )


def _measure_network(
    run: Run, experiment: Experiment, checkpoint: CheckpointName, split: SplitName, source: Source
) -> tuple[NDArray[Any], float, float | None, NDArray[np.intp]]:
    """Return the labels of the split, the loss, the accuracy and the predicted classes."""
    network = network_of(run, experiment, checkpoint)
    examples = examples_of(experiment, split, source)
    with computing_with(available_threads()) as team, np.errstate(over="ignore", invalid="ignore"):
        z = pre_activations(network, examples, team.share)
        targets = targets_of(examples.labels, len(z), z.dtype)
        loss, accuracy = measure(network, z, targets, examples.labels)
    return examples.labels, loss, accuracy, network.classes(z)


def _measure_baseline(
    run: Run, baseline: Baseline, split: SplitName, source: Source
) -> tuple[NDArray[Any], float, float | None, NDArray[np.intp]]:
    """Return the same for a baseline, whose loss is NaN."""
    arrays = _best(run, lambda: load_arrays(run.best_npz), arrays_sha256)
    examples = examples_of(baseline, split, source)
    training, _ = load_splits(baseline, source)
    baselines.load_libraries(baseline, to_fit=False)
    try:
        with computing_with(threads=1):
            predicted = baselines.predict(baseline, arrays, training, examples.inputs)
    except (LookupError, TypeError, ValueError) as error:
        raise RunError(f"{run.best_npz} does not hold a fitted {baseline.baseline}: {error}") from error
    return examples.labels, math.nan, float((predicted == examples.labels).mean()), predicted


def examples_of(config: Experiment | Baseline, split: SplitName, source: Source) -> Split:
    """Return the examples of a split. Raises `DatasetError`."""
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
