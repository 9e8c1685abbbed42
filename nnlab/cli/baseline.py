"""`nnlab baseline`: what other methods reach on the same examples."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Json, Name, Offline, Overrides, Quiet, Runs
from nnlab.cli.output import as_path, is_terminal, progress_line, write_stderr, write_stdout
from nnlab.cli.signals import mortal
from nnlab.errors import UsageError
from nnlab.rendering.looks import counted, percent

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.config import Baseline
    from nnlab.datasets import Source
    from nnlab.runs.summary import Summary


def baseline(
    method: Annotated[
        str,
        typer.Argument(
            metavar="METHOD",
            help="nearest_neighbours, svm_rbf, linear or mean_darkness.",
            autocompletion=completion.baselines,
        ),
    ],
    overrides: Overrides = None,
    *,
    name: Name = None,
    json: Json = False,
    quiet: Quiet = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Fit another method to the examples that a network would be trained on, into a run folder.

    Keys: dataset, seed, validation_size and train_size as in a config; neighbours (nearest_neighbours),
    penalty and gamma (svm_rbf), ridge (linear).

    \b
    Examples:
      nnlab baseline nearest_neighbours
      nnlab baseline svm_rbf train_size=5000 penalty=10
      nnlab eval "$(nnlab baseline linear -q)"
    """
    from nnlab.config import BASELINES, load_baseline
    from nnlab.config.synonyms import instead_of
    from nnlab.datasets import Source
    from nnlab.runs.folder import runs_folder
    from nnlab.runs.records import as_json

    if method not in BASELINES:
        raise UsageError(f"no baseline {method}; {instead_of(method, BASELINES)}")
    config = load_baseline(method, overrides or (), name=name)
    source = Source(data_dir, offline=offline, progress=is_terminal(sys.stderr) and not quiet)
    run, summary = _fit(config, runs_folder(runs), source, quiet=quiet)
    write_stdout(f"{as_json(summary) if json else as_path(run)}\n")


def _fit(config: Baseline, runs: Path, source: Source, *, quiet: bool) -> tuple[Path, Summary]:
    """Fit, measure on the validation split, and write the run folder."""
    import time

    from nnlab import baselines
    from nnlab.datasets import DATASETS, digests
    from nnlab.runs import folder
    from nnlab.runs.baseline import record
    from nnlab.runs.environment import describe
    from nnlab.training import available_threads, load_splits

    training, validation = load_splits(config, source)
    examples = len(training.labels)
    if not quiet:
        method = "" if config.name == config.baseline else f"{config.baseline}, "
        title = DATASETS[config.dataset].title
        write_stderr((config.name, "bold"), f": {method}{counted(examples, 'example')} of {title}")
    began = time.perf_counter()
    # There is nothing to lose yet.
    with (
        progress_line(f"fitting to {counted(examples, 'example')}") if not quiet else nullcontext(),
        mortal(),
    ):
        arrays = baselines.fit(config, training)
        predicted = baselines.predict(config, arrays, training, validation.inputs)
    seconds = time.perf_counter() - began
    run = folder.create(runs, config.name)
    with folder.claimed(run):
        environment = describe(threads=available_threads(), digests=digests(config.dataset))
        accuracy = float((predicted == validation.labels).mean())
        summary = record(
            run, config, arrays, environment, val_accuracy=accuracy, train_examples=examples, seconds=seconds
        )
    if not quiet:
        write_stderr(f"val_accuracy {percent(accuracy)}, {seconds:.1f} s")
        write_stderr("Next: ", (f"nnlab eval {run}", "bold"))
    return run, summary
