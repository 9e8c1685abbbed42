"""The output of groups of runs: their statistics, and how they differ from one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.analysis.groups import COUNTS, FIGURES, SHARES
from nnlab.analysis.statistics import is_scipy_installed
from nnlab.rendering.formatters import count, counted, decimals, percent
from nnlab.rendering.pieces import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nnlab.analysis.agreement import Agreement
    from nnlab.analysis.groups import Difference, Group
    from nnlab.rendering import Format
    from nnlab.rendering.pieces import Piece

TITLES = {
    "val_accuracy": "Validation accuracy, by which settings are ranked and chosen",
    "val_loss": "Validation loss, by which settings are ranked and chosen",
    "test_accuracy": "Test accuracy, for the final report and not for the choice",
    "test_loss": "Test loss, for the final report and not for the choice",
}
CORRECTED = ", corrected for the number of comparisons by Holm's method"
OF_THE_BEST = (
    " The best was chosen by these figures, which favours it in the intervals; for p, all pairs of groups "
    "count as comparisons."
)
NO_SCIPY = "The intervals need SciPy; install it with: pip install 'nnlab[statistics]'"


def pieces_of_groups(groups: Sequence[Group], form: Format = "table") -> list[Piece]:
    """Return one row per group: for people a table per figure, for programs one with all figures."""
    if form in ("csv", "json"):
        return [_table_of([group.row() for group in groups])]
    has_accuracy = any(share in group.figures for group in groups for share in SHARES)
    shown = [name for name in FIGURES if (name in SHARES) == has_accuracy]
    pieces: list[Piece] = [
        _statistics(groups, name) for name in shown if any(name in group.figures for group in groups)
    ]
    if not pieces:
        return [_statistics(groups, shown[0])]
    return [*pieces, "n counts seeds; ± is the 95% t-interval of the mean over them."]


def _statistics(groups: Sequence[Group], name: str) -> Table:
    """Return the statistics of one figure, with a row per group."""
    found = [group.figures.get(name) for group in groups]
    shown: Callable[[float | None], str] = percent if name in SHARES else decimals
    keys = list(dict.fromkeys(key for group in groups for key in group.setting))
    columns = {key: Column([group.setting.get(key) for group in groups], missing="null") for key in keys} or {
        "setting": Column([group.label for group in groups])
    }
    halves = [None if each is None else each.half_width for each in found]
    columns |= {
        "n": Column([0 if each is None else each.n for each in found]),
        "mean": Column([None if each is None else each.mean for each in found], shown, missing="–"),
        "±": Column(halves, shown, missing="–"),
        "sd": Column([None if each is None else each.sd for each in found], shown, missing="–"),
        "min": Column([None if each is None else each.minimum for each in found], shown, missing="–"),
        "max": Column([None if each is None else each.maximum for each in found], shown, missing="–"),
    }
    for kind in COUNTS:
        numbers = [getattr(group, kind) for group in groups]
        if any(numbers):
            columns[kind] = Column(numbers, count)
    return Table(columns, title=TITLES[name])


def pieces_of_differences(differences: Sequence[Difference], form: Format = "table") -> list[Piece]:
    """Return how groups differ from one of them: a table, and a sentence for each."""
    rows = [difference.row() for difference in differences]
    if form in ("csv", "json"):
        return [_table_of(rows)]
    share = differences[0].figure in SHARES
    shown = _points if share else "{:+.4f}".format
    columns = {
        "setting": Column([difference.group.label for difference in differences]),
        "pairs": Column([row["pairs"] for row in rows]),
        "difference": Column([row["difference"] for row in rows], shown, missing="–"),
        "95% interval": Column(
            [None if each.test is None else each.test.interval for each in differences],
            lambda interval: f"{shown(interval.low)} to {shown(interval.high)}",
            missing="–",
        ),
        "p": Column([row["p"] for row in rows], "{:.3g}".format, missing="–"),
        "p (Holm)": Column([row["p_holm"] for row in rows], "{:.3g}".format, missing="–"),
    }
    if all(each.comparisons <= 1 for each in differences):
        del columns["p (Holm)"]
    title = f"{differences[0].figure} against {differences[0].reference.label}"
    table = Table(columns, title=f"{title}{', in percentage points' if share else ''}")
    return [table, "\n".join(difference.sentence() for difference in differences)]


def method_of(differences: Sequence[Difference], *, is_best: bool) -> str:
    """Return how the differences were tested, from a group that was named or that is the best."""
    exact = "an exact" if all(each.test is None or each.test.exact for each in differences) else "a"
    several = any(each.comparisons > 1 for each in differences)
    return (
        "Runs are paired by seed. The interval is the 95% t-interval of the mean difference; p is from "
        f"{exact} sign-flip permutation test{CORRECTED if several else ''}."
        f"{OF_THE_BEST if is_best else ''}"
    )


def pieces_of_agreements(agreements: Sequence[Agreement], form: Format = "table") -> list[Piece]:
    """Return how single runs differ from one of them on the same test images."""
    rows = [agreement.row() for agreement in agreements]
    if form in ("csv", "json"):
        return [_table_of(rows)]
    first = agreements[0]
    intervals = [*(each.intervals()[0] for each in agreements), first.intervals()[1]]
    columns = {
        "run": Column([*(each.run for each in agreements), first.reference]),
        "accuracy": Column([*(each.accuracies()[0] for each in agreements), first.accuracies()[1]], percent),
        "95% interval": Column(intervals, lambda found: f"{percent(found.low)} to {percent(found.high)}"),
        "only right": Column([*(each.only_run for each in agreements), None], count, missing="–"),
        "only wrong": Column([*(each.only_reference for each in agreements), None], count, missing="–"),
        "p": Column([*(each.p for each in agreements), None], "{:.2g}".format, missing="–"),
    }
    if len(agreements) > 1:
        columns["p (Holm)"] = Column(
            [*(each.p_holm for each in agreements), None], "{:.2g}".format, missing="–"
        )
    title = f"{counted(first.examples, 'test example')}, against {first.reference}"
    how = (
        "Only right and only wrong count the examples on which the run and "
        f"{first.reference} differ. The interval is Wilson's; p is from McNemar's exact test"
        f"{CORRECTED if len(agreements) > 1 else ''}. It compares these weights. To compare settings, train "
        "several seeds of each."
    )
    return [Table(columns, title=title), "\n".join(each.sentence() for each in agreements), how]


def notices(groups: Sequence[Group]) -> list[str]:
    """Return what a reader of the statistics should know about the runs behind them."""
    found = []
    repeated = sum(
        len(group.runs) - len(group.seeds) - group.unfinished - group.broken
        for group in groups
        if group.values
    )
    if repeated > 0:
        found.append(f"{counted(repeated, 'run')} with the setting and the seed of another count once.")
    if not is_scipy_installed():
        found.append(NO_SCIPY)
    return found


def _points(share: float) -> str:
    """Return a difference of accuracies in percentage points."""
    return f"{100 * share:+.2f}"


def _table_of(rows: Sequence[Mapping[str, object]]) -> Table:
    """Return flat rows as a table; a row has nothing where it lacks a column."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return Table({column: Column([row.get(column) for row in rows]) for column in columns})
