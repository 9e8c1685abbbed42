"""nnlab's commands, called within this process for speed, and held to what is promised of any of them."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnlab.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 2.0  # a command on a small file takes no longer, however hostile the file
MEGABYTES = 300
EXIT_CODES = range(7)
STATUS = Path("/proc/self/status")


class Skipped(Exception):  # noqa: N818 (it is no error)
    """This system lacks what a harness needs."""


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def call(*arguments: object, seconds: float = SECONDS) -> Outcome:
    """Call nnlab. Raises `AssertionError` for a traceback, a warning, or too much time or memory."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: object = "no exit"
    shown = f"nnlab {' '.join(map(str, arguments))}"
    with bounded(shown, seconds), arguments_of_process(arguments), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as exit_:
            code = exit_.code or 0
        except BaseException as error:
            raise AssertionError(f"{shown} ended in a traceback:\n{traceback.format_exc()}") from error
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    assert code in EXIT_CODES, f"{shown} ended with {code}"
    assert (code == 0) or texts[1], f"{shown} failed with {code} and said nothing"
    assert "Traceback" not in texts[1], texts[1]
    return Outcome(code, *texts)


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
    """Let the peak of this process's memory begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> int:
    """Return the peak of this process's memory, 0 where the system does not say."""
    if not STATUS.exists():
        return 0
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1000


@contextlib.contextmanager
def arguments_of_process(arguments: tuple[object, ...]) -> Iterator[None]:
    """Let the block find `arguments` on its command line, and an environment that steers nothing."""
    before = sys.argv, dict(os.environ)
    sys.argv = ["nnlab", *map(str, arguments)]
    for name in [name for name in os.environ if name.startswith("NNLAB_")]:
        del os.environ[name]
    try:
        yield
    finally:
        sys.argv = before[0]
        os.environ.clear()
        os.environ.update(before[1])
