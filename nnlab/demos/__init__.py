"""Demos: small programs that show what the lecture says, and check it.

A demo is a generator of pieces: text, tables, curves and claims. The command line prints them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Piece

# They are in the order of the lecture. The program of `slow-learning` is slow_learning.py, and so on.
DEMOS = {
    "neuron": "one neuron: linear regression, the perceptron, and σ",
    "digits": "the running example: from 784 pixels to a digit",
    "step-function": "one hidden layer computes any step function",
    "symmetric-step": "a second hidden layer folds: 2n steps with the parameters of n",
    "regions": "linear regions of rectifier networks: exponential in depth",
    "curse": "how much data more dimensions need: neighbours, SVM, networks",
    "invariance": "the cat in another corner: digits moved, rotated and mirrored",
    "xor": "no single layer computes XOR, but one hidden layer does",
    "gradient-descent": "the steepest descent, the size of a step, and the effect of batches",
    "early-stopping": "where training and validation cost diverge, and when to stop",
    "slow-learning": "saturated sigmoid neurons: quadratic cost or cross-entropy",
    "tanh": "tanh is σ rescaled, and lets weights move in both directions",
    "dead-relu": "rectified neurons whose input is negative stop learning",
}


def show(name: str, source: Source) -> Iterator[Piece]:
    """Yield the pieces of a demo, which may load MNIST from `source`.

    Raises `DatasetError`, and `NnlabError` for a missing library.
    """
    pieces: Iterator[Piece] = import_module(f"nnlab.demos.{name.replace('-', '_')}").demo(source)
    yield from pieces
