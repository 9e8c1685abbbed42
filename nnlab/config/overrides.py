"""KEY=VALUE and KEY.OPTION=VALUE on the command line, laid over the values of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab.config import yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.keys import sub_keys
from nnlab.config.messages import one_line
from nnlab.config.yaml12 import Document, Mistake, UnreadableError
from nnlab.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_overrides(overrides: Sequence[str], name: str | None) -> Document:
    """Return what the command line says, and `name` too if it is not None. Raises ConfigError."""
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


def with_overrides(file: Document, command_line: Document) -> Document:
    """Return the file with the command line laid over it, and without the file's mistakes in those keys."""

    def is_kept(key: str) -> bool:
        parts = key.split(".")
        return not any(".".join(parts[:end]) in command_line.values for end in range(1, len(parts) + 1))

    values = dict(file.values)
    for key, value in command_line.values.items():
        outer, dot, inner = key.partition(".")
        found = values.get(outer) or {}  # null, as a run's config has it
        if dot and outer in sub_keys(Experiment) and isinstance(found, dict):
            values[outer] = found | {inner: value}
        else:
            values[key] = value
    return Document(
        values,
        {key: line for key, line in file.lines.items() if is_kept(key)} | command_line.lines,
        tuple(mistake for mistake in file.mistakes if is_kept(mistake.key)) + command_line.mistakes,
        file.first_line,
    )
