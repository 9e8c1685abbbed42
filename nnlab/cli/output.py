"""Results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from nnlab.errors import NnlabError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from rich.console import Console, JustifyMethod
    from rich.text import Text

UNLIMITED = 100_000  # columns of a pipe: nothing is cut or folded
SEPARATOR = "   "  # between the columns of a table on a terminal


def emit(text: str) -> None:
    """Write `text` to stdout; that nobody reads it any more (`| head -1`) is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more as it exits, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise NnlabError(f"cannot write to standard output: {error.strerror or error}") from error


def emit_table(
    columns: Mapping[str, Sequence[str | Text]], *, numeric: Container[str] = (), title: str | None = None
) -> None:
    """Write columns, cells by heading, to stdout, those that are `numeric` to the right.

    On a terminal headings may be folded, and what is too wide goes into several tables that repeat the first
    column. Elsewhere it is one plain table.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    stdout = _console(sys.stdout)
    headings = {column: column.replace("_", " ") if stdout.is_terminal else column for column in columns}
    widths = {
        column: max(len(str(text)) for text in (*headings[column].split(), "", *cells))
        for column, cells in columns.items()
    }
    tables = []
    for block in _blocks(widths, stdout.width):
        table = Table(
            box=box.SIMPLE_HEAD if stdout.is_terminal else None,
            pad_edge=False,
            title=title,
            title_justify="left",
        )
        for column in block:
            justify: JustifyMethod = "right" if column in numeric else "left"
            table.add_column(headings[column], justify=justify, width=widths[column])
        for row in zip(*(columns[column] for column in block), strict=True):
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        tables.append(table)
    with stdout.capture() as capture:
        stdout.print(*tables, sep="")
    emit("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))


def _blocks(widths: Mapping[str, int], available: int) -> list[list[str]]:
    """Deal the columns out to tables no wider than `available`, each beginning with the first column."""
    first, *others = widths
    blocks: list[list[str]] = [[]]
    for column in others:
        wider = [first, *blocks[-1], column]
        if blocks[-1] and sum(widths[each] + len(SEPARATOR) for each in wider) > available:
            blocks.append([])
        blocks[-1].append(column)
    return [[first, *block] for block in blocks]


def complain(message: str) -> None:
    """Write the error `message` to stderr."""
    console().print(message, style="red", markup=False)


def console(*, quiet: bool = False) -> Console:
    """Return the console of stderr, which prints nothing if `quiet`."""
    return _console(sys.stderr, quiet=quiet)


def _console(stream: TextIO | None, *, quiet: bool = False) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        quiet=quiet or stream is None,
        width=None if _is_terminal(stream) else UNLIMITED,
        highlight=False,
        soft_wrap=True,
    )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
