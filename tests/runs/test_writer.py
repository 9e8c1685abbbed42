from __future__ import annotations

import os
import shutil
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.runs import checkpoint, metrics, tables, writer
from nnlab.runs.environment import describe
from nnlab.runs.find import is_run
from nnlab.runs.run import Run, create
from nnlab.runs.writer import RunWriter
from nnlab.training import TrainingState, start
from nnlab.training import train as train_epochs
from tests.trainings import (
    OSCILLATING,
    copy_of,
    linear_experiment,
    results_of,
    resume,
    splits,
    summary_of,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def begin(runs: Path) -> tuple[RunWriter, TrainingState]:
    """Make the run of `linear_experiment` and write its first files; the test is to train it."""
    experiment = linear_experiment()
    state = start(experiment)
    environment = describe(threads=1, digests={})
    return RunWriter.create(create(runs, "linear"), experiment, state, environment, 1000), state


@pytest.mark.parametrize(("delay", "writes"), [(0, 5 * 5), (999, 4)], ids=["each alone", "all together"])
def test_a_crash_between_any_two_writes_loses_nothing(
    delay: float, writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Record the files at every fsync: they are what a crash at that moment would leave."""
    runs = tmp_path / "runs"
    moments: list[Run] = []

    def crash(_: int) -> None:
        if (runs / "linear-001").exists():
            moments.append(copy_of(Run(runs / "linear-001"), tmp_path / f"crash-{len(moments):03}"))

    monkeypatch.setattr(writer, "DELAY", delay)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        run = train(runs, **OSCILLATING)
    whole = results_of(run)
    assert 1 < whole["summary"].best_epoch < 5, "the experiment has to improve and to worsen"
    created = 1 + next(n for n, moment in enumerate(moments) if moment.summary_json.exists())
    assert len(moments) - created > writes

    resumed = 0
    for moment in moments:
        if not moment.config_yaml.exists():  # not yet a run
            assert not is_run(moment.folder)
            continue
        assert results_of(resume(moment)) == whole, moment.name
        resumed += 1
    assert resumed > writes


def test_a_waiting_epoch_is_written_within_the_delay(
    tmp_path: Path,
) -> None:
    pen, state = begin(tmp_path)
    epochs = train_epochs(pen.experiment, state, *splits())
    pen.add(next(epochs), state)
    expected = checkpoint.weights_sha256(state.network)
    next(epochs)  # changes the weights that are to be written
    wait_for(lambda: summary_of(pen.run).epochs == 1)
    kept, _ = checkpoint.load_state(pen.run.last_npz, pen.experiment)
    assert (kept.epoch, checkpoint.weights_sha256(kept.network)) == (1, expected)


def test_what_goes_wrong_when_it_is_written_late_is_raised_by_the_next_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "DELAY", 0.05)
    monkeypatch.setattr(writer, "monotonic", lambda: 0.0)  # no epoch is ever due by itself
    pen, state = begin(tmp_path)
    epochs = train_epochs(pen.experiment, state, *splits())
    first = next(epochs)
    shutil.rmtree(pen.run.folder)
    pen.add(first, state)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    with pytest.raises(NnlabError, match="cannot write"):
        pen.add(next(epochs), state)


def test_where_no_thread_can_be_started_an_epoch_is_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pen, state = begin(tmp_path)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    pen.add(next(train_epochs(pen.experiment, state, *splits())), state)
    assert summary_of(pen.run).epochs == 1


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened in another thread, or fail."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it has not happened within half a minute")


def test_a_line_cut_off_by_a_crash_is_repaired_by_resuming(tmp_path: Path) -> None:
    whole, cut = train(tmp_path, **OSCILLATING), train(tmp_path, **OSCILLATING | {"epochs": 2})
    with cut.metrics_csv.open("a") as file:
        file.write("3,0.123")
    assert results_of(resume(cut, epochs=5)) == results_of(whole)


def test_metrics_shorter_than_the_checkpoint_are_a_run_error(tmp_path: Path, trained: Run) -> None:
    run = copy_of(trained, tmp_path / "run")
    tables.rewrite(run.metrics_csv, metrics.MetricsRow, metrics.read(run.metrics_csv, epochs=1))
    with pytest.raises(RunError, match=r"metrics\.csv ends at epoch 1, the checkpoint at 3"):
        resume(run, epochs=4)


def test_metrics_with_other_figures_than_were_written_are_a_run_error(tmp_path: Path, trained: Run) -> None:
    run = copy_of(trained, tmp_path / "run")
    lines = run.metrics_csv.read_text().splitlines()
    first = lines[1].split(",")
    lines[1] = ",".join([first[0], "0.123", *first[2:]])
    run.metrics_csv.write_text("\n".join(lines) + "\n")
    with pytest.raises(RunError, match=r"metrics\.csv does not hold the figures that were written"):
        resume(run, epochs=4)


def test_metrics_that_an_editor_saved_with_other_line_ends_are_as_good(tmp_path: Path, trained: Run) -> None:
    run = copy_of(trained, tmp_path / "run")
    text = run.metrics_csv.read_bytes()
    run.metrics_csv.write_bytes(text.replace(b"\n", b"\r\n"))
    resume(run, epochs=4)
    assert run.metrics_csv.read_bytes().startswith(text)


def test_a_new_run_can_be_resumed_before_its_first_epoch_ends(tmp_path: Path) -> None:
    pen, _ = begin(tmp_path)
    pen.flush("interrupted")
    summary = summary_of(pen.run)
    assert (summary.status, summary.epochs, summary.best_epoch, summary.val_loss) == (
        "interrupted",
        0,
        None,
        None,
    )
    assert results_of(resume(pen.run)) == results_of(train(tmp_path))


def test_best_is_of_the_best_epoch_and_last_of_the_last(tmp_path: Path) -> None:
    run = train(tmp_path, **OSCILLATING)
    summary = summary_of(run)
    long, short = (
        results_of(run),
        results_of(train(tmp_path, **OSCILLATING | {"epochs": summary.best_epoch})),
    )
    assert long["best"] == short["last"] == summary.weights_sha256
    assert long["last"] != long["best"]


def test_a_diverged_epoch_leaves_the_checkpoints_of_the_one_before(tmp_path: Path) -> None:
    run = train(tmp_path, architecture=(784, 20, 20, 20, 10), activation="relu", eta=1e6)
    summary, experiment = summary_of(run), results_of(run)["experiment"]
    assert (summary.status, summary.stop_reason, summary.epochs) == ("diverged", "diverged", 1)
    assert (summary.best_epoch, summary.best_value) == (None, None)
    starting = start(experiment).network.parameters
    for path in (run.best_npz, run.last_npz):
        np.testing.assert_array_equal(checkpoint.load_network(path, experiment).parameters, starting)
    row = run.metrics_csv.read_text().splitlines()[1]
    assert row.startswith("1,,")
    assert "nan" not in row.lower()


def test_what_was_measured_of_earlier_best_weights_goes_when_better_ones_come(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=1)
    before = summary_of(run)
    for split in ("test", "validation"):
        run.eval_json(split).write_text("{}")
    assert summary_of(resume(run, epochs=2)).weights_sha256 != before.weights_sha256
    assert list(run.folder.glob("eval_*")) == []


def test_what_was_measured_stays_when_resuming_brings_nothing_better(tmp_path: Path) -> None:
    best = summary_of(train(tmp_path, **OSCILLATING)).best_epoch
    assert best
    run = train(tmp_path, **OSCILLATING | {"epochs": best + 1})
    before = summary_of(run)
    run.eval_json("test").write_text("{}")
    assert summary_of(resume(run, epochs=5)).weights_sha256 == before.weights_sha256
    assert run.eval_json("test").exists()


def test_resuming_keeps_an_evaluation_of_weights_that_are_still_the_best(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=1)
    assert summary_of(run).best_epoch == 1
    run.eval_json("test").write_text("{}")
    run.summary_json.unlink()  # so that there is something to mend
    resume(run)
    assert run.eval_json("test").exists()
    assert summary_of(resume(run, epochs=2)).best_epoch == 2
    assert not run.eval_json("test").exists()


def test_a_best_checkpoint_that_was_never_written_is_made_up_from_the_last_one(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=1)
    before = summary_of(run)
    run.best_npz.unlink()
    run.summary_json.unlink()
    assert summary_of(resume(run)).weights_sha256 == before.weights_sha256


@pytest.mark.parametrize("figure", ["nan", "inf", "-inf", "1e999"])
def test_a_figure_that_is_not_finite_is_not_a_metric(tmp_path: Path, figure: str) -> None:
    run = train(tmp_path, epochs=1)
    header, row = run.metrics_csv.read_text().splitlines()
    fields = row.split(",")
    fields[3] = figure
    run.metrics_csv.write_text(f"{header}\n{','.join(fields)}\n")
    with pytest.raises(RunError, match=figure):
        resume(run, epochs=2)


def test_resuming_clears_away_what_a_killed_process_was_writing(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=1)
    (run.folder / ".last.npz.0123abcd.tmp").write_bytes(b"half")
    resume(run, epochs=2)
    assert not list(run.folder.glob(".*.tmp"))


def test_diagnostics_are_written_a_row_per_epoch_and_layer_and_go_on_where_the_run_does(
    tmp_path: Path,
) -> None:
    keys = {"architecture": (784, 5, 10), "activation": "relu", "diagnostics": True}
    whole, cut = train(tmp_path, **keys, epochs=4), train(tmp_path, **keys, epochs=2)
    rows = tables.read(whole.diagnostics_csv, metrics.DiagnosticsRow, most=99)
    assert [(row.epoch, row.layer) for row in rows] == [(e, layer) for e in range(1, 5) for layer in (1, 2)]
    assert all((row.saturated is None) == (row.layer == 2) for row in rows)
    assert all(row.gradient_norm and row.update_ratio for row in rows)
    # What a crash left behind: rows of an epoch that last.npz does not know of, the last of them cut off.
    with cut.diagnostics_csv.open("a") as file:
        file.write("3,1,0.1,0.1,0.1,0.1\n3,2,0.")
    resume(cut, epochs=4)
    assert cut.diagnostics_csv.read_bytes() == whole.diagnostics_csv.read_bytes()


def test_a_run_whose_diagnostics_are_gone_goes_on_with_those_of_the_next_epoch(tmp_path: Path) -> None:
    run = train(tmp_path, diagnostics=True, epochs=1)
    run.diagnostics_csv.unlink()
    resume(run, epochs=2)
    assert [row.epoch for row in tables.read(run.diagnostics_csv, metrics.DiagnosticsRow, most=99)] == [2]


def test_without_diagnostics_there_is_no_such_file(trained: Run) -> None:
    assert not trained.diagnostics_csv.exists()
