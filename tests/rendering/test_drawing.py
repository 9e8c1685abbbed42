"""Curves and pictures, drawn in characters."""

from __future__ import annotations

import numpy as np

from nnlab.rendering.drawing import HEIGHT, WIDTH, draw
from nnlab.rendering.formats import render
from nnlab.rendering.pieces import Curves, Picture


def test_curves_have_their_scale_and_their_legend() -> None:
    lines = draw(Curves("costs", [0, 1, 2], {"falls": [4, 2, 0], "short": [0, 1]}, "epoch")).splitlines()
    assert lines[0] == "costs: * falls   o short"
    assert len(lines) == 1 + HEIGHT + 2
    assert max(map(len, lines)) <= 80
    canvas = [line.split("│")[1].ljust(WIDTH) for line in lines[1 : 1 + HEIGHT]]
    assert (canvas[0][0], canvas[-1][-1], canvas[-1][0]) == ("*", "*", "o")
    columns = ["".join(row[index] for row in canvas) for index in range(WIDTH)]
    assert all(column.count("*") == 1 for column in columns)
    assert ["o" in column for column in columns].count(True) <= WIDTH // 2
    assert [line.split("│")[0].strip() for line in (lines[1], lines[1 + HEIGHT // 2], lines[HEIGHT])] == [
        "4",
        "2",
        "0",
    ]
    assert lines[-1].split() == ["0", "epoch", "2"]


def test_a_flat_curve_can_be_drawn() -> None:
    assert "*" * WIDTH in draw(Curves("flat", [0, 1], {"one": [1, 1]}))


def test_a_picture_has_ink_where_numbers_are_large() -> None:
    image = np.array([[0, 1], [-1, 0.5]])
    assert draw(Picture({"a": image, "b": image})) == " a      b\n  ██     ██\n::▒▒   ::▒▒\n"
    assert draw(Picture({"": image})) == "  ██\n::▒▒\n"


def test_an_empty_picture_can_be_drawn() -> None:
    assert draw(Picture({"": np.zeros((1, 2))})) == "\n"


def test_in_markdown_a_drawing_is_a_block_of_text() -> None:
    picture = Picture({"": np.array([[1.0]])})
    assert render([picture]) == "██\n"
    assert render([picture], "markdown") == "```text\n██\n```\n"
