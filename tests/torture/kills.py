"""Kills trainings at random moments, resumes them, and compares them with an uninterrupted one.

Moments are fractions of the time that a whole training takes, from the start of the process to its end, so
they fall into the reading of modules and data, the making of the run folder, epochs, validations, saves and
the countdown of the patience. A run may be killed several times before it is let finish.

An epoch counts from the moment at which its line on stderr arrives. After SIGINT or SIGTERM all of them must
be kept, after SIGKILL those that are older than half a second.
"""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from nnlab.errors import RunError
from nnlab.runs import checkpoint, metrics
from nnlab.runs.find import is_run
from nnlab.runs.run import Run, experiment_of
from tests.laboratory import LINEAR, Laboratory, config_text
from tests.torture.remains import results_of, the_run

if TYPE_CHECKING:
    from pathlib import Path

# Some twenty epochs of nearly a tenth of a second, several of which are written together, and of which the
# last are a countdown of the patience.
CONFIG = config_text(
    LINEAR,
    architecture=(784, 16, 10),
    activation="relu",
    momentum=0.5,
    batch_size=32,
    epochs=100,
    patience=6,
    train_size=50_000,
    diagnostics=True,
    weight_average=0.9,
    dropout=0.1,
    augmentation={"shift": 1},
)
NEW = ["train", "../killed.yaml"]
HOW = {"SIGINT": 2, "SIGTERM": 2, "SIGKILL": 5, "SIGINT twice": 1}  # and how often, in proportion
# Seconds after which an epoch must be on the disk: the half of one that is promised, within which the writing
# begins, and an allowance. The writing has to come up on a machine that others use too, and takes ten fsyncs.
KEPT_AFTER = 0.5 + 0.3


class Killed(NamedTuple):
    """A training that was killed."""

    go_on: list[str]  # what to type
    must_be_kept: int  # the epoch; -1 without one
    waiting: dict[int, float]  # the epochs after it, and the seconds since each was told


def torture(home: Path, *, seed: int, count: int) -> str:
    """Kill a training `count` times in all."""
    rng = random.Random(seed)
    (home / "killed.yaml").write_text(CONFIG)
    whole, seconds = train(home / "whole")
    expected = results_of(whole)
    assert expected["stop_reason"] == "patience", "the harness has to meet a countdown of the patience"
    kills: Counter[str] = Counter()
    epochs: Counter[int] = Counter()
    runs = held = 0
    oldest = 0.0  # seconds
    while kills.total() < count:
        here = home / f"{runs:04}"
        runs += 1
        arguments = NEW
        while kills.total() < count and rng.random() < 0.85:
            how = rng.choices(list(HOW), list(HOW.values()))[0]
            after = rng.uniform(0, seconds)
            case = f"seed {seed}, kill {kills.total()}: {how} after {after:.3f} s in {here}"
            killed = kill(here, how, after, case)
            arguments = killed.go_on
            kills[how] += 1
            epoch = check(here, case)
            assert epoch >= killed.must_be_kept, (
                f"{case}: epoch {killed.must_be_kept} has to be kept, the checkpoint is of epoch {epoch}"
            )
            held += killed.must_be_kept > 0
            lost = [age for waiting, age in killed.waiting.items() if waiting > epoch]
            oldest = max(oldest, *lost, 0.0)
            epochs[epoch] += 1
        run, _ = train(here, arguments)
        assert results_of(run) == expected, f"seed {seed}: {here} resumed to another result"
        for path in (here / "runs").iterdir():  # those killed before they were a run are no run
            assert path == run or not is_run(path), path
    moments = f"{epochs[-1]} before there was a run, {epochs[0]} in its first epoch, {len(epochs)} epochs hit"
    return (
        f"{kills.total()} kills ({', '.join(f'{n} {how}' for how, n in kills.items())}; {moments}; "
        f"{held} with epochs that had to be kept, and the oldest lost was {oldest:.2f} s old), "
        f"{runs} runs, every one the same in the end"
    )


def train(home: Path, arguments: list[str] | None = None) -> tuple[Path, float]:
    """Train or resume to the end; return the run and the seconds it took."""
    home.mkdir(exist_ok=True)
    started = time.monotonic()
    done = Laboratory(home).nnlab(*(arguments or NEW))
    assert done.code == 0, done.err
    return home / done.out.strip(), time.monotonic() - started


def kill(home: Path, how: str, after: float, case: str) -> Killed:
    """Kill a training, new or resumed."""
    home.mkdir(exist_ok=True)
    number = getattr(signal, how.split(maxsplit=1)[0])
    lines: list[tuple[float, str]] = []
    with Laboratory(home).start(*go_on(home)) as process:
        assert process.stderr
        stream = process.stderr
        reader = threading.Thread(target=lambda: lines.extend((time.monotonic(), line) for line in stream))
        reader.start()
        time.sleep(after)
        for _ in how.split():
            process.send_signal(number)
        signalled = time.monotonic()
        process.wait()
        reader.join()
    err = "".join(line for _, line in lines)
    ages = {
        int(found[1]): signalled - at for at, line in lines if (found := re.match(r" *(\d+)  .*\n", line))
    }
    # It may have come to its end before the signal; and as it begins, Python makes SIGINT an exception.
    begun = "epoch  train loss" in err
    assert process.returncode in (0, -number) or not begun, f"{case}: exit code {process.returncode}\n{err}"
    assert "Traceback" not in err or not begun, f"{case}: {err}"
    ended = "\nStopped after epoch" in err
    if how in ("SIGINT", "SIGTERM") and begun and not ended:
        told = re.search(r"Interrupted; .* kept\.\nNext: nnlab (train --resume \S+)\n", err)
        assert told, f"{case}: {err}"
        return Killed(told[1].split(), max(ages, default=-1), {})
    kept_after = 0 if ended else KEPT_AFTER
    waiting = {epoch: age for epoch, age in ages.items() if age <= kept_after and not ended}
    return Killed(go_on(home), max(ages.keys() - waiting.keys(), default=-1), waiting)


def check(home: Path, case: str) -> int:
    """Return the epoch of the files that are left, or -1 if there is no run yet."""
    run = the_run(home / "runs")
    if run is None:
        return -1
    experiment = experiment_of(Run(run))
    if not (run / "last.npz").exists():
        assert not (run / "best.npz").exists(), case
        return 0
    try:
        state, _ = checkpoint.load_state(run / "last.npz", experiment)
        if (run / "best.npz").exists() or state.epoch:
            checkpoint.load_network(run / "best.npz", experiment)
        rows = metrics.read(run / "metrics.csv", epochs=1000)
    except RunError as error:
        raise AssertionError(f"{case}: {error}") from error
    assert len(rows) >= state.epoch, f"{case}: {len(rows)} rows, epoch {state.epoch}"
    return state.epoch


def go_on(home: Path) -> list[str]:
    """Return the arguments that resume the run that is left, or begin a new one."""
    run = the_run(home / "runs")
    return ["train", "--resume", f"runs/{run.name}"] if run else NEW
