"""The pieces that a result is made of, whatever it is rendered to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nnlab.rendering import formatters

if TYPE_CHECKING:  # NumPy takes longer to import than `nnlab --help` takes to print
    from numpy.typing import NDArray

    Numbers: TypeAlias = Sequence[float] | NDArray[Any]
    Image: TypeAlias = NDArray[Any]  # (rows, columns)

_NUMBERS = (int, float, Real)  # Real covers those of NumPy, but is slower to check
# Why a claim cannot fail unless the program is wrong.
Certain: TypeAlias = Literal["by definition", "by construction", "a theorem"]


@dataclass(frozen=True)
class Column:
    """Values of one kind, and how each looks to a person."""

    values: Sequence[object]
    formatter: Callable[[Any], str] = formatters.text
    missing: str = ""  # how None looks
    align: Literal["left", "right"] | None = None  # None: numbers to the right, all else to the left
    bold_rows: Collection[int] = ()  # the rows whose values stand out
    is_prose: bool = False  # may be folded at 80 columns

    def cells(self) -> list[str]:
        """Return the values as a person reads them."""
        return [self.missing if value is None else self.formatter(value) for value in self.values]

    def is_right_aligned(self) -> bool:
        """Return whether the values stand to the right."""
        if self.align is None:
            return all(value is None or isinstance(value, _NUMBERS) for value in self.values)
        return self.align == "right"


def row_labels(values: Sequence[object], formatter: Callable[[Any], str] = formatters.text) -> Column:
    """Return a column of what the rows are about, such as epochs: to the left, even if they are numbers."""
    return Column(values, formatter, align="left")


@dataclass(frozen=True)
class Table:
    """Columns of one length, by heading; a table too wide for a terminal is split, and repeats the first."""

    columns: Mapping[str, Column]
    title: str = ""


@dataclass(frozen=True)
class Curves:
    """Curves over common, increasing values of x; a curve may be shorter than x."""

    title: str
    x: Numbers
    curves: Mapping[str, Numbers]
    x_label: str = "x"


@dataclass(frozen=True)
class Picture:
    """Images side by side, by caption: large numbers are ink, negative ones its opposite."""

    images: Mapping[str, Image]


@dataclass(frozen=True)
class Claim:
    """A statement that was checked, and whether it holds; `certain`: why it had to, whatever was measured."""

    text: str
    holds: bool
    certain: Certain | None = None

    def sentence(self) -> str:
        """Return the statement, with the reason why it is certain."""
        return f"{self.text} ({self.certain})" if self.certain else self.text


# A `str` is prose; each of its lines is a paragraph.
Piece: TypeAlias = str | Table | Curves | Picture | Claim


@dataclass(frozen=True)
class Page:
    """What text is written on: `width` columns or, with None, any number of them; `styled`: a terminal."""

    width: int | None = None
    styled: bool = False


def blocks(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces one by one, but claims that follow each other together."""
    for are_claims, group in groupby(pieces, lambda piece: isinstance(piece, Claim)):
        block = list(group)
        yield from [block] if are_claims else ([piece] for piece in block)


def only_table(pieces: Sequence[Piece]) -> Table:
    """Return the one table of a result, which is all of it that a program reads. Raises `ValueError`."""
    (table,) = (piece for piece in pieces if isinstance(piece, Table))
    return table
