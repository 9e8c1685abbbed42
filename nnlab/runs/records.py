"""The JSON files of a run folder: written atomically, read strictly."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from nnlab import files
from nnlab.config import messages
from nnlab.errors import RunError
from nnlab.rendering.json_format import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Digest: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

LARGEST = 1 << 20  # bytes; the files have a thousandth of it


def write(path: Path, record: DataclassInstance) -> None:
    """Write the dataclass `record` to `path`, atomically."""
    with files.atomic_write(path) as file:
        file.write(as_json(record).encode() + b"\n")


def as_json(record: DataclassInstance) -> str:
    """Return `record` as a JSON object; a NaN in it is a bug and raises `ValueError`."""
    return json_text(asdict(record))


def read(path: Path, kind: type[T]) -> T:
    """Return the dataclass of that `kind` from the file at `path`. Raises `RunError`."""
    try:
        return parse(files.read(path, limit=LARGEST), kind)
    except ValueError as error:
        raise RunError(f"{path} is broken: {error}") from error


def read_if_whole(path: Path, kind: type[T]) -> T | None:
    """Return the same, or None where the file is missing or broken."""
    try:
        return read(path, kind)
    except RunError:
        return None


def parse(text: str | bytes, kind: type[T]) -> T:
    """Return the dataclass of that `kind` from a JSON object. Raises `ValueError`."""
    try:
        record: T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place + ': ' if place else ''}{messages.plainly(first)}") from error
    return record


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    strict = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    kind.__pydantic_config__ = strict  # type: ignore[attr-defined]  # how a plain dataclass is told
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    return adapter
