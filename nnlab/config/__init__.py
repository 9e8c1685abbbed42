"""What a config file says: an `Experiment`, or all its mistakes at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nnlab.config import messages, yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.source import place_of, read_text
from nnlab.config.yaml12 import Document, Mistake, UnreadableError
from nnlab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Experiment", "dump_experiment", "json_schema", "load_experiment", "read_values"]


def load_experiment(
    path: Path | None, overrides: Sequence[str] = (), *, name: str | None = None
) -> Experiment:
    """Read the experiment in the file `path`, or on standard input, with KEY=VALUE `overrides` on top.

    Raises ConfigError with all the mistakes of the file and of the overrides.
    """
    document = _overridden(_read(path), _read_overrides(overrides, name))
    mistakes = list(document.mistakes)
    try:
        experiment = Experiment.model_validate({"name": _default_name(path)} | document.values)
    except ValidationError as error:
        mistakes += messages.mistakes_of(error, document)
    if mistakes:
        raise ConfigError(messages.lines(place_of(path), mistakes))
    return experiment


def read_values(path: Path) -> dict[str, object]:
    """Read the keys and values of a config, unjudged. Raises ConfigError if it is no YAML mapping."""
    document = _read(path)
    if document.mistakes:
        raise ConfigError(messages.lines(place_of(path), document.mistakes))
    return document.values


def dump_experiment(experiment: Experiment) -> str:
    """Write `experiment` as a config with every key, which loads as the same experiment."""
    return yaml12.dump(experiment.model_dump())


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, for editors: `# yaml-language-server: $schema=FILE`."""
    schema = Experiment.model_json_schema()
    del schema["properties"]["name"]["default"]  # it is the file's name, which a schema cannot say
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _read(path: Path | None) -> Document:
    try:
        return yaml12.parse(read_text(path))
    except UnreadableError as error:
        raise ConfigError([f"{place_of(path)}:{error.line}: {error.what}"]) from error


def _read_overrides(overrides: Sequence[str], name: str | None) -> Document:
    values: dict[str, object] = {} if name is None else {"name": name}
    mistakes = []
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            mistakes.append(Mistake(None, override, "not an override; write KEY=VALUE, such as eta=0.1"))
        elif key in values:
            mistakes.append(Mistake(None, key, "given twice"))
        else:
            try:
                values[key] = yaml12.parse_value(text)
            except UnreadableError as error:
                values[key] = yaml12.REFUSED
                mistakes.append(Mistake(None, key, error.what))
    return Document(values, dict.fromkeys(values), tuple(mistakes))


def _overridden(file: Document, command_line: Document) -> Document:
    """Lay the command line over the file, whose mistakes about the same keys no longer count."""

    def is_kept(key: str) -> bool:
        parts = key.split(".")
        return not any(".".join(parts[:end]) in command_line.values for end in range(1, len(parts) + 1))

    values = dict(file.values)
    for key, value in command_line.values.items():
        mapping, dot, inner = key.partition(".")
        if dot and mapping in messages.MAPPINGS and isinstance(found := values.get(mapping, {}), dict):
            values[mapping] = found | {inner: value}
        else:
            values[key] = value
    return Document(
        values,
        {key: line for key, line in file.lines.items() if is_kept(key)} | command_line.lines,
        tuple(mistake for mistake in file.mistakes if is_kept(mistake.key)) + command_line.mistakes,
        file.first_line,
    )


def _default_name(path: Path | None) -> str:
    stem = "" if path is None else re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem)
    return stem.lstrip(".+-")[:100] or "experiment"
