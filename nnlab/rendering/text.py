"""Plain text: unlimited in width for a pipe, wrapped to the width of a terminal or a page."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlab.files import printable
from nnlab.rendering.pieces import SEPARATOR, Claim, Column, Curves, Picture, Table, blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.rendering.pieces import Page, Piece

PROSE_WIDTH = 80
NARROWEST = 20  # the minimum width of a column of prose


def as_text(pieces: Sequence[Piece], page: Page) -> str:
    """Return a result as text, with blank lines between its pieces; claims form a list with a heading."""
    return "\n".join(
        ("Claims checked:\n" if isinstance(block[0], Claim) else "")
        + "".join(_text(piece, page) for piece in block)
        for block in blocks(pieces)
    )


def _text(piece: Piece, page: Page) -> str:
    if isinstance(piece, Table):
        title = f"{piece.title}\n" if piece.title else ""
        return title + _table(_folded(piece), page)
    if isinstance(piece, Curves | Picture):
        from nnlab.rendering.drawing import draw

        return draw(piece, page.width)
    if isinstance(piece, Claim):
        return _filled(f"  {'yes' if piece.holds else 'NO '}  {piece.sentence()}", page, indent=7)
    return "".join(_filled(paragraph, page) for paragraph in piece.split("\n"))


def _filled(text: str, page: Page, indent: int = 0) -> str:
    """Return `text` wrapped between words to fit the page; all lines but the first have an `indent`."""
    if page.width is None:
        return f"{printable(text)}\n"
    return (
        textwrap.fill(
            printable(text),
            page.width,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        + "\n"
    )


def _table(table: Table, page: Page) -> str:
    if page.width is None:
        return _plain_table(table)
    from nnlab.rendering.terminal import fitted_table

    return fitted_table(table, page.width, styled=page.styled)


def _plain_table(table: Table) -> str:
    """Return a table as lines of text. For thousands of rows, rich would take ten times as long."""
    padded = []
    for heading, column in table.columns.items():
        texts = [heading, *map(printable, column.cells())]
        width = max(map(len, texts))
        to_the_right = column.is_right_aligned()
        padded.append([text.rjust(width) if to_the_right else text.ljust(width) for text in texts])
    return "".join("  ".join(row).rstrip() + "\n" for row in zip(*padded, strict=True))


def _folded(table: Table) -> Table:
    """Return the table with its column of prose, if any, wrapped into one row per line."""
    prose = next((heading for heading, column in table.columns.items() if column.is_prose), None)
    if prose is None:
        return table
    cells = {heading: column.cells() for heading, column in table.columns.items()}
    others = [[heading, *texts] for heading, texts in cells.items() if heading != prose]
    room = max(PROSE_WIDTH - sum(max(map(len, texts)) + len(SEPARATOR) for texts in others), NARROWEST)
    lines: dict[str, list[str]] = {heading: [] for heading in cells}
    for row in zip(*cells.values(), strict=True):
        by_heading = dict(zip(cells, row, strict=True))
        folded = textwrap.wrap(by_heading[prose], room, break_on_hyphens=False) or [""]
        for heading, cell in by_heading.items():
            lines[heading] += folded if heading == prose else [cell] + [""] * (len(folded) - 1)
    columns = {
        heading: Column(lines[heading], align="right" if column.is_right_aligned() else "left")
        for heading, column in table.columns.items()
    }
    return replace(table, columns=columns)
