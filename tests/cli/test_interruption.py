from __future__ import annotations

import os
import re
import resource
import shlex
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from nnlab.cli.signals import Interrupted, held, interruptible

from .conftest import CONFIG, Outcome, run_nnlab, start_nnlab, what_came_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Long enough that a signal sent after the first epoch's line finds it at work.
LONG = CONFIG.replace("epochs: 3", "epochs: 40").replace("batch_size: 64", "batch_size: 4")


def interrupt(folder: Path, number: int) -> Outcome:
    """Train until the line of the first epoch, then send the signal."""
    process = start_nnlab(folder, "train", "long.yaml")
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    with process:
        err = ""
        for line in process.stderr:
            err += line
            if re.match(r" +1 ", line):
                process.send_signal(number)
                break
        out, rest = process.communicate()
    deadline.cancel()
    return Outcome(process.returncode, out, err + rest)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "long.yaml").write_text(LONG)
    assert run_nnlab(folder, "train", "long.yaml", "-q").code == 0
    return folder / "runs" / "long-001"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_dies_by_the_signal_and_resumes_to_the_same_weights(
    tmp_path: Path, whole: Path, number: int
) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    stopped = interrupt(tmp_path, number)
    assert (stopped.code, stopped.out) == (-number, "")
    run = tmp_path / "runs" / "long-001"
    summary, rows = what_came_of(run)
    assert (summary["status"], summary["stop_reason"]) == ("interrupted", "interrupted")
    assert summary["epochs"] == len(rows) < 40
    assert f"Interrupted; the epochs up to {len(rows)} are kept.\n" in stopped.err
    assert "Traceback" not in stopped.err

    advice = stopped.err.splitlines()[-1]
    assert advice == "Next: nnlab train --resume runs/long-001"
    resumed = run_nnlab(tmp_path, *shlex.split(advice)[2:])
    assert (resumed.code, resumed.out) == (0, "runs/long-001\n")
    assert f"runs/long-001 goes on after epoch {len(rows)}\n" in resumed.err
    assert what_came_of(run) == what_came_of(whole)


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before, "handlers are put back"


@pytest.mark.usefixtures("handlers")
def test_a_signal_is_held_until_asked_for_and_a_second_one_would_kill() -> None:
    with pytest.raises(Interrupted) as interrupted, held() as check:  # noqa: PT012 - the order matters
        check()
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == signal.SIG_DFL
        check()
    assert interrupted.value.signal == signal.SIGTERM


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_never_asked_for_is_raised_at_the_end() -> None:
    with pytest.raises(Interrupted), held():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("handlers")
def test_elsewhere_a_signal_is_raised_at_once() -> None:
    with pytest.raises(Interrupted), interruptible():
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_the_shell_had_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible(), held() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_matrix_library_that_cannot_start_its_threads_is_not_taken_for_ctrl_c(desk: Path) -> None:
    def leave_no_room_for_a_stack() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        resource.setrlimit(resource.RLIMIT_STACK, (16 << 30, 16 << 30))

    limited = run_nnlab(
        desk, "train", "linear.yaml", preexec_fn=leave_no_room_for_a_stack, OPENBLAS_NUM_THREADS="2"
    )
    assert (limited.code, limited.out) == (1, "")
    assert limited.err.splitlines()[-1].startswith(
        "nnlab: the matrix library cannot start its threads; set OPENBLAS_NUM_THREADS=1"
    )
    assert "Traceback" not in limited.err
