"""A sweep trains what is missing, the same bits in whatever way, and loses nothing."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from nnlab.errors import RunError
from nnlab.jobs.evaluate import evaluate_run
from nnlab.jobs.train import train_experiment
from nnlab.runs import metrics
from nnlab.runs.run import Run
from nnlab.sweeps import store
from nnlab.sweeps.halving import best_settings, epochs_of
from nnlab.sweeps.plan import make_plan
from nnlab.sweeps.sweep import MOST_DEATHS, claimed
from nnlab.sweeps.work import Options, work_of
from tests.sweeps.conftest import linear_sweep
from tests.trainings import OFFLINE, results_of, summary_of, trained_one_by_one

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.runs.summary import Summary
    from tests.sweeps.conftest import Sweeping


@pytest.mark.parametrize("jobs", [1, 3])
def test_trials_are_the_same_as_if_trained_one_by_one(sweeping: Sweeping, tmp_path: Path, jobs: int) -> None:
    sweep = linear_sweep("eta=0.1,0.5")
    progress = sweeping.run(sweep, jobs=jobs)
    assert progress.error is None
    by_hand = trained_one_by_one(sweep, tmp_path / "one")
    assert sweeping.results() == by_hand
    assert len(by_hand) == 4


def test_a_trial_is_called_by_its_setting_and_its_seed(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.5")
    sweeping.run(sweep)
    expected = [f"{setting.digest[:12]}-{seed}" for setting in sweep.settings for seed in (0, 1)]
    assert list(sweeping.results()) == sorted(expected)


def test_what_is_done_is_not_trained_again(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.5")
    sweeping.run(sweep)
    before = {path: path.stat().st_mtime_ns for path in sweeping.runs.rglob("*.npz")}
    progress = sweeping.run(sweep)
    assert sweeping.trained == []
    assert len(progress.ended) == 4
    assert {path: path.stat().st_mtime_ns for path in sweeping.runs.rglob("*.npz")} == before


def test_values_and_seeds_are_added(sweeping: Sweeping) -> None:
    sweeping.run(linear_sweep("eta=0.1", seeds=1))
    sweeping.run(linear_sweep("eta=0.1,0.5", seeds=2))
    assert sorted(sweeping.trained) == ["eta=0.1 seed=1", "eta=0.5 seed=0", "eta=0.5 seed=1"]


def test_a_stopped_sweep_keeps_its_epochs(sweeping: Sweeping) -> None:
    sweep = linear_sweep("epochs=3000", seeds=2)

    def summaries() -> list[Summary]:
        return [summary_of(Run(path.parent)) for path in sweeping.runs.rglob("summary.json")]

    progress = sweeping.run(
        sweep, should_stop=lambda: [bool(each.epochs) for each in summaries()] == [True] * 2
    )
    assert progress.is_stopped
    assert [planned.state for planned in make_plan(sweep, sweeping.runs).trials] == ["interrupted"] * 2
    assert all(summary.status == "interrupted" and summary.epochs >= 1 for summary in summaries())


def test_an_interrupted_trial_ends_as_if_it_had_not_been(sweeping: Sweeping, tmp_path: Path) -> None:
    sweep = linear_sweep(seeds=1)
    (planned,) = make_plan(sweep, sweeping.runs).trials
    trial = planned.trial
    whole = train_experiment(trial.experiment, runs=tmp_path / "one", source=OFFLINE, threads=1).run
    stops = iter([False] * 20 + [True] * 9)
    from nnlab.jobs.callbacks import Callbacks  # noqa: PLC0415 (it has the name of a sweep's)

    stopped = train_experiment(
        trial.experiment,
        runs=trial.run.folder.parent,
        folder=trial.run.name,
        source=OFFLINE,
        threads=1,
        callbacks=Callbacks(should_stop=lambda: next(stops)),
    )
    assert stopped.is_stopped
    assert make_plan(sweep, sweeping.runs).trials[0].state == "interrupted"
    sweeping.run(sweep)
    assert results_of(trial.run) == results_of(whole)


def test_a_run_made_by_hand_counts(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.5", seeds=1)
    by_hand = sweep.settings[1].experiment.model_copy(update={"name": "mine", "description": "a try"})
    made = train_experiment(by_hand, runs=sweeping.runs, source=OFFLINE).run
    evaluate_run(made, source=OFFLINE)
    assert [planned.state for planned in make_plan(sweep, sweeping.runs).trials] == ["missing", "made"]
    sweeping.run(sweep)
    assert sweeping.trained == ["eta=0.1 seed=0"]
    copied = make_plan(sweep, sweeping.runs).trials[1].trial.run
    assert {path.name for path in copied.folder.iterdir()} == {path.name for path in made.folder.iterdir()}
    assert results_of(copied) == results_of(made)


def test_an_unfinished_run_made_by_hand_does_not_count(sweeping: Sweeping) -> None:
    sweep = linear_sweep(seeds=1)
    made = train_experiment(sweep.settings[0].experiment, runs=sweeping.runs, source=OFFLINE).run
    made.summary_json.write_text(made.summary_json.read_text().replace("finished", "interrupted"))
    assert make_plan(sweep, sweeping.runs).trials[0].state == "missing"


def test_trials_are_evaluated_on_request(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.5", seeds=1)
    sweeping.run(linear_sweep("eta=0.1", seeds=1))
    assert not list(sweeping.runs.rglob("eval_test.json"))
    sweeping.run(sweep, evaluates=True)
    assert len(list(sweeping.runs.rglob("eval_test.json"))) == 2
    assert work_of(make_plan(sweep, sweeping.runs), Options(evaluates=True)).measure == []


def test_diverged_trials_are_done(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=1e30,0.1", "activation=relu", "architecture=[784,20,20,20,10]", seeds=1)
    progress = sweeping.run(sweep)
    assert progress.error is None
    assert {planned.state for planned in make_plan(sweep, sweeping.runs).trials} == {"diverged", "finished"}
    sweeping.run(sweep)
    assert sweeping.trained == []


def test_a_failed_trial_is_reported_and_the_others_finish(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.5", seeds=2)
    in_the_way = make_plan(sweep, sweeping.runs).trials[0].trial.run
    in_the_way.folder.parent.mkdir(parents=True)
    in_the_way.folder.write_text("a file")
    progress = sweeping.run(sweep)
    assert len(sweeping.trained) == 3
    assert list(sweeping.failures) == ["eta=0.1 seed=0"]
    assert "1 trial failed" in str(progress.error)
    (log,) = sweeping.logs
    assert log == store.log_of(in_the_way)
    assert "Traceback" in log.read_text()
    in_the_way.folder.unlink()
    assert sweeping.run(sweep).error is None
    assert sweeping.trained == ["eta=0.1 seed=0"]
    assert not log.exists()


@pytest.mark.parametrize(("most", "failed", "left"), [(None, 3, 3), (1, 1, 5), (9, 6, 0)])
def test_a_sweep_gives_up_after_failures(
    sweeping: Sweeping, most: int | None, failed: int, left: int
) -> None:
    sweep = linear_sweep("eta=0.1,0.2,0.5", seeds=2)
    for planned in make_plan(sweep, sweeping.runs).trials:
        planned.trial.run.folder.parent.mkdir(parents=True, exist_ok=True)
        planned.trial.run.folder.write_text("a file")
    progress = sweeping.run(sweep, jobs=1, most_failures=most)
    assert len(progress.failed) == failed
    assert len(progress.waiting) == left
    assert progress.has_given_up == (left > 0)


def test_a_broken_trial_is_reported_and_repeated_on_request(sweeping: Sweeping) -> None:
    sweep = linear_sweep(seeds=1)
    sweeping.run(sweep)
    (planned,) = make_plan(sweep, sweeping.runs).trials
    run = planned.trial.run
    before = results_of(run)
    run.config_yaml.write_text(run.config_yaml.read_text().replace("eta: 0.1", "eta: 0.7"))
    progress = sweeping.run(sweep)
    assert sweeping.trained == []
    (reason,) = sweeping.failures.values()
    assert "is no longer that of the trial" in reason
    assert progress.error is not None
    assert sweeping.run(sweep, repeats=True).error is None
    assert results_of(run) == before


def test_a_repeated_sweep_that_is_stopped_keeps_what_was_not_repeated_yet(sweeping: Sweeping) -> None:
    sweep = linear_sweep(seeds=3)
    sweeping.run(sweep)
    progress = sweeping.run(sweep, jobs=1, repeats=True, should_stop=lambda: bool(sweeping.trained))
    assert progress.is_stopped
    states = [planned.state for planned in make_plan(sweep, sweeping.runs).trials]
    assert states.count("finished") >= 2


def test_two_sweeps_do_not_share_a_folder(sweeping: Sweeping) -> None:
    sweep = linear_sweep(seeds=1)
    with (
        claimed(sweep, sweeping.runs, Options()),
        pytest.raises(RunError, match="is being trained by process"),
        claimed(sweep, sweeping.runs, Options()),
    ):
        pass


def children() -> list[int]:
    """Return the worker processes of this process."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "nnlab.sweeps.process"], capture_output=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


def test_a_killed_worker_is_replaced(sweeping: Sweeping, tmp_path: Path) -> None:
    sweep = linear_sweep("epochs=40", seeds=3)
    killed: list[int] = []

    def kill() -> None:
        if len(killed) < 2 and list(sweeping.runs.rglob("last.npz")):
            for process in children()[:1]:
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    progress = sweeping.run(sweep, on_tick=kill)
    assert killed
    assert progress.error is None
    assert sweeping.results() == trained_one_by_one(sweep, tmp_path / "one")


def test_a_trial_that_gets_on_may_lose_any_number_of_workers(sweeping: Sweeping) -> None:
    sweep = linear_sweep("epochs=4000", seeds=1)
    (planned,) = make_plan(sweep, sweeping.runs).trials
    epochs = [0]

    def kill() -> None:
        now = epochs_of(planned.trial.run, 4000)
        if len(epochs) <= MOST_DEATHS + 1 and now > epochs[-1]:
            for process in children():
                os.kill(process, signal.SIGKILL)
            epochs.append(now)

    progress = sweeping.run(sweep, on_tick=kill)
    assert len(epochs) > MOST_DEATHS
    assert progress.error is None
    assert epochs_of(planned.trial.run, 5000) == 4000


def test_a_trial_whose_worker_always_dies_has_failed(sweeping: Sweeping) -> None:
    sweep = linear_sweep("epochs=100000", seeds=1)

    def kill() -> None:
        for process in children():
            os.kill(process, signal.SIGKILL)

    progress = sweeping.run(sweep, on_tick=kill)
    (reason,) = progress.failed.values()
    assert re.fullmatch(
        r"its worker ended 3 times at the same epoch \(the last one was killed by SIGKILL\)", reason
    )


def test_no_process_remains(sweeping: Sweeping) -> None:
    sweeping.run(linear_sweep(seeds=2))
    assert children() == []


@pytest.mark.parametrize("monitor", ["val_accuracy", "epoch"])
def test_halving_trains_the_best_settings_to_their_end(monitor: str, sweeping: Sweeping) -> None:
    tried = "eta=1e-6,1e-5,1e-4,0.05,0.1,0.2"
    sweep = linear_sweep(tried, "epochs=9", f"monitor={monitor}", seeds=2)
    sweeping.run(sweep, halves=True)
    plan = make_plan(sweep, sweeping.runs)
    epochs = {
        planned.trial.label: len(metrics.read(planned.trial.run.metrics_csv, epochs=99))
        for planned in plan.trials
    }
    assert sorted(epochs.values()) == [1] * 8 + [3] * 2 + [9] * 2
    ended = {planned.trial.setting.varied["eta"] for planned in plan.of_state("finished")}
    assert len(ended) == 1
    assert ended < {0.05, 0.1, 0.2}
    results = sweeping.results()
    again = sweeping.run(sweep, halves=True)
    assert again.ended_since == 0
    assert sweeping.results() == results
    sweeping.run(sweep)
    assert {planned.state for planned in make_plan(sweep, sweeping.runs).trials} == {"finished"}


def test_halving_ranks_a_setting_by_the_seeds_that_did_not_fail(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=1e-6,1e-5,0.1", "epochs=9", seeds=2)
    best = next(
        planned.trial for planned in make_plan(sweep, sweeping.runs).trials if "0.1" in planned.trial.label
    )
    best.run.folder.parent.mkdir(parents=True)
    best.run.folder.write_text("a file")
    sweeping.run(sweep, halves=True)
    (finished,) = make_plan(sweep, sweeping.runs).of_state("finished")
    assert finished.trial.setting.varied == {"eta": 0.1}


def test_halving_does_not_count_a_trial_that_failed_before_its_first_epoch(sweeping: Sweeping) -> None:
    """Its metrics.csv has a header, and it is no worse than one without a file."""
    sweep = linear_sweep("eta=1e-6,1e-5,0.1", "epochs=9", seeds=2)
    sweeping.run(sweep, halves=True)
    trials = [planned.trial for planned in make_plan(sweep, sweeping.runs).trials]
    failed = next(trial for trial in trials if trial.setting.varied == {"eta": 0.1})
    header = failed.run.metrics_csv.read_text().splitlines(keepends=True)[0]
    failed.run.metrics_csv.write_text(header)
    assert {trial.setting.varied["eta"] for trial in best_settings(trials, 9, ())} == {0.1}


@pytest.mark.parametrize(("monitor", "best"), [("val_accuracy", 0.1), ("epoch", 0.2)])
def test_halving_ranks_by_the_epoch_that_is_kept(monitor: str, best: float, sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=0.1,0.2", "epochs=3", f"monitor={monitor}", seeds=1)
    sweeping.run(sweep)
    trials = [planned.trial for planned in make_plan(sweep, sweeping.runs).trials]
    for trial, accuracies in zip(trials, ([0.5, 0.9, 0.6], [0.5, 0.6, 0.7]), strict=True):
        header, *rows = list(csv.reader(trial.run.metrics_csv.read_text().splitlines()))
        for row, accuracy in zip(rows, accuracies, strict=True):
            row[header.index("val_accuracy")] = str(accuracy)
        trial.run.metrics_csv.write_text("".join(f"{','.join(row)}\n" for row in [header, *rows]))
    assert {trial.setting.varied["eta"] for trial in best_settings(trials, 1, ())} == {best}


def test_a_resumed_halving_uses_all_workers(sweeping: Sweeping) -> None:
    sweep = linear_sweep("eta=1e-4,1e-3,0.1,0.2,0.3,0.4", "epochs=9", seeds=1)
    stops = iter([False] * 3 + [True] * 1000)
    sweeping.run(sweep, halves=True, should_stop=lambda: next(stops))
    shutil.rmtree(make_plan(sweep, sweeping.runs).trials[0].trial.run.folder, ignore_errors=True)
    most = 0

    def count() -> None:
        nonlocal most
        most = max(most, len(children()))

    sweeping.run(sweep, halves=True, on_tick=count)
    assert most == 2


def test_files_that_are_not_of_a_run_are_left_alone(sweeping: Sweeping) -> None:
    sweep = linear_sweep(seeds=1)
    folder = make_plan(sweep, sweeping.runs).trials[0].trial.run.folder
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    progress = sweeping.run(sweep)
    assert "move it away" in next(iter(progress.failed.values()))
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_crash_while_a_run_is_put_in_place_leaves_one_of_the_two(tmp_path: Path) -> None:
    folder = tmp_path / "tried"
    (folder / ".abc-0.01234567.old").mkdir(parents=True)
    (folder / ".abc-0.01234567.old" / "config.yaml").write_text("the old one")
    (folder / ".abc-1.89abcdef.new").mkdir()
    (folder / ".mine").mkdir()
    store.remove_temporary(folder)
    assert sorted(path.name for path in folder.iterdir()) == [".mine", "abc-0"]


def test_a_run_is_put_in_place_of_another(tmp_path: Path) -> None:
    run = Run(tmp_path / "abc-0")
    store.put(run, {"a": b"1", "b": b"2"})
    store.put(run, {"a": b"3"})
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == {"a": b"3"}
    assert [path.name for path in tmp_path.iterdir()] == ["abc-0"]
