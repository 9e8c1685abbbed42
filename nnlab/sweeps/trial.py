"""Trains a trial: what a worker does, in a process of this machine or on a cluster."""

from __future__ import annotations

import shutil
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

import nnlab
from nnlab import files
from nnlab.config import parse_config
from nnlab.config.experiment import Experiment
from nnlab.datasets import Source
from nnlab.errors import NnlabError, RunError
from nnlab.jobs.callbacks import Callbacks
from nnlab.jobs.evaluate import evaluate_run
from nnlab.jobs.resume import resume_run
from nnlab.jobs.train import train_experiment
from nnlab.runs import records
from nnlab.runs.run import Run
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from nnlab.training import Epoch

    Report: TypeAlias = Callable[[str, Epoch], None]

REPORT_EVERY = 0.5  # seconds between two reports of a trial on a cluster
LARGEST_FILE = 1 << 40

_FIRST_FILES = ("environment.json", ".lock")  # what a run can hold before its config.yaml

_STOPPED: set[str] = set()  # the sweeps whose trials are to stop
_EVERY = ""  # stands for all sweeps


@dataclass(frozen=True)
class Task:
    """A trial as a worker needs it. Everything in it can be sent to another machine.

    Without a `folder` the worker has no access to the runs. It then trains in a temporary folder, from the
    `content` of the run if it was interrupted, and returns what the folder holds at the end.
    """

    sweep: str  # tells the sweeps apart that use the same workers
    name: str
    config: str
    version: str
    folder: str | None = None
    content: Mapping[str, bytes] = field(default_factory=dict)
    data_dir: str | None = None
    offline: bool = False
    until: int | None = None  # stop after this epoch, to be resumed later
    evaluates: bool = False
    command: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """The end of a task: the summary of the run, or the `error` in one line and its `log`."""

    summary: Summary | None
    error: str = ""
    log: str = ""
    content: Mapping[str, bytes] = field(default_factory=dict)


def perform(task: Task, report: Report | None = None, scratch: str | None = None) -> Outcome:
    """Train or resume the trial of `task`, and evaluate it if wanted. Never raises an `Exception`.

    `report` is called now and then with the name of the trial and an epoch. A temporary folder is made in the
    folder `scratch`.
    """
    if task.version != nnlab.__version__:
        return Outcome(
            None,
            f"a worker has nnlab {nnlab.__version__}, the sweep {task.version}; install the same on both",
        )
    if task.folder is not None:
        return _performed(task, Run(Path(task.folder)), report)
    with tempfile.TemporaryDirectory(prefix="nnlab-", dir=scratch) as folder:
        run = Run(Path(folder) / task.name)
        if task.content:
            run.folder.mkdir()
            write_content(run.folder, task.content)
        outcome = _performed(task, run, report)
        content = content_of(run.folder) if run.folder.exists() else {}
        return Outcome(outcome.summary, outcome.error, outcome.log, content)


def stop(sweep: str = _EVERY) -> None:
    """Let the trials of a sweep in this process stop at the end of their batch; by default, those of all."""
    _STOPPED.add(sweep)


def is_stopped(sweep: str) -> bool:
    """Return whether the trials of a sweep in this process were asked to stop."""
    return not _STOPPED.isdisjoint((sweep, _EVERY))


def _performed(task: Task, run: Run, report: Report | None) -> Outcome:
    try:
        _train(task, run, report)
        summary = records.read(run.summary_json, Summary)
        if task.evaluates and summary.status == "finished" and not run.eval_json("test").exists():
            evaluated = evaluate_run(run, source=_source(task))
            if evaluated.not_kept is not None:
                raise evaluated.not_kept
        return Outcome(summary)
    except NnlabError as error:
        return Outcome(None, str(error), traceback.format_exc())
    except MemoryError:
        return Outcome(None, "out of memory; take fewer jobs with -j", traceback.format_exc())
    except Exception as error:  # noqa: BLE001 (a bug fails its trial, not the sweep)
        return Outcome(None, f"{type(error).__name__}: {error}", traceback.format_exc())


def _train(task: Task, run: Run, report: Report | None) -> None:
    """Train the trial, or resume it, as far as it is to go."""
    summary = records.read_or_none(run.summary_json, Summary) if run.config_yaml.exists() else None
    epochs = summary.epochs if summary else 0
    if summary and (summary.status in ("finished", "diverged") or epochs >= (task.until or epochs + 1)):
        return
    last_report = -REPORT_EVERY

    def on_epoch(epoch: Epoch) -> None:
        nonlocal epochs, last_report
        epochs = epoch.epoch
        if report is not None and monotonic() - last_report >= REPORT_EVERY:
            last_report = monotonic()
            report(task.name, epoch)

    def should_stop() -> bool:
        return is_stopped(task.sweep) or epochs == task.until

    arguments: dict[str, Any] = {
        "source": _source(task),
        "command": task.command,
        "callbacks": Callbacks(on_epoch=on_epoch, should_stop=should_stop),
    }
    if run.config_yaml.exists():
        resume_run(run, **arguments)
        return
    if run.folder.is_dir() and not run.folder.is_symlink():  # killed before the run could be resumed
        if any(path.name not in _FIRST_FILES and path.suffix != ".tmp" for path in run.folder.iterdir()):
            raise RunError(f"{run} holds other files than a run that has not begun; move it away")
        shutil.rmtree(run.folder)
    experiment = parse_config(task.config.encode(), run.config_yaml)
    if not isinstance(experiment, Experiment):
        raise TypeError("a trial is a training")
    train_experiment(experiment, runs=run.folder.parent, folder=run.name, threads=1, **arguments)


def _source(task: Task) -> Source:
    data_dir = None if task.data_dir is None else Path(task.data_dir)
    return Source(data_dir, offline=task.offline, keeps=True)


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the files in the folder of a run, by name, without the lock and temporary files."""
    return {
        path.name: files.read(path, limit=LARGEST_FILE)
        for path in folder.iterdir()
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    }


def write_content(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write files into `folder`, durably. Raises `NnlabError`."""
    for name, data in content.items():
        with files.atomic_write(folder / Path(name).name) as file:
            file.write(data)
