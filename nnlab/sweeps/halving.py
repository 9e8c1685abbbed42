"""Successive halving (Jamieson and Talwalkar 2016): short trainings decide which settings are trained on.

In each round, the trials of the remaining settings are trained to a part of their epochs, from where the last
round left them, and the best third of the settings remains. The order depends only on the metrics of these
epochs, so it is the same whatever the number of workers, and however often the sweep is interrupted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from nnlab.errors import RunError
from nnlab.runs import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.sweeps.plan import Trial
    from nnlab.sweeps.sweep import Loop

FACTOR = 3  # one in so many settings remains after a round, which has so many times the epochs of the last
SHARES = (FACTOR**2, FACTOR)  # the rounds before the last train to one in so many epochs


def run_halving(trials: Sequence[Trial], loop: Loop) -> None:
    """Train `trials` in rounds, and those of the best settings to their end."""
    remaining = list(trials)
    for share in SHARES:
        epoch_of = _epoch_at(share)
        loop.run(remaining, epoch_of)
        if loop.progress.is_stopped or loop.progress.has_given_up:
            return
        remaining = best_settings(remaining, epoch_of)
    loop.run(remaining)


def _epoch_at(share: int) -> Callable[[Trial], int]:
    return lambda trial: math.ceil(trial.setting.experiment.epochs / share)


def best_settings(trials: Sequence[Trial], epoch_of: Callable[[Trial], int]) -> list[Trial]:
    """Return the trials of the best third of the settings, by the mean of their best figures so far.

    A trial that failed has no figures, and does not count.
    """
    figures: dict[str, list[float]] = defaultdict(list)
    for trial in trials:
        figures[trial.setting.digest] += _figure(trial, epoch_of(trial))
    ranked = sorted(figures, key=lambda digest: fmean(figures[digest] or [-math.inf]), reverse=True)  # stable
    kept = set(ranked[: math.ceil(len(ranked) / FACTOR)])
    return [trial for trial in trials if trial.setting.digest in kept]


def _figure(trial: Trial, epoch: int) -> list[float]:
    """Return the best monitored figure up to `epoch`, such that larger is better, or none if it failed.

    A trial that diverged at once has -inf.
    """
    monitor = trial.setting.experiment.monitor
    sign = 1 if monitor == "val_accuracy" else -1
    try:
        rows = metrics.read(trial.run.metrics_csv, epochs=epoch)
    except RunError:
        return []
    found = [sign * figure for row in rows if (figure := getattr(row, monitor)) is not None]
    return [max(found, default=-math.inf)]
