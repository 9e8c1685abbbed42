"""Markdown in which no value becomes a link or HTML, even if it comes from somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.files import printable
from nnlab.rendering.pieces import Claim, Curves, Picture, Table, blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.rendering.pieces import Page, Piece

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"} | {c: f"\\{c}" for c in "|[]`\\"}
)


def as_markdown(pieces: Sequence[Piece], _page: Page) -> str:
    """Return a result as Markdown, with blank lines between its pieces; claims form a list."""
    return "\n".join("".join(map(_markdown, block)) for block in blocks(pieces))


def _markdown(piece: Piece) -> str:
    if isinstance(piece, Table):
        columns = piece.columns
        rows = zip(*([heading, "---", *column.cells()] for heading, column in columns.items()), strict=True)
        title = f"{_escaped(piece.title)}\n\n" if piece.title else ""
        return title + "".join(f"| {' | '.join(map(_escaped, row))} |\n" for row in rows)
    if isinstance(piece, Curves | Picture):
        from nnlab.rendering.drawing import draw

        return f"```text\n{draw(piece)}```\n"
    if isinstance(piece, Claim):
        return f"- {'yes' if piece.holds else 'NO'}: {_escaped(piece.sentence())}\n"
    return f"{_escaped(piece)}\n"


def _escaped(text: str) -> str:
    """Return `text` on one line, without links, HTML and control characters."""
    text = printable(" ".join(text.split()))
    return text.translate(_ESCAPES).replace("://", "&#58;//").replace("www.", "www&#46;")
