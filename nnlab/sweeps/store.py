"""Puts runs that were made elsewhere into the folder of a sweep, whole or not at all; keeps logs there."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from nnlab import files
from nnlab.errors import NnlabError
from nnlab.runs.lock import is_locked
from nnlab.sweeps.trial import content_of, write_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nnlab.runs.run import Run

PLAN = ".trials"
LARGEST_PLAN = 1 << 26  # bytes
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.(new|old)")


def put(run: Run, content: Mapping[str, bytes]) -> None:
    """Make `run` hold these files, in place of those it may hold. Raises `NnlabError`.

    A crash leaves the old folder or the new one. It can also leave temporary folders, which
    `remove_temporary` removes.
    """
    new, old = (run.folder.with_name(f".{run.name}.{secrets.token_hex(4)}.{age}") for age in ("new", "old"))
    try:
        files.make_folders(new)
        write_content(new, content)
        with suppress(FileNotFoundError):
            run.folder.rename(old)
        new.rename(run.folder)
        files.sync_folder(run.folder.parent)
    except OSError as error:
        raise NnlabError(f"cannot write {run}: {error.strerror or error}") from error
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


def copy(made: Run, run: Run) -> None:
    """Copy a run that was `made` by hand, to be the trial `run`. Raises `NnlabError`."""
    put(run, content_of(made.folder))


def remove(run: Run) -> None:
    """Remove `run`, which is to be trained again. Raises `NnlabError`, also if a process is training it."""
    if is_locked(run):
        raise NnlabError(f"{run} is being trained by another process; wait for it, or stop it")
    try:
        shutil.rmtree(run.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NnlabError(f"cannot remove {run}: {error.strerror or error}") from error


def remove_temporary(folder: Path) -> None:
    """Remove what a killed `put` left in the folder of a sweep; give its old folder back if it has no new."""
    for path in sorted(folder.glob(".*")):
        if not _TEMPORARY.fullmatch(path.name) or not path.is_dir() or path.is_symlink():
            continue
        run = folder / path.name[1:].rpartition(".")[0].rpartition(".")[0]
        if path.suffix == ".old" and not run.exists():
            path.rename(run)
        else:
            shutil.rmtree(path, ignore_errors=True)


def write_plan(folder: Path, names: Iterable[str]) -> None:
    """Keep the names of the trials of a sweep in its folder, for those who watch it. Raises `NnlabError`."""
    with files.atomic_write(folder / PLAN) as file:
        file.write("".join(f"{name}\n" for name in names).encode())


def read_plan(folder: Path) -> list[str]:
    """Return the names of the trials of a sweep; none if they are not known."""
    try:
        return files.read(folder / PLAN, limit=LARGEST_PLAN).decode().split()
    except (NnlabError, UnicodeDecodeError):
        return []


def log_of(run: Run) -> Path:
    """Return the path of the log of a trial that failed."""
    return run.folder.with_name(f"{run.name}.log")


def write_log(run: Run, error: str, log: str) -> Path:
    """Keep why a trial failed, and return the path. Raises `NnlabError`."""
    path = log_of(run)
    with files.atomic_write(path) as file:
        file.write(f"{error}\n\n{log}".strip().encode(errors="surrogateescape") + b"\n")
    return path
