"""Successive halving (Jamieson and Talwalkar 2016): short trainings decide which settings are trained on.

In each round, the trials of the remaining settings are trained to a part of their epochs, from where the last
round left them, and the best third of the settings remains. The order depends only on the metrics of these
epochs, so it is the same whatever the number of workers, and however often the sweep is interrupted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import suppress
from statistics import fmean
from typing import TYPE_CHECKING

from nnlab.datasets import DATASETS
from nnlab.errors import RunError
from nnlab.runs import metrics

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from nnlab.runs.run import Run
    from nnlab.sweeps.plan import Trial
    from nnlab.sweeps.sweep import Loop

FACTOR = 3  # one in so many settings remains after a round, which has so many times the epochs of the last
SHARES = (FACTOR**2, FACTOR)  # the rounds before the last train to one in so many epochs


def run_halving(trials: Sequence[Trial], loop: Loop) -> None:
    """Train `trials` in rounds, and those of the best settings to their end."""
    remaining = list(trials)
    ended = loop.progress.ended
    for share in SHARES:
        loop.run(
            [
                trial
                for trial in remaining
                if trial.run.name in loop.to_repeat or not _has_reached(trial, share, ended)
            ],
            share,
        )
        if loop.progress.is_stopped or loop.progress.has_given_up:
            return
        remaining = best_settings(remaining, share, ended)
    going_on = {trial.run.name for trial in remaining} | set(ended)
    loop.progress.dropped = sum(trial.run.name not in going_on for trial in trials)
    loop.run(remaining)


def next_round(trials: Sequence[Trial], ended: Collection[str]) -> tuple[list[Trial], int]:
    """Return the trials that the next round trains, and the share of their epochs: one in so many.

    `ended` holds the names of the trials that have ended.
    """
    remaining = list(trials)
    for share in SHARES:
        if found := [trial for trial in remaining if not _has_reached(trial, share, ended)]:
            return found, share
        remaining = best_settings(remaining, share, ended)
    return [trial for trial in remaining if trial.run.name not in ended], 1


def _has_reached(trial: Trial, share: int, ended: Collection[str]) -> bool:
    """Return whether `trial` has ended, or reached the end of a round."""
    epoch = epoch_at(trial, share)
    return trial.run.name in ended or epochs_of(trial.run, epoch) == epoch


def epochs_of(run: Run, most: int) -> int:
    """Return the number of epochs that `run` has, up to `most`; 0 if it cannot be read."""
    try:
        return len(metrics.read(run.metrics_csv, epochs=most))
    except RunError:
        return 0


def epoch_at(trial: Trial, share: int) -> int:
    """Return the epoch at which the round ends that trains one in `share` epochs of `trial`."""
    return math.ceil(trial.setting.experiment.epochs / share)


def best_settings(trials: Sequence[Trial], share: int, ended: Collection[str]) -> list[Trial]:
    """Return the trials of the best third of the settings, by the mean of their best figures in a round.

    A trial that diverged at once has -inf. One that failed has not reached the end of the round, and does not
    count. `ended` holds the names of the trials that have ended.
    """
    figures: dict[str, list[float]] = defaultdict(list)
    for trial in trials:
        if _has_reached(trial, share, ended):
            with suppress(RunError):  # of a file that is damaged
                figures[trial.setting.digest].append(_best(trial, epoch_at(trial, share)))
    ranked = sorted(figures, key=lambda digest: fmean(figures[digest] or [-math.inf]), reverse=True)  # stable
    kept = set(ranked[: math.ceil(len(ranked) / FACTOR)])
    return [trial for trial in trials if trial.setting.digest in kept]


def _best(trial: Trial, epoch: int) -> float:
    """Return the figure of the best epoch up to `epoch`, such that larger is better. Raises `RunError`.

    It is the one that is monitored. If the last epoch is the best, it is the accuracy, or the loss if there
    is none.
    """
    experiment = trial.setting.experiment
    is_loss = experiment.monitor == "val_loss" or not DATASETS[experiment.dataset].classes
    rows = metrics.read(trial.run.metrics_csv, epochs=epoch)
    known = [figure for row in rows if (figure := row.val_loss if is_loss else row.val_accuracy) is not None]
    if experiment.monitor == "epoch":
        known = known[-1:]
    return max((-figure if is_loss else figure for figure in known), default=-math.inf)
