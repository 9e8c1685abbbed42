"""The JSON files of a run folder: written atomically, and read strictly.

A later version of nnlab may add keys. A reader ignores keys that it does not know, and has a default for
those that an earlier version did not write.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from nnlab import files
from nnlab.config import messages
from nnlab.errors import NewerError, RunError
from nnlab.rendering.json_format import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Digest: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

SCHEMA_VERSION = 1  # increased when earlier versions can no longer read what is written
LARGEST = 1 << 20  # bytes; real files are a thousand times smaller


def write(path: Path, record: DataclassInstance) -> None:
    """Write the dataclass `record` to `path`, atomically."""
    with files.atomic_write(path) as file:
        file.write(as_json(record).encode() + b"\n")


def as_json(record: DataclassInstance) -> str:
    """Return `record` as a JSON object. Raises `ValueError` for NaN, which would be a bug."""
    return json_text(asdict(record))


def read(path: Path, kind: type[T]) -> T:
    """Return the dataclass `kind` from the file at `path`. Raises `RunError`."""
    content = files.read(path, limit=LARGEST)
    try:
        record = parse(content, kind)
    except ValueError as error:
        _refuse_newer(path, _schema_version(content))
        raise RunError(f"{path} is broken: {error}") from error
    _refuse_newer(path, getattr(record, "schema_version", SCHEMA_VERSION))
    return record


def read_or_none(path: Path, kind: type[T]) -> T | None:
    """Return the dataclass `kind`, or None if the file is missing or broken. Raises `NewerError`."""
    try:
        return read(path, kind)
    except NewerError:
        raise
    except RunError:
        return None


def _schema_version(content: bytes) -> int:
    """Return the schema_version of a record that cannot be parsed, or the current one if it has none."""
    with suppress(ValueError, RecursionError):
        record = json.loads(content)
        if isinstance(record, dict) and isinstance(version := record.get("schema_version"), int):
            return version
    return SCHEMA_VERSION


def _refuse_newer(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise NewerError(f"{path} was written by a newer version (schema_version {version}); upgrade nnlab")


def parse(text: str | bytes, kind: type[T]) -> T:
    """Return the dataclass `kind` from a JSON object. Raises `ValueError`."""
    try:
        record: T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place + ': ' if place else ''}{messages.describe_error(first)}") from error
    return record


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    strict = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
    kind.__pydantic_config__ = strict  # type: ignore[attr-defined]  # how pydantic configures a plain dataclass
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    return adapter
