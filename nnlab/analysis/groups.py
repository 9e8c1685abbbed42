"""Groups of runs of one setting: statistics over their seeds, and tests of the difference between groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.analysis import statistics
from nnlab.analysis.comparison import (
    BASELINE_KEYS,
    BEST_FIRST,
    NETWORK_KEYS,
    RunRow,
    read_rows,
    sort_key,
)
from nnlab.analysis.statistics import LEVEL, PairedTest, Statistics
from nnlab.config.digest import NOT_OF_THE_SETTING, setting_digest, without_defaults
from nnlab.config.sweep import label_of
from nnlab.config.synonyms import hint_for
from nnlab.config.yaml12 import UnreadableError, parse_value
from nnlab.errors import UsageError
from nnlab.rendering import formatters
from nnlab.rendering.formatters import counted, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnlab.runs.run import Run

FIGURES = ("val_accuracy", "val_loss", "test_accuracy", "test_loss")
SHARES = ("val_accuracy", "test_accuracy")
STATISTICS = ("n", "mean", "sd", "min", "max", "low", "high")
COUNTS = ("diverged", "unfinished", "broken")
BEST = "best"
MOST_NAMED = 10  # groups in an error


@dataclass(frozen=True)
class Group:
    """The runs of one setting. `values` holds each figure by seed; `setting`, what differs from other groups.

    Only finished and diverged runs have figures, those of their best epoch. `diverged`, `unfinished` and
    `broken` count runs.
    """

    label: str
    setting: Mapping[str, object]
    digest: str
    runs: tuple[str, ...]
    values: Mapping[str, Mapping[int, float]]
    figures: Mapping[str, Statistics]
    diverged: int = 0
    unfinished: int = 0
    broken: int = 0

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs that have figures."""
        return tuple(sorted({seed for by_seed in self.values.values() for seed in by_seed}))

    @property
    def selection_figure(self) -> str:
        """The figure by which it is chosen: the validation accuracy, or the loss if there is none."""
        return "val_accuracy" if "val_accuracy" in self.figures else "val_loss"

    def row(self) -> dict[str, object]:
        """Return the group as a flat row: its setting, the statistics of each figure, and the counts."""
        row: dict[str, object] = {"group": self.label, **self.setting}
        for name in FIGURES:
            found = self.figures.get(name)
            values = (None,) * len(STATISTICS) if found is None else _statistics(found)
            row |= {f"{name}_{key}": value for key, value in zip(STATISTICS, values, strict=True)}
        return row | {name: getattr(self, name) for name in COUNTS} | {"digest": self.digest}


@dataclass(frozen=True)
class Difference:
    """How a group differs from another in a figure: `test` is of the pairs of runs with the same seed."""

    group: Group
    reference: Group
    figure: str
    test: PairedTest | None  # None: no seed in common
    p_holm: float | None  # corrected for the number of groups that are compared with the reference
    comparisons: int

    def row(self) -> dict[str, object]:
        """Return the difference as a flat row."""
        test = self.test
        interval = None if test is None else test.interval
        return {
            "group": self.group.label,
            "against": self.reference.label,
            "figure": self.figure,
            "pairs": 0 if test is None else test.n,
            "difference": None if test is None else test.difference,
            "low": None if interval is None else interval.low,
            "high": None if interval is None else interval.high,
            "p": None if test is None else test.p,
            "p_holm": self.p_holm,
        }

    def sentence(self) -> str:
        """Return the difference in plain words."""
        names = self.group.label, self.reference.label
        test = self.test
        if test is None:
            figures, remedy = "figures", "train the same seeds"
            if self.figure.startswith("test") and set(self.group.seeds) & set(self.reference.seeds):
                figures, remedy = "test figures", "measure the runs with nnlab eval"
            return f"{names[0]} and {names[1]} have no seed with {figures} in common; {remedy}."
        seeds = counted(test.n, "seed")
        if not test.difference:
            same = self.group.values[self.figure] == self.reference.values[self.figure]
            what = "are equal" if same else "have the same mean"
            return f"{names[0]} and {names[1]} {what} ({seeds})."
        worse = (test.difference < 0) == (self.figure in SHARES)
        size = _amount(abs(test.difference), test.half_width, self.figure)
        figure = self.figure.replace("_", " ").replace("val ", "validation ")
        what = f"{names[0]} is {size} {'worse' if worse else 'better'} than {names[1]} in {figure}"
        if self.p_holm is None:
            return f"{what} ({seeds})."
        needed = statistics.pairs_needed(self.comparisons)
        corrected = " after Holm's correction" if self.comparisons > 1 else ""
        how = f"({seeds}, p = {self.p_holm:.2g}{corrected})"
        if self.p_holm < LEVEL:
            return f"{what} {how}; chance alone rarely makes such a difference."
        if test.n < needed:
            are = "is" if test.n == 1 else "are"
            return f"{what} {how}; {seeds} {are} too few for p < {LEVEL}, which takes {needed}."
        return f"{what} {how}; chance alone may well make such a difference."


def _statistics(found: Statistics) -> tuple[object, ...]:
    low, high = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
    return found.n, found.mean, found.sd, found.minimum, found.maximum, low, high


def _amount(difference: float, half_width: float | None, figure: str) -> str:
    """Return a difference with its interval: 0.31 ± 0.12 points, or 0.0123 ± 0.0045."""
    factor, digits, unit = (100, 2, " points") if figure in SHARES else (1, 4, "")
    margin = "" if half_width is None else f" ± {factor * half_width:.{digits}f}"
    return f"{factor * difference:.{digits}f}{margin}{unit}"


def compare_groups(
    runs: Sequence[Run],
    *,
    runs_dir: Path,
    where: Sequence[str] = (),
    sort: str = BEST_FIRST,
) -> list[Group]:
    """Return the groups of `runs` that meet the conditions in `where`, best first, or sorted by a column.

    Raises `UsageError` for a column that groups do not have, and for an invalid condition.
    """
    groups = grouped(read_rows(runs, runs_dir=runs_dir, where=where))
    if sort != BEST_FIRST:
        by = sort.removeprefix("-")
        rows = {id(group): group.row() for group in groups}
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        if groups and by not in columns:
            raise UsageError(f"groups have no column {by!r}; {hint_for(by, columns)}")
        known = [group for group in groups if rows[id(group)][by] is not None]
        known.sort(key=lambda group: sort_key(rows[id(group)][by]), reverse=sort.startswith("-"))
        groups = known + [group for group in groups if rows[id(group)][by] is None]
    return groups


def grouped(rows: Sequence[RunRow]) -> list[Group]:
    """Return the groups of the runs in `rows`, by the mean of their validation figure, best first.

    Runs with the same setting and the same seed are the same computation, so only the first counts. Runs
    whose config cannot be read have no group.
    """
    by_digest: dict[str, list[RunRow]] = defaultdict(list)
    for row in rows:
        if row["dataset"] is not None:
            by_digest[setting_digest(_setting(row))].append(row)
    settings = {digest: _flat(_setting(members[0])) for digest, members in by_digest.items()}
    unusual = {digest: _flat(_unusual(_setting(members[0]))) for digest, members in by_digest.items()}
    keys = dict.fromkeys(key for setting in settings.values() for key in setting)
    differing = [key for key in keys if _differ(unusual, key)]
    groups = [
        _group(digest, {key: settings[digest].get(key) for key in differing}, members)
        for digest, members in by_digest.items()
    ]
    return sorted(groups, key=_rank)


def _setting(row: RunRow) -> dict[str, object]:
    """Return the keys of a row that its config can have."""
    keys = NETWORK_KEYS if row["baseline"] is None else BASELINE_KEYS
    return {key: row[key] for key in keys if key not in NOT_OF_THE_SETTING}


def _unusual(setting: Mapping[str, object]) -> dict[str, object]:
    """Return a setting without the options that have their defaults."""
    return {key: without_defaults(key, value, setting) for key, value in setting.items()}


def _flat(setting: Mapping[str, object]) -> dict[str, object]:
    """Return a setting with options as KEY.OPTION."""
    flat: dict[str, object] = {}
    for key, value in setting.items():
        flat |= (
            {f"{key}.{option}": item for option, item in value.items()}
            if isinstance(value, dict)
            else {key: value}
        )
    return flat


def _differ(settings: Mapping[str, Mapping[str, object]], key: str) -> bool:
    values = [setting.get(key) for setting in settings.values()]
    return any(value != values[0] for value in values)


def _group(digest: str, setting: Mapping[str, object], members: Sequence[RunRow]) -> Group:
    """Return the group of the runs in `members`, which have the same setting."""
    first_of_seed: dict[int, RunRow] = {}
    counts: Counter[str] = Counter()
    for row in members:
        status, seed = str(row["status"]), row["seed"]
        if status in ("finished", "diverged") and isinstance(seed, int):
            if seed not in first_of_seed:
                first_of_seed[seed] = row
                counts[status] += 1
        else:
            counts["broken" if status.startswith("broken") else "unfinished"] += 1
    values: dict[str, dict[int, float]] = {}
    for name in FIGURES:
        by_seed = {
            seed: float(figure)
            for seed, row in first_of_seed.items()
            if isinstance(figure := row[name], int | float)
        }
        if by_seed:
            values[name] = by_seed
    return Group(
        label=label_of({key: value for key, value in setting.items() if value is not None})
        or formatters.digest(digest),
        setting=setting,
        digest=digest,
        runs=tuple(str(row["run"]) for row in members),
        values=values,
        figures={name: statistics.describe(list(by_seed.values())) for name, by_seed in values.items()},
        **{name: counts[name] for name in COUNTS},
    )


def _rank(group: Group) -> tuple[bool, bool, float, str]:
    """Return a sort key: groups with an accuracy by falling accuracy, then others by rising loss."""
    name = group.selection_figure
    found = group.figures.get(name)
    if found is None:
        return True, True, 0.0, group.label
    return False, name == "val_loss", found.mean if name == "val_loss" else -found.mean, group.label


def find_group(groups: Sequence[Group], named: str) -> Group:
    """Return the group that is `named`: by its values such as eta=0.1, its digest, or as the `best`.

    Raises `UsageError` unless there is exactly one.
    """
    if named == BEST and groups:
        return min(groups, key=_rank)
    found = [group for group in groups if named == group.label] or [
        group for group in groups if _has_values(group, named.split()) or group.digest.startswith(named)
    ]
    if len(found) == 1:
        return found[0]
    labels = "; ".join(group.label for group in (found or groups)[:MOST_NAMED])
    problem = f"{len(found)} groups match" if found else "no group matches"
    raise UsageError(f"{problem} --against {named!r}; name one of: {labels}; or {BEST}")


def _has_values(group: Group, words: Sequence[str]) -> bool:
    """Return whether all `words`, each KEY=VALUE, are true of the group."""
    pairs = [word.partition("=") for word in words]
    return bool(pairs) and all(
        key in group.setting and _equals(group.setting[key], given) for key, _, given in pairs
    )


def _equals(value: object, given: str) -> bool:
    """Return whether `given` is how somebody may write `value`."""
    if text(value) == given:
        return True
    try:
        return parse_value(given) == value
    except UnreadableError:
        return False


def against(
    groups: Sequence[Group], reference: Group, figure: str, *, is_chosen: bool = False
) -> list[Difference]:
    """Return how each other group differs from `reference` in a figure, such as val_accuracy.

    Pairs are runs with the same seed. p-values are corrected (Holm 1979) for the number of groups or, if the
    reference `is_chosen` by its figures, for the number of pairs of groups: it could have been any of them.
    Raises `NnlabError` without SciPy.
    """
    others = [group for group in groups if group is not reference]
    tests = [_paired(group, reference, figure) for group in others]
    known = sum(test is not None for test in tests)
    comparisons = known * (known + 1) // 2 if is_chosen else known
    corrected = iter(statistics.holm([test.p for test in tests if test is not None], comparisons))
    return [
        Difference(group, reference, figure, test, None if test is None else next(corrected), comparisons)
        for group, test in zip(others, tests, strict=True)
    ]


def _paired(group: Group, reference: Group, figure: str) -> PairedTest | None:
    ours, theirs = group.values.get(figure, {}), reference.values.get(figure, {})
    common = sorted(set(ours) & set(theirs))
    if not common:
        return None
    return statistics.paired_test([theirs[seed] for seed in common], [ours[seed] for seed in common])


def differences(groups: Sequence[Group], named: str, *, top: int | None = None) -> list[Difference]:
    """Return how the first `top` groups differ from the one `named`, in its validation and its test figure.

    All `groups` count as comparisons. Raises `UsageError` if no group has this name, if it has no figures, or
    if they learn from different data, and `NnlabError` without SciPy.
    """
    reference = find_group(groups, named)
    for group in groups:
        if _data(group) != _data(reference):
            raise UsageError(
                f"{group.label} and {reference.label} learn from different data; leave one out with --where"
            )
    if not reference.figures:
        raise UsageError(f"{reference.label} has no figures yet; finish its runs, or name another group")
    shown = {group.digest for group in groups[:top]}
    figures = (reference.selection_figure, reference.selection_figure.replace("val", "test"))
    return [
        difference
        for figure in figures
        if figure in reference.figures
        for difference in against(groups, reference, figure, is_chosen=named == BEST)
        if difference.group.digest in shown
    ]


def _data(group: Group) -> dict[str, object]:
    """Return the part of a setting that says what is learned: a difference between tasks means nothing."""
    return {key: value for key, value in group.setting.items() if key.startswith("dataset")}
