"""CSV files that grow as a training goes on; a row is a dataclass of numbers, None where there is none."""

from __future__ import annotations

import math
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any, TypeVar

from nnlab.errors import NnlabError, RunError
from nnlab.files import atomic_write, sync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def append(path: Path, rows: Iterable[DataclassInstance]) -> None:
    """Add `rows` to the file at `path`, and see them on the disk."""
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write("".join(map(_line, rows)))
            sync(file)
    except OSError as error:
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error


def rewrite(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Replace the file at `path` by a header and `rows`, atomically."""
    with atomic_write(path) as file:
        file.write((_header(kind) + "".join(map(_line, rows))).encode())


def read(path: Path, kind: type[T]) -> list[T]:
    """Return the rows of the file at `path`, without a last one that was cut off in writing.

    Raises `RunError`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"{path} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}") from error
    header, *lines = text[: text.rfind("\n") + 1].splitlines(keepends=True) or [""]
    # Annotations are text here: a count is an int, a figure a float or None.
    converters = [int if field.type == "int" else _figure for field in fields(kind)]
    try:
        if header != _header(kind):
            raise ValueError(f"its header is not {_header(kind).strip()}")
        return [kind(*_converted(line.rstrip().split(","), converters)) for line in lines]
    except (TypeError, ValueError) as error:
        raise RunError(f"{path} is not a file of nnlab's: {error}") from error


def _converted(cells: list[str], converters: list[Any]) -> list[object]:
    return [convert(cell) for convert, cell in zip(converters, cells, strict=True)]


def _figure(text: str) -> float | None:
    if not text:
        return None
    if not math.isfinite(figure := float(text)):
        raise ValueError(f"{text} is no figure")
    return figure


def _header(kind: type[DataclassInstance]) -> str:
    return ",".join(field.name for field in fields(kind)) + "\n"


def _line(row: DataclassInstance) -> str:
    """Return the row as a line of text that round-trips."""
    return ",".join("" if figure is None else repr(figure) for figure in astuple(row)) + "\n"
