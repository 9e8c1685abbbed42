"""CSV that neither runs in a spreadsheet nor steers a terminal, whoever wrote its values."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from nnlab.files import printable
from nnlab.rendering import formatters
from nnlab.rendering.pieces import only_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.rendering.pieces import Page, Piece

_BEGIN_A_FORMULA = ("=", "+", "-", "@")


def as_csv(pieces: Sequence[Piece], _page: Page) -> str:
    """Return the table of a result as CSV: values to the last digit, empty for None."""
    columns = only_table(pieces).columns
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_not_a_formula, columns))
    writer.writerows(zip(*(map(_not_a_formula, column.values) for column in columns.values()), strict=True))
    return text.getvalue()


def _not_a_formula(value: object) -> str:
    """Return a cell that a spreadsheet does not take for a formula; a number may begin with a sign."""
    text = printable(formatters.text(value))
    return f"'{text}" if text.startswith(_BEGIN_A_FORMULA) and not isinstance(value, int | float) else text
