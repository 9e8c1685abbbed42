"""The values of a key that a sweep tries: a list, or values drawn from a range."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.config import yaml12
from nnlab.config.experiment import Experiment
from nnlab.config.keys import sub_keys
from nnlab.config.messages import quoted
from nnlab.config.yaml12 import Mistake, UnreadableError
from nnlab.errors import ConfigError
from nnlab.randomness import stream

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nnlab.config.overrides import Overrides

MOST_DRAWS = 1_000_000
NEVER_TRIED = ("name", "description")

_RANGE = re.compile(r"\s*(log|uniform)\s*\((?:(.*)\)\s*$)?", re.DOTALL)
_MAPPINGS = re.compile(r"\}\s*,|,\s*\{")


@dataclass(frozen=True)
class Axis:
    """The values of a key that are tried; `line` is that of the file, None for values from elsewhere."""

    key: str
    values: Sequence[object]
    line: int | None
    is_drawn: bool = False


def split_overrides(overrides: Overrides) -> tuple[Overrides, dict[str, object]]:
    """Return the overrides with one value and, by key, the values or the range of the others."""
    if isinstance(overrides, Mapping):
        return overrides, {}
    fixed: list[str] = []
    several: dict[str, object] = {}
    for override in overrides:
        key, _, text = override.partition("=")
        values = text if _RANGE.match(text) else _listed(key, text)
        if values is None or key in NEVER_TRIED or key in several:
            fixed.append(override)
        else:
            several[key] = values
    twice = [key for key in several if any(override.partition("=")[0] == key for override in fixed)]
    if twice:
        raise ConfigError(f"command line: {key}: given twice" for key in twice)
    return fixed, several


def _listed(key: str, text: str) -> list[object] | None:
    """Return the values of a text such as 0.1,0.5 or [784,30,10],[784,100,10]; None if it is one value.

    [0.1,0.5] is two values of a `key` that does not take a list. Raises `ConfigError` for several mappings.
    """
    try:
        values = yaml12.parse_value(f"[{text}]")
    except UnreadableError:
        if key in sub_keys(Experiment) and _MAPPINGS.search(text):
            what = f"has one value in a sweep; try values of its keys, such as {key}.KEY=V1,V2"
            raise ConfigError([f"command line: {key}: {what}"]) from None
        return None
    if not isinstance(values, list):
        return None
    if len(values) == 1 and isinstance(values[0], list) and not _takes(key, "tuple"):
        values = values[0]
    return values if len(values) > 1 else None


def _takes(key: str, kind: str) -> bool:
    """Return whether a value of `key` is of this kind, `int` or `tuple`."""
    outer, _, inner = key.partition(".")
    models: list[type[BaseModel]] = [Experiment]
    if inner:
        mapping = sub_keys(Experiment).get(outer)
        models = [] if mapping is None else mapping.models()
    fields = [model.model_fields.get(inner or key) for model in models]
    return any(field is not None and kind in str(field.annotation) for field in fields)


def axis_of(key: str, given: object, line: int | None, mistakes: list[Mistake]) -> Axis | None:
    """Return the values `given` for `key`, a list or a range; add what is wrong with them to `mistakes`."""
    match = _RANGE.match(given) if isinstance(given, str) else None
    if key in NEVER_TRIED:
        what = "has one value in a sweep"
    elif match:
        try:
            return Axis(key, _drawn(key, *match.groups()), line, is_drawn=True)
        except ValueError as error:
            what = f"{error} (given {quoted(given)})"
    elif isinstance(given, list | range) and given:
        return Axis(key, given, line)
    elif given is yaml12.REFUSED:
        return None
    elif given == []:
        what = "an empty list; write one value at least, such as [0.1, 0.5]"
    else:
        what = (
            "must be a list of values, such as [0.1, 0.5], or a range, such as log(1e-3, 1, 20) "
            f"(given {quoted(given)})"
        )
    mistakes.append(Mistake(line, key if line is None else f"sweep.{key}", what))
    return None


def _drawn(key: str, kind: str, text: str | None) -> list[float] | list[int]:
    """Return values for `key` drawn from the range `text`: low, high and their number.

    A larger number only adds values. They are uniform, or for the kind `log` their logarithms are. Raises
    `ValueError`.
    """
    form = f"must be {kind}(LOW, HIGH, NUMBER)"
    given = _listed(key, text or "") or []
    if [type(each) in (int, float) for each in given] != [True] * 3:
        raise ValueError(form)
    low, high, number = (float(str(each)) for each in given)
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"{form}, with LOW less than HIGH")
    if kind == "log" and low <= 0:
        raise ValueError("must begin above 0, because 0 has no logarithm")
    if number not in range(1, MOST_DRAWS + 1):
        raise ValueError(f"must draw a whole number of values from 1 to {MOST_DRAWS:,}")
    shares = stream(0, f"sweep {key} {kind} {low!r} {high!r}").random(int(number)).tolist()
    if kind == "log":
        values = [math.exp((1 - share) * math.log(low) + share * math.log(high)) for share in shares]
    else:
        values = [(1 - share) * low + share * high for share in shares]
    if _takes(key, "int"):
        return [round(value) for value in values]
    # Five digits are as fine as anybody tries, and can be read and typed.
    return [min(max(float(f"{value:.5g}"), low), high) for value in values]
