from __future__ import annotations

import os
import resource
import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from nnlab.cli.signals import Interrupted, defer_signals, raise_on_signals
from tests.laboratory import Laboratory, Outcome, read_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# Long enough that a signal sent after the first epoch's line finds it at work.
LONG = {"epochs": 40, "batch_size": 4}


def interrupt(lab: Laboratory, number: int) -> Outcome:
    """Train until the line of the first epoch, then send the signal."""
    with lab.start("train", "long.yaml") as process:
        err = read_until(process.stderr, r" +1 ")
        process.send_signal(number)
        out, rest = process.communicate()
    return Outcome(process.returncode, out, err + rest)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A laboratory with the run of a training that nothing interrupted."""
    lab = Laboratory(tmp_path_factory.mktemp("whole"))
    lab.config("long.yaml", **LONG)
    assert lab.nnlab("train", "long.yaml", "-q").code == 0
    return lab


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_dies_by_the_signal_and_resumes_to_the_same_weights(
    lab: Laboratory, whole: Laboratory, number: int
) -> None:
    lab.config("long.yaml", **LONG)
    stopped = interrupt(lab, number)
    assert (stopped.code, stopped.out) == (-number, "")
    summary, rows = lab.results("long-001")
    assert (summary["status"], summary["stop_reason"]) == ("interrupted", "interrupted")
    assert summary["epochs"] == len(rows) < 40
    assert f"Interrupted; the epochs up to {len(rows)} are kept.\n" in stopped.err
    assert "Traceback" not in stopped.err

    advice = stopped.err.splitlines()[-1]
    assert advice == "Next: nnlab train --resume runs/long-001"
    resumed = lab.nnlab(*shlex.split(advice)[2:])
    assert (resumed.code, resumed.out) == (0, "runs/long-001\n")
    assert f"Resuming runs/long-001 after epoch {len(rows)}\n" in resumed.err
    assert lab.results("long-001") == whole.results("long-001")


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before, "handlers are put back"


@pytest.mark.usefixtures("handlers")
def test_a_signal_is_held_until_asked_for_and_a_second_one_would_kill() -> None:
    with pytest.raises(Interrupted) as interrupted, defer_signals() as check:  # noqa: PT012 - the order matters
        check()
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == signal.SIG_DFL
        check()
    assert interrupted.value.signal == signal.SIGTERM


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_never_asked_for_is_raised_at_the_end() -> None:
    with pytest.raises(Interrupted), defer_signals():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("handlers")
def test_elsewhere_a_signal_is_raised_at_once() -> None:
    with pytest.raises(Interrupted), raise_on_signals():
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_the_shell_had_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with raise_on_signals(), defer_signals() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_matrix_library_that_cannot_start_its_threads_is_not_taken_for_ctrl_c(lab: Laboratory) -> None:
    def leave_no_room_for_a_stack() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        resource.setrlimit(resource.RLIMIT_STACK, (16 << 30, 16 << 30))

    limited = lab.limited(leave_no_room_for_a_stack, "train", "linear.yaml", OPENBLAS_NUM_THREADS="2")
    assert (limited.code, limited.out) == (1, "")
    assert limited.err.splitlines()[-1].startswith(
        "nnlab: the matrix library cannot start its threads; set OPENBLAS_NUM_THREADS=1"
    )
    assert "Traceback" not in limited.err
