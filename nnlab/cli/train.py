"""`nnlab train`: train the network of a config into a run folder, or resume a run."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import NEWEST, is_override
from nnlab.cli.options import (
    DataDir,
    Json,
    Name,
    Offline,
    Overrides,
    Quiet,
    Runs,
    command_line,
    config_path,
)
from nnlab.cli.output import as_path, is_terminal, write_result, write_stderr, write_stdout
from nnlab.errors import UsageError

if TYPE_CHECKING:
    from nnlab.cli.training_view import TrainingView
    from nnlab.jobs.callbacks import Callbacks


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
            help="Resume this run, or the newest that can be; epochs= and patience= may be raised.",
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
            max=4096,  # as in environment.json
            metavar="N",
            help="Threads that share large steps; the weights do not depend on it.  "
            "[default: chosen by the size of a step]",
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print the libraries and the run folder.")
    ] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Draw no progress bar.")] = False,
) -> None:
    """Train the network of a config, with early stopping; print the run folder's path.

    Ctrl-C keeps all finished epochs; --resume continues to the same weights as without the interruption.

    \b
    Examples:
      nnlab train mnist_softmax
      nnlab train mnist_softmax eta=0.1 batch_size=32 --name slow
      nnlab train --resume slow-001 epochs=100
      run=$(nnlab train my.yaml epochs=2 -q) && nnlab eval "$run"
    """
    from nnlab.cli.training_view import TrainingView
    from nnlab.config import dump, load_experiment
    from nnlab.datasets import Source
    from nnlab.runs.find import find, runs_folder
    from nnlab.runs.records import as_json

    bar = is_terminal(sys.stderr) and not (quiet or no_progress)
    view = TrainingView(quiet=quiet, verbose=verbose, bar=bar)
    runs_dir = runs_folder(runs)
    source = Source(data_dir, offline=offline, progress=bar)
    if dry_run and json:
        raise UsageError("--dry-run prints no JSON; leave out one of the two")
    if resume is not None:
        from nnlab.jobs.resume import newest_to_resume, resume_run

        if name is not None or dry_run:
            option = "--dry-run" if dry_run else "--name"
            raise UsageError(f"--resume continues a run as it is; leave out {option}")
        raised = _raised(config, overrides or (), runs_dir, named=resume != NEWEST)
        run = (
            newest_to_resume(runs_dir, finished=bool(raised)) if resume == NEWEST else find(runs_dir, resume)
        )
        with _callbacks_of(view) as callbacks:
            trained = resume_run(
                run, raised, source=source, threads=threads, command=command_line(), callbacks=callbacks
            )
            view.end(trained)
    elif config is None:
        raise UsageError("name a CONFIG, such as mnist_softmax, or a run with --resume")
    else:
        path = _config_path(config, runs_dir)
        experiment = load_experiment(path, overrides or (), name=name)
        if dry_run:
            from nnlab.cli.plan import pieces_of

            write_stdout(f"{dump(experiment)}\n")
            table, rule = pieces_of(experiment)
            write_result(table)
            write_stdout("\n")
            write_result(rule, width=80)
            return
        if not quiet:
            _report_changed_name(path, experiment.name)
        from nnlab.jobs.train import train_experiment

        with _callbacks_of(view) as callbacks:
            trained = train_experiment(
                experiment,
                runs=runs_dir,
                source=source,
                threads=threads,
                command=command_line(),
                callbacks=callbacks,
            )
            view.end(trained)

    summary = trained.summary
    write_stdout(f"{as_json(summary) if json else as_path(trained.run.folder)}\n")
    if trained.error is not None:
        raise trained.error


@contextmanager
def _callbacks_of(view: TrainingView) -> Iterator[Callbacks]:
    """Yield callbacks that show a training. As soon as it writes, a signal stops it at the end of a batch."""
    from nnlab.cli.signals import defer_signals
    from nnlab.jobs.callbacks import Callbacks
    from nnlab.signals import deferred_from_call

    with deferred_from_call(defer_signals) as (defer, is_signalled):
        yield Callbacks(
            before_writing=defer,
            on_begin=view.begin,
            on_batch=view.advance,
            on_epoch=view.epoch,
            should_stop=is_signalled,
        )


def _config_path(config: str, runs: Path) -> Path | None:
    """Return the path that CONFIG stands for. Raises `UsageError` if it is a run."""
    from nnlab.runs.find import is_run

    path = config_path(config)
    if path is not None and is_run(runs / path) and not path.exists():
        raise UsageError(f"{config} is a run, not a config; continue it with --resume {shlex.quote(config)}")
    return path


def _raised(config: str | None, overrides: Sequence[str], runs: Path, *, named: bool) -> list[str]:
    """Return the overrides of a run to resume; typer takes the first of them for the CONFIG.

    Raises `UsageError` if it really is a config, or a run that was not `named` right after --resume.
    """
    from nnlab.runs.find import is_run

    if config is None or is_override(config):
        return [override for override in (config, *overrides) if override is not None]
    if not named and is_run(runs / config):
        raise UsageError(f"write --resume {shlex.quote(config)}; the run must follow the option directly")
    raise UsageError(f"--resume uses the config of the run; leave out {config}")


def _report_changed_name(path: Path | None, name: str) -> None:
    """Print the name of the experiment if the name of the file had to be changed to become it."""
    from nnlab.config import default_name

    if path is not None and default_name(path) == name != path.stem:
        write_stderr(
            f"The experiment is called {name}: a name has only letters from A to Z, digits\n"
            "and _ . + -. Choose another with --name."
        )
