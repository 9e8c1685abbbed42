"""The Python interface: what `import nnlab` offers to notebooks and scripts.

Each function does the same as the command of its name. It prints nothing, unless `progress=True` asks for a
progress bar, and raises an `NnlabError` where the command would end with an error. A config is a file, the
name of a shipped config, or a mapping of keys; `runs`, `data_dir` and `offline` mean the same as the options
of these names.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nnlab import datasets, shipped
from nnlab.analysis import comparison
from nnlab.analysis.evaluation import best_network
from nnlab.analysis.groups import Group, compare_groups, differences
from nnlab.analysis.history import MOST_ROWS
from nnlab.config import Experiment, load_baseline, load_experiment
from nnlab.config.sweep import load_sweep
from nnlab.datasets import Source
from nnlab.errors import NnlabError, UsageError
from nnlab.jobs import baseline
from nnlab.jobs.callbacks import Callbacks
from nnlab.jobs.evaluate import evaluate_run
from nnlab.jobs.resume import newest_to_resume, resume_run
from nnlab.jobs.train import train_experiment
from nnlab.runs import find, metrics, records, tables
from nnlab.runs import run as stored
from nnlab.runs.environment import Environment
from nnlab.runs.summary import Summary
from nnlab.signals import deferred, deferred_from_call
from nnlab.sweeps.sweep import Callbacks as SweepCallbacks
from nnlab.sweeps.sweep import run_sweep
from nnlab.sweeps.work import Options as SweepOptions

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

    from nnlab.config import Baseline
    from nnlab.config.sweep import Tried
    from nnlab.datasets import Dataset
    from nnlab.jobs.callbacks import TrainingResult, TrainingStarted
    from nnlab.network import Network
    from nnlab.runs.evaluations import CheckpointName, Evaluation, SplitName
    from nnlab.sweeps.plan import Plan, Trial
    from nnlab.sweeps.sweep import Progress
    from nnlab.sweeps.workers import Workers
    from nnlab.training import Epoch

AnyPath: TypeAlias = str | Path


@dataclass(frozen=True, repr=False)
class Run(stored.Run):
    """A run: its config, its results and its network, read from its folder at each access."""

    def __post_init__(self) -> None:
        """Keep a path, also one given as text, that holds wherever the process goes."""
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def config(self) -> Experiment | Baseline:
        """The experiment or the baseline that was run. Raises `RunError`."""
        return stored.config_of(self)

    @property
    def summary(self) -> Summary:
        """The results: summary.json. Raises `RunError`."""
        return records.read(self.summary_json, Summary)

    @property
    def environment(self) -> Environment:
        """The software and the machine that made it: environment.json. Raises `RunError`."""
        return records.read(self.environment_json, Environment)

    @property
    def metrics(self) -> dict[str, NDArray[Any]]:
        """The columns of metrics.csv, (epochs,) each; NaN where there is no number. Raises `RunError`."""
        return _columns(metrics.read(self.metrics_csv, epochs=MOST_ROWS), metrics.MetricsRow)

    @property
    def diagnostics(self) -> dict[str, NDArray[Any]]:
        """The columns of diagnostics.csv, (epochs · layers,) each. Raises `RunError`."""
        rows = tables.read(self.diagnostics_csv, metrics.DiagnosticsRow, most=MOST_ROWS)
        return _columns(rows, metrics.DiagnosticsRow)

    @property
    def network(self) -> Network:
        """The network with its best weights. Raises `RunError`, and `UsageError` for a baseline."""
        return best_network(self, stored.experiment_of(self))

    def evaluate(
        self,
        split: SplitName = "test",
        *,
        checkpoint: CheckpointName = "best",
        data_dir: AnyPath | None = None,
        offline: bool = False,
    ) -> Evaluation:
        """Measure its weights on a split; keep the figures of the best weights. Raises `NnlabError`."""
        source = _source(data_dir, offline=offline)
        evaluated = evaluate_run(self, checkpoint=checkpoint, split=split, source=source)
        if evaluated.not_kept is not None and not evaluated.is_read_only:
            raise evaluated.not_kept
        return evaluated.evaluation


def train(
    config: AnyPath | Mapping[str, object] | Experiment,
    /,
    *,
    runs: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    offline: bool = False,
    threads: int | None = None,
    progress: bool = False,
    **keys: Any,  # noqa: ANN401 (as many types as there are keys)
) -> Run:
    """Train the network of a config, with `keys` overridden, into a new run folder.

    Ctrl-C stops it after the batch in progress: `KeyboardInterrupt` is raised, and the run can be resumed.
    Raises `ConfigError`, `DatasetError`, `DivergedError`, or another `NnlabError`.
    """
    if isinstance(config, Experiment):
        config = config.model_dump()
    source_of_keys = config if isinstance(config, Mapping) else shipped.path_of(str(config))
    experiment = load_experiment(source_of_keys, keys)
    with _callbacks(progress=progress) as callbacks:
        trained = train_experiment(
            experiment,
            runs=_runs_dir(runs),
            source=_source(data_dir, offline=offline),
            threads=threads,
            command=["nnlab.train"],
            callbacks=callbacks,
        )
    return _run_of(trained)


def resume(
    run: AnyPath | stored.Run | None = None,
    /,
    *,
    runs: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    offline: bool = False,
    threads: int | None = None,
    progress: bool = False,
    **raised: int | None,
) -> Run:
    """Resume `run`, by default the newest that can be, to the same weights as if it had never stopped.

    `epochs` and `patience` may be raised. Raises `RunError`, `UsageError`, and what `train` raises.
    """
    runs_dir = _runs_dir(runs)
    found = newest_to_resume(runs_dir, finished=bool(raised)) if run is None else _found(run, runs_dir)
    with _callbacks(progress=progress) as callbacks:
        trained = resume_run(
            found,
            raised,
            source=_source(data_dir, offline=offline),
            threads=threads,
            command=["nnlab.resume"],
            callbacks=callbacks,
        )
    return _run_of(trained)


def fit_baseline(
    method: str,
    /,
    *,
    runs: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    offline: bool = False,
    **keys: Any,  # noqa: ANN401 (as many types as there are keys)
) -> Run:
    """Fit another method, such as nearest_neighbours, to the examples that a network would be trained on.

    Raises `ConfigError`, `DatasetError`, or another `NnlabError`.
    """
    fitted = baseline.fit_baseline(
        load_baseline(method, keys),
        runs=_runs_dir(runs),
        source=_source(data_dir, offline=offline),
        command=["nnlab.fit_baseline"],
    )
    return Run(fitted.run.folder)


def sweep(  # noqa: PLR0913 (as many as the command has options)
    config: AnyPath | Mapping[str, object],
    tried: Tried = MappingProxyType({}),
    /,
    *,
    seeds: int | Sequence[int] | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    evaluate: bool = False,
    halving: bool = False,
    force: bool = False,
    max_failures: int | None = None,
    runs: AnyPath | None = None,
    data_dir: AnyPath | None = None,
    offline: bool = False,
    progress: bool = False,
    **keys: Any,  # noqa: ANN401 (as many types as there are keys)
) -> list[Group]:
    """Train a config with values that are `tried` and several seeds; return the groups of runs, best first.

    `tried` has a list of values, or a range such as "log(1e-3, 1, 20)", by key, or is a list of combinations.
    `keys` are overridden in all trials. `seeds` are given, or their number, 5 by default. The options mean
    the same as those of `nnlab sweep`. A call trains only what is missing, interrupted or failed.

    Ctrl-C stops all trials: `KeyboardInterrupt` is raised, and the same call continues. Raises `ConfigError`,
    `DatasetError`, `RunError` while another process runs the sweep, and `NnlabError` if a trial failed.
    """
    wanted = load_sweep(
        config if isinstance(config, Mapping) else shipped.path_of(str(config)),
        keys,
        tried,
        seeds=seeds,
        most=None,
    )
    runs_dir = _runs_dir(runs)
    with ExitStack() as stack:
        swept = run_sweep(
            wanted,
            runs_dir,
            jobs=jobs,
            cluster=cluster,
            options=SweepOptions(
                halves=halving,
                source=_source(data_dir, offline=offline),
                evaluates=evaluate,
                repeats=force,
                most_failures=max_failures,
                command=["nnlab.sweep"],
            ),
            callbacks=_sweep_callbacks(stack, progress=progress),
        )
    if swept.is_stopped:
        raise KeyboardInterrupt
    if swept.error is not None:
        first, reason = next(iter(swept.failed.items()))
        raise NnlabError(f"{swept.error}; the first was {wanted.name}/{first}: {reason}")
    trained = [trial.run for trial in swept.trials if trial.run.folder.exists()]
    return compare_groups(trained, runs_dir=runs_dir)


def find_run(name: AnyPath | None = None, /, *, runs: AnyPath | None = None) -> Run:
    """Return a run by its name or its path; by default, the newest. Raises `RunError`."""
    return Run(find.find(_runs_dir(runs), None if name is None else str(name)).folder)


def compare(
    *named: AnyPath | stored.Run,
    where: str | Sequence[str] | None = None,
    sort: str = comparison.BEST_FIRST,
    top: int | None = None,
    group: bool = False,
    against: str | None = None,
    runs: AnyPath | None = None,
) -> list[dict[str, object]]:
    """Return one row per run, best first: a dict by column. Compares the runs `named`, by default all.

    Columns are the keys of the config and the results. A name may be a pattern, such as tanh-*, or a sweep;
    `where` holds conditions, such as eta=0.1 or val_accuracy>0.97. With `group` there is one row per setting,
    with statistics over its seeds. With `against`, a setting such as eta=0.1, or best, there is one row per
    other setting: how it differs. Raises `RunError`, `UsageError`, and for `against` without SciPy
    `NnlabError`.
    """
    if top is not None and top < 1:
        raise UsageError(f"top must be at least 1 (given {top})")
    runs_dir = _runs_dir(runs)
    found = find.find_each(runs_dir, [str(name) for name in named])
    conditions = [where] if isinstance(where, str) else where or ()
    if group or against is not None:
        groups = compare_groups(found, runs_dir=runs_dir, where=conditions, sort=sort)
        rows = groups[:top] if against is None else differences(groups, against, top=top)
        return [each.row() for each in rows]
    return comparison.compare(
        found, runs_dir=runs_dir, where=conditions, sort=sort, top=top, everything=True
    ).rows


def load_dataset(
    name: str,
    /,
    *,
    seed: int = 0,
    data_dir: AnyPath | None = None,
    offline: bool = False,
) -> Dataset:
    """Return a dataset as arrays: all its training and test examples, pixels in [0, 1].

    The examples of a toy are those of an experiment with this `seed` and no options.
    Raises `UsageError` if there is no such dataset, `DatasetError` if its files are unavailable.
    """
    if seed < 0:
        raise UsageError(f"seed must be at least 0 (given {seed})")
    return datasets.load(name, seed=seed, source=_source(data_dir, offline=offline))


def _run_of(trained: TrainingResult) -> Run:
    if trained.error is not None:
        raise trained.error
    return Run(trained.run.folder)


def _runs_dir(runs: AnyPath | None) -> Path:
    """Return the folder of runs, by a path that holds wherever the process goes."""
    return find.runs_folder(_path(runs)).absolute()


def _found(run: AnyPath | stored.Run, runs_dir: Path) -> stored.Run:
    return run if isinstance(run, stored.Run) else find.find(runs_dir, str(run))


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)


def _source(data_dir: AnyPath | None, *, offline: bool) -> Source:
    return Source(_path(data_dir), offline=offline)


def _columns(rows: list[Any], kind: type[DataclassInstance]) -> dict[str, NDArray[Any]]:
    """Return each field of `kind` as an array over the rows; counts are integers, all else floats."""
    return {
        field.name: np.array(
            [getattr(row, field.name) for row in rows], np.int64 if field.type == "int" else np.float64
        )
        for field in fields(kind)
    }


_deferred_interrupt = partial(deferred, signal.SIGINT)


def _sweep_callbacks(stack: ExitStack, *, progress: bool) -> SweepCallbacks:
    """Return callbacks that draw a bar, if wanted, until `stack` is closed, and let Ctrl-C stop the sweep."""
    bars = []
    defer, is_received = stack.enter_context(deferred_from_call(_deferred_interrupt))

    def on_begin(plan: Plan, swept: Progress, _: Workers) -> None:
        defer()
        if progress:
            from tqdm.auto import tqdm  # noqa: PLC0415 (needed only for a bar)

            bar = tqdm(desc=plan.folder.name, total=swept.total, initial=len(swept.ended), unit="trial")
            bars.append(stack.enter_context(bar))

    def on_end(_: Trial, summary: Summary) -> None:
        for bar in bars:
            bar.update(summary.status in ("finished", "diverged"))

    return SweepCallbacks(on_begin=on_begin, on_end=on_end, should_stop=is_received)


@contextmanager
def _callbacks(*, progress: bool) -> Iterator[Callbacks]:
    """Yield callbacks that draw a progress bar, if wanted, and let Ctrl-C stop a training between batches.

    Then `KeyboardInterrupt` is raised at the end of the block. A second Ctrl-C raises it at once.
    """
    with ExitStack() as stack:
        bars = []
        defer, is_received = stack.enter_context(deferred_from_call(_deferred_interrupt))

        def on_begin(started: TrainingStarted) -> None:
            if progress:
                from tqdm.auto import tqdm  # noqa: PLC0415 (needed only for a bar)

                name, epochs = started.experiment.name, started.experiment.epochs
                bar = tqdm(desc=name, total=epochs, initial=started.epoch, unit="epoch")
                bars.append(stack.enter_context(bar))

        def on_epoch(epoch: Epoch) -> None:
            for bar in bars:
                figures = {"val_loss": f"{epoch.val_loss:.4f}"}
                if epoch.val_accuracy is not None:
                    figures["val_accuracy"] = f"{epoch.val_accuracy:.2%}"
                bar.set_postfix(figures, refresh=False)
                bar.update()

        yield Callbacks(before_writing=defer, on_begin=on_begin, on_epoch=on_epoch, should_stop=is_received)
    if is_received():
        raise KeyboardInterrupt
