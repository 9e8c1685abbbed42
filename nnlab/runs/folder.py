"""Where runs lie: making their folders, finding them again."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from nnlab.config import Experiment, load_experiment
from nnlab.errors import ConfigError, NnlabError, RunError

CONFIG = "config.yaml"
METRICS = "metrics.csv"
SUMMARY = "summary.json"
ENVIRONMENT = "environment.json"
BEST = "best.npz"
LAST = "last.npz"


def runs_folder(named: Path | None) -> Path:
    """Return the folder of all runs: the one `named`, else NNLAB_RUNS, else `runs`."""
    return named or Path(os.environ.get("NNLAB_RUNS") or "runs")


def create(runs: Path, name: str) -> Path:
    """Make and return a new folder NAME-001, NAME-002, … in `runs`; two callers never get the same one."""
    try:
        runs.mkdir(parents=True, exist_ok=True)
        taken = [re.fullmatch(re.escape(name) + r"-(\d{3,})", path.name) for path in runs.iterdir()]
        for number in count(1 + max((int(match[1]) for match in taken if match), default=0)):
            run = runs / f"{name}-{number:03}"
            try:
                run.mkdir()
            except FileExistsError:
                continue  # another process was faster
            return run
    except OSError as error:
        reason = error.strerror or error
        raise NnlabError(
            f"cannot make a run folder in {runs}: {reason}; choose another with --runs"
        ) from error
    raise AssertionError  # count() has no end


def is_run(folder: Path) -> bool:
    """Tell whether `folder` is a run's, be it broken or unfinished."""
    try:
        return any((folder / name).is_file() for name in (CONFIG, SUMMARY, LAST, BEST))
    except OSError:  # no name that a file could have, or a folder that is not ours to enter
        return False


def find_all(runs: Path) -> list[Path]:
    """Return the run folders in `runs`, by name."""
    try:
        return sorted(folder for folder in runs.iterdir() if is_run(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {runs}: {error.strerror or error}") from error


def find(runs: Path, named: str | None) -> Path:
    """Return the run folder `named` by its path or by its name in `runs`; by None, the newest.

    Raises `RunError` if there is none.
    """
    if named is not None:
        if not named:
            raise RunError("the name of the run is empty")
        for folder in (Path(named), runs / named):
            if is_run(folder):
                return folder
        raise RunError(
            f"no run {named}: neither it nor {runs / named} is a folder with a {CONFIG} or {SUMMARY}; "
            "`nnlab compare` lists the runs"
        )
    folders = find_all(runs)
    if not folders:
        raise RunError(
            f"no runs in {runs}; train one with `nnlab train CONFIG`, or name the folder with --runs"
        )
    return max(folders, key=_last_touched)


def experiment_of(run: Path) -> Experiment:
    """Return the experiment of `run`. Raises `RunError` if its config.yaml is missing or broken."""
    try:
        return load_experiment(run / CONFIG)
    except ConfigError as error:
        raise RunError(str(error)) from error


def _last_touched(run: Path) -> tuple[int, str]:
    files = (run / name for name in (SUMMARY, CONFIG))
    return max((file.stat().st_mtime_ns for file in files if file.is_file()), default=0), run.name
