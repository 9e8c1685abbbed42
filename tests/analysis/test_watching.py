"""The state of a training, as it is seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nnlab.analysis.watching import watched
from nnlab.config import load_baseline
from nnlab.errors import UsageError
from nnlab.jobs.baseline import fit_baseline
from nnlab.jobs.callbacks import Callbacks
from nnlab.jobs.train import train_experiment
from tests.trainings import OFFLINE, OSCILLATING, linear_experiment, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.training import Epoch


def test_the_patience_that_is_left_is_that_of_the_training(tmp_path: Path) -> None:
    reported: list[Epoch] = []
    experiment = linear_experiment(**OSCILLATING, patience=4)
    callbacks = Callbacks(on_epoch=reported.append)
    run = train_experiment(experiment, runs=tmp_path, source=OFFLINE, callbacks=callbacks).run
    assert len({epoch.patience_left for epoch in reported}) > 1
    lines = run.metrics_csv.read_text().splitlines(keepends=True)
    for epoch in reversed(reported):
        run.metrics_csv.write_text("".join(lines[: epoch.epoch + 1]))
        state = watched(run, run.name)
        assert len(state.history.rows) == epoch.epoch
        assert state.patience_left == epoch.patience_left


def test_a_run_that_has_ended_takes_no_more_time(tmp_path: Path) -> None:
    run = train(tmp_path)
    state = watched(run, run.name)
    assert (state.status, state.seconds_left) == ("finished", None)


def test_a_process_that_was_killed_is_gone(tmp_path: Path) -> None:
    run = train(tmp_path)
    run.summary_json.write_text(run.summary_json.read_text().replace('"finished"', '"running"'))
    assert watched(run, run.name).status == "gone"


def test_before_the_first_epoch_there_is_no_estimate(tmp_path: Path) -> None:
    run = train(tmp_path)
    run.summary_json.unlink()
    header = run.metrics_csv.read_text().splitlines()[0]
    run.metrics_csv.write_text(header + "\n")
    state = watched(run, run.name)
    assert (state.history.rows, state.seconds_left, state.history.best_epoch) == ((), None, None)


def test_a_baseline_cannot_be_watched(tmp_path: Path) -> None:
    fitted = fit_baseline(load_baseline("mean_darkness", ["train_size=500"]), runs=tmp_path, source=OFFLINE)
    with pytest.raises(UsageError, match="it has no epochs to watch"):
        watched(fitted.run, "x")
