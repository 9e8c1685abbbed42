"""Finds runs by name, path, pattern or age."""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab import shipped
from nnlab.config import one_line
from nnlab.errors import RunError
from nnlab.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILES = "config.yaml", "summary.json", "last.npz", "best.npz"  # a folder with any of these is a run


def runs_folder(named: Path | None) -> Path:
    """Return the folder of all runs: `named`, or else NNLAB_RUNS, or else `runs`."""
    return named or Path(os.environ.get("NNLAB_RUNS") or "runs")


def is_run(folder: str | Path) -> bool:
    """Return whether `folder` is a run, even a broken or an unfinished one."""
    try:
        return any(_is_there(f"{folder}/{name}") for name in FILES)
    except PermissionError:
        return True  # most likely; reading it will report what is wrong
    except (OSError, ValueError):  # not a valid file name
        return False


def _is_there(path: str) -> bool:
    """Return whether anything but a folder is at `path`; reading it will report what is wrong."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 (paths of thousands of runs cost time)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return True
        raise


def find_all(runs: Path) -> list[Run]:
    """Return the run folders in `runs`, ordered by name."""
    try:
        with os.scandir(runs) as entries:
            names = sorted(entry.name for entry in entries if is_run(entry.path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {runs}: {error.strerror or error}") from error
    return [Run(runs / name) for name in names]


def find(runs: Path, named: str | None) -> Run:
    """Return the run `named` by its path or by its name in `runs`, or if that is None, the newest run.

    Raises `RunError` if there is none.
    """
    if named is None:
        return newest_first(_find_any(runs))[0]
    if not named:
        raise RunError("the name of the run is empty")
    for folder in (Path(named), runs / named):
        if is_run(folder):
            return Run(folder)
    if not (matching := _matching(runs, named)):
        raise RunError(_not_found(runs, named))
    if len(matching) > 1:
        first, second, *more = (one_line(run.name) for run in matching)
        names = ", ".join([first, second, *(["…"] if more else [])])
        raise RunError(f"{len(matching)} runs match {named}: {names}; name one of them")
    return matching[0]


def find_each(runs: Path, named: Sequence[str]) -> list[Run]:
    """Return the runs `named`, by default all, without duplicates.

    A pattern stands for all runs it matches, a sweep for all runs in its folder. Raises `RunError` if a name
    or a pattern matches no run, or if there are no runs at all.
    """
    if not named:
        return _find_any(runs)
    return list(
        dict.fromkeys(
            run
            for name in named
            for run in _matching(runs, name) or runs_of_sweep(runs, name) or [find(runs, name)]
        )
    )


def runs_of_sweep(runs: Path, named: str) -> list[Run]:
    """Return the runs of the sweep `named` by its path or its name in `runs`; none if it is not a sweep."""
    for folder in (runs / named, Path(named)):
        if named and not is_run(folder) and (found := _runs_within(folder)):
            return found
    return []


def named_sweep(runs: Path, named: Sequence[str]) -> str | None:
    """Return the name of the sweep that is `named` alone, or None."""
    return named[0].rstrip("/") if len(named) == 1 and runs_of_sweep(runs, named[0]) else None


def _runs_within(folder: Path) -> list[Run]:
    try:
        return find_all(folder)
    except (RunError, ValueError):  # a file, or not a valid name
        return []


def name_of(run: Run, runs: Path) -> str:
    """Return how a run is named among those in `runs`: NAME, SWEEP/NAME, or a path elsewhere."""
    folder = run.folder
    return folder.relative_to(runs).as_posix() if folder.is_relative_to(runs) else str(folder)


def _matching(runs: Path, pattern: str) -> list[Run]:
    """Return the runs whose names in `runs`, or else whose paths, match a shell `pattern`; by name."""
    if not set("*?[") & set(pattern):
        return []
    path = Path(pattern)
    places = (runs / path.parent, path.name), (path.parent, path.name)
    found = ([run for run in find_all(place) if fnmatchcase(run.name, name)] for place, name in places)
    return next(filter(None, found), [])


def _find_any(runs: Path) -> list[Run]:
    """Return the run folders in `runs`, ordered by name. Raises `RunError` if there is none."""
    if not (found := find_all(runs)):
        if sweeps := _sweeps(runs):
            raise RunError(f"{runs} has no runs but those of sweeps; name one: {', '.join(sweeps)}")
        raise RunError(
            f"no runs in {runs}; train one with `nnlab train CONFIG`, or name the folder with --runs"
        )
    return found


def _sweeps(runs: Path) -> list[str]:
    """Return the names of the sweeps in `runs`."""
    try:
        folders = sorted(path for path in runs.iterdir() if path.is_dir())
    except OSError:
        return []
    return [one_line(folder.name) for folder in folders if _runs_within(folder)]


def newest_first(runs: Iterable[Run]) -> list[Run]:
    """Return `runs`, most recently written first."""
    return sorted(runs, key=_last_modified, reverse=True)


def _not_found(runs: Path, named: str) -> str:
    """Return the message for a name that is not a run."""
    path = Path(named)
    if trials := runs_of_sweep(runs, named):
        example = f"{named.rstrip('/')}/{trials[0].name}"
        return f"{named} is a sweep of {len(trials):,} runs; name one of them, such as {one_line(example)}"
    nothing = f"no run {repr(named)[1:-1]}, neither as a path nor in {runs}"
    if _is_file(path) and is_run(path.parent):
        return f"{nothing}; did you mean {path.parent}?"
    is_config = _is_file(path) and path.suffix in (".yaml", ".yml")
    names = [] if is_config else [run.name for run in newest_first(find_all(runs))]
    numbered = (name for name in names if re.fullmatch(re.escape(path.name) + r"-[0-9]{3,9}", name))
    longer = (name for name in names if path.name and name.startswith(path.name))
    if meant := next(chain(numbered, longer, get_close_matches(path.name, names, n=1)), None):
        return f"{nothing}; did you mean {meant}?"
    if is_config or named in shipped.configs():
        return f"{named} is a config, not a run; train it first with `nnlab train {shlex.quote(named)}`"
    return f"{nothing}: a run is a folder with a config.yaml or summary.json; `nnlab compare` lists them"


def _last_modified(run: Run) -> tuple[int, str]:
    return max((_modified(f"{run}/{name}") for name in ("summary.json", "config.yaml")), default=0), run.name


def _modified(path: str) -> int:
    """Return the modification time of the file at `path` in nanoseconds; 0 if it cannot be read."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (as above)
    except OSError:
        return 0


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no permission, or not a valid file name
        return False
