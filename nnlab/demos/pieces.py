"""What a demo yields besides plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nnlab.network import Array

Numbers: TypeAlias = Sequence[float] | Array
# Why a claim cannot fail unless the program is wrong.
Certain: TypeAlias = Literal["by definition", "by construction", "a theorem"]


@dataclass(frozen=True)
class Table:
    """Columns of one length, cells by heading."""

    columns: dict[str, list[str]]


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

    images: Mapping[str, Array]


@dataclass(frozen=True)
class Claim:
    """What the demo found to be so, or not; `certain`: it had to be, whatever was measured."""

    text: str
    holds: bool
    certain: Certain | None = None


Piece: TypeAlias = str | Table | Curves | Picture | Claim
