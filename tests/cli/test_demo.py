"""`nnlab demo`: what it prints, in a pipe, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab import demos
from nnlab.cli.plot import HEIGHT, WIDTH, draw, plot
from nnlab.demos.pieces import Claim, Curves, Picture, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from nnlab.demos.pieces import Piece
    from tests.laboratory import Laboratory


def test_without_a_name_it_lists_all(lab: Laboratory) -> None:
    code, out, _ = lab.call("demo")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 1 + len(demos.DEMOS))
    assert [line.split()[0] for line in lines[1:]] == list(demos.DEMOS)
    assert max(map(len, lines)) <= 80


def test_an_unknown_name_is_told_the_known_ones(lab: Laboratory) -> None:
    code, out, err = lab.call("demo", "boltzmann")
    assert (code, out) == (2, "")
    assert "no demo boltzmann; there are neuron, digits, step-function" in err
    assert (
        lab.call("demo", "step_function").err == "nnlab: no demo step_function; did you mean step-function?\n"
    )


def test_in_a_pipe_it_is_plain_text_that_ends_with_its_claims(lab: Laboratory) -> None:
    code, out, err = lab.nnlab("demo", "xor")
    assert (code, err) == (0, "")
    assert not any(char in out for char in "\x1b\r")
    shown, claims = out.split("\nClaims checked:\n")
    assert "NAND" in shown
    assert "│" in shown
    assert all(line.startswith(("  yes  ", " " * 7)) for line in claims.splitlines())
    assert sum(line.startswith("  yes  ") for line in claims.splitlines()) == 7


def test_without_unicode_it_goes_on(lab: Laboratory) -> None:
    code, out, _ = lab.nnlab("demo", "neuron", PYTHONIOENCODING="ascii")
    assert code == 0
    assert out.isascii()


def test_a_claim_that_fails_ends_in_1(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    def show(*_: object) -> Iterator[Piece]:
        yield Claim("one is one", holds=True)
        yield Claim("one is two", holds=False)

    monkeypatch.setattr(demos, "show", show)
    code, out, err = lab.call("demo", "xor")
    assert code == 1
    assert out.endswith("Claims checked:\n  yes  one is one\n  NO   one is two\n")
    assert err == "nnlab: 1 of the 2 claims of xor did not hold here\n"


def test_a_claim_that_could_not_fail_says_why(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [Claim("one is one", holds=True, certain="by definition"), Claim("one is little", holds=True)]
    monkeypatch.setattr(demos, "show", lambda *_: iter(pieces))
    out = lab.call("demo", "xor").out
    assert out.endswith("Claims checked:\n  yes  one is one (by definition)\n  yes  one is little\n")


def test_text_is_wrapped_at_80_columns_in_a_pipe(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [30 * "word " + "end.", Claim(20 * "claim " + "so", holds=True)]
    monkeypatch.setattr(demos, "show", lambda *_: iter(pieces))
    lines = lab.call("demo", "xor").out.splitlines()
    assert [len(line) for line in lines if "word" in line] == [79, 74]
    assert [len(line) for line in lines if "claim" in line] == [78, 57]


def table(lab: Laboratory, patch: pytest.MonkeyPatch, *headings: str) -> list[str]:
    """Return the lines of a demo's table of these headings, each above a cell."""
    pieces = [Table({heading: ["1"] for heading in headings})]
    patch.setattr(demos, "show", lambda *_: iter(pieces))
    return lab.call("demo", "xor").out.partition("\n\nClaims")[0].splitlines()[1:]


def test_headings_that_fit_stay_whole(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    heading, _, cells = table(
        lab, monkeypatch, "epoch", "largest error, away from a jump", "what is left of the cost"
    )
    assert heading == "epoch   largest error, away from a jump   what is left of the cost"
    assert cells.split() == ["1", "1", "1"]


def test_headings_that_do_not_are_folded_into_as_few_lines_as_fit(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 6 words each: four columns of three words a line would be wider than 80, of two words they are not.
    lines = table(
        lab, monkeypatch, "epoch", *(f"heading number {number} of four long" for number in range(4))
    )
    assert len(lines) == 2 + 1 + 1
    assert max(map(len, lines)) <= 80
    five = (f"heading number {number} of five long" for number in range(5))
    more = table(lab, monkeypatch, "epoch", *five)
    assert len(more) == 3 + 1 + 1
    assert max(map(len, more)) <= 80


def test_a_table_that_is_too_wide_is_told_in_parts(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table(lab, monkeypatch, "epoch", *(f"unbreakable-heading-{number}" for number in range(5)))
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line and line[0] not in "1─"] == ["epoch", "epoch"]


def test_mnist_is_looked_for_where_the_user_says(
    lab: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("data")
    raw = broken / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"broken")
    assert lab.call("demo", "early-stopping", "--data-dir", str(broken), "--offline").code == 4


def test_a_plot_has_its_curves_its_scale_and_its_legend() -> None:
    lines = plot(Curves("costs", [0, 1, 2], {"falls": [4, 2, 0], "short": [0, 1]}, "epoch")).splitlines()
    assert lines[0] == "costs: * falls   o short"
    assert len(lines) == 1 + HEIGHT + 2
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
    assert "*" * WIDTH in plot(Curves("flat", [0, 1], {"one": [1, 1]}))


def test_a_picture_has_ink_where_numbers_are_large() -> None:
    image = np.array([[0, 1], [-1, 0.5]])
    assert draw(Picture({"a": image, "b": image})) == " a      b\n  ██     ██\n::▒▒   ::▒▒\n"
    assert draw(Picture({"": image})) == "  ██\n::▒▒\n"


def test_an_empty_picture_can_be_drawn() -> None:
    assert draw(Picture({"": np.zeros((1, 2))})) == "\n"
