"""Calls commands within this process, for speed, and checks what nnlab promises of every command."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tests import laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.laboratory import Outcome

SECONDS = 2.0  # a command on a small file takes no longer, however hostile the file
MEGABYTES = 300
EXIT_CODES = range(7)
STATUS = Path("/proc/self/status")


class Skipped(Exception):  # noqa: N818 (it is no error)
    """Raised if the system lacks something that a harness needs."""


def call(*arguments: object, seconds: float = SECONDS) -> Outcome:
    """Call nnlab. Raises `AssertionError` for a traceback, a warning, or too much time or memory."""
    words = tuple(map(str, arguments))
    shown = f"nnlab {' '.join(words)}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
    with bounded(shown, seconds), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            outcome = laboratory.call(words, environment)
        except BaseException as error:
            raise AssertionError(f"{shown} ended in a traceback:\n{traceback.format_exc()}") from error
    assert outcome.code in EXIT_CODES, f"{shown} ended with {outcome.code}"
    assert (outcome.code == 0) or outcome.err, f"{shown} failed with {outcome.code} and said nothing"
    assert "Traceback" not in outcome.err, outcome.err
    return outcome


@contextlib.contextmanager
def bounded(what: str, limit: float = SECONDS) -> Iterator[None]:
    """Raise `AssertionError` if the block takes more time or memory than a hostile file may."""

    def bark(*_: object) -> None:
        raise AssertionError(f"{what} hangs")

    forget_peak()
    before = signal.signal(signal.SIGALRM, bark)
    started = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, 2 * limit, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    seconds, peak = time.perf_counter() - started, peak_megabytes()
    assert seconds < limit, f"{what} took {seconds:.1f} s"
    assert peak < MEGABYTES, f"{what} took {peak} MB"
    worst["seconds"] = max(worst["seconds"], seconds)
    worst["megabytes"] = max(worst["megabytes"], peak)


worst = {"seconds": 0.0, "megabytes": 0}


def forget_peak() -> None:
    """Reset the peak memory of this process, if the system supports it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> int:
    """Return the peak memory of this process, or 0 if the system does not report it."""
    if not STATUS.exists():
        return 0
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1000
