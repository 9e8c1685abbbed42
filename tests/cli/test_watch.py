"""`nnlab watch`: a training seen from outside, and how it ended."""

from __future__ import annotations

import re
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.laboratory import DIVERGING, TIMEOUT, read_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.laboratory import Laboratory

LONG = ("epochs=3000", "patience=null", "batch_size=8")


def wait_for_rows(lab: Laboratory) -> None:
    """Wait until epochs are in metrics.csv: short ones are written several at a time."""
    deadline = time.monotonic() + TIMEOUT
    while not lab.metrics("linear-001"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("run")
def test_a_finished_run_is_shown_once(lab: Laboratory) -> None:
    outcome = lab.call("watch", "--once", "--exit-status")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("linear-001: epoch 3 of 3; finished\nvalidation loss ")
    assert "best was epoch 3" in outcome.out
    assert "Validation accuracy: * linear-001" in outcome.out


@pytest.mark.usefixtures("run")
def test_without_a_terminal_there_is_a_line_per_epoch(lab: Laboratory) -> None:
    lines = lab.call("watch", "linear-001").out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"epoch {k} of 3" for k in (1, 2, 3)] + ["finished"]


def test_a_training_is_watched_to_its_end(lab: Laboratory) -> None:
    with lab.start("train", "linear.yaml", *LONG) as training:
        read_until(training.stderr, r" +2 ")
        wait_for_rows(lab)
        shown = lab.nnlab("watch", "--once").out
        assert re.match(r"linear-001: epoch \d+ of 3000; in training\n", shown)
        assert re.search(r"(?m)^last epoch \d+ s ago; at most about \d.* left$", shown)
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
    assert (once.code, once.out) == (0, "linear: of 2 trials, 2 finished; its process has ended\n")
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


def test_a_sweep_whose_trials_did_not_all_begin_has_not_finished(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.1,0.5", "--seeds", "2", "epochs=1", "-q")
    gone = min(path for path in (lab.folder / "runs" / "linear").iterdir() if path.is_dir())
    shutil.rmtree(gone)
    outcome = lab.call("watch", "linear", "--once", "--exit-status")
    assert outcome.code == 1
    assert outcome.out == "linear: of 4 trials, 3 finished, 1 not begun; its process has ended\n"
    assert outcome.err == "nnlab: 1 trial of linear has not finished\n"


def test_a_halving_has_finished_although_trials_were_dropped(lab: Laboratory) -> None:
    halving = ("sweep", "linear.yaml", "eta=1e-4,0.1,0.2", "epochs=9", "--seeds", "1", "--halving", "-q")
    for _ in ("first", "again"):
        lab.nnlab(*halving)
        assert lab.call("watch", "linear", "--once", "--exit-status").code == 0


def test_it_ends_when_nobody_reads(lab: Laboratory) -> None:
    with lab.start("train", "linear.yaml", *LONG) as training:
        read_until(training.stderr, r" +2 ")
        done = lab.shell("nnlab watch linear-001 | head -1")
        assert done.out.startswith("epoch 1 of 3000")
        assert training.poll() is None


def test_it_fits_a_small_terminal(lab: Laboratory, run: Path) -> None:
    assert run.exists()
    shown = lab.on_a_terminal("watch", columns=40)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.out).splitlines()
    assert max(map(len, lines)) <= 40
    assert any(line.startswith("Validation accuracy") for line in lines)


def test_a_broken_trial_does_not_end_the_watch(lab: Laboratory) -> None:
    lab.nnlab("sweep", "linear.yaml", "eta=0.1,0.5", "--seeds", "1", "epochs=1", "-q")
    one = min(path for path in (lab.folder / "runs" / "linear").iterdir() if path.is_dir())
    (one / "config.yaml").write_text("eta: [")
    outcome = lab.call("watch", "linear", "--once", "--exit-status")
    assert outcome.out == "linear: of 2 trials, 1 finished, 1 broken; its process has ended\n"
    assert outcome.code == 1
    assert lab.call("report", "linear").code == 0
