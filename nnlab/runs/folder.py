"""Where runs lie: making their folders, finding them again."""

from __future__ import annotations

import errno
import os
import platform
import re
import shlex
import shutil
import stat
import sys
import time
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab import shipped
from nnlab.config import MAX_BYTES, Baseline, Experiment, one_line, parse_config
from nnlab.errors import ConfigError, NnlabError, RunError, UsageError
from nnlab.files import make_folders, open_regular, read, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONFIG = "config.yaml"
METRICS = "metrics.csv"
DIAGNOSTICS = "diagnostics.csv"
SUMMARY = "summary.json"
ENVIRONMENT = "environment.json"
BEST = "best.npz"
LAST = "last.npz"
LOCK = ".lock"


def runs_folder(named: Path | None) -> Path:
    """Return the folder of all runs: the one `named`, else NNLAB_RUNS, else `runs`."""
    return named or Path(os.environ.get("NNLAB_RUNS") or "runs")


def create(runs: Path, name: str) -> Path:
    """Make and return a new folder NAME-001, NAME-002, … in `runs`; two callers never get the same one."""
    numbered = re.compile(re.escape(name) + "-([0-9]{3,9})")
    try:
        make_folders(runs)
        taken = [numbered.fullmatch(path.name) for path in runs.iterdir()]
        for number in count(1 + max((int(match[1]) for match in taken if match), default=0)):
            run = runs / f"{name}-{number:03}"
            try:
                run.mkdir()
            except FileExistsError:
                continue  # another process was faster
            with filled(run):
                sync_folder(runs)
            return run
    except OSError as error:
        reason = error.strerror or error
        raise NnlabError(
            f"cannot make a run folder in {runs}: {reason}; choose another with --runs"
        ) from error
    raise AssertionError  # count() has no end


@contextmanager
def filled(run: Path) -> Iterator[None]:
    """Let the block fill the new folder `run`; if it fails, the folder goes."""
    try:
        yield
    except BaseException:
        shutil.rmtree(run, ignore_errors=True)
        raise


@contextmanager
def claimed(run: Path) -> Iterator[None]:
    """Keep other processes from training `run` in the block. Raises `RunError` if one does already.

    The claim is a lock of the system's on a file that names its holder, and ends with the process, even one
    that is killed. Windows and some network file systems have none.
    """
    try:
        lock = _claim(run)
    except BaseException:
        with suppress(OSError):
            run.rmdir()  # which it lets only if the run is new, and so empty
        raise
    try:
        yield
    finally:
        with suppress(OSError):
            (run / LOCK).unlink()
        os.close(lock)


def _claim(run: Path) -> int:
    """Return the open file that is the claim."""
    for _ in range(25):  # half a second: `is_claimed` holds the lock for a moment
        lock = _open_lock(run / LOCK)
        if _locks(lock, exclusive=True) and _is_at(run / LOCK, lock):
            with suppress(OSError):  # on a full disk the claim goes without a name
                os.ftruncate(lock, 0)
                os.write(lock, f"process {os.getpid()} on {platform.node()}".encode())
            return lock
        holder = one_line(os.read(lock, 300).decode(errors="replace"), limit=300) or "another process"
        os.close(lock)
        time.sleep(0.02)
    raise RunError(f"{run} is being trained by {holder}; wait for it, or stop it")


def _open_lock(path: Path) -> int:
    """Return the open lock file; in a run that came from somebody else, anything may be in its place."""
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        reason = error.strerror or error
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EINVAL, errno.EISDIR, errno.ENXIO):
            raise RunError(f"cannot lock {path}: {reason}; remove it if no training uses the run") from error
        raise NnlabError(f"cannot write {path}: {reason}") from error


def _is_at(path: Path, descriptor: int) -> bool:
    """Tell whether an open file is still the one at `path`, and not removed by the holder before."""
    return path.exists() and os.path.samestat(os.stat(descriptor), path.stat())


def is_claimed(run: Path) -> bool:
    """Tell whether a process is training `run`."""
    try:
        lock = open_regular(run / LOCK)
    except OSError:
        return False
    try:
        return not _locks(lock, exclusive=False)
    finally:
        os.close(lock)


def _locks(descriptor: int, *, exclusive: bool) -> bool:
    """Lock an open file, if no other process holds it; tell whether that is so."""
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 (not there on Windows)

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def is_run(folder: str | Path) -> bool:
    """Tell whether `folder` is a run's, be it broken or unfinished."""
    try:
        return any(_is_there(f"{folder}/{name}") for name in (CONFIG, SUMMARY, LAST, BEST))
    except PermissionError:
        return True  # most likely, and what is wrong with it is for its reader to say
    except (OSError, ValueError):  # not a name that a file could have
        return False


def _is_there(path: str) -> bool:
    """Tell whether something that is not a folder is at `path`. What it is, is for its reader to say."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 (paths of thousands of runs cost time)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link that leads back to itself
            return True
        raise


def find_all(runs: Path) -> list[Path]:
    """Return the run folders in `runs`, by name."""
    try:
        with os.scandir(runs) as entries:
            names = sorted(entry.name for entry in entries if is_run(entry.path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {runs}: {error.strerror or error}") from error
    return [runs / name for name in names]


def find(runs: Path, named: str | None) -> Path:
    """Return the run folder `named` by its path or by its name in `runs`; by None, the newest.

    Raises `RunError` if there is none.
    """
    if named is None:
        return newest_first(_some(runs))[0]
    if not named:
        raise RunError("the name of the run is empty")
    for folder in (Path(named), runs / named):
        if is_run(folder):
            return folder
    if not (matching := _matching(runs, named)):
        raise RunError(_not_found(runs, named))
    if len(matching) > 1:
        first, second, *more = (one_line(run.name) for run in matching)
        names = ", ".join([first, second, *(["…"] if more else [])])
        raise RunError(f"{len(matching)} runs match {named}: {names}; name one of them")
    return matching[0]


def find_each(runs: Path, named: Sequence[str]) -> list[Path]:
    """Return the runs `named`, each once; a pattern such as tanh-* stands for all that match it.

    If none is named, all. Raises `RunError` if there is none, or none of a name or a pattern.
    """
    if not named:
        return _some(runs)
    return list(dict.fromkeys(run for name in named for run in _matching(runs, name) or [find(runs, name)]))


def _matching(runs: Path, pattern: str) -> list[Path]:
    """Return the runs in `runs` whose names match a shell's `pattern`, or whose paths do; by name."""
    if not set("*?[") & set(pattern):
        return []
    path = Path(pattern)
    places = (runs, pattern), (path.parent, path.name)
    found = ([run for run in find_all(place) if fnmatchcase(run.name, name)] for place, name in places)
    return next(filter(None, found), [])


def _some(runs: Path) -> list[Path]:
    """Return the run folders in `runs`, by name. Raises `RunError` if there is none."""
    if not (found := find_all(runs)):
        raise RunError(
            f"no runs in {runs}; train one with `nnlab train CONFIG`, or name the folder with --runs"
        )
    return found


def newest_first(folders: Iterable[Path]) -> list[Path]:
    """Return run folders, the one last written to first."""
    return sorted(folders, key=_last_touched, reverse=True)


def _not_found(runs: Path, named: str) -> str:
    """Return what to say to somebody who named something that is not a run."""
    path = Path(named)
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
    return f"{nothing}: a run is a folder with a {CONFIG} or {SUMMARY}; `nnlab compare` lists them"


def experiment_of(run: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Return the experiment of `run` with KEY=VALUE `overrides` on top.

    Raises `RunError` if config.yaml is broken, `UsageError` if it is a baseline's, `ConfigError` for what the
    overrides have wrong.
    """
    config = config_of(run)
    if overrides and isinstance(config, Experiment):
        config = parse_config(config_text(run), run / CONFIG, overrides)
    if isinstance(config, Baseline):
        raise UsageError(f"{run} is a baseline; it has no training to go on with")
    return config


def config_of(run: Path) -> Experiment | Baseline:
    """Return what `run` is a run of. Raises `RunError` if its config.yaml is missing or broken."""
    try:
        return parse_config(config_text(run), run / CONFIG)
    except ConfigError as error:
        raise RunError(str(error)) from error


def config_text(run: Path) -> bytes:
    """Return what config.yaml of `run` holds. Raises `RunError`."""
    return read(run / CONFIG, limit=MAX_BYTES)


def _last_touched(run: Path) -> tuple[int, str]:
    return max((_modified(f"{run}/{name}") for name in (SUMMARY, CONFIG)), default=0), run.name


def _modified(path: str) -> int:
    """Return when the file at `path` was written, in nanoseconds since 1970; 0 if it may not be seen."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (as above)
    except OSError:
        return 0


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # not ours to read, or no name that a file could have
        return False
