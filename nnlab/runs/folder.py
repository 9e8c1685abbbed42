"""Where runs lie: making their folders, finding them again."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.config import Baseline, Experiment, load_experiment, read_baseline
from nnlab.errors import ConfigError, NnlabError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = "config.yaml"
METRICS = "metrics.csv"
DIAGNOSTICS = "diagnostics.csv"
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


@contextmanager
def claimed(run: Path) -> Iterator[None]:
    """Keep other processes from training `run` in the block. Raises `RunError` if one does already.

    The claim is a lock of the system's, which a process gives up even when it is killed. Windows has none.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 (not there on Windows)

    descriptor = os.open(run, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RunError(f"{run} is being trained by another process; wait for it, or stop it") from None
    finally:
        os.close(descriptor)


def is_claimed(run: Path) -> bool:
    """Tell whether a process is training `run`."""
    try:
        with claimed(run):
            return False
    except RunError:
        return True


def is_run(folder: Path) -> bool:
    """Tell whether `folder` is a run's, be it broken or unfinished."""
    try:
        return any((folder / name).is_file() for name in (CONFIG, SUMMARY, LAST, BEST))
    except PermissionError:
        return True  # most likely, and what is wrong with it is for its reader to say
    except OSError:  # no name that a file could have
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
            f"no run {named}, neither as a path nor in {runs}: a run is a folder with a {CONFIG} or "
            f"{SUMMARY}; `nnlab compare` lists them"
        )
    folders = find_all(runs)
    if not folders:
        raise RunError(
            f"no runs in {runs}; train one with `nnlab train CONFIG`, or name the folder with --runs"
        )
    return max(folders, key=_last_touched)


def experiment_of(run: Path) -> Experiment:
    """Return the experiment of `run`. Raises `RunError` if its config.yaml is not that of one."""
    config = config_of(run)
    if isinstance(config, Baseline):
        raise RunError(f"{run} is a baseline's, which has no training to go on with")
    return config


def config_of(run: Path) -> Experiment | Baseline:
    """Return what `run` is a run of. Raises `RunError` if its config.yaml is missing or broken."""
    if not _is_file(run / CONFIG):
        raise RunError(f"{run / CONFIG} is missing")
    try:
        return read_baseline(run / CONFIG) or load_experiment(run / CONFIG)
    except ConfigError as error:
        raise RunError(str(error)) from error


def _last_touched(run: Path) -> tuple[int, str]:
    files = (run / name for name in (SUMMARY, CONFIG))
    return max((file.stat().st_mtime_ns for file in files if _is_file(file)), default=0), run.name


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:
        return False
