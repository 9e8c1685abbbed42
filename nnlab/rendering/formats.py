"""The table of formats, and the one function that renders a result in any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.rendering.csv_format import as_csv
from nnlab.rendering.json_format import as_json
from nnlab.rendering.markdown import as_markdown
from nnlab.rendering.pieces import Page
from nnlab.rendering.text import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.rendering import Format
    from nnlab.rendering.pieces import Piece

FORMATS: dict[Format, Callable[[Sequence[Piece], Page], str]] = {
    "table": as_text,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
}


def render(
    pieces: Sequence[Piece], form: Format = "table", *, width: int | None = None, styled: bool = False
) -> str:
    """Return a result in a format, as text that ends with a line break.

    `width` limits the columns of text, None for no limit; `styled` text contains the escape codes of a
    terminal. Neither affects the other formats.
    """
    return FORMATS[form](pieces, Page(width, styled=styled))
