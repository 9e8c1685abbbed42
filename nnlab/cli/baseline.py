"""`nnlab baseline`: fit another method to the same examples."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import DataDir, Json, Name, Offline, Overrides, Quiet, Runs, command_line
from nnlab.cli.output import as_path, is_terminal, progress_line, write_stderr, write_stdout
from nnlab.cli.signals import let_signals_kill
from nnlab.rendering.formatters import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.config import Baseline


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
    from nnlab.config import load_baseline
    from nnlab.datasets import Source
    from nnlab.jobs.baseline import fit_baseline
    from nnlab.runs.find import runs_folder
    from nnlab.runs.records import as_json

    config = load_baseline(method, overrides or (), name=name)
    fitted = fit_baseline(
        config,
        runs=runs_folder(runs),
        source=Source(data_dir, offline=offline, progress=is_terminal(sys.stderr) and not quiet),
        command=command_line(),
        during=partial(_fitting, config, quiet=quiet),
    )
    if not quiet:
        write_stderr(f"val_accuracy {percent(fitted.summary.val_accuracy)}, {fitted.summary.seconds:.1f} s")
        write_stderr("Next: ", (f"nnlab eval {fitted.run}", "bold"))
    write_stdout(f"{as_json(fitted.summary) if json else as_path(fitted.run.folder)}\n")


@contextmanager
def _fitting(config: Baseline, examples: int, *, quiet: bool) -> Iterator[None]:
    """Print what is being fitted. A signal ends the process at once, because there is nothing to lose yet."""
    from nnlab.datasets import DATASETS

    if not quiet:
        method = "" if config.name == config.baseline else f"{config.baseline}, "
        title = DATASETS[config.dataset].title
        write_stderr((config.name, "bold"), f": {method}{counted(examples, 'example')} of {title}")
    line = nullcontext() if quiet else progress_line(f"fitting to {counted(examples, 'example')}")
    with line, let_signals_kill():
        yield
