"""Runs side by side: the config keys in which they differ, and the results of each."""

from __future__ import annotations

import math
import operator
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nnlab.config import BASELINES, Experiment, defaults, parse_values
from nnlab.config.digest import without_defaults
from nnlab.config.synonyms import hint_for
from nnlab.config.yaml12 import UnreadableError, parse_value
from nnlab.errors import ConfigError, MissingError, RunError, UsageError
from nnlab.runs import evaluations, npz, records
from nnlab.runs.find import name_of
from nnlab.runs.lock import is_locked
from nnlab.runs.run import config_text
from nnlab.runs.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nnlab.runs.evaluations import Evaluation
    from nnlab.runs.run import Run

RunRow: TypeAlias = dict[str, object]  # by column; None where there is no value

NETWORK_KEYS = list(Experiment.model_fields)
BASELINE_KEYS = list(dict.fromkeys(key for model in BASELINES.values() for key in model.model_fields))
KEYS = list(dict.fromkeys([*NETWORK_KEYS, *BASELINE_KEYS]))
DEFAULTS = defaults()
RESULTS = ["best_epoch", "val_accuracy", "test_accuracy", "parameters", "seconds", "status"]
FURTHER_RESULTS = [
    "val_loss",
    "test_loss",
    "epochs_done",  # `epochs` is the config's
    "stop_reason",
    "train_examples",
    "weights_sha256",
]
AVAILABLE = ["run", *KEYS, *RESULTS, *FURTHER_RESULTS]
BEST_FIRST = "-val_accuracy"
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Comparison:
    """A table of runs. Each row has every column; `columns` names those to show."""

    columns: list[str]
    rows: list[RunRow]


@dataclass(frozen=True)
class Condition:
    """A condition on a column: a comparison with `value`, which was `given` as text."""

    column: str
    sign: str
    given: str
    value: object

    def holds(self, row: RunRow) -> bool:
        """Return whether `row` meets the condition; a missing value is neither above nor below a number."""
        column, *options = self.column.split(".")
        found = row[column]
        for option in options:
            found = found.get(option) if isinstance(found, dict) else None
        if compare := ORDER.get(self.sign):
            return isinstance(found, int | float) and compare(found, self.value)
        shown = "-".join(map(str, found)) if isinstance(found, list | tuple) else str(found)
        return (found == self.value or shown == self.given) == (self.sign == "=")


def compare(
    runs: Sequence[Run],
    *,
    runs_dir: Path,
    sort: str = BEST_FIRST,
    top: int | None = None,
    where: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    everything: bool = False,
) -> Comparison:
    """Compare `runs`, by default in the config keys that differ, best first.

    Runs in the folder `runs_dir` are called by their name, others by their path. `sort` is a column; with a
    leading minus, the order is descending. All conditions in `where`, such as eta=0.1 or val_accuracy>0.97,
    have to hold. Raises `UsageError` for a column that does not exist and for an invalid condition.
    """
    by = sort.removeprefix("-")
    for column, times in Counter(columns).items():
        if times > 1:
            raise UsageError(f"column {column} is named twice; leave out one of the two")
    for column in (by, *(columns or ())):
        _check_column(column)
    rows = read_rows(runs, runs_dir=runs_dir, where=where)
    ranked = sorted(
        (row for row in rows if row[by] is not None),
        key=lambda row: sort_key(row[by]),
        reverse=sort.startswith("-"),
    )
    ranked += (row for row in rows if row[by] is None)
    if everything:
        columns = AVAILABLE
    elif columns is None:
        # The folder's name already distinguishes runs that differ in name or description.
        differing = [key for key in KEYS if key not in ("name", "description") and _differ(ranked, key)]
        columns = ["run", *differing, *RESULTS]
    return Comparison(list(columns), ranked[:top])


def read_rows(runs: Sequence[Run], *, runs_dir: Path, where: Sequence[str] = ()) -> list[RunRow]:
    """Return the rows of the `runs` that meet all conditions in `where`. Raises `UsageError`."""
    conditions = [_condition(text) for text in where]
    rows = [{**read_row(run), "run": name_of(run, runs_dir)} for run in runs]
    return [row for row in rows if all(condition.holds(row) for condition in conditions)]


def _check_column(column: str) -> None:
    """Raise `UsageError` if there is no such column."""
    if column not in AVAILABLE:
        raise UsageError(f"no column {column!r}; {hint_for(column, AVAILABLE)}")


def _condition(text: str) -> Condition:
    """Return the condition that KEY=VALUE, or another comparison, states. Raises `UsageError`."""
    match = re.fullmatch(r"\s*([\w.]+)\s*(==?|!=|<=|>=|<|>)\s*(.*?)\s*", text, flags=re.DOTALL)
    if match is None:
        raise UsageError(f"--where {text!r} is not a condition; write eta=0.1, or val_accuracy>0.97")
    column, sign, given = match.groups()
    _check_column(column.partition(".")[0])
    sign = "=" if sign == "==" else sign
    try:
        value = parse_value(given)
    except UnreadableError as error:
        raise UsageError(f"--where {text!r}: {error.what}") from error
    if column.endswith("accuracy") and (share := _share_of_percentage(given)) is not None:
        raise UsageError(f"--where {text!r}: an accuracy is at most 1; did you mean {column}{sign}{share:g}?")
    if sign in ORDER and not isinstance(value, int | float):
        raise UsageError(f"--where {text!r}: {sign} needs a number, such as {column}{sign}0.5")
    return Condition(column, sign, given, value)


def _share_of_percentage(given: str) -> float | None:
    """Return the share that a percentage such as 97 or 97% stands for, or None."""
    try:
        percent = float(given.removesuffix("%"))
    except ValueError:
        return None
    return percent / 100 if percent > 1 or given.endswith("%") else None


def read_row(run: Run) -> RunRow:
    """Return all columns of `run` except its name; a broken or unfinished run says so in `status`.

    Another process may train or evaluate the run at the same time.
    """
    row: RunRow = dict.fromkeys(["run", *KEYS, *RESULTS, *FURTHER_RESULTS])
    # Ask before reading the summary: in between, the process may end, but it cannot begin.
    in_training = is_locked(run)
    try:
        given = parse_values(config_text(run), run.config_yaml)
        if not _is_finite(given):
            raise RunError(f"{run.config_yaml.name} holds a number that is not finite")
        # Keys that were added after the run was made have their defaults.
        row |= {} if "baseline" in given else DEFAULTS
        row |= {key: value for key, value in given.items() if key in KEYS}
        row["status"] = "running" if in_training else "unfinished"  # its process was killed
        try:
            summary = records.read(run.summary_json, Summary)
        except MissingError:
            return row  # its process was killed before it wrote one
        try:
            _check_weights(run, summary)
        except RunError:
            if records.read_or_none(run.summary_json, Summary) != summary:  # a training has begun
                return read_row(run)
            raise
        row |= {key: value for key, value in vars(summary).items() if key in row and key not in KEYS}
        row["epochs_done"] = summary.epochs
        if summary.status == "running" and not in_training:
            row["status"] = "unfinished"
        if (evaluation := _test_figures(run)) is not None:
            row |= {"test_accuracy": evaluation.accuracy, "test_loss": evaluation.loss}
    except (RunError, ConfigError, OSError) as error:
        row["status"] = "broken: " + str(error).splitlines()[0].replace(f"{run}{os.sep}", "")
    return row


def _test_figures(run: Run) -> Evaluation | None:
    """Return the figures on the test split, if any. A training may remove them at any moment."""
    try:
        return evaluations.read(run, "test")
    except MissingError:
        return None


def _check_weights(run: Run, summary: Summary) -> None:
    """Raise `RunError` unless best.npz is what `summary` recorded; read its arrays only if in doubt."""
    best = run.best_npz
    if summary.status == "running" or not best.exists():
        return
    if summary.best_npz_tail_sha256 == npz.tail_sha256(best):
        return
    is_old = summary.best_npz_tail_sha256 is None
    if is_old and best.stat().st_size > npz.LARGEST:
        return  # `nnlab eval` checks it, and knows how large it may be
    if npz.arrays_sha256(npz.load_arrays(best)) != summary.weights_sha256:
        raise RunError(f"{best} does not match the weights recorded in {run.summary_json.name}")


def _is_finite(value: object) -> bool:
    """Return whether `value`, from a config, contains neither NaN nor infinity."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _differ(rows: Sequence[RunRow], key: str) -> bool:
    """Return whether `rows` differ in `key`; rows that cannot have it, or have no config, do not count."""
    values = [
        without_defaults(key, row[key], row)
        for row in rows
        if row["dataset"] is not None
        and (key == "baseline" or key in (NETWORK_KEYS if row["baseline"] is None else BASELINE_KEYS))
    ]
    return any(value != values[0] for value in values)


def sort_key(value: object) -> tuple[bool, object]:
    """Return a sort key that puts numbers in order, before texts such as `full`."""
    return (False, value) if isinstance(value, int | float) else (True, str(value))
