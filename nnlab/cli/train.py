"""`nnlab train`: from a config, or a run to resume, to a run folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import NEWEST
from nnlab.cli.options import DataDir, Json, Name, Offline, Overrides, Quiet, Runs, config_path
from nnlab.cli.output import emit, is_terminal, tell
from nnlab.errors import DivergedError, UsageError


def train(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="CONFIG|-",
            help="A config file, or the name of a shipped one; - is standard input.",
            show_default=False,
            autocompletion=completion.configs,
        ),
    ] = None,
    overrides: Overrides = None,
    *,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[RUN]",
            help="Go on with this run, or the newest that can; epochs= and patience= may be raised.",
            autocompletion=completion.runs,
        ),
    ] = None,
    runs: Runs = None,
    name: Name = None,
    data_dir: DataDir = None,
    offline: Offline = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the experiment and its network; train nothing.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4096,  # as environment.json has it
            metavar="N",
            help="Threads of the matrix products.  [default: by the size of a step]",
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also say with what libraries and files.")
    ] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Draw no progress bar.")] = False,
) -> None:
    """Train the network of a config, with early stopping; print the run folder's path.

    Ctrl-C keeps all finished epochs; --resume goes on to the same weights as if nothing had happened.

    \b
    Examples:
      nnlab train mnist_softmax
      nnlab train mnist_softmax eta=0.1 batch_size=32 --name slow
      nnlab train --resume slow-001 epochs=100
      run=$(nnlab train my.yaml epochs=2 -q) && nnlab eval "$run"
    """
    from nnlab.cli.training import Session
    from nnlab.cli.training_view import TrainingView, plan
    from nnlab.config import load_experiment
    from nnlab.datasets import Source
    from nnlab.runs.folder import runs_folder
    from nnlab.runs.records import as_json

    bar = is_terminal(sys.stderr) and not (quiet or no_progress)
    session = Session(
        runs=runs_folder(runs),
        source=Source(data_dir, offline=offline, progress=bar),
        threads=threads,
        view=TrainingView(quiet=quiet, verbose=verbose, bar=bar),
    )
    if dry_run and json:
        raise UsageError("--dry-run prints no JSON; leave one of the two out")
    if resume is not None:
        if name is not None or dry_run:
            raise UsageError("--resume goes on with a run as it is; leave --name and --dry-run out")
        raised = [override for override in (config, *(overrides or ())) if override is not None]
        run, summary = session.resume(None if resume == NEWEST else resume, raised)
    elif config is None:
        raise UsageError("name a CONFIG, such as mnist_softmax, or a run with --resume")
    else:
        experiment = load_experiment(config_path(config), overrides or (), name=name)
        if dry_run:
            emit(plan(experiment))
            return
        if not quiet:
            _tell_of_a_name_made_up(config_path(config), experiment.name)
        run, summary = session.begin(experiment)

    emit(f"{as_json(summary) if json else run}\n")
    if summary.status == "diverged":
        kept = f"the weights of epoch {summary.best_epoch}" if summary.best_epoch else "the starting weights"
        raise DivergedError(
            f"the loss or a weight left the finite numbers in epoch {summary.epochs}; take a smaller eta; "
            f"{kept} are kept in {run}"
        )


def _tell_of_a_name_made_up(path: Path | None, name: str) -> None:
    """Say so where the file's name cannot be that of the experiment, and was changed to one that can."""
    from nnlab.config import default_name

    if path is not None and default_name(path) == name != path.stem:
        tell(
            f"The experiment is called {name}: a name has only the letters A to Z, digits and _ . + -. "
            "Choose another with --name."
        )
