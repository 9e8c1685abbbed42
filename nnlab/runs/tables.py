"""CSV files that grow during a training. Each row is a dataclass of numbers, with None for a missing one."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from nnlab import files
from nnlab.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

LONGEST = 1000  # the maximum bytes of a line; a real row has about a hundred


def append(path: Path, rows: Iterable[DataclassInstance]) -> None:
    """Append `rows` to the file at `path`, and flush them to the disk."""
    files.append(path, b"".join(map(line, rows)))


def rewrite(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Replace the file at `path` by a header and `rows`, atomically."""
    with files.atomic_write(path) as file:
        file.write(_header(kind) + b"".join(map(line, rows)))


def read(path: Path, kind: type[T], *, most: int) -> list[T]:
    """Return the rows of the file at `path`, at most `most`, without a last row that was cut off.

    Columns that are not fields of `kind` are ignored; a missing column has the default of its field.
    Raises `RunError`.
    """
    with files.open_to_read(path) as file:
        header = file.readline(LONGEST)
        lines = list(islice(iter(lambda: file.readline(LONGEST), b""), most))
    if lines and not lines[-1].endswith(b"\n") and len(lines[-1]) < LONGEST:
        del lines[-1]
    try:
        columns = header.decode().rstrip().split(",")
        cells = _cells(kind, columns)
        rows = (line.decode().rstrip("\r\n").split(",") for line in lines)
        return [
            kind(*(convert(row[place]) for place, convert in cells)) for row in _of_length(rows, len(columns))
        ]
    except (TypeError, ValueError) as error:
        raise RunError(f"{path} is not one of nnlab's files: {error}") from error


def _cells(kind: type[T], columns: Sequence[str]) -> list[tuple[int, Callable[[str], object]]]:
    """Return, for each field of `kind`, its index in a row and a function to read it. Raises `ValueError`."""
    if len(set(columns)) < len(columns):
        raise ValueError("a column appears twice")
    cells: list[tuple[int, Callable[[str], object]]] = []
    for field in fields(kind):
        if field.name in columns:
            # Annotations are strings here: a count is an int, a figure a float or None.
            cells.append((columns.index(field.name), int if field.type == "int" else _figure))
        elif field.default is MISSING:
            raise ValueError(f"it has no column {field.name}")
        else:
            cells.append((0, partial(_default, field.default)))
    return cells


def _default(value: object, _: str) -> object:
    return value


def _of_length(rows: Iterable[list[str]], length: int) -> Iterator[list[str]]:
    for row in rows:
        if len(row) != length:
            raise ValueError(f"a row has {len(row)} cells, the header {length}")
        yield row


def line(row: DataclassInstance) -> bytes:
    """Return `row` as a line of CSV that reads back exactly."""
    return csv_line(vars(row).values())


def csv_line(figures: Iterable[float | None]) -> bytes:
    """Return `figures` as a line of CSV that reads back exactly."""
    return (",".join("" if figure is None else repr(figure) for figure in figures) + "\n").encode()


def _figure(text: str) -> float | None:
    if not text:
        return None
    if not math.isfinite(figure := float(text)):
        raise ValueError(f"{text} is not a figure")
    return figure


def _header(kind: type[DataclassInstance]) -> bytes:
    return (",".join(field.name for field in fields(kind)) + "\n").encode()
