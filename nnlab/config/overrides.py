"""Overrides, which replace values of a config: KEY=VALUE on the command line, or Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from nnlab.config import yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.keys import sub_keys
from nnlab.config.messages import one_line
from nnlab.config.yaml12 import Document, Mistake, UnreadableError
from nnlab.errors import ConfigError

# KEY=VALUE or KEY.OPTION=VALUE, as on the command line, or a mapping of Python values.
Overrides: TypeAlias = Sequence[str] | Mapping[str, object]


def read_overrides(overrides: Overrides, name: str | None) -> Document:
    """Return the overrides, with `name` if it is not None. Raises `ConfigError`."""
    if isinstance(overrides, Mapping):
        return of_values({**overrides, **({} if name is None else {"name": name})})
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


def of_values(values: Mapping[str, object]) -> Document:
    """Return Python values as those of a config, but without lines."""
    mistakes = [
        Mistake(None, repr(key), "not a key; a key is text") for key in values if type(key) is not str
    ]
    keys = {key: _plain(value) for key, value in values.items() if type(key) is str}
    return Document(keys, dict.fromkeys(keys), tuple(mistakes), first_line=None, elsewhere="arguments")


def _plain(value: Any) -> Any:  # noqa: ANN401 (a key may have any value)
    """Return `value` with the numbers and arrays of NumPy as plain Python, which configs consist of."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def with_overrides(file: Document, command_line: Document) -> Document:
    """Return `file` with the overrides of `command_line`, without its own mistakes in the overridden keys."""

    def is_kept(key: str) -> bool:
        parts = key.split(".")
        return not any(".".join(parts[:end]) in command_line.values for end in range(1, len(parts) + 1))

    values = dict(file.values)
    lines: dict[str, int | None] = {}
    for key, value in command_line.values.items():
        outer, dot, inner = key.partition(".")
        found = values.get(outer) or {}  # a run's config may say null
        if dot and outer in sub_keys(Experiment) and isinstance(found, dict):
            values[outer] = found | {inner: value}
            if outer not in file.lines:  # what is wrong with the mapping is wrong on the command line
                lines[outer] = None
        else:
            values[key] = value
    return Document(
        values,
        {key: line for key, line in file.lines.items() if is_kept(key)} | lines | command_line.lines,
        tuple(mistake for mistake in file.mistakes if is_kept(mistake.key)) + command_line.mistakes,
        file.first_line,
        command_line.elsewhere,
    )
