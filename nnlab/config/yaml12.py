"""Reads and writes YAML 1.2 with its core schema: one mapping of scalars, lists and small mappings.

PyYAML reads YAML 1.1, in which `1e-3` is text, `010` is eight and `no` is false, and its loaders may build
any object. So only its parser is used here, and its events are turned into plain values.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A config fits on a screen. The limits are far above that, but low enough for any text to be read quickly.
MAX_BYTES = 64 * 1024
_MAX_DEPTH = 8
_MAX_NODES = 1000
_MAX_DIGITS = 100
LISTS_OF_MAPPINGS = ("sweep.combinations",)

# libyaml's parser is ten times faster, but not every build of PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNPRINTABLE = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Stands for a refused value, so that no schema accepts it and no rule uses it.
REFUSED = object()


class Mistake(NamedTuple):
    """A mistake in `key`, on `line` of the file or, if that is None, on the command line."""

    line: int | None
    key: str
    what: str


@dataclass(frozen=True)
class Document:
    """The values of a mapping, the line of every key (from 1), and the mistakes.

    Lines are None for values that did not come from a file.
    """

    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int | None] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    first_line: int | None = 1
    elsewhere: str = "command line"  # the place of keys without a line, in messages


class UnreadableError(Exception):
    """The text as a whole cannot be read: `what` is wrong on `line`."""

    def __init__(self, line: int, what: str) -> None:
        """Keep the line and the message apart; the caller adds the file's name."""
        super().__init__(what)
        self.line, self.what = line, what


class _Scalars(NamedTuple):
    tag: str
    pattern: re.Pattern[str]
    convert: Callable[[str], object]


# YAML 1.2.2, section 10.3.2; `\Z` because PyYAML's dumper tries the same patterns with `match`.
_CORE_SCHEMA = tuple(
    _Scalars(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), convert)
    for tag, pattern, convert in (
        ("null", r"null|Null|NULL|~|", lambda _: None),
        ("bool", r"true|True|TRUE", lambda _: True),
        ("bool", r"false|False|FALSE", lambda _: False),
        ("int", r"[-+]?[0-9]+", int),
        ("int", r"0o[0-7]+", partial(int, base=8)),
        ("int", r"0x[0-9a-fA-F]+", partial(int, base=16)),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
        ("float", r"[-+]?\.(inf|Inf|INF)", lambda text: float(text.replace(".", ""))),
        ("float", r"\.(nan|NaN|NAN)", lambda _: math.nan),
    )
)

_OUT_OF_PLACE = "every line must be `key: value`, all keys beginning in the same column"
_UNCLOSED = "a bracket here is not closed properly; a list is written [784, 30, 10]"

# PyYAML and libyaml word the same mistake differently, and both in the language of parsers.
_SYNTAX_MISTAKES = (
    (
        r"mapping values are not allowed",
        "unexpected `:`; is one missing above, or are quotes around the text?",
    ),
    (r"expected ':'", "a key without its colon; write `key: value`"),
    (r"tab character|'\\t'", "a tab; indent with spaces"),
    (r"cannot start any token", "unexpected {character!r}; text that begins with it needs quotes"),
    (r"expected ',' or|node content", _UNCLOSED),
    (r"unexpected end of stream", "the quote that begins here is never closed"),
    (r"document start|expected key|block end|'-' indicator", _OUT_OF_PLACE),
)


def parse(text: str) -> Document:
    """Return the mapping in `text`, together with the mistakes that concern a single key.

    A list of mappings is allowed at LISTS_OF_MAPPINGS alone, and its items are numbered from 1 in `lines`.
    Raises `UnreadableError` if there is no mapping, more than one document or no valid YAML at all.
    """
    events = _events(text)
    top = next(events, None)
    if top is None or (isinstance(top, yaml.ScalarEvent) and not top.value):
        raise UnreadableError(1, "the file is empty; write one `key: value` per line")
    first_line = _line(top)
    if not isinstance(top, yaml.MappingStartEvent) or top.tag is not None:
        raise UnreadableError(first_line, "must be a mapping: one `key: value` per line")
    lines: dict[str, int | None] = {}
    mistakes: list[Mistake] = []
    values = _mapping(events, lines, mistakes)
    for _ in events:  # parse the rest as well, to find errors in it
        pass
    return Document(values, lines, tuple(mistakes), first_line)


def parse_value(text: str) -> object:
    """Return `text` as the value of a key; an empty text is null. Raises `UnreadableError`."""
    events = _events(text)
    first = next(events, None)
    if first is None:
        return None
    mistakes: list[Mistake] = []
    value: object
    if _is_plain_mapping(first):
        value, refusal = _mapping(events, {}, mistakes), None
    else:
        value, refusal = _fold(first, events)
    for _ in events:
        pass
    if mistakes:
        refusal = f"{mistakes[0].key}: {mistakes[0].what}"
    if refusal:
        raise UnreadableError(1, refusal)
    return value


def dump(values: Mapping[str, object]) -> str:
    """Return `values` as YAML that `parse` reads back unchanged."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)


def _events(text: str) -> Iterator[yaml.Event]:
    """Yield the starts and ends of the nodes in the only document of `text`. Raises `UnreadableError`."""
    if len(text) > MAX_BYTES:
        raise UnreadableError(1, f"longer than {MAX_BYTES} characters")
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnreadableError(line, f"the character {found[0]!r} is not allowed; the file must be plain text")
    try:
        yield from _bounded(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise _syntax_mistake(error, text) from error


def _bounded(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    """Yield the starts and ends of nodes. Raises `UnreadableError` unless they form one small document."""
    documents = nodes = depth = 0
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            if nodes > _MAX_NODES:
                what = f"more than {_MAX_NODES} keys and values; this is not an experiment"
                raise UnreadableError(_line(event), what)
            if depth > _MAX_DEPTH:
                raise UnreadableError(_line(event), f"nested more than {_MAX_DEPTH} levels deep")
            yield event
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            yield event
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnreadableError(_line(event), "a second document; a file may hold only one")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _is_plain_mapping(event: yaml.Event) -> bool:
    return isinstance(event, yaml.MappingStartEvent) and event.tag is None


def _mapping(
    events: Iterator[yaml.Event], lines: dict[str, int | None], mistakes: list[Mistake], prefix: str = ""
) -> dict[str, object]:
    """Return the mapping whose start was read; add the line of each key to `lines`, refusals to `mistakes`.

    A key in a nested mapping has a compound name, such as dataset_options.steps.
    """
    values: dict[str, object] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        line = _line(event)
        key, key_refusal = _fold(event, events)
        first = next(events)
        if key_refusal or not isinstance(key, str):
            mistakes.append(Mistake(line, getattr(event, "value", "?"), "not a key; a key is text"))
            _fold(first, events)
            continue
        path = prefix + key
        if key in values:
            mistakes.append(Mistake(line, path, f"repeated key (first on line {lines[path]})"))
            _fold(first, events)
            continue
        lines[path] = line
        if _is_plain_mapping(first):
            values[key] = _mapping(events, lines, mistakes, f"{path}.")
            continue
        if path in LISTS_OF_MAPPINGS and isinstance(first, yaml.SequenceStartEvent) and first.tag is None:
            values[key] = _mappings(events, lines, mistakes, path)
            continue
        value, refusal = _fold(first, events)
        values[key] = REFUSED if refusal else value
        if refusal:
            mistakes.append(Mistake(line, path, refusal))
    return values


def _mappings(
    events: Iterator[yaml.Event], lines: dict[str, int | None], mistakes: list[Mistake], path: str
) -> list[object]:
    """Return the list of mappings whose start was read; anything else in it is a mistake."""
    items: list[object] = []
    for number, event in enumerate(events, 1):
        if isinstance(event, yaml.SequenceEndEvent):
            break
        lines[f"{path}.{number}"] = line = _line(event)
        if _is_plain_mapping(event):
            items.append(_mapping(events, lines, mistakes, f"{path}.{number}."))
        else:
            _fold(event, events)
            mistakes.append(Mistake(line, path, "each item must be a mapping, such as {eta: 0.1, l2: 0}"))
    return items


def _fold(event: yaml.Event, events: Iterator[yaml.Event]) -> tuple[object, str | None]:
    """Return the value of the node that begins with `event`, and why it is refused, or None."""
    if isinstance(event, yaml.ScalarEvent) and event.tag is None:
        return _scalar(event.value) if event.implicit[0] else (event.value, None)
    if isinstance(event, yaml.AliasEvent):
        return None, "aliases such as *name are not allowed; write the value out"
    refusal = (
        None
        if getattr(event, "tag", None) is None
        else "tags such as !!int are not allowed; write the value alone"
    )
    if isinstance(event, yaml.ScalarEvent):
        return event.value, refusal
    if isinstance(event, yaml.MappingStartEvent):
        refusal = refusal or "a mapping is not allowed here; text with a colon needs quotes"
    items = []
    for child in events:
        if isinstance(child, yaml.CollectionEndEvent):
            break
        item, item_refusal = _fold(child, events)
        items.append(item)
        refusal = refusal or item_refusal
    return items, refusal


@lru_cache(maxsize=1024)  # the keys, and most values, of a thousand runs are the same
def _scalar(text: str) -> tuple[object, str | None]:
    """Return the value of a plain scalar in the core schema, and why it is refused, or None."""
    for scalars in _CORE_SCHEMA:
        if scalars.pattern.match(text):
            if len(text) > _MAX_DIGITS:
                return None, f"a number of {len(text)} characters; at most {_MAX_DIGITS} are allowed"
            return scalars.convert(text), None
    return text, None


def _syntax_mistake(error: yaml.MarkedYAMLError, text: str) -> UnreadableError:
    """Return the parser's error in plain words, with the line that causes it."""
    mark = error.problem_mark
    # The parser notices a missing colon, quote or bracket only after the line that lacks it.
    if error.context_mark and re.search("quoted scalar|simple key|flow", error.context or ""):
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    character = (text.split("\n")[line : line + 1] or [""])[0][column : column + 1]
    problem = f"{error.problem}{character!r}" if character == "\t" else str(error.problem)
    for pattern, plain in _SYNTAX_MISTAKES:
        if re.search(pattern, problem):
            return UnreadableError(line + 1, "not valid YAML: " + plain.format(character=character))
    return UnreadableError(line + 1, f"not valid YAML: {problem}")


class _Dumper(yaml.SafeDumper):
    """PyYAML's dumper, which quotes text that YAML 1.1 or, with the resolvers below, 1.2 would misread."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (the parent's signature)
        """Return True: write every list in full, because the reader refuses aliases."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Only double quotes preserve every line break and control character on a single line.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_list(dumper: yaml.SafeDumper, items: list[object] | tuple[object, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


for _scalars in _CORE_SCHEMA:
    _Dumper.add_implicit_resolver(_scalars.tag, _scalars.pattern, None)
_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(tuple, _represent_list)
