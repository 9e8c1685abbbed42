"""Wrapped text: prose, and tables on a page or a terminal."""

from __future__ import annotations

import re

import pytest

from nnlab.rendering.formats import render
from nnlab.rendering.pieces import Claim, Column, Table
from nnlab.rendering.terminal import styled_line


def lines_of(*headings: str, width: int = 80) -> list[str]:
    """Return the lines of a table of these headings, each above a cell."""
    return render([Table({heading: Column(["1"]) for heading in headings})], width=width).splitlines()


def test_prose_is_folded_to_the_page_between_words() -> None:
    assert render(["to be or not to be"], width=8) == "to be or\nnot to\nbe\n"
    assert render(["to be or not to be"]) == "to be or not to be\n"
    assert render(["see /a/long/path/of-some-run"], width=8) == "see\n/a/long/path/of-some-run\n"


def test_a_claim_is_folded_below_its_beginning() -> None:
    assert render([Claim("to be or not to be", holds=True)], width=16) == (
        "Claims checked:\n  yes  to be or\n       not to be\n"
    )


def test_headings_that_fit_stay_whole() -> None:
    heading, _, cells = lines_of("epoch", "largest error, away from a jump", "what is left of the cost")
    assert heading == "epoch   largest error, away from a jump   what is left of the cost"
    assert cells.split() == ["1", "1", "1"]


def test_headings_that_do_not_are_folded_into_as_few_lines_as_fit() -> None:
    # 6 words each: four columns of three words a line would be wider than 80, of two words they are not.
    lines = lines_of("epoch", *(f"heading number {number} of four long" for number in range(4)))
    assert len(lines) == 2 + 1 + 1
    assert max(map(len, lines)) <= 80
    more = lines_of("epoch", *(f"heading number {number} of five long" for number in range(5)))
    assert len(more) == 3 + 1 + 1
    assert max(map(len, more)) <= 80


def test_a_table_that_is_too_wide_is_split_and_repeats_its_first_column() -> None:
    lines = lines_of("epoch", *(f"unbreakable-heading-{number}" for number in range(5)))
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line and line[0] not in "1─"] == ["epoch", "epoch"]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("styled", [False, True])
def test_a_table_is_never_wider_than_its_page(width: int, *, styled: bool) -> None:
    table = Table({f"column_{number}": Column(["word " * number, None]) for number in range(1, 12)})
    text = re.sub(r"\x1b\[[0-9;]*m", "", render([table], width=width, styled=styled))
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@pytest.mark.parametrize("length", [50, 60, 70, 73, 76, 100])
def test_a_long_name_in_the_first_column_leaves_room_for_the_values_of_the_others(length: int) -> None:
    name = "q" * length
    table = Table({"run": Column([name]), "eta": Column([0.5]), "status": Column(["finished"])})
    text = render([table], width=80, styled=False)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert text.count("q") % length == 0  # it is repeated where there are several tables
    assert re.search(r"q +0\.5( |$)", text, flags=re.MULTILINE)
    assert re.search(r"(q|0\.5) +finished$", text, flags=re.MULTILINE)
    assert "…" not in text
    assert render([Table({})], width=80) == ""


def test_prose_in_a_table_is_folded_at_80_columns_wherever_it_is_shown() -> None:
    words = "word " * 30
    table = Table({"config": Column(["first", "second"]), "shows": Column([words, "short"], is_prose=True)})
    for text in (render([table]), render([table], width=120)):
        lines = text.splitlines()
        assert max(map(len, lines)) <= 80
        assert [line.split()[0] for line in lines if line[0] not in " ─"] == ["config", "first", "second"]
        assert text.count("word") == 30
    assert render([table], "csv").splitlines()[1] == f"first,{words}"


def test_prose_next_to_wide_columns_is_folded_all_the_same() -> None:
    table = Table(
        {"n": Column([1]), "path": Column(["x" * 90]), "shows": Column(["a b " * 20], is_prose=True)}
    )
    lines = render([table]).splitlines()
    assert lines[1].startswith(f"1  {'x' * 90}  a b ")
    assert {line.strip() for line in lines[2:]} == {"a b a b a b a b a b"}


def test_only_styled_text_has_escape_codes_and_bold_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    table = Table({"n": Column([7, 8], bold_rows=[1])})
    assert "\x1b" not in render([table], width=80)
    styled = render([table], width=80, styled=True)
    assert "\x1b[1m8\x1b[0m" in styled
    assert "\x1b[1m7" not in styled
    assert styled_line("a ", ("b", "bold"), styled=False) == "a b\n"
    assert styled_line("a ", ("b\x1b[2J", "bold"), styled=True) == "a \x1b[1mb\\x1b[2J\x1b[0m\n"
