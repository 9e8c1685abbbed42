"""`nnlab compare`: compare runs in one table."""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import is_override
from nnlab.cli.options import DataDir, Offline, Runs
from nnlab.cli.output import write_result, write_stderr
from nnlab.errors import UsageError
from nnlab.rendering import Format, formatters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nnlab.analysis.comparison import Comparison
    from nnlab.analysis.groups import Group
    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Piece
    from nnlab.runs.run import Run

FORMATTERS: dict[str, Callable[[Any], str]] = {  # of the columns whose values are not printed as they are
    "val_accuracy": formatters.percent,
    "test_accuracy": formatters.percent,
    "val_loss": formatters.decimals,
    "test_loss": formatters.decimals,
    "parameters": formatters.count,
    "train_examples": formatters.count,
    "seconds": "{:.1f}".format,
    "weights_sha256": formatters.digest,
}


def compare(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Run folders, their names, sweeps, or patterns such as 'tanh-*'.  [default: all runs]",
            autocompletion=completion.runs_and_sweeps,
        ),
    ] = None,
    *,
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Sort by this column; -COLUMN sorts in descending order.",
            autocompletion=completion.column,
        ),
    ] = "-val_accuracy",
    top: Annotated[int | None, typer.Option(min=1, metavar="N", help="Show the first N rows only.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Show only runs with this value; also !=, <, >, <= and >=. May be repeated.",
            autocompletion=completion.column,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Show these columns, whether or not the runs differ in them.",
            autocompletion=completion.columns,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all columns.")] = False,
    group: Annotated[
        bool | None,
        typer.Option(
            "--group/--no-group",
            help="Show one row per setting, with statistics over its seeds.  [default: for a sweep]",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP|RUN",
            help="Test all others against this group, such as eta=0.1 or best, or against this run.",
        ),
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the table.")] = "table",
    runs: Runs = None,
    data_dir: DataDir = None,
    offline: Offline = False,
) -> None:
    """Compare runs: the config keys in which they differ, then their results, best first.

    The name of a sweep stands for its runs, which are grouped by setting. `test_accuracy` is shown for runs
    that `nnlab eval` has measured.

    \b
    Examples:
      nnlab compare
      nnlab compare slow-001 fast-001 --sort seconds
      nnlab compare mnist_linear --against eta=0.1
      nnlab compare 'tanh-*' --where eta=0.1 --where 'val_accuracy>0.97'
      nnlab compare --columns run,eta,val_accuracy --top 3 --format csv
    """
    from nnlab.analysis import comparison
    from nnlab.analysis.groups import compare_groups
    from nnlab.runs.find import find_each, named_sweep, runs_folder

    for name in filter(is_override, named or ()):
        raise UsageError(f"{name} is not a run; did you mean --where {shlex.quote(name)}?")
    runs_dir = runs_folder(runs)
    found = find_each(runs_dir, named or ())
    if against is not None and _is_run(against, runs_dir):
        from nnlab.datasets import Source

        if group or where:
            raise UsageError(f"{against} is a run, and is compared with runs; leave out --group and --where")
        _compare_with_run(found, against, runs_dir, Source(data_dir, offline=offline), output_format)
        return
    is_sweep = named_sweep(runs_dir, named or ()) is not None
    if group or against is not None or (group is None and is_sweep):
        if columns is not None or everything:
            raise UsageError("--columns and --all choose columns of runs; add --no-group")
        groups = compare_groups(found, runs_dir=runs_dir, where=where or (), sort=sort)
        write_groups(groups, output_format, against=against, top=top)
        if not groups:
            write_stderr(f"No run has {' and '.join(where or ())}.")
        return
    result = comparison.compare(
        found,
        runs_dir=runs_dir,
        sort=sort,
        top=top,
        where=where or (),
        columns=[column.strip() for column in columns.split(",")] if columns is not None else None,
        everything=everything,
    )
    if not result.rows:
        write_stderr(f"No run has {' and '.join(where or ())}.")
    write_result(*pieces_of(result, output_format), form=output_format)


def _is_run(named: str, runs_dir: Path) -> bool:
    from nnlab.runs.find import is_run

    return is_run(named) or is_run(runs_dir / named)


def _compare_with_run(found: Sequence[Run], named: str, runs_dir: Path, source: Source, form: Format) -> None:
    """Print how the runs in `found` differ from the run `named` on the same test images."""
    from nnlab.analysis.agreement import agreements
    from nnlab.cli.groups import pieces_of_agreements
    from nnlab.runs.find import find, name_of

    reference = find(runs_dir, named)
    others = [run for run in found if not run.folder.samefile(reference.folder)]
    if not others:
        raise UsageError(f"name another run to compare with {named}")
    pairs = [(name_of(run, runs_dir), run) for run in others]
    compared = agreements(pairs, (name_of(reference, runs_dir), reference), source)
    write_result(*pieces_of_agreements(compared, form), form=form, width=80)


def write_groups(
    groups: Sequence[Group], form: Format, *, against: str | None = None, top: int | None = None
) -> None:
    """Print the first `top` groups, and how they differ from the group that `against` names, if any."""
    from nnlab.analysis.groups import BEST, differences
    from nnlab.cli.groups import method_of, notices, pieces_of_differences, pieces_of_groups

    pieces = pieces_of_groups(groups[:top], form)
    if against is not None:
        found = differences(groups, against, top=top)
        if form in ("csv", "json"):
            pieces = pieces_of_differences(found, form)
        else:
            for _, of_figure in groupby(found, lambda difference: difference.figure):
                pieces += pieces_of_differences(list(of_figure))
            is_best = against == BEST
            pieces.append(
                method_of(found, is_best=is_best) if found else "There is no other group to compare with."
            )
    write_result(*pieces, form=form, width=80)
    for notice in notices(groups):
        write_stderr(notice)


def pieces_of(result: Comparison, form: Format = "table") -> list[Piece]:
    """Return a comparison as a table with a row per run; for people, without options that have defaults."""
    from nnlab.config.digest import without_defaults
    from nnlab.rendering.pieces import Column, Table

    is_read = form in ("table", "markdown")
    columns = {
        column: [
            without_defaults(column, row[column], row) if is_read else row[column] for row in result.rows
        ]
        for column in result.columns
    }
    return [
        Table(
            {
                column: Column(values, FORMATTERS.get(column, formatters.text))
                for column, values in columns.items()
            }
        )
    ]
