"""`nnlab compare`: compare runs in one table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import is_override
from nnlab.cli.options import Runs
from nnlab.cli.output import write_result, write_stderr
from nnlab.errors import UsageError
from nnlab.rendering import Format, formatters

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnlab.analysis.comparison import Comparison
    from nnlab.rendering.pieces import Piece

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
            help="Run folders, their names, or patterns of names such as 'tanh-*'.  [default: all runs]",
            autocompletion=completion.runs,
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
    output_format: Annotated[Format, typer.Option("--format", help="How to print the table.")] = "table",
    runs: Runs = None,
) -> None:
    """Compare runs: the config keys in which they differ, then their results, best first.

    `test_accuracy` is shown for runs that `nnlab eval` has measured.

    \b
    Examples:
      nnlab compare
      nnlab compare slow-001 fast-001 --sort seconds
      nnlab compare 'tanh-*' --where eta=0.1 --where 'val_accuracy>0.97'
      nnlab compare --columns run,eta,val_accuracy --top 3 --format csv
    """
    from nnlab.analysis import comparison
    from nnlab.runs.find import find_each, runs_folder

    for name in filter(is_override, named or ()):
        raise UsageError(f"{name} is not a run; did you mean --where {shlex.quote(name)}?")
    runs_dir = runs_folder(runs)
    found = find_each(runs_dir, named or ())
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
    write_result(*pieces_of(result), form=output_format)


def pieces_of(result: Comparison) -> list[Piece]:
    """Return a comparison as a table with a row per run."""
    from nnlab.rendering.pieces import Column, Table

    columns = {column: [row[column] for row in result.rows] for column in result.columns}
    return [
        Table(
            {
                column: Column(values, FORMATTERS.get(column, formatters.text))
                for column, values in columns.items()
            }
        )
    ]
