"""CSV that is safe in a spreadsheet and on a terminal, even if its values come from somebody else."""

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
    """Return the table of a result as CSV: values with all digits, empty for None."""
    columns = only_table(pieces).columns
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_not_a_formula, columns))
    writer.writerows(zip(*(map(_not_a_formula, column.values) for column in columns.values()), strict=True))
    return text.getvalue()


def _not_a_formula(value: object) -> str:
    """Return a cell that a spreadsheet does not take for a formula; numbers may begin with a sign."""
    text = printable(formatters.text(value))
    return f"'{text}" if text.startswith(_BEGIN_A_FORMULA) and not isinstance(value, int | float) else text
