"""A run: a folder, and the files that training and evaluation leave in it."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.config import MAX_BYTES, Baseline, Experiment, parse_config
from nnlab.errors import ConfigError, NnlabError, RunError, UsageError
from nnlab.files import make_folders, read, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Run:
    """The run in `folder`; its properties are the paths of its files, whether or not they exist."""

    folder: Path

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    def __str__(self) -> str:
        return str(self.folder)

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        """The name of the folder, such as mnist_softmax-001."""
        return self.folder.name

    @property
    def config_yaml(self) -> Path:
        """The config, which repeats the run."""
        return self.folder / "config.yaml"

    @property
    def environment_json(self) -> Path:
        """The software and the machine that made the run."""
        return self.folder / "environment.json"

    @property
    def metrics_csv(self) -> Path:
        """The metrics, one row per epoch."""
        return self.folder / "metrics.csv"

    @property
    def diagnostics_csv(self) -> Path:
        """The diagnostics, one row per epoch and layer, if the config asks for them."""
        return self.folder / "diagnostics.csv"

    @property
    def summary_json(self) -> Path:
        """The results."""
        return self.folder / "summary.json"

    @property
    def best_npz(self) -> Path:
        """The weights of the best epoch."""
        return self.folder / "best.npz"

    @property
    def last_npz(self) -> Path:
        """The last checkpoint: all that the next epoch depends on."""
        return self.folder / "last.npz"

    @property
    def lock(self) -> Path:
        """The lock file, which names the process that is training the run."""
        return self.folder / ".lock"

    def eval_json(self, split: str) -> Path:
        """Return the path of the evaluation on a split."""
        return self.folder / f"eval_{split}.json"


def create(runs: Path, name: str) -> Run:
    """Make and return a new run NAME-001, NAME-002, … in `runs`. Two callers never get the same one.

    Raises `NnlabError`.
    """
    numbered = re.compile(re.escape(name) + "-([0-9]{3,9})")
    with _refusal(runs):
        make_folders(runs)
        taken = [numbered.fullmatch(path.name) for path in runs.iterdir()]
    numbers = count(1 + max((int(match[1]) for match in taken if match), default=0))
    return next(run for number in numbers if (run := create_as(runs / f"{name}-{number:03}")))


def create_as(folder: Path) -> Run | None:
    """Make `folder` and return it as a new run, or return None if it exists. Raises `NnlabError`."""
    run = Run(folder)
    with _refusal(folder.parent):
        make_folders(folder.parent)
        try:
            folder.mkdir()
        except FileExistsError:
            return None
        with removed_on_failure(run):
            sync_folder(folder.parent)
    return run


@contextmanager
def _refusal(runs: Path) -> Iterator[None]:
    """Let an error of the file system in the block say that no folder can be made in `runs`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise NnlabError(
            f"cannot make a run folder in {runs}: {reason}; choose another with --runs"
        ) from error


@contextmanager
def removed_on_failure(run: Run) -> Iterator[None]:
    """Remove the new `run` if the block, which fills it, fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise


def config_of(run: Run) -> Experiment | Baseline:
    """Return the experiment or the baseline of `run`. Raises `RunError` if its config.yaml is unreadable."""
    try:
        return parse_config(config_text(run), run.config_yaml)
    except ConfigError as error:
        raise RunError(str(error)) from error


def experiment_of(run: Run, lacks: str = "network") -> Experiment:
    """Return the experiment of `run`. Raises `RunError`, and `UsageError` with what a baseline `lacks`."""
    config = config_of(run)
    if isinstance(config, Baseline):
        raise UsageError(f"{run} is a baseline; it has no {lacks}")
    return config


def config_text(run: Run) -> bytes:
    """Return the content of config.yaml of `run`. Raises `RunError`."""
    return read(run.config_yaml, limit=MAX_BYTES)
