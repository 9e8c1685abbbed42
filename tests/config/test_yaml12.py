from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnlab.config.yaml12 import UnreadableError, dump, parse, parse_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], scope="module", autouse=True)
def _with_either_parser(request: pytest.FixtureRequest) -> Iterator[None]:
    if not hasattr(yaml, request.param):
        pytest.skip("this PyYAML comes without libyaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnlab.config.yaml12._LOADER", getattr(yaml, request.param))
        yield


def refusal(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except UnreadableError as error:
        return error.what
    return ""


def unreadable(text: str) -> tuple[int, str]:
    with pytest.raises(UnreadableError) as error:
        parse(text)
    return error.value.line, error.value.what


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("010", 10),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0xfF", 255),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E+2", -150.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-31", "2024-01-31"),
        ("-0o7", "-0o7"),
        ("nUll", "nUll"),
        ("٣", "٣"),
        ("'1'", "1"),
        ('"null"', "null"),
        ("[784, 30, 10]", [784, 30, 10]),
        ("[a, [1e1, ~]]", ["a", [10.0, None]]),
        ("&name 3", 3),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    read = parse(f"key: {text}\n").values["key"]
    assert (read, type(read)) == (value, type(value))
    assert parse_value(text) == value


def test_nan_is_read_as_a_number() -> None:
    value = parse("key: .nan").values["key"]
    assert isinstance(value, float)
    assert math.isnan(value)


def test_every_key_has_its_line() -> None:
    document = parse("# comment\n\na: 1\nb: [1,\n  2]\n'c': |\n  x\n  y\nd: 4\n")
    assert document.lines == {"a": 3, "b": 4, "c": 6, "d": 9}
    assert document.first_line == 3


def test_flow_mapping_and_json_are_read() -> None:
    assert parse('{"a": 1, "b": [1, 2]}').values == {"a": 1, "b": [1, 2]}


def test_a_mapping_within_the_mapping_is_read_with_the_lines_of_its_keys() -> None:
    document = parse("a: 1\nb:\n  c: [1]\n  d: {e: x}\nf: {}\n")
    assert document.values == {"a": 1, "b": {"c": [1], "d": {"e": "x"}}, "f": {}}
    assert document.lines == {"a": 1, "b": 2, "b.c": 3, "b.d": 4, "b.d.e": 4, "f": 5}
    assert parse_value("{c: [1], d: 2}") == {"c": [1], "d": 2}


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "repeated key (first on line 1)"),
        ("a: &x 1\nb: *x\n", 2, "b", "aliases such as *name are not allowed; write the value out"),
        ("a: !!int 3\n", 1, "a", "tags such as !!int are not allowed; write the value alone"),
        ("a: ! 3\n", 1, "a", "tags such as !!int are not allowed; write the value alone"),
        (
            "a: !!python/object/apply:os.system [x]\n",
            1,
            "a",
            "tags such as !!int are not allowed; write the value alone",
        ),
        ("a: [1, *x]\n", 1, "a", "aliases such as *name are not allowed; write the value out"),
        ("a: [{b: 1}]\n", 1, "a", "a mapping is not allowed here; text with a colon needs quotes"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "a.b", "repeated key (first on line 2)"),
        ("a: {b: {c: *x}}\n", 1, "a.b.c", "aliases such as *name are not allowed; write the value out"),
        ("a: !!map {b: 1}\n", 1, "a", "tags such as !!int are not allowed; write the value alone"),
        ("a: {1: 2}\n", 1, "1", "not a key; a key is text"),
        ("b: 1\n1: 2\n", 2, "1", "not a key; a key is text"),
        ("b: 1\n? [x]\n: 2\n", 2, "?", "not a key; a key is text"),
        ("a: " + "9" * 60_000, 1, "a", "a number of 60000 characters; at most 100 are allowed"),
        ("a: 0x" + "f" * 60_000, 1, "a", "a number of 60002 characters; at most 100 are allowed"),
        ("a: " + "9" * 99 + "e5", 1, "a", "a number of 101 characters; at most 100 are allowed"),
    ],
)
def test_what_concerns_one_key_is_a_mistake_on_its_line(text: str, line: int, key: str, what: str) -> None:
    document = parse(text)
    assert document.mistakes == ((line, key, what),)
    assert parse(f"{text}\nz: 1").values["z"] == 1, "the rest of the file is read on"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "the file is empty; write one `key: value` per line"),
        ("# nothing\n---\n", 1, "the file is empty; write one `key: value` per line"),
        ("\n- a\n", 2, "must be a mapping: one `key: value` per line"),
        ("hello\n", 1, "must be a mapping: one `key: value` per line"),
        ("!!map\na: 1\n", 1, "must be a mapping: one `key: value` per line"),
        ("a: 1\n---\nb: 2\n", 2, "a second document; a file may hold only one"),
        ("a: [[[[[[[[1]]]]]]]]", 1, "nested more than 8 levels deep"),
        ("a: \x07", 1, "the character '\\x07' is not allowed; the file must be plain text"),
        ("a: 1\nb: \ud800", 2, "the character '\\ud800' is not allowed; the file must be plain text"),
        ("a: 1\neta 0.5\n", 2, "not valid YAML: a key without its colon; write `key: value`"),
        ("a: 1\nb: 'x\nc: 3\n", 2, "not valid YAML: the quote that begins here is never closed"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML: a tab; indent with spaces"),
        ("a: @x\n", 1, "not valid YAML: unexpected '@'; text that begins with it needs quotes"),
        (
            "a: 1\nb: [1, 2\nc: 3\n",
            2,
            "not valid YAML: a bracket here is not closed properly; a list is written [784, 30, 10]",
        ),
        (
            "a: b: c\n",
            1,
            "not valid YAML: unexpected `:`; is one missing above, or are quotes around the text?",
        ),
        (
            " a: 1\nb: 2\n",
            2,
            "not valid YAML: every line must be `key: value`, all keys beginning in the same column",
        ),
    ],
)
def test_what_concerns_the_whole_text_is_one_plain_message(text: str, line: int, what: str) -> None:
    assert unreadable(text) == (line, what)


BILLION_LAUGHS = "a0: &a0 [lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
KEYS = [f"k{n}: {n}\n" for n in range(6000)]


@pytest.mark.parametrize(
    "text",
    [
        *(start * 30_000 for start in ("[", "{", "- ", "? ", "&", "*", "!", "|", ">", "'", '"', "%", "\t")),
        *("a: " + part * 15_000 for part in ("[1,", "&a ", "? ", "a: ", "- ", "\n x", "\\", "''")),
        "a: [" + "1," * 30_000 + "]",
        "a: [" + "a: b," * 10_000 + "]",
        "a: " + "x" * 60_000,
        "x" * 60_000 + ": 1",
        "a: \ufeff\ufeff",
        "\ufeff\ufeffa: 1",
        "".join(KEYS)[:60_000],
        "a: 1\n" * 10_000,
        "\n" * 60_000,
        BILLION_LAUGHS,
        "x" * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_hostile_text_is_read_or_refused_within_a_second(text: str) -> None:
    started = time.process_time()
    assert len(refusal(parse, text)) < 200
    assert time.process_time() - started < 1


YAML_LIKE = st.text(
    st.sampled_from("ab01:.,-?*&!|>'\"%@`#[]{}~<=\\ \t\n\r\x85\u2028\ufeffé😀e_x"), max_size=60
)


@settings(max_examples=500, deadline=1000)
@given(st.one_of(YAML_LIKE, st.text(max_size=60)))
@example("a: \x00")
@example("a\r\x85\u2028: @")
def test_any_text_is_read_or_refused(text: str) -> None:
    assert "\n" not in refusal(parse, text)
    assert "\n" not in refusal(parse_value, text)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    YAML_LIKE,
    st.sampled_from(
        ["1e3", "no", "0o7", "0x1", "010", "~", "null", "", "1_000", ".5", ".inf", "a: b", "-", "<<"]
    ),
    st.from_regex(r"[-+]?[0-9._eE+-]{1,8}", fullmatch=True),
)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), SCALARS | st.lists(SCALARS, max_size=5)
    )
)
def test_what_is_written_is_read_back_unchanged(values: dict[str, object]) -> None:
    document = parse(dump(values))
    assert document.mistakes == ()
    assert list(document.values) == list(values)
    assert repr(document.values) == repr(values)


def test_a_text_that_looks_like_something_else_is_quoted_and_the_rest_is_not() -> None:
    values = {
        "a": "1e3",
        "b": "no",
        "c": "010",
        "d": "Ziffern – η",
        "e": (784, 128, 10),
        "f": None,
        "g": 1e-7,
    }
    assert dump(values) == (
        "a: '1e3'\nb: 'no'\nc: '010'\nd: Ziffern – η\ne: [784, 128, 10]\nf: null\ng: 1.0e-07\n"
    )


def test_a_long_text_and_a_repeated_list_are_written_out_on_one_line_each() -> None:
    widths = [1] * 100
    text = dump({"a": "word " * 100, "b": widths, "c": widths})
    assert len(text.splitlines()) == 3
