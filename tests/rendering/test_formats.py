"""Each format, tested on small results whose output is written out in full."""

from __future__ import annotations

import csv
import io
import json
from typing import get_args

import numpy as np
import pytest

from nnlab.rendering import Format, formatters
from nnlab.rendering.formats import FORMATS, render
from nnlab.rendering.json_format import json_text
from nnlab.rendering.pieces import Claim, Column, Piece, Table, row_labels

RUNS = Table(
    {
        "run": Column(["tanh-001", "b"]),
        "val_accuracy": Column([0.98204, None], formatters.percent),
        "val_loss": Column([0.0634512, 1.5e-7], formatters.decimals),
        "parameters": Column([79510, 17], formatters.count),
        "weights_sha256": Column(["0123456789abcdef", None], formatters.digest),
        "architecture": Column([[784, 100, 10], [2, 4, 1]]),
    }
)
CLAIMS = [Claim("one is one", holds=True, certain="by definition"), Claim("one is two", holds=False)]
STEERING = "\x1b[31m", "\x9b31m", "\u202e", "\x7f", "a\nb", "a\rb", "\udcff"


def test_every_format_has_its_function() -> None:
    assert set(FORMATS) == set(get_args(Format))


def test_a_plain_table_is_aligned_and_as_wide_as_it_comes() -> None:
    assert render([RUNS]) == (
        "run       val_accuracy   val_loss  parameters  weights_sha256  architecture\n"
        "tanh-001        98.20%     0.0635      79,510  0123456789ab    784-100-10\n"
        "b                       1.500e-07          17                  2-4-1\n"
    )


def test_csv_has_values_to_the_last_digit() -> None:
    assert render([RUNS], "csv") == (
        "run,val_accuracy,val_loss,parameters,weights_sha256,architecture\n"
        "tanh-001,0.98204,0.0634512,79510,0123456789abcdef,784-100-10\n"
        "b,,1.5e-07,17,,2-4-1\n"
    )


def test_json_is_a_list_of_objects() -> None:
    assert render([Table({"run": Column(["a"]), "loss": Column([None], formatters.decimals)})], "json") == (
        '[\n  {\n    "run": "a",\n    "loss": null\n  }\n]\n'
    )
    assert json.loads(render([RUNS], "json"))[0] == {
        "run": "tanh-001",
        "val_accuracy": 0.98204,
        "val_loss": 0.0634512,
        "parameters": 79510,
        "weights_sha256": "0123456789abcdef",
        "architecture": [784, 100, 10],
    }


def test_markdown_is_a_table_as_people_read_it() -> None:
    assert render([RUNS], "markdown") == (
        "| run | val_accuracy | val_loss | parameters | weights_sha256 | architecture |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| tanh-001 | 98.20% | 0.0635 | 79,510 | 0123456789ab | 784-100-10 |\n"
        "| b |  | 1.500e-07 | 17 |  | 2-4-1 |\n"
    )


def test_on_a_page_headings_are_words_and_a_rule_is_below_them() -> None:
    assert render([RUNS], width=80) == (
        "run        val accuracy    val loss   parameters   weights sha256   architecture\n"
        "────────────────────────────────────────────────────────────────────────────────\n"
        "tanh-001         98.20%      0.0635       79,510   0123456789ab     784-100-10\n"
        "b                         1.500e-07           17                    2-4-1\n"
    )


def test_a_blank_line_is_between_pieces_and_none_between_claims() -> None:
    table = Table({"n": Column([1])}, title="What was counted")
    assert render(["First.\nSecond.", table, *CLAIMS]) == (
        "First.\nSecond.\n\nWhat was counted\nn\n1\n\n"
        "Claims checked:\n  yes  one is one (by definition)\n  NO   one is two\n"
    )
    assert render(["a <b>", table, *CLAIMS], "markdown") == (
        "a &lt;b&gt;\n\nWhat was counted\n\n| n |\n| --- |\n| 1 |\n\n"
        "- yes: one is one (by definition)\n- NO: one is two\n"
    )


def test_csv_and_json_hold_the_table_alone() -> None:
    pieces: list[Piece] = ["Prose.", Table({"n": Column([1])}), *CLAIMS]
    assert render(pieces, "csv") == "n\n1\n"
    assert json.loads(render(pieces, "json")) == [{"n": 1}]
    for tables in ([], [RUNS, RUNS]):
        with pytest.raises(ValueError, match="unpack"):
            render(tables, "csv")


def test_an_empty_table_has_its_headings() -> None:
    empty = [Table({"run": Column([]), "eta": Column([])})]
    assert render(empty) == "run  eta\n"
    assert render(empty, width=80) == "run   eta\n─────────\n"
    assert render(empty, "csv") == "run,eta\n"
    assert render(empty, "json") == "[]\n"
    assert render(empty, "markdown") == "| run | eta |\n| --- | --- |\n"


def test_numbers_are_right_aligned_and_all_else_left_aligned() -> None:
    table = Table(
        {
            "epoch": row_labels([1, 10]),
            "number": Column([1, None]),
            "of_numpy": Column([np.float32(1.5), np.float32(10.5)]),
            "mixed": Column([1, "full"]),
            "shown as": Column(["1 of 4", "–"], align="right"),
        }
    )
    assert render([table]) == (
        "epoch  number  of_numpy  mixed  shown as\n"
        "1           1       1.5  1        1 of 4\n"
        "10                 10.5  full          –\n"
    )


def test_none_is_formatted_as_its_column_says() -> None:
    recall = Table({"recall": Column([None, 0.5], formatters.percent, missing="–")})
    assert render([recall]) == "recall\n     –\n50.00%\n"
    assert render([recall], "csv") == 'recall\n""\n0.5\n'


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("hostile", STEERING)
@pytest.mark.parametrize("width", [None, 80])
def test_nothing_steers_a_terminal(form: Format, hostile: str, width: int | None) -> None:
    pieces: list[Piece] = [
        hostile,
        Table({"run": Column([hostile, 1]), "of": Column([[hostile], {hostile: hostile}])}),
    ]
    text = render(pieces, form, width=width)
    assert all(char == "\n" or char.isprintable() for char in text)
    if form == "json":
        assert json.loads(text)[0] == {"run": hostile, "of": [hostile]}


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_cell_of_csv_is_not_a_formula(formula: str) -> None:
    table = Table({formula: Column([formula, [formula], -1, -0.5])})
    cells = [row[0] for row in csv.reader(io.StringIO(render([table], "csv")))]
    assert cells == [f"'{formula}"] * 3 + ["-1", "-0.5"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a|b", r"a\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("http://a.b", "http&#58;//a.b"),
        ("www.a.b @c #1", "www&#46;a.b &#64;c &#35;1"),
        ("[x](y) `z` \\", r"\[x\](y) \`z\` \\"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_cell_of_markdown_is_neither_html_nor_a_link(cell: str, written: str) -> None:
    assert render([Table({"n": Column([cell])})], "markdown").splitlines()[2] == f"| {written} |"


def test_json_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"loss": float("nan")})
