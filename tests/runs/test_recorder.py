from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnlab.errors import NnlabError, RunError
from nnlab.runs import checkpoint, folder, metrics, recorder, records, table
from nnlab.runs.environment import describe
from nnlab.runs.recorder import Recorder
from nnlab.runs.summary import Summary
from nnlab.training import start, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnlab.config import Experiment
    from nnlab.datasets import Split

# Steps so large that the validation loss goes up and down: epochs that improve, and epochs that do not.
RESTLESS = {"eta": 2.0, "epochs": 5}


def what_came_of(run: Path) -> dict[str, Any]:
    """All that a run folder holds, without times."""
    experiment = folder.experiment_of(run)
    state, _ = checkpoint.load_state(run / folder.LAST, experiment)
    return {
        "experiment": experiment,
        "metrics": [replace(row, seconds=0) for row in metrics.read(run / folder.METRICS, epochs=99)],
        "summary": replace(records.read(run / folder.SUMMARY, Summary), seconds=0),
        "best": checkpoint.weights_sha256(checkpoint.load_network(run / folder.BEST, experiment)),
        "last": checkpoint.weights_sha256(state.network),
        "velocity": state.velocity.tobytes(),
        "shuffle": state.rng.bit_generator.state,
        "history": state.history,
    }


@pytest.mark.parametrize(("delay", "writes"), [(0, 5 * 5), (999, 4)], ids=["each alone", "all together"])
def test_a_crash_between_any_two_writes_loses_nothing(
    delay: float,
    writes: int,
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is written passes through fsync; what lies there at that moment is what a crash leaves."""
    run = tmp_path / "run"
    moments: list[Path] = []

    def crash(_: int) -> None:
        moments.append(shutil.copytree(run, tmp_path / f"crash-{len(moments):03}"))

    monkeypatch.setattr(recorder, "DELAY", delay)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        train_into(run, experiment(**RESTLESS))
    whole = what_came_of(run)
    assert 1 < whole["summary"].best_epoch < 5, "the experiment has to improve and to worsen"
    created = 1 + next(n for n, moment in enumerate(moments) if (moment / folder.SUMMARY).exists())
    assert len(moments) - created > writes

    resumed = 0
    for moment in moments:
        if not (moment / folder.CONFIG).exists():  # not yet a run
            assert not folder.is_run(moment)
            continue
        go_on_with(moment)
        assert what_came_of(moment) == whole, moment.name
        resumed += 1
    assert resumed > writes


def test_an_epoch_that_must_wait_is_written_within_the_delay_whatever_the_training_does(
    tmp_path: Path, experiment: Callable[..., Experiment], splits: tuple[Split, Split]
) -> None:
    described = experiment()
    state = start(described)
    (tmp_path / "run").mkdir()
    pen = Recorder.create(tmp_path / "run", described, state, describe(threads=1, digests={}), 1000)
    epochs = train(described, state, *splits)
    pen.record(next(epochs), state)
    expected = checkpoint.weights_sha256(state.network)
    next(epochs)  # changes the weights that are to be written
    wait_for(lambda: records.read(tmp_path / "run" / folder.SUMMARY, Summary).epochs == 1)
    kept, _ = checkpoint.load_state(tmp_path / "run" / folder.LAST, described)
    assert (kept.epoch, checkpoint.weights_sha256(kept.network)) == (1, expected)


def test_what_goes_wrong_when_it_is_written_late_is_raised_by_the_next_epoch(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    splits: tuple[Split, Split],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "DELAY", 0.05)
    monkeypatch.setattr(recorder, "monotonic", lambda: 0.0)  # no epoch is ever due by itself
    described = experiment()
    state = start(described)
    run = tmp_path / "run"
    run.mkdir()
    pen = Recorder.create(run, described, state, describe(threads=1, digests={}), 1000)
    epochs = train(described, state, *splits)
    first = next(epochs)
    shutil.rmtree(run)
    pen.record(first, state)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    with pytest.raises(NnlabError, match="cannot write"):
        pen.record(next(epochs), state)


def test_where_no_thread_can_be_started_an_epoch_is_written_at_once(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    splits: tuple[Split, Split],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    described = experiment()
    state = start(described)
    run = tmp_path / "run"
    run.mkdir()
    pen = Recorder.create(run, described, state, describe(threads=1, digests={}), 1000)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    pen.record(next(train(described, state, *splits)), state)
    assert records.read(run / folder.SUMMARY, Summary).epochs == 1


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, in another thread; the test fails if it never does."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it has not happened within half a minute")


def test_a_line_cut_off_by_a_crash_is_mended_by_resuming(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    train_into(tmp_path / "whole", experiment(**RESTLESS))
    train_into(tmp_path / "cut", experiment(**RESTLESS | {"epochs": 2}))
    with (tmp_path / "cut" / folder.METRICS).open("a") as file:
        file.write("3,0.123")
    go_on_with(tmp_path / "cut", epochs=5)
    assert what_came_of(tmp_path / "cut") == what_came_of(tmp_path / "whole")


def test_metrics_shorter_than_the_checkpoint_are_a_run_error(
    tmp_path: Path, trained: tuple[Path, Experiment], go_on_with: Callable[..., Summary]
) -> None:
    run = shutil.copytree(trained[0], tmp_path / "run")
    table.rewrite(run / folder.METRICS, metrics.Row, metrics.read(run / folder.METRICS, epochs=1))
    with pytest.raises(RunError, match=r"metrics\.csv ends at epoch 1, the checkpoint at 3"):
        go_on_with(run, epochs=4)


def test_metrics_with_other_figures_than_were_written_are_a_run_error(
    tmp_path: Path, trained: tuple[Path, Experiment], go_on_with: Callable[..., Summary]
) -> None:
    run = shutil.copytree(trained[0], tmp_path / "run")
    lines = (run / folder.METRICS).read_text().splitlines()
    first = lines[1].split(",")
    lines[1] = ",".join([first[0], "0.123", *first[2:]])
    (run / folder.METRICS).write_text("\n".join(lines) + "\n")
    with pytest.raises(RunError, match=r"metrics\.csv has other figures than those that were written"):
        go_on_with(run, epochs=4)


def test_metrics_that_an_editor_saved_with_other_line_ends_are_as_good(
    tmp_path: Path, trained: tuple[Path, Experiment], go_on_with: Callable[..., Summary]
) -> None:
    run = shutil.copytree(trained[0], tmp_path / "run")
    text = (run / folder.METRICS).read_bytes()
    (run / folder.METRICS).write_bytes(text.replace(b"\n", b"\r\n"))
    go_on_with(run, epochs=4)
    assert (run / folder.METRICS).read_bytes().startswith(text)


def test_a_new_run_can_be_resumed_before_its_first_epoch_ends(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    described = experiment()
    pen = Recorder.create(new, described, start(described), describe(threads=1, digests={}), 1000)
    pen.write("interrupted")
    summary = records.read(new / folder.SUMMARY, Summary)
    assert (summary.status, summary.epochs, summary.best_epoch, summary.val_loss) == (
        "interrupted",
        0,
        None,
        None,
    )
    go_on_with(new)
    train_into(tmp_path / "whole", described)
    assert what_came_of(new) == what_came_of(tmp_path / "whole")


def test_best_is_of_the_best_epoch_and_last_of_the_last(
    tmp_path: Path, experiment: Callable[..., Experiment], train_into: Callable[..., Summary]
) -> None:
    summary = train_into(tmp_path / "long", experiment(**RESTLESS))
    train_into(tmp_path / "short", experiment(**RESTLESS | {"epochs": summary.best_epoch}))
    long, short = what_came_of(tmp_path / "long"), what_came_of(tmp_path / "short")
    assert long["best"] == short["last"] == summary.weights_sha256
    assert long["last"] != long["best"]


def test_a_diverged_epoch_leaves_the_checkpoints_of_the_one_before(
    tmp_path: Path, experiment: Callable[..., Experiment], train_into: Callable[..., Summary]
) -> None:
    described = experiment(architecture=(784, 20, 20, 20, 10), activation="relu", eta=1e6)
    summary = train_into(tmp_path / "run", described)
    assert (summary.status, summary.stop_reason, summary.epochs) == ("diverged", "diverged", 1)
    assert (summary.best_epoch, summary.best_value) == (None, None)
    starting = start(described).network.parameters
    for name in (folder.BEST, folder.LAST):
        kept = checkpoint.load_network(tmp_path / "run" / name, described).parameters
        np.testing.assert_array_equal(kept, starting)
    row = (tmp_path / "run" / folder.METRICS).read_text().splitlines()[1]
    assert row.startswith("1,,")
    assert "nan" not in row.lower()


def test_what_was_measured_of_earlier_best_weights_goes_when_better_ones_come(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    run = tmp_path / "run"
    before = train_into(run, experiment(epochs=1))
    for split in ("test", "validation"):
        (run / f"eval_{split}.json").write_text("{}")
    assert go_on_with(run, epochs=2).weights_sha256 != before.weights_sha256
    assert list(run.glob("eval_*")) == []


def test_what_was_measured_stays_when_resuming_brings_nothing_better(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    run = tmp_path / "run"
    best = train_into(tmp_path / "probe", experiment(**RESTLESS)).best_epoch
    before = train_into(run, experiment(**RESTLESS | {"epochs": best + 1}))
    (run / "eval_test.json").write_text("{}")
    assert go_on_with(run, epochs=5).weights_sha256 == before.weights_sha256
    assert (run / "eval_test.json").exists()


def test_resuming_keeps_an_evaluation_of_weights_that_are_still_the_best(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    run = tmp_path / "linear-001"
    best_epoch = train_into(run, experiment(epochs=1)).best_epoch
    assert best_epoch == 1
    (run / "eval_test.json").write_text("{}")
    go_on_with(run)
    assert (run / "eval_test.json").exists()
    assert go_on_with(run, epochs=2).best_epoch == 2
    assert not (run / "eval_test.json").exists()


def test_a_best_checkpoint_that_was_never_written_is_made_up_from_the_last_one(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    summary = train_into(tmp_path / "linear-001", experiment(epochs=1))
    (tmp_path / "linear-001" / folder.BEST).unlink()
    assert go_on_with(tmp_path / "linear-001").weights_sha256 == summary.weights_sha256


@pytest.mark.parametrize("figure", ["nan", "inf", "-inf", "1e999"])
def test_a_figure_that_is_not_finite_is_no_metric(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
    figure: str,
) -> None:
    run = tmp_path / "linear-001"
    train_into(run, experiment(epochs=1))
    header, row = (run / folder.METRICS).read_text().splitlines()
    fields = row.split(",")
    fields[3] = figure
    (run / folder.METRICS).write_text(f"{header}\n{','.join(fields)}\n")
    with pytest.raises(RunError, match=figure):
        go_on_with(run, epochs=2)


def test_resuming_clears_away_what_a_killed_process_was_writing(
    tmp_path: Path,
    experiment: Callable[..., Experiment],
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
) -> None:
    run = tmp_path / "linear-001"
    train_into(run, experiment(epochs=1))
    (run / ".last.npz.0123abcd.tmp").write_bytes(b"half")
    go_on_with(run)
    assert not list(run.glob(".*.tmp"))


def test_diagnostics_are_written_a_row_an_epoch_and_layer_and_go_on_where_the_run_does(
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
    experiment: Callable[..., Experiment],
    tmp_path: Path,
) -> None:
    keys = {"architecture": (784, 5, 10), "activation": "relu", "diagnostics": True}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train_into(whole, experiment(**keys, epochs=4))
    train_into(cut, experiment(**keys, epochs=2))
    rows = table.read(whole / folder.DIAGNOSTICS, metrics.LayerRow, most=99)
    assert [(row.epoch, row.layer) for row in rows] == [(e, layer) for e in range(1, 5) for layer in (1, 2)]
    assert all((row.saturated is None) == (row.layer == 2) for row in rows)
    assert all(row.gradient_norm > 0 and row.update_ratio > 0 for row in rows)
    # What a crash left behind: rows of an epoch that last.npz does not know of, the last of them cut off.
    with (cut / folder.DIAGNOSTICS).open("a") as file:
        file.write("3,1,0.1,0.1,0.1,0.1\n3,2,0.")
    go_on_with(cut, epochs=4)
    assert (cut / folder.DIAGNOSTICS).read_bytes() == (whole / folder.DIAGNOSTICS).read_bytes()


def test_a_run_whose_diagnostics_are_gone_goes_on_with_those_of_the_next_epoch(
    train_into: Callable[..., Summary],
    go_on_with: Callable[..., Summary],
    experiment: Callable[..., Experiment],
    tmp_path: Path,
) -> None:
    run = tmp_path / "linear-001"
    train_into(run, experiment(diagnostics=True, epochs=1))
    (run / folder.DIAGNOSTICS).unlink()
    go_on_with(run, epochs=2)
    assert [row.epoch for row in table.read(run / folder.DIAGNOSTICS, metrics.LayerRow, most=99)] == [2]


def test_without_diagnostics_there_is_no_such_file(trained: tuple[Path, Experiment]) -> None:
    assert not (trained[0] / folder.DIAGNOSTICS).exists()
