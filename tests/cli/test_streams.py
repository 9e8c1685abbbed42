"""Closed and full streams, and signals during the start."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnlab.cli import explain

if TYPE_CHECKING:
    import subprocess

    from tests.laboratory import Laboratory


def test_a_training_continues_when_its_stderr_is_closed(lab: Laboratory) -> None:
    assert lab.shell("nnlab train linear.yaml epochs=20 2>&1 >out | head -1").code == 0
    summary = lab.summary()
    assert (summary["status"], summary["epochs"]) == ("finished", 20)
    assert (lab.folder / "out").read_text() == "runs/linear-001\n"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("arguments", ["--help", "train --help", "compare"])
def test_output_that_nobody_reads_is_not_an_error(lab: Laboratory, arguments: str) -> None:
    done = lab.shell(f"nnlab {arguments} | true")
    assert (done.code, done.err) == (0, "")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("arguments", ["--help", "compare", "config schema"])
def test_output_to_a_full_disk_is_one_line(lab: Laboratory, arguments: str) -> None:
    done = lab.shell(f"nnlab {arguments} > /dev/full")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "No space left" in done.err


def test_an_error_of_the_system_is_one_line_when_stdout_is_closed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as it is in a process that began with `>&-`
    assert explain(OSError("too many open files")) == 1
    assert capfd.readouterr().err == "nnlab: too many open files\n"


@pytest.mark.parametrize("group", ["config", "data"])
def test_a_group_alone_prints_its_help(lab: Laboratory, group: str) -> None:
    code, out, err = lab.call(group)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: nnlab {group} ")


def catches_sigint(process: subprocess.Popen[str]) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], base=16) & 1 << signal.SIGINT - 1)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_while_modules_are_read_ends_the_process_by_the_signal_and_without_a_traceback(
    lab: Laboratory,
) -> None:
    with lab.start("train", "linear.yaml", "-q") as process:
        deadline = time.monotonic() + 30
        for python_is_up in (
            True,
            False,
        ):  # Python catches the signal as it starts; nnlab, at first, does not
            while catches_sigint(process) != python_is_up:
                assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.communicate()[1]
        assert process.returncode == -signal.SIGINT
