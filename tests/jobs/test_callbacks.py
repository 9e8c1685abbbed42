"""Jobs tell their caller what goes on, stop when they are asked to, and run in any thread or process."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest

from nnlab import jobs
from nnlab.errors import RunError
from nnlab.runs.lock import is_locked
from nnlab.training.threads import available_threads, computing_with
from tests.trainings import HERE, an_experiment, resume, summary_of, train, what_came_of

if TYPE_CHECKING:
    from pathlib import Path

    from nnlab.jobs import TrainingStarted
    from nnlab.training import Epoch


def test_the_caller_is_told_of_the_beginning_every_batch_and_every_epoch(tmp_path: Path) -> None:
    begun: list[TrainingStarted] = []
    batches: list[int] = []
    epochs: list[Epoch] = []
    callbacks = jobs.Callbacks(on_begin=begun.append, on_batch=batches.append, on_epoch=epochs.append)
    trained = jobs.train(an_experiment(), runs=tmp_path, source=HERE, callbacks=callbacks)
    assert [(each.run, each.train_examples, each.epoch, each.is_resumed) for each in begun] == [
        (trained.run, 1000, 0, False)
    ]
    assert batches == [*15 * [64], 40] * 3
    assert [epoch.val_loss for epoch in epochs][trained.summary.epochs - 1] == epochs[-1].val_loss
    assert epochs[-1].stop_reason == trained.summary.stop_reason == "epochs"

    begun.clear()
    jobs.resume(trained.run, ["epochs=4"], source=HERE, callbacks=callbacks)
    assert [(each.epoch, each.is_resumed) for each in begun] == [(3, True)]
    jobs.resume(trained.run, source=HERE, callbacks=callbacks)
    assert len(begun) == 1, "a run with nothing left to do does not begin"


@pytest.mark.parametrize("batches", [1, 20])
def test_a_training_that_is_asked_to_stop_keeps_its_epochs_and_goes_on_as_if_never_stopped(
    tmp_path: Path, batches: int
) -> None:
    seen: list[int] = []
    callbacks = jobs.Callbacks(on_batch=seen.append, should_stop=lambda: len(seen) == batches)
    stopped = jobs.train(an_experiment(), runs=tmp_path, source=HERE, callbacks=callbacks)
    assert (stopped.summary.status, stopped.summary.epochs) == ("interrupted", batches // 16)
    assert not is_locked(stopped.run)
    assert what_came_of(resume(stopped.run)) == what_came_of(train(tmp_path))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_a_callback_raises_comes_through_and_the_run_can_be_resumed(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def on_epoch(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise error

    with pytest.raises(error):
        jobs.train(an_experiment(), runs=tmp_path, source=HERE, callbacks=jobs.Callbacks(on_epoch=on_epoch))
    run = jobs.newest_to_resume(tmp_path, finished=False)
    assert summary_of(run).epochs == 2
    assert summary_of(run).status == ("interrupted" if error is KeyboardInterrupt else "running")
    assert what_came_of(resume(run)) == what_came_of(train(tmp_path))


def test_a_run_that_is_being_trained_is_not_resumed_even_by_another_thread(tmp_path: Path) -> None:
    refusals: list[str] = []

    def on_begin(begun: TrainingStarted) -> None:
        with pytest.raises(RunError) as error:
            resume(begun.run)
        refusals.append(str(error.value))

    jobs.train(an_experiment(), runs=tmp_path, source=HERE, callbacks=jobs.Callbacks(on_begin=on_begin))
    assert "is being trained by process" in refusals[0]


def digest_of(runs: Path, seed: int) -> str:
    """Return the digest of the weights that a seed leads to."""
    return summary_of(train(runs, seed=seed)).weights_sha256


def test_a_worker_process_trains_to_the_same_bits(tmp_path: Path) -> None:
    expected = [digest_of(tmp_path, seed) for seed in range(2)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(digest_of, 2 * [tmp_path], range(2))) == expected
    assert {path.name for path in tmp_path.iterdir()} == {f"linear-{number:03}" for number in range(1, 5)}


def test_the_number_of_threads_is_that_of_the_job_and_afterwards_what_it_was(tmp_path: Path) -> None:
    def threads_in(run: int) -> int:
        found: list[int] = []
        callbacks = jobs.Callbacks(on_begin=lambda begun: found.append(begun.environment.blas[0]["threads"]))
        jobs.train(an_experiment(), runs=tmp_path, source=HERE, threads=run, callbacks=callbacks)
        return found[0]

    before = available_threads()
    assert [threads_in(number) for number in (1, 2, 1)] == [1, 2, 1]
    in_a_thread: list[int] = []
    thread = threading.Thread(target=lambda: in_a_thread.append(threads_in(2)))
    thread.start()
    thread.join()
    assert in_a_thread == [2]
    assert available_threads() == before
    with computing_with(2), computing_with(1):  # the outer one counts
        assert threads_in(1) == 2
        assert available_threads() == before
