"""What a config file says: an `Experiment`, or all its mistakes at once."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from nnlab.config import messages, yaml12
from nnlab.config.baseline import (
    BASELINES,
    Baseline,
    BaselineName,
    Linear,
    MeanDarkness,
    NearestNeighbours,
    SvmRbf,
)
from nnlab.config.experiment import SKELETON, Experiment, rules_between_keys
from nnlab.config.source import place_of, read_text
from nnlab.config.yaml12 import Document, Mistake, UnreadableError
from nnlab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

T = TypeVar("T", bound=BaseModel)

__all__ = [
    "BASELINES",
    "Baseline",
    "BaselineName",
    "Experiment",
    "Linear",
    "MeanDarkness",
    "NearestNeighbours",
    "SvmRbf",
    "dump",
    "json_schema",
    "load_baseline",
    "load_experiment",
    "read_baseline",
    "read_values",
]


def load_experiment(
    path: Path | None, overrides: Sequence[str] = (), *, name: str | None = None
) -> Experiment:
    """Read the experiment in the file `path`, or on standard input, with KEY=VALUE `overrides` on top.

    Raises ConfigError with all the mistakes of the file and of the overrides.
    """
    document = _overridden(_read(path), _read_overrides(overrides, name))
    if "baseline" in document.values:
        what = f"the config of a baseline; repeat it with `nnlab baseline {_arguments(document.values)}`"
        raise ConfigError([f"{place_of(path)}: {messages.one_line(what, limit=3000)}"])
    return _validated(Experiment, {"name": _default_name(path)}, document, path)


def load_baseline(
    method: BaselineName, overrides: Sequence[str] = (), *, name: str | None = None
) -> Baseline:
    """Return the baseline of that `method` with its keys as in KEY=VALUE `overrides`. Raises ConfigError."""
    return _validated(
        BASELINES[method], {"name": method, "baseline": method}, _read_overrides(overrides, name), None
    )


def read_baseline(path: Path) -> Baseline | None:
    """Return the baseline that a config is of; None if it is an experiment's. Raises ConfigError."""
    document = _read(path)
    method = document.values.get("baseline")
    if method is None:
        return None
    model = next((model for name, model in BASELINES.items() if name == method), Baseline)
    return _validated(model, {}, document, path)


def read_values(path: Path) -> dict[str, object]:
    """Read the keys and values of a config, unjudged. Raises ConfigError if it is no YAML mapping."""
    document = _read(path)
    if document.mistakes:
        raise ConfigError(messages.lines(place_of(path), document.mistakes))
    return document.values


def dump(config: Experiment | Baseline) -> str:
    """Write `config` with every key; it loads as the same."""
    return yaml12.dump(config.model_dump())


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, for editors: `# yaml-language-server: $schema=FILE`."""
    schema = Experiment.model_json_schema()
    del schema["properties"]["name"]["default"]  # it is the file's name, which a schema cannot say
    for key, described in schema["properties"].items():
        described["title"] = key
        # Editors show descriptions alone, and complete with what stands as default.
        if key in SKELETON:
            described["default"] = SKELETON[key]
            described["description"] += "; required"
        elif "default" in described:
            described["description"] += f"; {yaml12.dump({'default': described['default']}).strip()}"
    schema["allOf"] = rules_between_keys()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _validated(model: type[T], defaults: dict[str, object], document: Document, path: Path | None) -> T:
    """Return what `document` says over `defaults`. Raises ConfigError with all its mistakes."""
    mistakes = list(document.mistakes)
    try:
        config = model.model_validate(defaults | document.values)
    except ValidationError as error:
        mistakes += messages.mistakes_of(error, document, model)
    if mistakes:
        raise ConfigError(messages.lines(place_of(path), mistakes))
    return config


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


def _arguments(values: dict[str, object]) -> str:
    """Return the arguments of `nnlab baseline` that repeat the baseline of `values`."""
    method = values["baseline"]
    model = next((model for name, model in BASELINES.items() if name == method), None)
    if model is None:
        return "METHOD"
    named = [] if (name := values.get("name", method)) == method else ["--name", str(name)]
    return shlex.join(
        [str(method)]
        + [
            f"{key}={'null' if values[key] is None else values[key]}"
            for key, field in model.model_fields.items()
            if key not in ("name", "baseline") and key in values and values[key] != field.default
        ]
        + named
    )


def _default_name(path: Path | None) -> str:
    stem = "" if path is None else re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem)
    return stem.lstrip(".+-")[:100] or "experiment"
