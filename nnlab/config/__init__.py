"""What a config file says: an `Experiment`, or all its mistakes at once."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
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
from nnlab.config.messages import one_line
from nnlab.config.source import decoded, place_of, read_text
from nnlab.config.yaml12 import MAX_BYTES, Document, Mistake, UnreadableError
from nnlab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

T = TypeVar("T", bound=BaseModel)

# A key and a plain or quoted value, without any of the other characters that break a line in YAML.
_ONE_KEY = re.compile(r"[a-z]\w*: [^\s#|>&*!][^\r\x85\u2028\u2029]*")
_MOST_LINES = 100  # of a config; above it, the parser counts keys and values

__all__ = [
    "BASELINES",
    "MAX_BYTES",
    "Baseline",
    "BaselineName",
    "Experiment",
    "Linear",
    "MeanDarkness",
    "NearestNeighbours",
    "SvmRbf",
    "default_name",
    "dump",
    "json_schema",
    "load_baseline",
    "load_experiment",
    "one_line",
    "parse_config",
    "parse_values",
]


def load_experiment(
    path: Path | None, overrides: Sequence[str] = (), *, name: str | None = None
) -> Experiment:
    """Read the experiment in the file `path`, or on standard input, with KEY=VALUE `overrides` on top.

    Raises ConfigError with all the mistakes of the file and of the overrides.
    """
    document = _overridden(_parsed(read_text(path), path), _read_overrides(overrides, name))
    if "baseline" in document.values:
        what = f"the config of a baseline; repeat it with `nnlab baseline {_arguments(document.values)}`"
        raise ConfigError([f"{place_of(path)}: {one_line(what, limit=3000)}"])
    return _validated(Experiment, {"name": default_name(path)}, document, path)


def parse_config(content: bytes, path: Path, overrides: Sequence[str] = ()) -> Experiment | Baseline:
    """Return what a run's config.yaml at `path` says, its `content` with KEY=VALUE `overrides` on top.

    Raises ConfigError.
    """
    document = _overridden(_parsed(decoded(content, path), path), _read_overrides(overrides, None))
    if (method := document.values.get("baseline")) is None:
        return _validated(Experiment, {"name": default_name(path)}, document, path)
    model = next((model for name, model in BASELINES.items() if name == method), Baseline)
    return _validated(model, {}, document, path)


def load_baseline(
    method: BaselineName, overrides: Sequence[str] = (), *, name: str | None = None
) -> Baseline:
    """Return the baseline of that `method` with its keys as in KEY=VALUE `overrides`. Raises ConfigError."""
    return _validated(
        BASELINES[method], {"name": method, "baseline": method}, _read_overrides(overrides, name), None
    )


def parse_values(content: bytes, path: Path) -> dict[str, object]:
    """Return the keys and values of a run's config.yaml, unjudged. Raises ConfigError."""
    text = decoded(content, path)
    if (values := _values_by_lines(text)) is not None:
        return values
    document = _parsed(text, path)
    if document.mistakes:
        raise ConfigError(messages.lines(place_of(path), document.mistakes))
    return document.values


def _values_by_lines(text: str) -> dict[str, object] | None:
    """Return the values of a text whose every line is a mapping of one key, as `dump` writes it, else None.

    Thousands of runs have the same lines, nearly all of them, and each needs to be parsed only once.
    """
    pairs = [_pair(line) for line in text.removesuffix("\n").split("\n", _MOST_LINES)]
    values = dict(filter(None, pairs))
    return values if len(values) == len(pairs) <= _MOST_LINES else None


@lru_cache(maxsize=4096)
def _pair(line: str) -> tuple[str, object] | None:
    """Return the key and the value of a line that is a mapping by itself, whatever stands around it."""
    if not _ONE_KEY.fullmatch(line):
        return None
    try:
        document = yaml12.parse(line)
    except UnreadableError:
        return None
    (pair, *others) = document.values.items() or [("", None)]
    return None if document.mistakes or others else pair


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


def _parsed(text: str, path: Path | None) -> Document:
    try:
        return yaml12.parse(text)
    except UnreadableError as error:
        raise ConfigError([f"{place_of(path)}:{error.line}: {error.what}"]) from error


def _read_overrides(overrides: Sequence[str], name: str | None) -> Document:
    values: dict[str, object] = {} if name is None else {"name": name}
    mistakes = []
    if "=" in overrides[1:-1]:
        key, _, value = overrides[(place := overrides.index("=", 1) - 1) : place + 3]
        raise ConfigError(
            [f"command line: {one_line(key)}: write {one_line(key)}={one_line(value)}, without spaces"]
        )
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.isprintable() or not key:
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


def default_name(path: Path | None) -> str:
    """Return the name of an experiment whose config has none: that of its file, as far as it may be one."""
    stem = "" if path is None else re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem)
    return stem.lstrip(".+-")[:100] or "experiment"
