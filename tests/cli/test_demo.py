"""`nnlab demo`: its output, also in a pipe, and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlab import demos
from nnlab.rendering.pieces import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from nnlab.rendering.pieces import Piece
    from tests.laboratory import Laboratory


def test_without_a_name_it_lists_all(lab: Laboratory) -> None:
    code, out, _ = lab.call("demo")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 1 + len(demos.DEMOS))
    assert [line.split()[0] for line in lines[1:]] == list(demos.DEMOS)
    assert max(map(len, lines)) <= 80


def test_an_unknown_name_gets_the_known_ones(lab: Laboratory) -> None:
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


def test_mnist_is_looked_for_where_the_user_says(
    lab: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("data")
    raw = broken / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"broken")
    assert lab.call("demo", "early-stopping", "--data-dir", str(broken), "--offline").code == 4
