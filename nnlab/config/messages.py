"""The wording of mistakes: `FILE:LINE: KEY: what is wrong (what was given); what is allowed`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from nnlab.config.experiment import Experiment
from nnlab.config.keys import field_of, names_of, phrases_of, sub_keys
from nnlab.config.synonyms import did_you_mean, hint_for, no_such_key
from nnlab.config.yaml12 import Mistake
from nnlab.files import printable
from nnlab.rendering.formatters import join_with_or

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}

_NOT_POSSIBLE = "is not a possible value"

_OF_RECORD = {
    "missing": "missing",
    "extra_forbidden": "unknown key",
    "unexpected_keyword_argument": "unknown key",
    "string_pattern_mismatch": "is not a SHA-256 in hexadecimal digits",
    "dataclass_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
}


def mistakes_of(
    error: ValidationError, document: Document, model: type[BaseModel] = Experiment
) -> list[Mistake]:
    """Return the mistakes that pydantic found in `document`, which should be a `model`, in plain words."""

    def path(detail: ErrorDetails) -> str:
        """Return the key that an error is about, such as eta or dataset_options.steps."""
        loc = detail["loc"]
        return ".".join(map(str, loc[: 2 if loc[0] in sub_keys(model) else 1]))

    details = error.errors(include_url=False)
    unknown = [path(detail) for detail in details if detail["type"] == "extra_forbidden"]
    renamed = {did_you_mean(key, model.model_fields) for key in unknown if not no_such_key(key)}
    mistakes = []
    for detail in details:
        key = str(detail.get("ctx", {}).get("key") or path(detail))
        # Writing learning_rate for eta is one mistake: do not report eta as missing too.
        if detail["type"] != "missing" or key not in renamed:
            line = document.lines.get(key, document.lines.get(key.partition(".")[0], document.first_line))
            mistakes.append(Mistake(line, key, _explain(key, detail, document, model)))
    return mistakes


def describe_error(detail: ErrorDetails) -> str:
    """Return pydantic's error about a JSON record in plain words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "json_invalid":
        place = re.search(r"line \d+ column \d+", str(context["error"]))
        return f"not valid JSON{f' ({place[0]})' if place else ''}"
    if kind in _OF_RECORD:
        return _OF_RECORD[kind]
    what = (
        f"must be {context['expected']}" if kind == "literal_error" else _WRONG.get(kind, "is not possible")
    )
    return f"{what.format_map(context)} (given {quoted(detail['input'])})"


def lines(file: str, mistakes: Iterable[Mistake], *, elsewhere: str = "command line") -> list[str]:
    """Return one line per wrong key, in the order of the file; mistakes from `elsewhere` come last."""
    first: dict[tuple[int | None, str], Mistake] = {}
    for mistake in mistakes:
        first.setdefault(mistake[:2], mistake)
    in_order = sorted(first.values(), key=lambda mistake: mistake.line or math.inf)
    return [
        f"{elsewhere if line is None else f'{file}:{line}'}: {one_line(key)}: {what}"
        for line, key, what in in_order
    ]


def quoted(value: object) -> str:
    """Return a value as it is written in a config, on one short line."""
    if isinstance(value, str):
        return one_line(repr(value[: 2 * _SHOWN]))
    if isinstance(value, list | tuple):
        return one_line(f"[{', '.join(quoted(item) for item in value[:_SHOWN])}]")
    if isinstance(value, dict):
        items = list(value.items())[:_SHOWN]
        return one_line(f"{{{', '.join(f'{key}: {quoted(item)}' for key, item in items)}}}")
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value:+}".replace("+", "").replace("inf", ".inf").replace("nan", ".nan")
    return one_line(repr(value))


def one_line(text: str, limit: int = _SHOWN) -> str:
    """Return `text` cut to `limit` characters, with control characters escaped."""
    text = printable(text[: limit + 1])
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _explain(key: str, detail: ErrorDetails, document: Document, model: type[BaseModel]) -> str:
    """Return what is wrong with `key`, what was given and what is allowed."""
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "rule":
        return _sentence(context["what"], context["given"], context["remedy"])
    if kind == "extra_forbidden":
        return _unknown(key, document, model, is_within=len(detail["loc"]) > 1)
    info = field_of(model, key, document.values)
    names, phrases = names_of(info), phrases_of(info)
    if kind == "missing":
        return f"missing; {info.description}{f' ({join_with_or(names)})' if names else ''}"
    if names:
        what = f"must be {join_with_or(names)}"
    elif not (what := phrases.must):
        bounds = {name: f"{each:g}" if isinstance(each, float) else each for name, each in context.items()}
        what = (phrases.must_for.get(kind) or _WRONG.get(kind, _NOT_POSSIBLE)).format_map(bounds)
    if places := [str(place + 1) for place in detail["loc"] if isinstance(place, int)]:
        what = f"{phrases.item} {'.'.join(places)} {what}"
    hint = _suggestion(given, names or phrases.words)
    if kind == "string_type":
        hint = "quotes make it text"
    return _sentence(what, given, hint or phrases.remedy)


def _unknown(key: str, document: Document, model: type[BaseModel], *, is_within: bool) -> str:
    """Return what to write instead of an unknown key, which may be in a mapping."""
    owner, _, option = key.rpartition(".")
    if mapping := sub_keys(model).get(owner):
        if not is_within:  # a key with a dot, written in a file
            return f"unknown key; in a file it is written {owner}: {{{one_line(option)}: …}}"
        allowed = list(mapping.fields(document.values))
        name, colon, value = option.partition(":")
        if colon and name in allowed:
            return (
                f"unknown {mapping.called}; write a space after the colon, {name}: {one_line(value) or '…'}"
            )
        of = owner
        if mapping.by:
            of = str(document.values.get(mapping.by, model.model_fields[mapping.by].default))
        has = f"{of} has {_join_with_and(allowed) or 'none'}"
        return f"unknown {mapping.called}; {_suggestion(option, allowed) or has}"
    if model is Experiment:
        hint = no_such_key(key) or _suggestion(key, model.model_fields)
        return f"unknown key; {hint or '`nnlab config schema` lists all'}"
    keys = [name for name in model.model_fields if name not in ("name", "baseline")]
    return f"unknown key; {hint_for(key, keys)}"


def _sentence(what: str, given: object, remedy: str) -> str:
    return f"{what} (given {quoted(given)})" + (f"; {remedy}" if remedy else "")


def _suggestion(given: object, allowed: Iterable[str]) -> str:
    meant = did_you_mean(given, list(allowed)) if isinstance(given, str) else None
    return f"did you mean {meant}?" if meant else ""


def _join_with_and(names: list[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
