"""Linear regions of rectifier networks, counted exactly on a line, and with a grid of points on a plane."""

from __future__ import annotations

from itertools import product
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np

from nnlab.demos.by_hand import Layer, fold_layers, forward
from nnlab.rendering import formatters
from nnlab.rendering.pieces import Claim, Column, Piece, Table, row_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnlab.datasets import Source
    from nnlab.network import Array

SHAPES = list(product((2, 4, 8), (1, 2, 3, 4)))  # width, depth
DRAWS = 20
SIDE = 1000  # points along a side of the square
HORIZON = 1e6  # regions of a line are counted between −HORIZON and HORIZON


def demo(_: Source) -> Iterator[Piece]:
    """Show random networks, then one that folds as often as possible, then the plane."""
    yield (
        "A network of rectified neurons is linear wherever none of them switches on or off. The pieces of a "
        "line, or of a plane, on which it is linear are its regions: each can be given its own label. Width "
        "is the number of neurons in a hidden layer, depth the number of hidden layers; for historical "
        "reasons, a network is called deep from nine hidden layers on."
    )
    yield from on_a_line()
    yield from folding()
    yield from on_a_plane()


def kinks(layers: Sequence[Layer]) -> Array:
    """Return the points of the line at which a neuron of a rectifier network switches on or off, sorted.

    They are exact: on each piece of the line, the input of a neuron is linear and changes sign at most once.
    """
    ends = np.array([-HORIZON, HORIZON])
    for depth, each in enumerate(layers):
        z = each.weights @ forward(ends[np.newaxis], layers[:depth]) + each.biases[:, np.newaxis]
        left, right = z[:, :-1], z[:, 1:]
        crosses = (left < 0) != (right < 0)
        share = left[crosses] / (left - right)[crosses]
        begin, length = (np.broadcast_to(part, left.shape)[crosses] for part in (ends[:-1], np.diff(ends)))
        ends = np.unique(np.concatenate([ends, begin + share * length]))
    return ends[1:-1]


def number_of_pieces(layers: Sequence[Layer], low: float = 0, high: float = 1) -> int:
    """Return the number of linear pieces of the output on [low, high]; a kink counts if the slope changes."""
    inside = kinks(layers)
    inside = inside[(inside > low + 1e-9) & (inside < high - 1e-9)]
    ends = np.concatenate([[low], inside, [high]])
    middles, reach = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 4
    y_left, y_right = (forward((middles + way * reach)[np.newaxis], layers) for way in (-1, 1))
    slopes = (y_right - y_left) / (2 * reach)
    changes = (np.abs(np.diff(slopes)) > 1e-6 * np.abs(slopes).max()).any(axis=0)
    return 1 + int(changes.sum())


def bound(widths: Sequence[int], inputs: int) -> int:
    """Return Montúfar's number, ∏_{i<L} ⌊n_i / n_0⌋^{n_0} · Σ_{j≤n_0} C(n_L, j) (Montúfar et al. 2014).

    The best network of these widths has at least that many regions.
    """
    *hidden, last = widths
    folds: int = prod((n // inputs) ** inputs for n in hidden)
    return folds * sum(comb(last, j) for j in range(inputs + 1))


def random_network(width: int, depth: int, inputs: int, rng: np.random.Generator) -> list[Layer]:
    """Return hidden layers with He's random weights and standard normal biases."""
    fan_in = [inputs] + [width] * (depth - 1)
    return [
        Layer("relu", rng.normal(0, np.sqrt(2 / n), (width, n)), rng.standard_normal(width)) for n in fan_in
    ]


def folding_layers(width: int, depth: int) -> list[Layer]:
    """Return the network of `depth` hidden layers, each of which folds [0, 1] into `width` pieces.

    The neuron that adds up a zigzag is linear, and so becomes part of the weights of the next layer.
    """
    rise, total = fold_layers(width)
    deeper = Layer("relu", rise.weights @ total.weights, rise.biases)
    # The last layer need not fold, but its kinks have to be within (0, 1). Its first neuron is mirrored, so
    # that some neuron is on at either end: otherwise the pieces of two folds would merge into one there.
    way = np.where(np.arange(width) == 0, -1.0, 1.0)
    t = (np.arange(width) + 0.5) / width
    last = Layer("relu", way[:, np.newaxis] @ (total.weights if depth > 1 else np.ones((1, 1))), -way * t)
    return [rise, *[deeper] * (depth - 2), last][-depth:]


def on_a_line() -> Iterator[Piece]:
    """Compare random networks with the folding one and with Montúfar's bound."""
    rng = np.random.default_rng(0)
    random, best = {}, {}
    for width, depth in SHAPES:
        random[width, depth] = [1 + len(kinks(random_network(width, depth, 1, rng))) for _ in range(DRAWS)]
        network = folding_layers(width, depth)
        best[width, depth] = number_of_pieces(network)
    yield "On a line, counted exactly: networks with random weights (20 per shape), and one built to fold."
    yield Table(
        {
            "width": row_labels([width for width, _ in SHAPES]),
            "depth": Column([depth for _, depth in SHAPES]),
            "random, median": Column([np.median(random[shape]) for shape in SHAPES], "{:.0f}".format),
            "random, most": Column([max(random[shape]) for shape in SHAPES]),
            "folding on [0, 1]": Column([best[shape] for shape in SHAPES], formatters.count),
            "Montúfar's bound": Column(
                [bound([width] * depth, 1) for width, depth in SHAPES], formatters.count
            ),
            "one layer of all neurons": Column([width * depth + 1 for width, depth in SHAPES]),
        }
    )
    yield (
        "Montúfar's number, (3), is a lower bound for the best network of a shape: there is one with "
        "at least that many regions. It is not a bound for the others, and random ones with several layers "
        "are far below it."
    )
    yield Claim(
        "the folding network reaches Montúfar's bound n^(l−1) (n + 1), exponential in the depth l",
        all(best[width, depth] == bound([width] * depth, 1) for width, depth in SHAPES),
        "by construction",
    )
    yield Claim(
        "no random network of one layer has more than n + 1 regions",
        all(max(random[shape]) <= shape[0] + 1 for shape in SHAPES if shape[1] == 1),
        "a theorem",
    )
    yield Claim(
        "random networks have more regions at depth 4 than at 1, and at width 8 than at 2 (medians)",
        all(
            np.median(random[width, 4]) > np.median(random[width, 1])
            and np.median(random[8, depth]) > np.median(random[2, depth])
            for width, depth in SHAPES
        ),
    )


def folding() -> Iterator[Piece]:
    """Count the pieces of l layers of two neurons, 2^l, and of as many neurons in one layer, 2l + 1."""
    depths = range(1, 13)
    deep, shallow = [], []
    for depth in depths:
        tents = [each for _ in range(depth) for each in fold_layers(2)]
        deep.append(number_of_pieces(tents))
        one = [Layer("relu", np.ones((2 * depth, 1)), -np.arange(2.0 * depth))]
        shallow.append(number_of_pieces(one, -1, 2 * depth))
    yield (
        "Two neurons per layer fold [0, 1] in two, and the next layer folds the result. One layer has "
        "at most one kink per neuron:"
    )
    yield Table(
        {
            "layers l": row_labels(depths),
            "neurons": Column([2 * depth for depth in depths]),
            "pieces of [0, 1]": Column(deep, formatters.count),
            "one layer of as many neurons": Column(shallow),
        }
    )
    yield Claim(
        "l layers of two neurons reach 2^l pieces",
        deep == [2**depth for depth in depths],
        "by construction",
    )
    yield Claim(
        "one layer of 2l neurons whose kinks are all apart has 2l + 1",
        shallow == [2 * depth + 1 for depth in depths],
        "by construction",
    )
    yield Claim(
        "deep networks, of nine or more layers, have over 25 times as many pieces from as many neurons",
        all(many > 25 * few for many, few in list(zip(deep, shallow, strict=True))[8:]),
        "by construction",
    )


def on_a_plane() -> Iterator[Piece]:
    """Count the regions of the plane that a fine grid of points meets."""
    rng = np.random.default_rng(1)
    ticks = np.linspace(-4, 4, SIDE)
    plane = np.stack(np.meshgrid(ticks, ticks)).reshape(2, -1)
    shapes = [(width, depth) for width in (4, 8) for depth in (1, 2, 3)]
    counted = {}
    for width, depth in shapes:
        x: Array = plane
        patterns = np.zeros(plane.shape[1], np.uint64)
        for each in random_network(width, depth, 2, rng):
            x = each(x)
            for neuron in x:
                patterns = patterns * np.uint64(2) + (neuron > 0).astype(np.uint64)
        counted[width, depth] = len(np.unique(patterns))
    yield (
        f"On a plane: the number of patterns of active neurons that {SIDE} × {SIDE} points of a square meet, "
        "with random weights."
    )
    yield Table(
        {
            "width": row_labels([width for width, _ in shapes]),
            "depth": Column([depth for _, depth in shapes]),
            "regions met": Column([counted[shape] for shape in shapes]),
            "Montúfar's bound": Column(
                [bound([width] * depth, 2) for width, depth in shapes], formatters.count
            ),
        }
    )
    yield Claim(
        "one layer of n neurons cuts the plane into at most 1 + n + n(n − 1)/2 regions",
        all(counted[width, 1] <= bound([width], 2) for width in (4, 8)),
        "a theorem",
    )
    yield Claim(
        "each further layer cuts them into more",
        all(counted[width, depth] < counted[width, depth + 1] for width in (4, 8) for depth in (1, 2)),
    )
