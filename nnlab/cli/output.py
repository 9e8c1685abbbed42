"""Results to stdout, everything else to stderr."""

from __future__ import annotations

import codecs
import io
import os
import sys
import textwrap
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from nnlab.errors import NnlabError
from nnlab.files import SURROGATES, printable

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console, JustifyMethod
    from rich.text import Text

UNLIMITED = 100_000  # columns of a pipe: nothing is cut or folded
TINY, HUGE = 5e-5, 1e5  # a loss that is not between them is written with an exponent
SEPARATOR = "   "  # between the columns of a table on a terminal


def _encoded(error: UnicodeError) -> tuple[bytes, int]:
    """Return what a stream cannot encode: a byte of a path as that byte, any other character as `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    codes = map(ord, error.object[error.start : error.end])
    return bytes(code % 256 if code in SURROGATES else ord("?") for code in codes), error.end


WHATEVER_IT_IS = "nnlab.whatever_it_is"
codecs.register_error(WHATEVER_IT_IS, _encoded)


def emit(text: str) -> None:
    """Write `text` to stdout; that nobody reads it any more (`| head -1`) is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
    except OSError as error:
        abandon(sys.stdout)
        raise NnlabError(f"cannot write to standard output: {error.strerror or error}") from error


def abandon(stream: TextIO) -> None:
    """Send what `stream` still has to flush to nowhere: Python would complain of it as it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell(*parts: str | tuple[str, str]) -> None:
    """Write `parts`, each a text or a text and its style, to stderr; it need not be there to work on."""
    if sys.stderr is None:
        return
    from rich.text import Text

    stderr = _console(sys.stderr)
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        stderr.print(Text("\n".join(map(printable, text.split("\n"))), style), end="")
    stderr.print()
    try:
        sys.stderr.write(_written(stderr))
        sys.stderr.flush()
    except OSError:
        abandon(sys.stderr)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on a terminal, until the block ends, what is being done and since when."""
    if not is_terminal(sys.stderr):
        yield
        return
    from tqdm import tqdm  # which keeps the line apart from the bar of a download

    done = threading.Event()
    with tqdm(bar_format=f"{what} … {{elapsed}}", leave=False) as line:

        def count() -> None:
            while not done.wait(0.5):
                line.refresh()

        counter = threading.Thread(target=count, daemon=True)
        counter.start()
        try:
            yield
        finally:
            done.set()
            counter.join()


def emit_table(
    columns: Mapping[str, Sequence[str | Text]], *, numeric: Container[str] = (), width: int | None = None
) -> None:
    """Write columns, cells by heading, to stdout, those that are `numeric` to the right.

    On a terminal, or where it is to fit in `width` columns, headings may be folded, and what is too wide goes
    into several tables that repeat the first column. Elsewhere it is one plain table.
    """
    if width is None and not is_terminal(sys.stdout):
        emit(_plain_table(columns, numeric))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    stdout = _console(sys.stdout)
    columns = {
        column: [printable(cell) if isinstance(cell, str) else cell for cell in cells]
        for column, cells in columns.items()
    }
    available = width or stdout.width
    headings = {column: column.replace("_", " ") for column in columns}
    widths = {
        column: max(len(str(text)) for text in (*headings[column].split(), "", *cells))
        for column, cells in columns.items()
    }
    first, *others = widths
    room = available - widths[first] - len(SEPARATOR)
    widths |= {column: min(widths[column], room) for column in others}  # the first is never cut for another
    tables = []
    for block in _blocks(widths, available):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        fitted = _widened({column: widths[column] for column in block}, headings, available)
        for column in block:
            justify: JustifyMethod = "right" if column in numeric else "left"
            table.add_column(headings[column], justify=justify, width=fitted[column])
        for row in zip(*(columns[column] for column in block), strict=True):
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        tables.append(table)
    for number, table in enumerate(tables):
        stdout.print("\n" if number else "", table, sep="", end="")
    emit("".join(line.rstrip() + "\n" for line in _written(stdout).splitlines()))


def _plain_table(columns: Mapping[str, Sequence[str | Text]], numeric: Container[str]) -> str:
    """Return columns as lines of text, headings first. Rich takes ten times as long for thousands of rows."""
    padded = []
    for heading, cells in columns.items():
        texts = [heading, *(printable(str(cell)) for cell in cells)]
        width = max(map(len, texts))
        padded.append([text.rjust(width) if heading in numeric else text.ljust(width) for text in texts])
    return "".join("  ".join(row).rstrip() + "\n" for row in zip(*padded, strict=True))


def _widened(widths: Mapping[str, int], headings: Mapping[str, str], available: int) -> Mapping[str, int]:
    """Return the widths, at least `widths`, that give headings as few lines as `available` allows."""
    for lines in range(1, max(len(headings[column].split()) for column in widths) + 1):
        wider = {
            column: max(width, _folded_width(headings[column], lines)) for column, width in widths.items()
        }
        if sum(wider.values()) + len(SEPARATOR) * (len(wider) - 1) <= available:
            return wider
    return widths


def _folded_width(heading: str, lines: int) -> int:
    """Return the least width at which `heading`, folded between words, takes at most `lines` lines."""
    words = heading.split()
    narrowest = max(map(len, words), default=0)
    return next(
        width
        for width in range(narrowest, len(heading) + 1)
        if len(textwrap.wrap(heading, width or 1, break_long_words=False, break_on_hyphens=False)) <= lines
    )


def _blocks(widths: Mapping[str, int], available: int) -> list[list[str]]:
    """Deal the columns out to tables no wider than `available`, each beginning with the first column."""
    first, *others = widths
    blocks: list[list[str]] = [[]]
    for column in others:
        wider = [first, *blocks[-1], column]
        if blocks[-1] and sum(widths[each] + len(SEPARATOR) for each in wider) - len(SEPARATOR) > available:
            blocks.append([])
        blocks[-1].append(column)
    return [[first, *block] for block in blocks]


def as_path(path: Path) -> str:
    """Return `path` as a result: as it is for a script, and so that it cannot steer a terminal."""
    return printable(str(path)) if is_terminal(sys.stdout) else str(path)


def decimals(loss: float | None) -> str:
    """Return a loss for a person's eyes."""
    if loss is None:
        return "not finite"
    return f"{loss:.4f}" if loss == 0 or TINY <= loss < HUGE else f"{loss:.3e}"


def counted(number: int, thing: str) -> str:
    """Return `1 example`, `2 examples`, …."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Return an accuracy for a person's eyes."""
    return "–" if share is None else f"{share:.2%}"


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person reads `stream`."""
    return stream is not None and stream.isatty()


def _console(stream: TextIO | None) -> Console:
    """Return a console that writes as for `stream`, into a buffer."""
    from rich.console import Console

    terminal = is_terminal(stream)
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=None if terminal else UNLIMITED,
        highlight=False,
        soft_wrap=True,
    )


def _written(console: Console) -> str:
    return cast("io.StringIO", console.file).getvalue()
