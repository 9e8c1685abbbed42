"""Coloured lines, and tables that fit the width of a terminal."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, cast

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from nnlab.files import printable
from nnlab.rendering.pieces import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import JustifyMethod

    from nnlab.rendering.pieces import Table

UNLIMITED = 100_000  # columns; so rich neither cuts nor wraps
ROOM = 24  # columns at most that the first column of a table, however wide, leaves to each of the others


def styled_line(*parts: str | tuple[str, str], styled: bool) -> str:
    """Return a line of `parts`, each a text, or a text and its style; styles apply only if `styled`."""
    console = _console(UNLIMITED, styled=styled)
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        console.print(Text("\n".join(map(printable, text.split("\n"))), style), end="")
    console.print()
    return _written(console)


def fitted_table(table: Table, width: int, *, styled: bool) -> str:
    """Return a table that fits `width` columns.

    Headings may be wrapped, and a table that is too wide becomes several that repeat the first column.
    """
    if not table.columns:
        return ""
    console = _console(width if styled else UNLIMITED, styled=styled)
    cells = {
        heading: [printable(cell) for cell in column.cells()] for heading, column in table.columns.items()
    }
    # KEY.OPTION is what one types.
    headings = {key: key if "." in key else key.replace("_", " ") for key in table.columns}
    widths = {
        key: max(len(text) for text in (*headings[key].split(), "", *cells[key])) for key in table.columns
    }
    first, *others = widths
    least = min(ROOM, max((widths[key] for key in others), default=0))
    widths[first] = min(widths[first], max(width - len(SEPARATOR) - least, 2 * width // 3))
    room = max(1, width - widths[first] - len(SEPARATOR))
    widths |= {key: min(widths[key], room) for key in others}  # not at the expense of the first column
    for number, block in enumerate(_blocks(widths, width)):
        part = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        fitted = _widened({key: widths[key] for key in block}, headings, width)
        for key in block:
            justify: JustifyMethod = "right" if table.columns[key].is_right_aligned() else "left"
            part.add_column(headings[key], justify=justify, width=fitted[key], overflow="fold")
        for row in range(len(cells[first])):
            part.add_row(
                *(
                    Text(cells[key][row], "bold" if row in table.columns[key].bold_rows else "")
                    for key in block
                )
            )
        console.print("\n" if number else "", part, sep="", end="")
    return "".join(line.rstrip() + "\n" for line in _written(console).splitlines())


def _widened(widths: Mapping[str, int], headings: Mapping[str, str], available: int) -> Mapping[str, int]:
    """Return widths, at least `widths`, with which the headings take as few lines as `available` allows."""
    for lines in range(1, max(len(headings[key].split()) for key in widths) + 1):
        wider = {key: max(width, _folded_width(headings[key], lines)) for key, width in widths.items()}
        if sum(wider.values()) + len(SEPARATOR) * (len(wider) - 1) <= available:
            return wider
    return widths


def _folded_width(heading: str, lines: int) -> int:
    """Return the smallest width at which `heading`, wrapped between words, takes at most `lines` lines."""
    words = heading.split()
    narrowest = max(map(len, words), default=0)
    return next(
        width
        for width in range(narrowest, len(heading) + 1)
        if len(textwrap.wrap(heading, width or 1, break_long_words=False, break_on_hyphens=False)) <= lines
    )


def _blocks(widths: Mapping[str, int], available: int) -> list[list[str]]:
    """Distribute the columns to tables no wider than `available`, each beginning with the first column."""
    first, *others = widths
    blocks: list[list[str]] = [[]]
    for key in others:
        wider = [first, *blocks[-1], key]
        if blocks[-1] and sum(widths[each] + len(SEPARATOR) for each in wider) - len(SEPARATOR) > available:
            blocks.append([])
        blocks[-1].append(key)
    return [[first, *block] for block in blocks]


def _console(width: int, *, styled: bool) -> Console:
    """Return a console that writes to a buffer."""
    return Console(file=io.StringIO(), force_terminal=styled, width=width, highlight=False, soft_wrap=True)


def _written(console: Console) -> str:
    return cast("io.StringIO", console.file).getvalue()
