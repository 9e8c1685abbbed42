from __future__ import annotations

import threading
import time
from functools import partial

import numpy as np
import pytest

from nnlab.training import Team


@pytest.fixture(params=[1, 2, 5])
def team(request: pytest.FixtureRequest) -> object:
    team = Team(request.param)
    yield team
    team.disband()


def test_every_task_is_run_once(team: Team) -> None:
    done: list[int] = []
    for number in (0, 1, 2, 3, 50):
        done.clear()
        team.share([partial(done.append, task) for task in range(number)])
        assert sorted(done) == list(range(number))


def test_helpers_work_at_the_same_time_as_the_thread_that_shares() -> None:
    team, together = Team(3), threading.Barrier(3, timeout=20)
    team.share([together.wait] * 3)  # each waits for the others
    team.disband()


def test_one_task_starts_no_helper() -> None:
    def helpers() -> int:
        return sum(thread.name == "nnlab-team" for thread in threading.enumerate())

    team = Team(8)
    team.share([lambda: None])
    assert helpers() == 0
    team.share([lambda: None] * 3)
    assert helpers() == 2
    team.disband()
    assert helpers() == 0


def test_an_error_is_raised_when_all_tasks_are_done(team: Team) -> None:
    done: list[int] = []

    def fail() -> None:
        raise ZeroDivisionError

    def work() -> None:
        time.sleep(0.01)
        done.append(0)

    with pytest.raises(ZeroDivisionError):
        team.share([work, fail, work, work])
    assert len(done) == 3
    team.share([work] * 4)
    assert len(done) == 7


def test_an_index_error_of_a_task_is_not_taken_for_the_end(team: Team) -> None:
    with pytest.raises(IndexError):
        team.share([[].pop, lambda: None])


def test_without_further_threads_it_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    done: list[int] = []
    Team(4).share([lambda: done.append(1)] * 6)
    assert sum(done) == 6


@pytest.mark.filterwarnings("error")
def test_helpers_treat_overflows_as_the_thread_that_shares() -> None:
    team, together = Team(2), threading.Barrier(2, timeout=20)
    huge = np.full(1000, 1e38, np.float32)

    def overflow() -> None:
        together.wait()
        huge * huge

    with np.errstate(over="ignore"):
        team.share([overflow, overflow])
    team.disband()
