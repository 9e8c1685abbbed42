"""`nnlab compare`: runs side by side."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnlab.cli import completion
from nnlab.cli.arguments import is_override
from nnlab.cli.options import Runs
from nnlab.cli.output import decimals, emit, emit_table, tell
from nnlab.errors import UsageError
from nnlab.files import printable

if TYPE_CHECKING:
    from nnlab.analysis.comparison import Comparison

_MARKDOWN = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"} | {c: f"\\{c}" for c in "|[]`\\"}
)
_BEGIN_A_FORMULA = ("=", "+", "-", "@")


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
            help="Sort by this column; -COLUMN downwards.",
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
            help="Show these columns, whatever differs.",
            autocompletion=completion.columns,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all columns.")] = False,
    output_format: Annotated[
        Literal["table", "csv", "json", "markdown"], typer.Option("--format", help="How to print them.")
    ] = "table",
    runs: Runs = None,
) -> None:
    """Compare runs: the config keys in which they differ, then what they reached, best first.

    `test_accuracy` is there for runs that `nnlab eval` has measured.

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
    home = runs_folder(runs)
    found = find_each(home, named or ())
    result = comparison.compare(
        found,
        home=home,
        sort=sort,
        top=top,
        where=where or (),
        columns=[column.strip() for column in columns.split(",")] if columns is not None else None,
        everything=everything,
    )
    if not result.rows:
        tell(f"No run has {' and '.join(where or ())}.")
    {"table": _table, "csv": _csv, "json": _json, "markdown": _markdown}[output_format](result)


def _csv(result: Comparison) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([_inert(row[column]) for column in result.columns] for row in result.rows)
    emit(text.getvalue())


def _json(result: Comparison) -> None:
    from nnlab.runs.records import json_text

    emit(json_text([{column: row[column] for column in result.columns} for row in result.rows]) + "\n")


def _markdown(result: Comparison) -> None:
    rows = [
        result.columns,
        ["---"] * len(result.columns),
        *([_cell(column, row[column]) for column in result.columns] for row in result.rows),
    ]
    emit(
        "".join(
            "| " + " | ".join(_escaped(printable(" ".join(cell.split()))) for cell in row) + " |\n"
            for row in rows
        )
    )


def _escaped(cell: str) -> str:
    """Return a cell of Markdown that is neither HTML nor a link, whoever wrote it."""
    return cell.translate(_MARKDOWN).replace("://", "&#58;//").replace("www.", "www&#46;")


def _table(result: Comparison) -> None:
    cells = {column: [_cell(column, row[column]) for row in result.rows] for column in result.columns}
    numeric = [
        column
        for column in result.columns
        if all(isinstance(row[column], int | float | None) for row in result.rows)
    ]
    emit_table(cells, numeric=numeric)


def _cell(column: str, value: object) -> str:
    """Return `value` for a person's eyes."""
    if isinstance(value, float) and column.endswith("accuracy"):
        return f"{value:.2%}"
    if isinstance(value, float) and column.endswith("loss"):
        return decimals(value)
    if isinstance(value, float) and column == "seconds":
        return f"{value:.1f}"
    if isinstance(value, str) and column == "weights_sha256":
        return value[:12]
    if isinstance(value, int) and column in ("parameters", "train_examples"):
        return f"{value:,}"
    return _text(value)


def _inert(value: object) -> str:
    """Return a cell of CSV that is no formula to a spreadsheet, and does not steer a terminal."""
    text = printable(_text(value))
    return f"'{text}" if text.startswith(_BEGIN_A_FORMULA) and not isinstance(value, int | float) else text


def _text(value: object) -> str:
    """Return `value` for a program: nothing for None, 784-30-10 for a list, steps=4 noise=0.1 for options."""
    if isinstance(value, list | tuple):
        return "-".join(map(str, value))
    if isinstance(value, dict):
        return " ".join(f"{key}={_text(item)}" for key, item in value.items())
    return "" if value is None else str(value)
