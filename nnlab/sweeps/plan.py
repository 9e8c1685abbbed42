"""The plan of a sweep: its trials, and what the run folder already holds of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from nnlab.config import Experiment, parse_values
from nnlab.config.digest import setting_digest
from nnlab.config.sweep import Setting, Sweep, label_of
from nnlab.errors import ConfigError, MissingError, RunError, UsageError
from nnlab.runs import records
from nnlab.runs.find import find_all, is_run
from nnlab.runs.lock import is_locked
from nnlab.runs.run import Run, config_text
from nnlab.runs.summary import Summary

# `made` is a finished run that was made by hand, with the same config; `broken` says why in `Planned.reason`.
State: TypeAlias = Literal["finished", "diverged", "made", "interrupted", "missing", "broken"]
DONE: tuple[State, ...] = ("finished", "diverged")

DIGITS = 12  # of the digest in the name of a trial


@dataclass(frozen=True)
class Trial:
    """One training of a sweep, and the run in which it is kept."""

    run: Run
    setting: Setting
    seed: int

    @property
    def experiment(self) -> Experiment:
        """The experiment, with the seed of the trial."""
        return self.setting.experiment.model_copy(update={"seed": self.seed})

    @property
    def label(self) -> str:
        """What distinguishes the trial from the others of its sweep, such as eta=0.1 seed=3."""
        return label_of({**self.setting.varied, "seed": self.seed})


@dataclass(frozen=True)
class Planned:
    """A trial and its state; `summary` is that of its run, `made` the run that was made by hand."""

    trial: Trial
    state: State
    summary: Summary | None = None
    made: Run | None = None
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """The trials of a sweep, in the order in which they are trained: with the first seed, the second, …."""

    folder: Path
    trials: Sequence[Planned]

    def of_state(self, *states: State) -> list[Planned]:
        """Return the trials that are in one of these states."""
        return [planned for planned in self.trials if planned.state in states]


def make_plan(sweep: Sweep, runs: Path) -> Plan:
    """Return the trials of `sweep`, and their states in the folder `runs`. Nothing is written.

    Raises `UsageError` if the folder of the sweep is a run, and `RunError` if it cannot be read.
    """
    folder = runs / sweep.name
    if is_run(folder):
        raise UsageError(f"{folder} is a run, and cannot hold a sweep; choose another name with --name")
    existing = {run.name for run in find_all(folder)}
    trials = [
        Trial(Run(folder / f"{setting.digest[:DIGITS]}-{seed}"), setting, seed)
        for seed in sweep.seeds
        for setting in sweep.settings
    ]
    missing: set[tuple[str, object]] = {
        (trial.setting.digest, trial.seed) for trial in trials if trial.run.name not in existing
    }
    by_hand = _made_by_hand(runs, missing) if missing else {}
    return Plan(
        folder,
        [
            _planned(trial)
            if trial.run.name in existing
            else Planned(trial, "made", *made)
            if (made := by_hand.get((trial.setting.digest, trial.seed)))
            else Planned(trial, "missing")
            for trial in trials
        ],
    )


def _planned(trial: Trial) -> Planned:
    """Return the state of a trial whose folder exists."""
    run = trial.run
    try:
        values = parse_values(config_text(run), run.config_yaml)
        if _identity(values) != (trial.setting.digest, trial.seed):
            what = f"{run.config_yaml} is no longer that of the trial; move {run} away, or use --force"
            return Planned(trial, "broken", reason=what)
        summary = records.read_or_none(run.summary_json, Summary)  # without one, resuming writes it again
    except MissingError:
        return Planned(trial, "missing")  # it was killed before it wrote anything
    except (RunError, ConfigError) as error:
        return Planned(trial, "broken", reason=str(error))
    if summary and (summary.status == "finished" or summary.status == "diverged"):  # noqa: PLR1714 (for mypy)
        return Planned(trial, summary.status, summary)
    return Planned(trial, "interrupted", summary)


def _made_by_hand(
    runs: Path, wanted: Collection[tuple[str, object]]
) -> dict[tuple[str, object], tuple[Summary, Run]]:
    """Return the finished runs directly in `runs` that have the config of a trial, by digest and seed."""
    found: dict[tuple[str, object], tuple[Summary, Run]] = {}
    for run in find_all(runs):
        try:
            identity = _identity(parse_values(config_text(run), run.config_yaml))
            if identity in wanted and identity not in found and not is_locked(run):
                summary = records.read(run.summary_json, Summary)
                if summary.status in DONE:
                    found[identity] = summary, run
        except (RunError, ConfigError):
            continue  # a broken run cannot stand for a trial
    return found


def _identity(values: Mapping[str, object]) -> tuple[str, object]:
    """Return the digest of the setting and the seed of a config."""
    return setting_digest(values), values.get("seed")
