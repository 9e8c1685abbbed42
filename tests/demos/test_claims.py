"""Every claim of every demo holds, and so do unit tests of the parts of the demos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import nnlab.demos
from nnlab.cli import main
from nnlab.datasets import Source
from nnlab.datasets.toys import jumps
from nnlab.demos import DEMOS, show
from nnlab.demos.by_hand import (
    Layer,
    fold_layers,
    forward,
    layer,
    number_of_parameters,
    steps_layer,
    sum_layer,
)
from nnlab.demos.curse import folding_steps
from nnlab.demos.invariance import CORNERS, centred, mirrored, placed, rotated
from nnlab.demos.regions import bound, kinks, number_of_pieces
from nnlab.demos.xor import parity_layers
from nnlab.rendering.pieces import Claim, Curves, Table

if TYPE_CHECKING:
    from nnlab.network import Array


@pytest.mark.parametrize("name", DEMOS)
def test_every_claim_of_a_demo_holds(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with threadpool_limits(1, user_api="blas"):
        pieces = list(show(name, Source(offline=True)))
    claims = [piece for piece in pieces if isinstance(piece, Claim)]
    assert len(claims) >= 2
    assert [claim.text for claim in claims if not claim.holds] == []
    assert len({claim.text for claim in claims}) == len(claims)
    assert any(not claim.certain for claim in claims) or name == "symmetric-step"
    for table in (piece for piece in pieces if isinstance(piece, Table)):
        assert len({len(column.values) for column in table.columns.values()}) == 1
    for drawing in (piece for piece in pieces if isinstance(piece, Curves)):
        assert all(2 <= len(curve) <= len(drawing.x) for curve in drawing.curves.values())
    # What the command line makes of the pieces is looked at here, too: they are dear to compute.
    monkeypatch.setattr(nnlab.demos, "show", lambda *_: iter(pieces))
    monkeypatch.setattr(sys, "argv", ["nnlab", "demo", name])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert not exit_.value.code
    printed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  yes  ") for line in printed)
    assert [line for line in printed if len(line) > 80] == []


def test_every_demo_has_a_program_of_its_name() -> None:
    folder = Path(nnlab.demos.__file__).parent
    parts = {"__init__", "by_hand", "experiments"}
    assert {path.stem for path in folder.glob("*.py")} - parts == {name.replace("-", "_") for name in DEMOS}


def test_feeding_is_the_formula_layer_by_layer() -> None:
    layers = [layer("relu", [[1, -2], [0, 1], [3, 0]], [0.5, -1, 0]), layer("step", [[1, 1, -1]], [0])]
    x = np.array([[1.0, 2.0], [0.25, 3.0]])
    expected = []
    for sample in x.T:
        hidden = [max(0.0, sample[0] - 2 * sample[1] + 0.5), max(0.0, sample[1] - 1), max(0.0, 3 * sample[0])]
        expected.append(float(hidden[0] + hidden[1] - hidden[2] >= 0))
    np.testing.assert_array_equal(forward(x, layers), [expected])
    assert number_of_parameters(layers) == 6 + 3 + 3 + 1


def test_a_layer_of_steps_and_its_sum_are_a_staircase() -> None:
    stairs = [steps_layer(np.array([0.25, 0.5])), sum_layer(np.array([1.0, 2.0]), 4.0)]
    np.testing.assert_array_equal(forward(np.array([[0, 0.25, 0.4, 0.5, 1]]), stairs), [[4, 5, 5, 7, 7]])


@pytest.mark.parametrize("folds", [1, 2, 3, 5])
def test_folding_lays_the_pieces_over_one_another(folds: int) -> None:
    x = np.linspace(0, 1, 1001)
    triangle = np.abs((x * folds + 1) % 2 - 1)
    np.testing.assert_allclose(forward(x[np.newaxis], fold_layers(folds))[0], triangle, atol=1e-12)
    assert number_of_parameters(fold_layers(folds)) == 3 * folds + 1


def test_kinks_are_found() -> None:
    first = layer("relu", [[1], [1]], [-1, -2])  # kinks at 1 and 2
    second = layer("relu", [[1, 0]], [-4])  # switches where x − 1 = 4
    assert kinks([first]) == pytest.approx([1, 2])
    assert kinks([first, second]) == pytest.approx([1, 2, 5])
    # The second neuron's kink does not reach the output.
    assert number_of_pieces([first, second], 0, 10) == 2


def test_kinks_of_a_random_network_are_those_that_a_fine_grid_sees() -> None:
    rng = np.random.default_rng(3)
    layers = [Layer("relu", rng.normal(size=(5, n)), rng.normal(size=5)) for n in (1, 5, 5)]
    x = np.linspace(-20, 20, 400_001)
    patterns = np.concatenate([forward(x[np.newaxis], layers[: depth + 1]) > 0 for depth in range(3)])
    seen = np.flatnonzero((patterns[:, 1:] != patterns[:, :-1]).any(axis=0))
    found = kinks(layers)
    found = found[np.abs(found) < 20]
    assert len(found) == len(seen)
    np.testing.assert_allclose(found, x[seen], atol=2e-4)


def test_montufars_bound_by_hand() -> None:
    assert bound([4], 1) == 5
    assert bound([4, 4], 1) == 4 * 5
    assert bound([4, 4], 2) == 2**2 * (1 + 4 + 6)
    assert bound([5, 3, 4], 2) == 2**2 * 1**2 * (1 + 4 + 6)


def test_jumps_divide_the_interval_evenly() -> None:
    np.testing.assert_allclose(jumps(3), [0.25, 0.5, 0.75])


def test_parity_is_made_of_xors_of_pairs() -> None:
    layers = parity_layers(4)
    assert [each.weights.shape for each in layers] == [(4, 4), (2, 4), (2, 2), (1, 2)]
    x = np.array([[0, 0, 0, 1], [1, 0, 1, 1], [1, 1, 0, 0], [1, 0, 0, 1]], float)
    assert forward(x.T, layers)[0].tolist() == [1, 1, 0, 0]


def test_a_network_folds_and_steps_midway_between_examples_that_differ() -> None:
    # |2x − 1| is 0.2, 0.4 and 0.8: it steps at 0.3, on both sides of the middle, and nowhere else.
    network = folding_steps(np.array([0.6, 0.3, 0.9]), np.array([2, 5, 5]))
    x = np.array([0.0, 0.34, 0.36, 0.5, 0.64, 0.66, 1.0])
    assert forward(x[np.newaxis], network)[0].tolist() == [5, 5, 2, 2, 2, 5, 5]


def one_pixel(row: int, column: int) -> Array:
    image = np.zeros((28, 28), np.float32)
    image[row, column] = 1
    return image.reshape(1, -1)


def test_an_image_is_rotated_anticlockwise_and_mirrored() -> None:
    right_of_the_middle = one_pixel(13, 20)
    np.testing.assert_allclose(rotated(right_of_the_middle, 0), right_of_the_middle)
    np.testing.assert_allclose(rotated(right_of_the_middle, 90), one_pixel(7, 13), atol=1e-6)
    np.testing.assert_allclose(rotated(right_of_the_middle, 180), one_pixel(14, 7), atol=1e-6)
    np.testing.assert_array_equal(mirrored(right_of_the_middle), one_pixel(13, 7))


@pytest.mark.parametrize("corner", CORNERS)
def test_an_image_is_centred_from_any_corner(corner: str) -> None:
    small = np.random.default_rng(0).random((5, 14, 14), np.float32)
    images = placed(small, corner)
    assert np.count_nonzero(images) == small.size
    np.testing.assert_array_equal(centred(images), centred(placed(small, "upper left")))
    ink = centred(images).reshape(-1, 28, 28)
    for axis in (1, 2):
        middle = ink.sum(axis=axis) @ np.arange(28) / ink.sum(axis=(1, 2))
        assert np.abs(middle - 13.5).max() <= 0.501
