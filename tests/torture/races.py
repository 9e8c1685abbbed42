"""Starts many trainings in one runs folder at the same instant, and compares the runs while they are written.

Then one run is resumed by many processes at once, of which one trains it; and many runs are listed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from nnlab.runs.find import find_all
from tests.laboratory import STEP, config_text
from tests.torture.command import call

if TYPE_CHECKING:
    from pathlib import Path

EPOCHS = 1000
WAIT = "import sys, nnlab.jobs.train as _; sys.stdin.read(); from nnlab.cli import main; main()"
PATIENCE = 30.0  # seconds that a comparison may take on a machine that is busy with all the others
FINISHED = ("best_epoch", "val_loss", "parameters", "train_examples", "weights_sha256", "stop_reason")


def torture(home: Path, *, seed: int, count: int) -> str:
    """Start `count` trainings, compare them until the last has ended, and list 60 times as many runs."""
    (home / "step.yaml").write_text(config_text(STEP, epochs=40, seed=seed))
    runs = home / "runs"
    trainings = start(home, count, "train", "step.yaml", "patience=null", "-q")
    seen = watch(home, trainings)
    printed = sorted(process.communicate()[0] for process in trainings)
    assert printed == [f"runs/step-{number:03}\n" for number in range(1, count + 1)]
    rows = compared(home)
    assert len({row["weights_sha256"] for row in rows}) == 1
    assert {row["status"] for row in rows} == {"finished"}

    resumptions = start(home, count, "train", "--resume", "step-001", f"epochs={EPOCHS}", "-q")
    seen += watch(home, resumptions)
    refusals = [process.communicate()[1] for process in resumptions if process.returncode != 0]
    assert len(refusals) < count, "one process at least trains"
    assert all("is being trained by process " in refusal for refusal in refusals), refusals
    epochs = (runs / "step-001" / "metrics.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in epochs] == [str(epoch) for epoch in range(1, EPOCHS + 1)]

    for number in range(count + 1, 60 * count + 1):
        shutil.copytree(runs / "step-002", runs / f"step-{number:03}")
    started = time.monotonic()
    assert len(compared(home)) == 60 * count
    seconds = time.monotonic() - started
    return (
        f"{count} trainings in {count} folders, {seen} rows of them seen meanwhile, all whole; "
        f"of {count} resumptions of one run {len(refusals)} refused; "
        f"{60 * count} runs listed in {seconds:.1f} s"
    )


def start(home: Path, count: int, *arguments: str) -> list[subprocess.Popen[str]]:
    """Start nnlab `count` times: each process waits for its input to end, which it does for all at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT, *arguments],
            cwd=home,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.close()
        process.stdin = None  # lest communicate() flushes it
    return processes


def watch(home: Path, processes: list[subprocess.Popen[str]]) -> int:
    """Compare until all processes have ended; return the number of rows seen."""
    seen = 0
    while any(process.poll() is None for process in processes):
        for row in compared(home):
            seen += 1
            whole = row["status"] == "running" or all(row[column] is not None for column in FINISHED)
            assert row["status"] in ("running", "finished"), row
            assert row["architecture"] == [1, 12, 5, 1], row
            assert whole, row
            assert row["best_epoch"] is None or row["best_epoch"] <= row["epochs_done"], row
            assert (row["best_epoch"] is None) == (row["val_loss"] is None), row
    return seen


def compared(home: Path) -> list[dict[str, Any]]:
    """Return the row of every run in `nnlab compare`, by name."""
    if not find_all(home / "runs"):
        return []
    done = call(
        "compare", "--format", "json", "--all", "--sort", "run", "--runs", home / "runs", seconds=PATIENCE
    )
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows
