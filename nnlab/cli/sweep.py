"""`nnlab sweep`: train a config with other values and seeds, in parallel, and compare the settings."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nnlab.cli import completion
from nnlab.cli.options import Config, DataDir, Name, Offline, Quiet, Runs, command_line, config_path
from nnlab.cli.output import is_terminal, write_result
from nnlab.cli.signals import defer_signals
from nnlab.errors import UsageError
from nnlab.rendering import Format


def sweep(
    config: Config,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=V1,V2,…",
            help="Values to try; also KEY=log(LOW,HIGH,N) and KEY=uniform(LOW,HIGH,N), N values drawn.",
            show_default=False,
            autocompletion=completion.keys,
        ),
    ] = None,
    *,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Train each setting with N seeds, from that of the config.  [default: 5]"
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, metavar="N", help="Trials to train at once.  [default: one per core]"
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a dask cluster, such as tcp://HOST:8786."),
    ] = None,
    measures: Annotated[
        bool, typer.Option("--eval", help="Also measure every finished trial on the test images.")
    ] = False,
    halving: Annotated[
        bool,
        typer.Option("--halving", help="Train all settings briefly, and only the best third of them on."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the trials and which are done; train nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train trials again that are done or broken.")
    ] = False,
    max_failures: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Stop after N failures.  [default: three in a row]"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Allow more than 10,000 trials.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the table.")] = "table",
    quiet: Quiet = False,
    runs: Runs = None,
    name: Name = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Train a config with each combination of values and several seeds, and compare the settings.

    The trials are runs in RUNS/NAME/. The same command again trains only what is missing, interrupted or
    failed. A config may list the values under the key `sweep`.

    \b
    Examples:
      nnlab sweep mnist_linear eta=0.01,0.1,1
      nnlab sweep mnist_softmax 'eta=log(1e-2,1,10)' --seeds 3 -j 4
      nnlab sweep mnist_softmax activation=relu,tanh --dry-run
      nnlab sweep sweep.yaml --eval --cluster tcp://localhost:8786
    """
    from nnlab.analysis.groups import compare_groups
    from nnlab.cli.compare import write_groups
    from nnlab.cli.sweep_view import SweepView, pieces_of
    from nnlab.config.sweep import MOST_TRIALS, load_sweep
    from nnlab.datasets import Source
    from nnlab.runs.find import runs_folder
    from nnlab.signals import deferred_from_call
    from nnlab.sweeps.plan import make_plan
    from nnlab.sweeps.sweep import run_sweep
    from nnlab.sweeps.work import Options
    from nnlab.training import available_cores

    if cluster is not None and jobs is not None:
        raise UsageError("a cluster decides how many trials run at once; leave out --jobs")
    wanted = load_sweep(
        config_path(config), overrides or (), name=name, seeds=seeds, most=None if yes else MOST_TRIALS
    )
    runs_dir = runs_folder(runs)
    terminal = is_terminal(sys.stderr) and not quiet
    options = Options(
        source=Source(data_dir, offline=offline, progress=terminal),
        halves=halving,
        evaluates=measures,
        repeats=force,
        most_failures=max_failures,
        command=command_line(),
    )
    if dry_run:
        write_result(*pieces_of(make_plan(wanted, runs_dir), options, jobs or available_cores()), width=80)
        return
    with (
        SweepView(quiet=quiet, live=terminal, halving=halving, repeats=force) as view,
        # Until the first trial, a signal ends the command at once; after that, it stops the trials.
        deferred_from_call(defer_signals) as (defer, is_signalled),
    ):
        progress = run_sweep(
            wanted,
            runs_dir,
            jobs=jobs,
            cluster=cluster,
            options=options,
            callbacks=view.callbacks(defer, is_signalled),
        )
        view.end()
    trained = [trial.run for trial in progress.trials if trial.run.folder.exists()]
    write_groups(compare_groups(trained, runs_dir=runs_dir), output_format)
    if progress.error is not None:
        raise progress.error
