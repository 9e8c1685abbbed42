"""Jobs report their progress, stop on request, and run in any thread or process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_info

from nnlab.errors import RunError
from nnlab.jobs.callbacks import Callbacks
from nnlab.jobs.evaluate import evaluate_run
from nnlab.jobs.resume import newest_to_resume, resume_run
from nnlab.jobs.train import train_experiment
from nnlab.runs import checkpoint, writer
from nnlab.runs.lock import is_locked
from nnlab.training.threads import available_threads, computing_with
from tests.trainings import OFFLINE, linear_experiment, results_of, resume, summary_of, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.jobs.callbacks import TrainingStarted
    from nnlab.training import Epoch


def test_callbacks_report_the_beginning_every_batch_and_every_epoch(tmp_path: Path) -> None:
    begun: list[TrainingStarted] = []
    batches: list[int] = []
    epochs: list[Epoch] = []
    callbacks = Callbacks(on_begin=begun.append, on_batch=batches.append, on_epoch=epochs.append)
    trained = train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=callbacks)
    assert [(each.run, each.train_examples, each.epoch, each.is_resumed) for each in begun] == [
        (trained.run, 1000, 0, False)
    ]
    assert batches == [*15 * [64], 40] * 3
    assert [epoch.val_loss for epoch in epochs][trained.summary.epochs - 1] == epochs[-1].val_loss
    assert epochs[-1].stop_reason == trained.summary.stop_reason == "epochs"

    begun.clear()
    resume_run(trained.run, ["epochs=4"], source=OFFLINE, callbacks=callbacks)
    assert [(each.epoch, each.is_resumed) for each in begun] == [(3, True)]
    resume_run(trained.run, source=OFFLINE, callbacks=callbacks)
    assert len(begun) == 1, "a run with nothing left to do does not begin"


@pytest.mark.parametrize("batches", [1, 20])
def test_a_training_that_is_asked_to_stop_keeps_its_epochs_and_goes_on_as_if_never_stopped(
    tmp_path: Path, batches: int
) -> None:
    seen: list[int] = []
    callbacks = Callbacks(on_batch=seen.append, should_stop=lambda: len(seen) == batches)
    stopped = train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=callbacks)
    assert (stopped.summary.status, stopped.summary.epochs) == ("interrupted", batches // 16)
    assert not is_locked(stopped.run)
    assert results_of(resume(stopped.run)) == results_of(train(tmp_path))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_exception_in_a_callback_is_raised_and_the_run_can_be_resumed(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def on_epoch(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise error

    with pytest.raises(error):
        train_experiment(
            linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=Callbacks(on_epoch=on_epoch)
        )
    run = newest_to_resume(tmp_path, finished=False)
    assert summary_of(run).epochs == 2
    assert summary_of(run).status == ("interrupted" if error is KeyboardInterrupt else "running")
    assert results_of(resume(run)) == results_of(train(tmp_path))


def test_a_run_that_is_being_trained_is_not_resumed_even_by_another_thread(tmp_path: Path) -> None:
    refusals: list[str] = []

    def on_begin(begun: TrainingStarted) -> None:
        with pytest.raises(RunError) as error:
            resume(begun.run)
        refusals.append(str(error.value))

    train_experiment(
        linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=Callbacks(on_begin=on_begin)
    )
    assert "is being trained by process" in refusals[0]


def test_an_error_of_a_callback_stays_what_it_is_and_nothing_is_written_after_it(tmp_path: Path) -> None:
    def on_epoch(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise RunError("mine")

    with pytest.raises(RunError, match=r"^mine$"):
        train_experiment(
            linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=Callbacks(on_epoch=on_epoch)
        )
    run = newest_to_resume(tmp_path, finished=False)
    assert summary_of(run).epochs == 2
    expected = results_of(resume(run))
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # a timer of the first training would write over the second
    assert results_of(run) == expected == results_of(train(tmp_path))


def test_there_is_no_folder_until_the_caller_knows_and_none_if_it_cannot_begin(tmp_path: Path) -> None:
    seen: list[int] = []

    def before_writing() -> None:
        seen.append(len(list(tmp_path.iterdir())))

    def on_begin(_: TrainingStarted) -> None:
        raise KeyboardInterrupt

    callbacks = Callbacks(before_writing=before_writing, on_begin=on_begin)
    with pytest.raises(KeyboardInterrupt):
        train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=callbacks)
    assert seen == [0]
    assert list(tmp_path.iterdir()) == []


def test_a_training_stopped_on_a_full_disk_says_that_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    def should_stop() -> bool:
        monkeypatch.setattr("os.fsync", no_space)
        return True

    callbacks = Callbacks(should_stop=should_stop)
    stopped = train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, callbacks=callbacks)
    monkeypatch.undo()
    assert stopped.is_stopped
    assert (stopped.summary.status, stopped.summary.epochs) == ("running", 0)
    assert results_of(resume(stopped.run)) == results_of(train(tmp_path))


@pytest.mark.parametrize("where", ["save_state", "save_weights"])
def test_a_write_that_is_interrupted_leaves_what_a_crash_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """No summary describes weights that were not written."""
    original, calls = getattr(checkpoint, where), []

    def interrupted(*arguments: object, **named: object) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        original(*arguments, **named)

    monkeypatch.setattr(writer, "DELAY", 0)
    monkeypatch.setattr(checkpoint, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE)
    monkeypatch.undo()
    run = newest_to_resume(tmp_path, finished=False)
    summary = summary_of(run)
    assert (summary.status, summary.epochs) == ("running", 1)
    best = checkpoint.load_network(run.best_npz, linear_experiment())
    assert summary.weights_sha256 == checkpoint.weights_sha256(best)
    assert results_of(resume(run)) == results_of(train(tmp_path))


def digest_of(runs: Path, seed: int) -> str:
    """Return the digest of the weights that a seed leads to."""
    return summary_of(train(runs, seed=seed)).weights_sha256


def test_a_worker_process_trains_to_the_same_bits(tmp_path: Path) -> None:
    expected = [digest_of(tmp_path, seed) for seed in range(2)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(digest_of, 2 * [tmp_path], range(2))) == expected
    assert {path.name for path in tmp_path.iterdir()} == {f"linear-{number:03}" for number in range(1, 5)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork")  # Python warns of what is tested
def test_a_process_forked_while_another_thread_trains_can_train_too(tmp_path: Path) -> None:
    exit_codes: list[int | None] = []

    def on_begin(_: TrainingStarted) -> None:
        child = multiprocessing.get_context("fork").Process(target=train_on_two_threads, args=(tmp_path,))
        child.start()
        child.join(60)
        exit_codes.append(child.exitcode)
        child.kill()

    callbacks = Callbacks(on_begin=on_begin)
    train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, threads=1, callbacks=callbacks)
    assert exit_codes == [0]


def train_on_two_threads(runs: Path) -> None:
    """Train in a process of its own; exit with 0 if it ends."""
    found: list[int] = []
    callbacks = Callbacks(on_begin=lambda begun: found.append(begun.environment.threads))
    thread = threading.Thread(
        target=lambda: train_experiment(
            linear_experiment(), runs=runs, source=OFFLINE, threads=2, callbacks=callbacks
        )
    )
    thread.start()
    thread.join()
    os._exit(found != [2])


def test_the_matrix_library_has_one_thread_during_a_job_and_afterwards_what_it_had(tmp_path: Path) -> None:
    def threads_in(run: int) -> int:
        found: list[int] = []
        callbacks = Callbacks(on_begin=lambda begun: found.append(begun.environment.blas[0]["threads"]))
        train_experiment(linear_experiment(), runs=tmp_path, source=OFFLINE, threads=run, callbacks=callbacks)
        return found[0]

    before = threads_of_blas()
    assert threads_in(1) == threads_in(2) == 1
    in_a_thread: list[int] = []
    thread = threading.Thread(target=lambda: in_a_thread.append(threads_in(2)))
    thread.start()
    thread.join()
    assert in_a_thread == [1]
    assert threads_of_blas() == available_threads() == before
    with computing_with(2), computing_with(1):
        assert threads_in(1) == threads_of_blas() == 1
        assert available_threads() == before
    assert threads_of_blas() == before


def threads_of_blas() -> int:
    return max(int(library["num_threads"]) for library in threadpool_info() if library["user_api"] == "blas")


def test_the_number_of_threads_does_not_change_the_weights(tmp_path: Path) -> None:
    """784-800-600-10 in batches of 100: every layer but the last is divided, in each of its products."""
    wide = linear_experiment(
        architecture=(784, 800, 600, 10), activation="relu", batch_size=100, epochs=2, momentum=0.0, eta=0.1
    )
    digests = set()
    for threads in (1, 2, 3, 8):
        trained = train_experiment(wide, runs=tmp_path, source=OFFLINE, threads=threads)
        evaluated = evaluate_run(trained.run, source=OFFLINE).evaluation
        digests.add((trained.summary.weights_sha256, trained.summary.val_loss, evaluated.loss))
    assert len(digests) == 1
