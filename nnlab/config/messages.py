"""Mistakes in plain words: `FILE:LINE: KEY: what is wrong (what was given); what is allowed`."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from nnlab.config.experiment import Experiment, Start
from nnlab.config.synonyms import did_you_mean, instead_of, no_such_key
from nnlab.config.yaml12 import Mistake
from nnlab.datasets import DATASETS
from nnlab.files import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from nnlab.config.yaml12 import Document

_SHOWN = 60

_WRONG = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "string_unicode": "must be text without lone surrogates",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "must be letters from A to Z, digits and _ . + -, beginning with a letter, "
    "a digit or _",
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
    "too_short": "must be a list of at least {min_length} widths, input and output",
    "too_long": "must be a list of at most {max_length} widths",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}

_OF_RECORD = {
    "missing": "missing",
    "extra_forbidden": "unknown key",
    "unexpected_keyword_argument": "unknown key",
    "string_pattern_mismatch": "is not a SHA-256 in hexadecimal digits",
    "dataclass_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
}

# A key that takes a number or a word always says so: pydantic has one complaint for each of the two.
_WRONG_OF_KEY: dict[str | tuple[str, str], str] = {
    "batch_size": "must be a whole number of at least 1, or full",
    "patience": "must be a whole number of at least 0, or null",
    "train_size": "must be a whole number of at least 1, or null",
    "dataset_options": "must be a mapping such as {{steps: 4}}",
    "start": "must be {{weights: …, biases: …}}, or null",
    ("architecture", "tuple_type"): "must be a list of widths such as [784, 30, 10]",
}
# The words that keys of numbers take as well.
_WORDS_OF_KEY = {"batch_size": ("full",), "patience": ("null",), "train_size": ("null",)}
# Keys whose values are mappings: their mistakes are of a key within.
MAPPINGS = ("dataset_options", "start")

_REMEDIES = {
    ("name", "string_pattern_mismatch"): "it becomes a folder's name",
    ("name", "string_too_long"): "it becomes a folder's name",
}


def mistakes_of(
    error: ValidationError, document: Document, model: type[BaseModel] = Experiment
) -> list[Mistake]:
    """Put pydantic's complaints about `document`, which is to be a `model`, in plain words."""
    details = error.errors(include_url=False)
    unknown = [_path(detail) for detail in details if detail["type"] == "extra_forbidden"]
    renamed = {did_you_mean(key, model.model_fields) for key in unknown if not no_such_key(key)}
    mistakes = []
    for detail in details:
        key = str(detail.get("ctx", {}).get("key") or _path(detail))
        # Who wrote learning_rate has made one mistake, not also forgotten eta.
        if detail["type"] != "missing" or key not in renamed:
            line = document.lines.get(key, document.lines.get(key.partition(".")[0], document.first_line))
            mistakes.append(Mistake(line, key, _explain(key, detail, document, model)))
    return mistakes


def plainly(detail: ErrorDetails) -> str:
    """Put pydantic's complaint about a record, which is in JSON, in plain words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "json_invalid":
        place = re.search(r"line \d+ column \d+", str(context["error"]))
        return f"not valid JSON{f' ({place[0]})' if place else ''}"
    if kind in _OF_RECORD:
        return _OF_RECORD[kind]
    what = (
        f"must be {context['expected']}" if kind == "literal_error" else _WRONG.get(kind, "is not possible")
    )
    return f"{what.format_map(context)} (given {shown(detail['input'])})"


def _path(detail: ErrorDetails) -> str:
    """Return the key that a complaint is about: eta, dataset_options.steps, start.weights."""
    return ".".join(map(str, detail["loc"][: 2 if detail["loc"][0] in MAPPINGS else 1]))


def lines(file: str, mistakes: Iterable[Mistake]) -> list[str]:
    """Return a line for each key that is wrong, in the file's order, those of the command line last."""
    first: dict[tuple[int | None, str], Mistake] = {}
    for mistake in mistakes:
        first.setdefault(mistake[:2], mistake)
    in_order = sorted(first.values(), key=lambda mistake: mistake.line or math.inf)
    return [
        f"{'command line' if line is None else f'{file}:{line}'}: {one_line(key)}: {what}"
        for line, key, what in in_order
    ]


def shown(value: object) -> str:
    """Return a given value as a config writes it, on one short line."""
    if isinstance(value, str):
        return one_line(repr(value[: 2 * _SHOWN]))
    if isinstance(value, list | tuple):
        return one_line(f"[{', '.join(shown(item) for item in value[:_SHOWN])}]")
    if isinstance(value, dict):
        items = list(value.items())[:_SHOWN]
        return one_line(f"{{{', '.join(f'{key}: {shown(item)}' for key, item in items)}}}")
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value:+}".replace("+", "").replace("inf", ".inf").replace("nan", ".nan")
    return one_line(repr(value))


def one_line(text: str, limit: int = _SHOWN) -> str:
    """Return `text` cut to `limit` characters, with whatever could upset a terminal escaped."""
    text = printable(text[: limit + 1])
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _explain(key: str, detail: ErrorDetails, document: Document, model: type[BaseModel]) -> str:
    """Return what is wrong with `key`, what was given and what is allowed."""
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "extra_forbidden":
        owner, _, option = key.rpartition(".")
        if owner in MAPPINGS and len(detail["loc"]) == 1:  # a file's key with a dot in it
            return f"unknown key; in a file it is written {owner}: {{{one_line(option)}: …}}"
        return _unknown(key, document, model)
    names = _names(model, key)
    if kind == "missing":
        choice = f" ({_either(names)})" if names else ""
        fields = Start.model_fields if key.startswith("start.") else model.model_fields
        return f"missing; {fields[key.removeprefix('start.')].description}{choice}"
    if kind == "rule":
        return _sentence(context["what"], context["given"], context["remedy"])
    what = (
        _WRONG_OF_KEY.get(key)
        or _WRONG_OF_KEY.get((key, kind))
        or _WRONG.get(kind, "is not a possible value")
    )
    if names:
        what = f"must be {_either(names)}"
    if places := [int(place) + 1 for place in detail["loc"] if isinstance(place, int)]:
        what = f"{'width' if key == 'architecture' else 'item'} {'.'.join(map(str, places))} {what}"
    hint = _suggestion(given, names or _WORDS_OF_KEY.get(key, ()))
    if kind == "string_type":
        hint = "quotes make it text"
    bounds = {name: f"{bound:g}" if isinstance(bound, float) else bound for name, bound in context.items()}
    return _sentence(what.format_map(bounds), given, hint or _REMEDIES.get((key, kind), ""))


def _unknown(key: str, document: Document, model: type[BaseModel]) -> str:
    """Return what to write for a key that does not exist."""
    owner, _, option = key.rpartition(".")
    if owner == "dataset_options":
        dataset = str(document.values["dataset"])
        options = list(DATASETS[dataset].options.model_fields)  # type: ignore[index]  # else it had no options
        hint = _suggestion(option, options) or f"{dataset} has {', '.join(options) or 'none'}"
        return f"unknown option; {hint}"
    if owner == "start":
        return f"unknown key; {owner} has {' and '.join(Start.model_fields)}"
    if model is Experiment:
        hint = no_such_key(key) or _suggestion(key, model.model_fields)
        return f"unknown key; {hint or '`nnlab config schema` lists all'}"
    keys = [name for name in model.model_fields if name not in ("name", "baseline")]
    return f"unknown key; {instead_of(key, keys)}"


def _sentence(what: str, given: object, remedy: str) -> str:
    return f"{what} (given {shown(given)})" + (f"; {remedy}" if remedy else "")


def _suggestion(given: object, allowed: Iterable[str]) -> str:
    meant = did_you_mean(given, list(allowed)) if isinstance(given, str) else None
    return f"did you mean {meant}?" if meant else ""


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


@cache
def _names(model: type[BaseModel], key: str) -> tuple[str, ...]:
    """Return the words that `key` may hold, as the JSON Schema offers them."""
    schema: Mapping[str, Any] = model.model_json_schema()["properties"].get(key, {})
    return tuple(schema.get("enum", ()))
