"""Schedules: their values at the edges, by hand."""

from __future__ import annotations

import math

import pytest

from nnlab.optimisation import SCHEDULES, Falls, Moment, MomentumRamp


def shares(
    name: str, epoch: int, epochs: int = 10, steps: int = 4, falls: int = 0, **options: object
) -> list[float]:
    schedule = SCHEDULES[name].model_validate(options)
    return list(schedule.shares(Moment(epoch, epochs, steps, Falls(falls))))


def test_constant_is_one() -> None:
    assert shares("constant", 7) == [1, 1, 1, 1]


def test_step_changes_after_every_so_many_epochs() -> None:
    first = [shares("step", epoch, every=3, factor=0.5)[0] for epoch in range(8)]
    assert first == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert len(set(shares("step", 4, every=3, factor=0.5))) == 1


def test_exponential_changes_after_every_epoch() -> None:
    assert [shares("exponential", epoch, factor=0.5)[0] for epoch in range(4)] == [1, 0.5, 0.25, 0.125]


def test_linear_falls_step_by_step_and_would_be_at_its_end_after_the_last() -> None:
    assert shares("linear", 0, epochs=2, steps=2) == [1, 0.75]
    assert shares("linear", 1, epochs=2, steps=2) == [0.5, 0.25]
    assert shares("linear", 1, epochs=2, steps=2, final=0.2) == pytest.approx([0.6, 0.4])


def test_cosine_is_half_a_period() -> None:
    assert shares("cosine", 0, epochs=2, steps=2) == pytest.approx([1, (1 + math.sqrt(0.5)) / 2])
    assert shares("cosine", 1, epochs=2, steps=2) == pytest.approx([0.5, (1 - math.sqrt(0.5)) / 2])
    assert shares("cosine", 9, epochs=10, steps=1000, final=0.1)[-1] == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_warm_up_rises_to_one_and_the_fall_begins_there(name: str) -> None:
    assert shares(name, 0, epochs=4, steps=2, warm_up=1) == [0.5, 1]
    after = [share for epoch in (1, 2, 3) for share in shares(name, epoch, epochs=4, steps=2, warm_up=1)]
    without = [share for epoch in range(3) for share in shares(name, epoch, epochs=3, steps=2)]
    assert after == pytest.approx(without)
    half = shares(name, 0, epochs=4, steps=4, warm_up=0.5)
    assert half[:3] == pytest.approx([0.5, 1, 1])


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_only_what_is_annealed_depends_on_the_number_of_epochs(name: str) -> None:
    depends = {name for name, schedule in SCHEDULES.items() if schedule.depends_on_epochs}
    assert depends == {"linear", "cosine"}
    assert shares(name, 1, epochs=3) != shares(name, 1, epochs=4)
    for other in set(SCHEDULES) - depends:
        assert shares(other, 1, epochs=3) == shares(other, 1, epochs=4)


@pytest.mark.parametrize("name", SCHEDULES)
def test_there_is_one_share_per_step_none_above_one_none_below_zero(name: str) -> None:
    for epoch in range(10):
        found = shares(name, epoch, steps=7, falls=2)
        assert len(found) == 7
        assert all(0 < share <= 1 for share in found)


def test_plateau_falls_after_so_many_epochs_without_improvement_and_then_waits_again() -> None:
    plateau = SCHEDULES["plateau"].model_validate({"wait": 2, "factor": 0.5, "least": 0.25})
    falls, seen = Falls(), []
    for improved in [True, False, True, False, False, False, True, False, False]:
        falls = plateau.observe(falls, improved=improved)
        seen.append((falls.count, falls.waited, plateau.has_ended(falls)))
    assert seen == [
        (0, 0, False),
        (0, 1, False),
        (0, 0, False),
        (0, 1, False),
        (1, 0, False),
        (1, 1, False),
        (1, 0, False),
        (1, 1, False),
        (2, 0, True),
    ]
    assert shares("plateau", 3, falls=2) == [0.25] * 4


def test_plateau_stops_by_default_when_eta_has_been_halved_seven_times() -> None:
    plateau = SCHEDULES["plateau"]()
    assert [plateau.has_ended(Falls(count)) for count in (6, 7)] == [False, True]


@pytest.mark.parametrize(("factor", "least", "falls"), [(0.1, 0.01, 2), (0.1, 0.001, 3), (0.2, 0.04, 2)])
def test_rounding_does_not_cost_a_fall(factor: float, least: float, falls: int) -> None:
    plateau = SCHEDULES["plateau"].model_validate({"factor": factor, "least": least})
    assert [plateau.has_ended(Falls(count)) for count in (falls - 1, falls)] == [False, True]


def test_a_momentum_rises_linearly_and_stays() -> None:
    ramp = MomentumRamp(start=0.5, epochs=4)
    assert [ramp.at(epoch, 0.9) for epoch in (0, 1, 2, 4, 5, 100)] == pytest.approx(
        [0.5, 0.6, 0.7, 0.9, 0.9, 0.9]
    )
