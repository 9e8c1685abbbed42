"""Reads and writes experiments and baselines; reports all mistakes of a config at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from nnlab.config import messages, yaml12
from nnlab.config.baseline import BASELINES, Baseline, arguments
from nnlab.config.experiment import Experiment
from nnlab.config.messages import one_line
from nnlab.config.overrides import Overrides, of_values, read_overrides, with_overrides
from nnlab.config.source import decoded, place_of, read_text
from nnlab.config.synonyms import hint_for
from nnlab.config.yaml12 import Document, UnreadableError
from nnlab.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


T = TypeVar("T", bound=BaseModel)

# A key and a plain or quoted value, without the other characters that end a line in YAML.
_ONE_KEY = re.compile(r"[a-z]\w*: [^\s#|>&*!][^\r\x85\u2028\u2029]*")
_MOST_LINES = 100  # a longer config is left to the parser, which limits its keys and values


def load_experiment(
    config: Path | Mapping[str, object] | None, overrides: Overrides = (), *, name: str | None = None
) -> Experiment:
    """Return the experiment of a config, with `overrides`.

    A config is a file, a mapping of its keys, or None for standard input. Raises `ConfigError` with all
    mistakes of the config and of the overrides.
    """
    given = read_overrides(overrides, name)  # before standard input is waited for
    return experiment_of(read_document(config), path_of(config), given)


def path_of(config: Path | Mapping[str, object] | None) -> Path | None:
    """Return the path of a config, if it is a file."""
    return None if isinstance(config, Mapping) else config


def read_document(config: Path | Mapping[str, object] | None) -> Document:
    """Return what a config says: a file, a mapping of its keys, or None for standard input.

    Raises `ConfigError`.
    """
    return of_values(config) if isinstance(config, Mapping) else parsed(read_text(config), config)


def experiment_of(document: Document, path: Path | None, given: Document) -> Experiment:
    """Return the experiment of a config read from `path`, overridden by `given`. Raises `ConfigError`."""
    document = with_overrides(document, given)
    if "baseline" in document.values:
        what = f"the config of a baseline; repeat it with `nnlab baseline {arguments(document.values)}`"
        raise ConfigError([f"{place_of(path)}: {one_line(what, limit=3000)}"])
    return validated(Experiment, {"name": default_name(path)}, document, path)


def parse_config(content: bytes, path: Path, overrides: Overrides = ()) -> Experiment | Baseline:
    """Return the config in a run's config.yaml: its `content`, read from `path`, with `overrides`.

    Raises `ConfigError`.
    """
    document = with_overrides(parsed(decoded(content, path), path), read_overrides(overrides, None))
    if (method := document.values.get("baseline")) is None:
        return validated(Experiment, {"name": default_name(path)}, document, path)
    model = next((model for name, model in BASELINES.items() if name == method), Baseline)
    return validated(model, {}, document, path)


def load_baseline(method: str, overrides: Overrides = (), *, name: str | None = None) -> Baseline:
    """Return the baseline with this `method` and these `overrides`.

    Raises `ConfigError`, and `UsageError` if there is no such method.
    """
    model = next((model for name, model in BASELINES.items() if name == method), None)
    if model is None:
        raise UsageError(f"no baseline {method}; {hint_for(method, BASELINES)}")
    return validated(model, {"name": method, "baseline": method}, read_overrides(overrides, name), None)


def parse_values(content: bytes, path: Path) -> dict[str, object]:
    """Return the keys and values of a run's config.yaml, not validated. Raises `ConfigError`."""
    text = decoded(content, path)
    if (values := _values_by_lines(text)) is not None:
        return values
    document = parsed(text, path)
    if document.mistakes:
        raise ConfigError(messages.lines(place_of(path), document.mistakes))
    return document.values


def _values_by_lines(text: str) -> dict[str, object] | None:
    """Return the values of a text with one complete key and value per line, as `dump` writes it, or None.

    Thousands of runs share nearly all their lines, so each line is parsed only once.
    """
    pairs = [_pair(line) for line in text.removesuffix("\n").split("\n", _MOST_LINES)]
    values = dict(filter(None, pairs))
    return values if len(values) == len(pairs) <= _MOST_LINES else None


@lru_cache(maxsize=4096)
def _pair(line: str) -> tuple[str, object] | None:
    """Return the key and the value of a line that is a mapping by itself, or None."""
    if not _ONE_KEY.fullmatch(line):
        return None
    try:
        document = yaml12.parse(line)
    except UnreadableError:
        return None
    (pair, *others) = document.values.items() or [("", None)]
    return None if document.mistakes or others else pair


def defaults() -> dict[str, object]:
    """Return the defaults of the keys of an experiment, as they are written in a config."""
    fields = {
        key: info.get_default() for key, info in Experiment.model_fields.items() if not info.is_required()
    }
    return {
        key: value.model_dump() if isinstance(value, BaseModel) else value for key, value in fields.items()
    }


def dump(config: Experiment | Baseline) -> str:
    """Return `config` as YAML with every key; loading the text gives an equal config."""
    return yaml12.dump(config.model_dump())


def default_name(path: Path | None) -> str:
    """Return the name of an experiment whose config has none: the file's, made valid."""
    stem = "" if path is None else re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem)
    return stem.lstrip(".+-")[:100] or "experiment"


def validated(
    model: type[T],
    defaults: Mapping[str, object],
    document: Document,
    path: Path | None,
) -> T:
    """Return the `model` of `document`, with `defaults`. Raises `ConfigError` with all mistakes."""
    mistakes = list(document.mistakes)
    try:
        config = model.model_validate({**defaults, **document.values})
    except ValidationError as error:
        mistakes += messages.mistakes_of(error, document, model)
    if mistakes:
        raise ConfigError(messages.lines(place_of(path), mistakes, elsewhere=document.elsewhere))
    return config


def parsed(text: str, path: Path | None) -> Document:
    """Return the mapping in `text`, which was read from `path`. Raises `ConfigError`."""
    try:
        return yaml12.parse(text)
    except UnreadableError as error:
        raise ConfigError([f"{place_of(path)}:{error.line}: {error.what}"]) from error
