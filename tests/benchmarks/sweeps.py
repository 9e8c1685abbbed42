"""Measures sweeps: trials on several cores against one by one, the cost of a trial, and reading many."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nnlab import shipped
from nnlab.config import dump
from nnlab.config.sweep import load_sweep
from nnlab.runs.find import find_all
from nnlab.sweeps.plan import make_plan
from tests.benchmarks.commands import NNLAB, Usage, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GRID = ["eta=0.05,0.1,0.2,0.5", "activation=relu,tanh", "epochs=4", "patience=null"]
SEEDS = 4
LOOPED = 4  # a loop of nnlab train runs one trial in four, which is enough to tell what they all take
LONG = ["mnist_softmax", "epochs=22", "patience=null", "-j", 1]  # each takes about five seconds
LONG_SEEDS = (1, 3)  # the difference of the two is the cost of two trials
MANY = ["eta=uniform(0.01,1,200)", "epochs=1", "train_size=1000"]
MANY_SEEDS = 10


def measure_sweeps(say: Callable[[str], None]) -> dict[str, Any]:
    """Return the wall-clock seconds of 32 trials, of a few long ones, and of reading two thousand."""
    with TemporaryDirectory() as folder:
        runs = Path(folder)
        walls, digests = {}, {}
        for jobs in (1, 2):
            say(f"32 trials, {jobs} at once")
            words = ["mnist_softmax", *GRID, "--seeds", SEEDS, "-j", jobs]
            walls[f"nnlab sweep -j {jobs}"] = sweep(words, runs / str(jobs)).wall
            digests[jobs] = {
                name: each["weights_sha256"] for name, each in summaries(runs / str(jobs)).items()
            }
        if digests[1] != digests[2]:
            raise RuntimeError("the weights depend on the number of jobs")
        say("a loop of nnlab train")
        walls["a loop of nnlab train"] = loop_of_trainings(runs / "2" / "mnist_softmax", runs / "loop")
        say("trials of several seconds")
        few, more = ([*LONG, "--seeds", seeds] for seeds in LONG_SEEDS)
        long = {"walls": [sweep(words, runs / f"long {words[-1]}").wall for words in (few, more)]}
        long["seconds"] = [each["seconds"] for each in summaries(runs / f"long {more[-1]}").values()]
        say("reading many")
        copy_many(runs / "1" / "mnist_softmax", runs / "many")
        reading = {
            "nnlab sweep --dry-run": sweep(
                ["mnist_linear", *MANY, "--seeds", MANY_SEEDS, "--dry-run"], runs / "many"
            ),
            "nnlab compare --group": run(
                [NNLAB, "compare", "--runs", runs / "many", "mnist_linear", "--format", "csv"]
            ),
        }
        return {
            "trials": len(digests[1]),
            "walls": walls,
            "long": long,
            "many": len(find_all(runs / "many" / "mnist_linear")),
            "reading": {name: each.wall for name, each in reading.items()},
        }


def sweep(words: Sequence[object], runs: Path) -> Usage:
    """Run `nnlab sweep`, and return what it took."""
    return run([NNLAB, "sweep", *words, "--runs", runs, "--offline", "-q"])


def summaries(runs: Path) -> dict[str, dict[str, Any]]:
    """Return the summary of each trial, by its name."""
    return {path.parent.name: json.loads(path.read_text()) for path in runs.rglob("summary.json")}


def loop_of_trainings(made: Path, runs: Path) -> float:
    """Return the seconds of training the runs in `made` once more, one command after another, by some."""
    configs = sorted(path / "config.yaml" for path in made.iterdir() if path.is_dir())
    some = configs[::LOOPED]
    walls = [run([NNLAB, "train", config, "--runs", runs, "--threads", 1, "-q"]).wall for config in some]
    return sum(walls) * len(configs) / len(some)


def copy_many(made: Path, runs: Path) -> None:
    """Make two thousand finished trials, all with the results of one."""
    first = next(path for path in sorted(made.iterdir()) if path.is_dir())
    plan = make_plan(load_sweep(shipped.path_of("mnist_linear"), MANY, seeds=MANY_SEEDS), runs)
    for planned in plan.trials:
        folder = planned.trial.run.folder
        folder.mkdir(parents=True)
        for name in ("summary.json", "metrics.csv", "environment.json", "best.npz"):
            shutil.copy(first / name, folder / name)
        planned.trial.run.config_yaml.write_text(dump(planned.trial.experiment))
