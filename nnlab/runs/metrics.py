"""metrics.csv: a row an epoch, flushed as it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from nnlab.errors import NnlabError, RunError
from nnlab.files import atomic_write, sync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nnlab.training import Epoch


@dataclass(frozen=True)
class Row:
    """The figures of one epoch; None where there is no number."""

    epoch: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    eta: float | None
    seconds: float | None


COLUMNS = [field.name for field in fields(Row)]
HEADER = ",".join(COLUMNS) + "\n"


def row_of(epoch: Epoch) -> Row:
    """Return the figures of `epoch` that there are, and that are finite."""
    figures = {name: getattr(epoch, name) for name in COLUMNS[1:]}
    return Row(
        epoch.epoch,
        **{
            name: figure if figure is not None and math.isfinite(figure) else None
            for name, figure in figures.items()
        },
    )


def append(path: Path, row: Row) -> None:
    """Add `row` to the file at `path`, and see it on the disk."""
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(_line(row))
            sync(file)
    except OSError as error:
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error


def rewrite(path: Path, rows: Iterable[Row]) -> None:
    """Replace the file at `path` by the header and `rows`, atomically."""
    with atomic_write(path) as file:
        file.write((HEADER + "".join(map(_line, rows))).encode())


def read(path: Path) -> list[Row]:
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
    try:
        if header != HEADER:
            raise ValueError(f"its header is not {HEADER.strip()}")
        rows = [
            Row(int(epoch), *map(_figure, figures))
            for epoch, *figures in (line.rstrip().split(",") for line in lines)
        ]
        if [row.epoch for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("the epochs do not count from 1")
    except (TypeError, ValueError) as error:
        raise RunError(f"{path} is not a metrics file of nnlab's: {error}") from error
    return rows


def _figure(text: str) -> float | None:
    if not text:
        return None
    if not math.isfinite(figure := float(text)):
        raise ValueError(f"{text} is no figure")
    return figure


def _line(row: Row) -> str:
    """Return the row as a line of text: seconds to the millisecond, the others so that they round-trip."""
    figures = {name: getattr(row, name) for name in COLUMNS}
    if row.seconds is not None:
        figures["seconds"] = round(row.seconds, 3)
    return ",".join("" if figure is None else repr(figure) for figure in figures.values()) + "\n"
