"""Sweeps while their workers and they themselves are killed, in local processes and on a real cluster.

In the end each trial is there once, and all of it is as if it had been trained by itself.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from nnlab.config.sweep import Sweep, load_sweep
from nnlab.runs.run import Run
from nnlab.sweeps.store import PLAN
from tests.laboratory import COMMAND, LINEAR, config_text
from tests.sweeps.cluster import Cluster
from tests.trainings import results_of, trained_one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = ("eta=0.05,0.1", "activation=relu,tanh")
# A trial takes about a second, so that kills find it at work.
KEYS = LINEAR | {"architecture": (784, 30, 10), "batch_size": 4, "epochs": 25, "patience": None}
TRIALS_PER_KILL = 6


def torture(home: Path, *, seed: int, count: int) -> str:
    """Run a sweep of `count` trials in both ways; kill a worker for every six trials, and the sweep once."""
    (home / "tried.yaml").write_text(config_text(KEYS))
    seeds = max(1, count // len(SETTINGS) ** 2)
    sweep = load_sweep(home / "tried.yaml", SETTINGS, seeds=seeds)
    expected = trained_one_by_one(sweep, home / "one")
    kills = max(1, len(expected) // TRIALS_PER_KILL)
    chance = random.Random(seed)
    local = killed(
        home, ["-j", "2", "--runs", "local"], seeds, kills, chance, lambda process: children(process.pid)
    )
    assert results(sweep, home / "local") == expected
    with Cluster(home / "cluster", dict(os.environ)) as cluster:
        cluster.add_workers(2)
        options = ["--cluster", cluster.address, "--runs", "there"]
        remote = killed(home, options, seeds, kills, chance, lambda _: cluster.worker_processes())
    assert results(sweep, home / "there") == expected
    return (
        f"{len(expected)} trials as if trained one by one: in two processes, of which {local} were killed, "
        f"and on a cluster of two workers, of which {remote} were killed; each sweep was killed once, too"
    )


def killed(
    home: Path,
    options: list[str],
    seeds: int,
    kills: int,
    chance: random.Random,
    workers: Callable[[subprocess.Popen[str]], list[int]],
) -> int:
    """Run the sweep, kill it in the middle, and repeat it; kill workers all the time. Return how many."""
    command = [*COMMAND, "sweep", "tried.yaml", *SETTINGS, "--seeds", str(seeds), *options]
    done, errors = 0, ""
    for is_last in (False, True):
        with (home / "errors").open("w+") as file:
            process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=file, text=True)
            goal = kills if is_last else kills // 2
            while process.poll() is None and (done < goal or is_last):
                time.sleep(chance.uniform(0.3, 1))
                if done < goal and (found := workers(process)):
                    os.kill(chance.choice(found), signal.SIGKILL)
                    done += 1
            if not is_last:
                process.kill()
            process.wait()
            file.seek(0)
            errors += file.read()
    assert process.returncode == 0, errors
    ended = re.findall(r"(?m)^ *\d+/\d+ .*  (\S.*)$", errors)
    assert len(ended) == len(set(ended)), f"trained twice:\n{errors}"
    return done


def children(process: int) -> list[int]:
    """Return the worker processes of a sweep."""
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, check=False)
    return [int(word) for word in found.stdout.split()]


def results(sweep: Sweep, runs: Path) -> dict[str, Any]:
    """Return what the trials of the sweep hold, without times; nothing else but their list is there."""
    folders = [path for path in (runs / sweep.name).iterdir() if path.name != PLAN]
    return {path.name: results_of(Run(path)) for path in folders}
