"""Trainings on a thousand images of MNIST, by the jobs that the command line uses."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnlab.config import Experiment
from nnlab.datasets import Source
from nnlab.jobs.resume import resume_run
from nnlab.jobs.train import train_experiment
from nnlab.runs import checkpoint, metrics, records
from nnlab.runs.run import Run, experiment_of
from nnlab.runs.summary import Summary
from nnlab.sweeps.plan import make_plan
from nnlab.training import load_splits
from tests.laboratory import LINEAR

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.config.sweep import Sweep
    from nnlab.datasets import Split

OFFLINE = Source(offline=True)
# With momentum, the state of the training is more than its weights.
KEYS = LINEAR | {"name": "linear", "momentum": 0.9, "patience": None}
# Steps so large that the validation loss goes up and down: epochs that improve, and epochs that do not.
OSCILLATING: dict[str, object] = {"eta": 2.0, "epochs": 5}


def linear_experiment(**changes: object) -> Experiment:
    """Return the linear network with some keys changed."""
    return Experiment.model_validate(KEYS | changes)


def splits() -> tuple[Split, Split]:
    """Return the examples that `linear_experiment` trains and validates on."""
    return load_splits(linear_experiment(), OFFLINE)


def train(runs: Path, **changes: object) -> Run:
    """Train `linear_experiment` into a new folder in `runs`."""
    return train_experiment(linear_experiment(**changes), runs=runs, source=OFFLINE, threads=1).run


def resume(run: Run, **raised: int) -> Run:
    """Resume `run`, with some keys raised."""
    return resume_run(run, [f"{key}={value}" for key, value in raised.items()], source=OFFLINE).run


def copy_of(run: Run, folder: Path) -> Run:
    """Return a copy of `run` in the new `folder`."""
    return Run(shutil.copytree(run.folder, folder))


def summary_of(run: Run) -> Summary:
    """Return the summary of `run`."""
    return records.read(run.summary_json, Summary)


def results_of(run: Run) -> dict[str, Any]:
    """Return everything in the folder of `run`, without times."""
    experiment = experiment_of(run)
    state, _ = checkpoint.load_state(run.last_npz, experiment)
    return {
        "experiment": experiment,
        "metrics": [replace(row, seconds=0) for row in metrics.read(run.metrics_csv, epochs=99)],
        "summary": replace(summary_of(run), seconds=0),
        "best": checkpoint.weights_sha256(checkpoint.load_network(run.best_npz, experiment)),
        "last": checkpoint.weights_sha256(state.network),
        "optimiser": {name: array.tobytes() for name, array in state.optimiser.items()},
        "shuffle": state.rng.bit_generator.state,
        "history": state.history,
    }


def trained_one_by_one(sweep: Sweep, runs: Path) -> dict[str, Any]:
    """Return what each trial of `sweep` has to hold, by name, after training it by itself into `runs`."""
    return {
        planned.trial.run.name: results_of(
            train_experiment(planned.trial.experiment, runs=runs, source=OFFLINE, threads=1).run
        )
        for planned in make_plan(sweep, runs / "none").trials
    }
