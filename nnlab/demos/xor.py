"""XOR: no single layer computes it, but one hidden layer does, and training finds such a network."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from nnlab.demos.by_hand import Layer, forward, layer
from nnlab.demos.experiments import TOY, run
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source

POINTS = np.array(list(product([0, 1], repeat=2)), float)  # one example per row
XOR = np.array([0, 1, 1, 0])
SEEDS = range(10)
BITS = 8  # a power of 2
# A layer with OR and NAND, and a neuron that is AND of both.
WITH_STEPS = [layer("step", [[1, 1], [-1, -1]], [-0.5, 1.5]), layer("step", [[1, 1]], [-1.5])]
# The solution in chapter 6.1 of "Deep Learning" (Goodfellow, Bengio, Courville).
WITH_RECTIFIERS = [layer("relu", [[1, 1], [1, 1]], [0, -1]), layer("identity", [[1, -2]], [0])]
TRAINED = {
    **TOY,
    "dataset": "xor",
    "activation": "tanh",
    "output": "sigmoid",
    "loss": "cross_entropy",
    "eta": 4.0,
    "epochs": 200,
}


def demo(source: Source) -> Iterator[Piece]:
    """Try XOR without a hidden layer, with one built by hand, with several, and with a trained one."""
    yield from one_layer()
    yield from by_hand()
    yield from layer_by_layer()
    yield from trained(source)


def one_layer() -> Iterator[Piece]:
    """Enumerate the labellings of the four points by a perceptron: XOR is not among them."""
    # Small weights and half-integer biases give every possible labelling, because it only matters on which
    # side of the line each point is.
    grid = [(*w, b / 2) for *w, b in product(range(-3, 4), range(-3, 4), range(-13, 14, 2))]
    weights = np.array(grid)
    labels = weights[:, :2] @ POINTS.T + weights[:, 2:] >= 0
    labellings = {tuple(map(int, row)) for row in labels}
    right = (labels == XOR).sum(axis=1)
    yield (
        "XOR is 1 if exactly one of its two inputs is 1, and 0 otherwise. A single perceptron "
        "step(w₁x₁ + w₂x₂ + b) would need b < 0, w₁ + b ≥ 0, w₂ + b ≥ 0 and w₁ + w₂ + b < 0; but the second "
        "and third add up to w₁ + w₂ + b ≥ −b > 0. "
        f"{len(grid):,} perceptrons on a grid of weights give {len(labellings)} of the 16 functions of two "
        f"inputs; the best at XOR gets {right.max()} of 4 right. "
        "The two that are missing are XOR and its negation."
    )
    every = set(product([0, 1], repeat=4))
    yield Claim(
        "a single perceptron computes all functions of two inputs except XOR and its negation",
        every - labellings == {(0, 1, 1, 0), (1, 0, 0, 1)},
        "a theorem",
    )
    yield Claim("the best that a single perceptron can do at XOR is 3 of 4", right.max() == 3, "a theorem")


def by_hand() -> Iterator[Piece]:
    """Build XOR with two neurons in a hidden layer."""
    hidden = forward(POINTS.T, WITH_STEPS[:1])
    with_steps, with_rectifiers = (forward(POINTS.T, layers)[0] for layers in (WITH_STEPS, WITH_RECTIFIERS))
    yield "Built by hand, with a hidden layer of two neurons: XOR = (OR) AND (NAND)."
    yield Table(
        {
            "x": row_labels([f"({x:.0f}, {y:.0f})" for x, y in POINTS]),
            "OR": Column(hidden[0], "{:.0f}".format),
            "NAND": Column(hidden[1], "{:.0f}".format),
            "XOR": Column(with_steps, "{:.0f}".format),
            "relu(x₁+x₂) − 2 relu(x₁+x₂−1)": Column(with_rectifiers, "{:.0f}".format),
        }
    )
    yield Claim(
        "one hidden layer of two step neurons computes XOR exactly",
        with_steps.tolist() == XOR.tolist(),
        "by construction",
    )
    yield Claim(
        "so does a hidden layer of two rectified neurons",
        with_rectifiers.tolist() == XOR.tolist(),
        "by construction",
    )


def parity_layers(bits: int) -> list[Layer]:
    """Return the network that halves its `bits` inputs, by XOR of neighbours, until one output is left."""
    layers = []
    while bits > 1:
        bits //= 2
        layers += [  # the same small network for each pair
            Layer("step", np.kron(np.eye(bits), xor.weights), np.tile(xor.biases, bits)) for xor in WITH_STEPS
        ]
    return layers


def layer_by_layer() -> Iterator[Piece]:
    """Decompose a task, parity, into subtasks, one per layer."""
    inputs = np.array(list(product([0, 1], repeat=BITS)), float)
    layers = parity_layers(BITS)
    parts = [forward(inputs.T, layers[: 2 * level]) for level in range(1, len(layers) // 2 + 1)]
    yield (
        "A face is recognised by its eyes, nose and mouth, and an eye by its own parts. Parity can be taken "
        f"apart in the same way, layer by layer: is the number of ones among {BITS} bits odd? Two layers "
        "(OR, NAND; then AND) answer that for each pair of bits, the next two, from these answers, for each "
        "group of four, and the last two for all. Built by hand:"
    )
    shown = (0b00000001, 0b01100001, 0b11010011, 0b11111111)
    yield Table(
        {
            "bits": row_labels(
                [" ".join(f"{number:0{BITS}b}"[at : at + 2] for at in range(0, BITS, 2)) for number in shown]
            ),
            **{
                f"odd in {2 ** (level + 1)}s": Column(
                    [" ".join(f"{a:.0f}" for a in part[:, number]) for number in shown], align="right"
                )
                for level, part in enumerate(parts)
            },
        }
    )
    odd = [inputs.reshape(len(inputs), -1, 2 ** (level + 1)).sum(axis=2).T % 2 for level in range(len(parts))]
    yield Claim(
        f"each layer does its subtask, and together they do the task, for each of the {len(inputs)} inputs",
        all(np.array_equal(part, truth) for part, truth in zip(parts, odd, strict=True)),
        "by construction",
    )


def trained(source: Source) -> Iterator[Piece]:
    """Train from random weights, without and with the hidden layer."""
    without = [run(source, **TRAINED | {"architecture": (2, 1), "seed": seed})[0] for seed in SEEDS]
    with_one = [run(source, **TRAINED | {"architecture": (2, 4, 1), "seed": seed})[0] for seed in SEEDS]
    best = [max(epoch.val_accuracy or 0 for epoch in epochs) for epochs in without]
    last = [epochs[-1].val_accuracy or 0 for epochs in with_one]
    yield "Trained from random weights, cross-entropy, η = 4, 200 epochs (`nnlab train xor`):"
    yield Table(
        {
            "seed": row_labels(SEEDS),
            "right without hidden layer, at best": Column(
                [share * 4 for share in best], "{:.0f} of 4".format
            ),
            "right with 4 tanh neurons": Column([share * 4 for share in last], "{:.0f} of 4".format),
            "their cost": Column([epochs[-1].val_loss for epochs in with_one], "{:.4f}".format),
        }
    )
    yield Curves(
        "cost, seed 0",
        range(1, 201),
        {
            "no hidden layer": [epoch.val_loss for epoch in without[0]],
            "4 hidden neurons": [epoch.val_loss for epoch in with_one[0]],
        },
        "epoch",
    )
    yield Claim("trained without a hidden layer, no network gets all four right", max(best) < 1, "a theorem")
    yield Claim("trained with one, all ten networks do", min(last) == 1)
