"""`nnlab watch`: a training seen from outside, and how it ended."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import DIVERGING, read_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

LONG = ("epochs=3000", "patience=null", "batch_size=8")


@pytest.mark.usefixtures("run")
def test_a_finished_run_is_shown_once(lab: Laboratory) -> None:
    outcome = lab.call("watch", "--once", "--exit-status")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("linear-001: finished, epoch 3 of 3\nvalidation loss ")
    assert "best was epoch 3" in outcome.out
    assert "Validation accuracy: * linear-001" in outcome.out


@pytest.mark.usefixtures("run")
def test_without_a_terminal_there_is_a_line_per_epoch(lab: Laboratory) -> None:
    lines = lab.call("watch", "linear-001").out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"epoch {k} of 3" for k in (1, 2, 3)] + ["finished"]


def test_a_training_is_watched_to_its_end(lab: Laboratory) -> None:
    with lab.start("train", "linear.yaml", *LONG) as training:
        read_until(training.stderr, r" +2 ")
        shown = lab.nnlab("watch", "--once").out
        assert re.match(r"linear-001: it is being trained, epoch \d+ of 3000\n", shown)
        assert re.search(r"(?m)^last epoch \d+ s ago; at most \d.* left$", shown)
        assert lab.nnlab("watch", "--once", "--exit-status").code == 1
        training.send_signal(signal.SIGKILL)
        training.wait()
    after = lab.nnlab("watch", "--exit-status")
    assert after.code == 1
    assert after.out.endswith("its process is gone\n")
    assert after.err == "nnlab: runs/linear-001 has not finished: its process is gone\n"
    assert "nnlab train --resume runs/linear-001 continues it" in lab.nnlab("watch", "--once").out


def test_a_row_that_is_half_written_is_no_error(lab: Laboratory, run: Path) -> None:
    with (run / "metrics.csv").open("a") as file:
        file.write("4,0.1")
    outcome = lab.call("watch", "--once")
    assert (outcome.code, outcome.err) == (0, "")
    assert "epoch 3 of 3" in outcome.out


def test_a_diverged_run_has_its_exit_status(lab: Laboratory) -> None:
    lab.nnlab("train", "linear.yaml", *DIVERGING, "-q")
    assert lab.call("watch", "--once", "--exit-status").code == 3


def test_a_sweep_is_watched(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.1,0.5", "--seeds", "1", "epochs=1", "-q")
    once = lab.call("watch", "linear", "--once", "--exit-status")
    assert (once.code, once.out) == (0, "linear: 2 finished; its process has ended\n")
    lines = lab.call("watch", "linear").out.splitlines()
    assert len(lines) == 2
    assert all(line.endswith("-0  finished") for line in lines)


def test_what_cannot_be_watched_is_one_line(lab: Laboratory) -> None:
    nothing = lab.call("watch")
    assert (nothing.code, nothing.err.count("\n")) == (5, 1)
    lab.nnlab("baseline", "mean_darkness", "train_size=500", "-q")
    outcome = lab.call("watch")
    assert (outcome.code, outcome.err) == (
        2,
        "nnlab: runs/mean_darkness-001 is a baseline; it has no epochs to watch\n",
    )
