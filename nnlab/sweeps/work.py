"""What a sweep has to do, by its plan and its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.datasets import DEFAULT_SOURCE, Source
from nnlab.sweeps.halving import SHARES, next_round
from nnlab.sweeps.plan import Trial

if TYPE_CHECKING:
    from nnlab.sweeps.plan import Plan


@dataclass(frozen=True)
class Options:
    """How trials are trained."""

    source: Source = DEFAULT_SOURCE
    halves: bool = False  # trains only the best settings to their end
    evaluates: bool = False  # also measures the test figures of finished trials
    repeats: bool = False  # trains trials again that are done or broken
    most_failures: int | None = None  # gives up after so many; None: after three in a row
    command: Sequence[str] = ()


DEFAULT_OPTIONS = Options()


@dataclass(frozen=True)
class Work:
    """The trials to `train`, first to one in `share` of their epochs, and the finished ones to `measure`."""

    train: list[Trial]
    share: int
    measure: list[Trial]


def work_of(plan: Plan, options: Options) -> Work:
    """Return what there is to do. Halving is in rounds; only the next one is known."""
    if options.repeats:
        share = SHARES[0] if options.halves else 1
        return Work([planned.trial for planned in plan.trials], share, [])
    measure = [
        planned.trial
        for planned in plan.of_state("finished", "made")
        if options.evaluates and not (planned.made or planned.trial.run).eval_json("test").exists()
    ]
    if not options.halves:
        return Work([planned.trial for planned in plan.of_state("missing", "interrupted")], 1, measure)
    ended = {planned.trial.run.name for planned in plan.of_state("finished", "diverged", "made")}
    usable = [planned.trial for planned in plan.trials if planned.state != "broken"]
    return Work(*next_round(usable, ended), measure)
