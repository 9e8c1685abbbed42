"""The pieces of a result, independent of the format in which they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nnlab.rendering import formatters

if TYPE_CHECKING:  # importing NumPy takes longer than `nnlab --help`
    from numpy.typing import NDArray

    Numbers: TypeAlias = Sequence[float] | NDArray[Any]
    Image: TypeAlias = NDArray[Any]  # (rows, columns)

_NUMBERS = (int, float, Real)  # Real includes NumPy's numbers, but is slower to check
SEPARATOR = "   "  # between the columns of a table that is fitted to a width
# Why a claim can only fail if the program is wrong.
Certain: TypeAlias = Literal["by definition", "by construction", "a theorem"]


@dataclass(frozen=True)
class Column:
    """The values of a column, and how they are formatted for people."""

    values: Sequence[object]
    formatter: Callable[[Any], str] = formatters.text
    missing: str = ""  # the text for None
    align: Literal["left", "right"] | None = None  # None: right for numbers, left for all else
    bold_rows: Collection[int] = ()  # the rows whose values are bold
    is_prose: bool = False  # long text, which may be wrapped at 80 columns

    def cells(self) -> list[str]:
        """Return the formatted values."""
        return [self.missing if value is None else self.formatter(value) for value in self.values]

    def is_right_aligned(self) -> bool:
        """Return whether the values are right-aligned."""
        if self.align is None:
            return all(value is None or isinstance(value, _NUMBERS) for value in self.values)
        return self.align == "right"


def row_labels(values: Sequence[object], formatter: Callable[[Any], str] = formatters.text) -> Column:
    """Return a column of row labels, such as epochs: left-aligned, even if they are numbers."""
    return Column(values, formatter, align="left")


@dataclass(frozen=True)
class Table:
    """Columns of the same length, by heading. A table that is too wide is split, and repeats its first."""

    columns: Mapping[str, Column]
    title: str = ""


@dataclass(frozen=True)
class Curves:
    """Curves over the same, increasing values of x; a curve may be shorter than x."""

    title: str
    x: Numbers
    curves: Mapping[str, Numbers]
    x_label: str = "x"


@dataclass(frozen=True)
class Picture:
    """Images side by side, by caption: large numbers are dark, negative ones dotted."""

    images: Mapping[str, Image]


@dataclass(frozen=True)
class Claim:
    """A statement that was checked, and whether it holds; `certain` is the reason if it cannot fail."""

    text: str
    holds: bool
    certain: Certain | None = None

    def sentence(self) -> str:
        """Return the statement, with the reason if it is certain."""
        return f"{self.text} ({self.certain})" if self.certain else self.text


# A `str` is prose; each of its lines is a paragraph.
Piece: TypeAlias = str | Table | Curves | Picture | Claim


@dataclass(frozen=True)
class Page:
    """The layout of text: at most `width` columns, None for no limit; `styled` for a terminal."""

    width: int | None = None
    styled: bool = False


def blocks(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces one by one, except that consecutive claims form one block."""
    for are_claims, group in groupby(pieces, lambda piece: isinstance(piece, Claim)):
        block = list(group)
        yield from [block] if are_claims else ([piece] for piece in block)


def only_table(pieces: Sequence[Piece]) -> Table:
    """Return the only table of a result, for formats that programs read. Raises `ValueError`."""
    (table,) = (piece for piece in pieces if isinstance(piece, Table))
    return table
