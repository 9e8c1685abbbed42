"""Kills trainings at random moments, resumes them, and compares them with one that nothing interrupted.

Moments are fractions of the time that a whole training takes, from the start of the process to its end, so
they fall into the reading of modules and data, the making of the run folder, epochs, validations, saves and
the countdown of the patience. A run may be killed several times before it is let finish.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from nnlab.errors import RunError
from nnlab.runs import checkpoint, folder, metrics

NNLAB = [sys.executable, "-m", "nnlab"]
CONFIG = Path(__file__).with_name("kills.yaml")
HOW = {"SIGINT": 2, "SIGTERM": 2, "SIGKILL": 5, "SIGINT twice": 1}  # and how often, in proportion
TIMEOUT = 120


def torture(folder_: Path, *, seed: int, count: int) -> str:
    """Kill a training `count` times in all."""
    rng = random.Random(seed)
    whole, seconds = train(folder_ / "whole")
    expected = what_came_of(whole)
    assert expected["stop_reason"] == "patience", "the harness has to meet a countdown of the patience"
    kills: Counter[str] = Counter()
    epochs: Counter[int] = Counter()
    runs = 0
    while kills.total() < count:
        home = folder_ / f"{runs:04}"
        runs += 1
        arguments = None
        while kills.total() < count and rng.random() < 0.75:
            how = rng.choices(list(HOW), list(HOW.values()))[0]
            after = rng.uniform(0, seconds)
            case = f"seed {seed}, kill {kills.total()}: {how} after {after:.3f} s in {home}"
            arguments, told = kill(home, how, after, case)
            kills[how] += 1
            epoch = check(home, case)
            assert epoch >= told, f"{case}: epoch {told} was done, the checkpoint is of epoch {epoch}"
            epochs[epoch] += 1
        run, _ = train(home, arguments)
        assert what_came_of(run) == expected, f"seed {seed}: {home} resumed to another result"
        for path in (home / "runs").iterdir():  # those killed before they were a run are no run
            assert path == run or not folder.is_run(path), path
    moments = f"{epochs[-1]} before there was a run, {epochs[0]} in its first epoch, {len(epochs)} epochs hit"
    return (
        f"{kills.total()} kills ({', '.join(f'{n} {how}' for how, n in kills.items())}; {moments}), "
        f"{runs} runs, every one the same in the end"
    )


def train(home: Path, arguments: list[str] | None = None) -> tuple[Path, float]:
    """Train, or go on, to the end; return the run and the seconds it took."""
    home.mkdir(exist_ok=True)
    started = time.monotonic()
    done = subprocess.run(
        [*NNLAB, *(arguments or new())],
        cwd=home,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home / done.stdout.strip(), time.monotonic() - started


def kill(home: Path, how: str, after: float, case: str) -> tuple[list[str], int]:
    """Kill a training, new or resumed; return what to type to go on, and the last epoch that was told."""
    home.mkdir(exist_ok=True)
    left = resumable(home)
    number = getattr(signal, how.split(maxsplit=1)[0])
    process = subprocess.Popen(
        [*NNLAB, *(["train", "--resume", left] if left else new())],
        cwd=home,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(after)
    for _ in how.split():
        process.send_signal(number)
    err = process.communicate(timeout=TIMEOUT)[1]
    # It may have come to its end before the signal; and as it begins, Python makes SIGINT an exception.
    begun = "epoch  train loss" in err
    epoch = max(map(int, re.findall(r"(?m)^ *(\d+)  .*\n", err)), default=-1)
    assert process.returncode in (0, -number) or not begun, f"{case}: exit code {process.returncode}\n{err}"
    assert "Traceback" not in err or not begun, f"{case}: {err}"
    if how in ("SIGINT", "SIGTERM") and begun and "\nStopped after epoch" not in err:
        told = re.search(r"Interrupted; .* kept\.\nNext: nnlab (train --resume \S+)\n", err)
        assert told, f"{case}: {err}"
        return told[1].split(), epoch
    left = resumable(home)
    return ["train", "--resume", left] if left else new(), epoch


def check(home: Path, case: str) -> int:
    """Return the epoch that what is left is at; before there is a run, -1."""
    left = resumable(home)
    if left is None:
        return -1
    run = home / left
    experiment = folder.experiment_of(run)
    if not (run / folder.LAST).exists():
        assert not (run / folder.BEST).exists(), case
        return 0
    try:
        state, _ = checkpoint.load_state(run / folder.LAST, experiment)
        if (run / folder.BEST).exists() or state.epoch:
            checkpoint.load_network(run / folder.BEST, experiment)
        rows = metrics.read(run / folder.METRICS, epochs=1000)
    except RunError as error:
        raise AssertionError(f"{case}: {error}") from error
    assert len(rows) in (state.epoch, state.epoch + 1), f"{case}: {len(rows)} rows, epoch {state.epoch}"
    return state.epoch


def resumable(home: Path) -> str | None:
    """Return the name of the one run, if there is one yet."""
    runs = [path for path in folder.find_all(home / "runs") if folder.is_run(path)]
    assert len(runs) <= 1, runs
    return f"runs/{runs[0].name}" if runs else None


def what_came_of(run: Path) -> dict[str, object]:
    """Return all that must be the same, of every file of a run and of which files there are."""
    summary = json.loads((run / folder.SUMMARY).read_text())
    state, _ = checkpoint.load_state(run / folder.LAST, folder.experiment_of(run))
    rows = [line.rpartition(",")[0] for line in (run / folder.METRICS).read_text().splitlines()]
    return {
        **summary,
        "seconds": None,
        "metrics": rows,
        "diagnostics": (run / folder.DIAGNOSTICS).read_text(),
        "files": sorted(path.name for path in run.iterdir()),
        "best": (run / folder.BEST).read_bytes(),
        "last": checkpoint.weights_sha256(state.network),
        "history": state.history,
        "shuffle": state.rng.bit_generator.state,
    }


def new() -> list[str]:
    """Return the arguments of a new training."""
    return ["train", str(CONFIG)]


def environment() -> dict[str, str]:
    """Return the environment of a user who steers nothing."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NNLAB_")}
