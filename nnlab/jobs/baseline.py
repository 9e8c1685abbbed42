"""Fitting a baseline into a new run folder."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab import baselines
from nnlab.datasets import DEFAULT_SOURCE, digests
from nnlab.runs.baseline import write_baseline
from nnlab.runs.environment import describe
from nnlab.runs.lock import locked
from nnlab.runs.run import Run, create, removed_on_failure
from nnlab.runs.summary import Summary
from nnlab.training import computing_with, load_splits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nnlab.config import Baseline
    from nnlab.datasets import Source


@dataclass(frozen=True)
class FitResult:
    """A fitted baseline and its results."""

    run: Run
    summary: Summary


def fit_baseline(
    baseline: Baseline,
    *,
    runs: Path,
    source: Source = DEFAULT_SOURCE,
    command: Sequence[str] = (),
    during: Callable[[int], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> FitResult:
    """Fit `baseline`, measure it on the validation split, and write a new run folder in `runs`.

    `during`, called with the number of training examples, returns the context in which scikit-learn works;
    nothing is written before it ends. Raises `DatasetError`, and `NnlabError` if scikit-learn is missing or
    the file system refuses.
    """
    training, validation = load_splits(baseline, source)
    examples = len(training.labels)
    baselines.load_libraries(baseline, to_fit=True)
    with computing_with(threads=1):
        began = time.perf_counter()
        with during(examples):
            arrays = baselines.fit(baseline, training)
            predicted = baselines.predict(baseline, arrays, training, validation.inputs)
        seconds = time.perf_counter() - began
        environment = describe(threads=1, digests=digests(baseline.dataset), command=command)
    run = create(runs, baseline.name)
    with removed_on_failure(run), locked(run):
        summary = write_baseline(
            run,
            baseline,
            arrays,
            environment,
            val_accuracy=float((predicted == validation.labels).mean()),
            train_examples=examples,
            seconds=seconds,
        )
    return FitResult(run, summary)
