"""JSON without characters that control the terminal to which it may be printed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.rendering.pieces import Page, Piece


def as_json(pieces: Sequence[Piece], _page: Page) -> str:
    """Return the table of a result as a list of objects, one per row, with the headings as keys."""
    from nnlab.rendering.pieces import only_table

    columns = only_table(pieces).columns
    rows = zip(*(column.values for column in columns.values()), strict=True)
    return json_text([dict(zip(columns, row, strict=True)) for row in rows]) + "\n"


def json_text(value: object) -> str:
    """Return `value` as JSON without control characters. Raises `ValueError` for a NaN."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    return re.sub(r"[^\n -~]", _escape, text)


def _escape(match: re.Match[str]) -> str:
    """Return a character of JSON, escaped if it is not printable; json.dumps does not escape DEL."""
    char = match[0]
    if char.isprintable():
        return char
    return r"\u007f" if char == "\x7f" else json.dumps(char)[1:-1]
