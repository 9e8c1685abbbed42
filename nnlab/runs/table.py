"""CSV files that grow as a training goes on; a row is a dataclass of numbers, None where there is none."""

from __future__ import annotations

import math
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from nnlab import files
from nnlab.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

LONGEST = 1000  # bytes of a line; a row has some hundred


def append(path: Path, rows: Iterable[DataclassInstance]) -> None:
    """Add `rows` to the file at `path`, and see them on the disk."""
    files.append(path, b"".join(map(line, rows)))


def rewrite(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Replace the file at `path` by a header and `rows`, atomically."""
    with files.atomic_write(path) as file:
        file.write(_header(kind) + b"".join(map(line, rows)))


def read(path: Path, kind: type[T], *, most: int) -> list[T]:
    """Return the first rows of the file at `path`, `most` of them, without a last one that was cut off.

    Raises `RunError`.
    """
    # Annotations are text here: a count is an int, a figure a float or None.
    converters = [int if field.type == "int" else _figure for field in fields(kind)]
    with files.opened(path) as file:
        header = file.readline(LONGEST)
        lines = list(islice(iter(lambda: file.readline(LONGEST), b""), most))
    if lines and not lines[-1].endswith(b"\n") and len(lines[-1]) < LONGEST:
        del lines[-1]
    try:
        if header.rstrip() != _header(kind).rstrip():
            raise ValueError(f"its header is not {_header(kind).decode().strip()}")
        return [kind(*_converted(line.decode().rstrip().split(","), converters)) for line in lines]
    except (TypeError, ValueError) as error:
        raise RunError(f"{path} is not a file of nnlab's: {error}") from error


def line(row: DataclassInstance) -> bytes:
    """Return the row as a line that round-trips."""
    return (",".join("" if figure is None else repr(figure) for figure in vars(row).values()) + "\n").encode()


def _converted(cells: list[str], converters: list[Any]) -> list[object]:
    return [convert(cell) for convert, cell in zip(converters, cells, strict=True)]


def _figure(text: str) -> float | None:
    if not text:
        return None
    if not math.isfinite(figure := float(text)):
        raise ValueError(f"{text} is no figure")
    return figure


def _header(kind: type[DataclassInstance]) -> bytes:
    return (",".join(field.name for field in fields(kind)) + "\n").encode()
