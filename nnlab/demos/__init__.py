"""The lecture as a laboratory: small programs that show what it says, and check that it is so.

A demo is a generator of what it has to show: text, tables, curves and claims. The command line prints them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.rendering.pieces import Piece

# In the order of the lecture. The program of `slow-learning` is slow_learning.py, and so on.
DEMOS = {
    "neuron": "one neuron: linear regression, the perceptron, and why σ",
    "digits": "the running example: from 784 pixels to a digit",
    "step-function": "one hidden layer equals any step function",
    "symmetric-step": "a second hidden layer folds: 2n steps for the parameters of n",
    "regions": "linear regions of rectifier networks, exponential in the depth",
    "curse": "data needs against dimension: neighbours, SVM, networks",
    "invariance": "the cat in another corner: digits moved, turned and mirrored",
    "xor": "no single layer computes XOR, one hidden layer does",
    "gradient-descent": "the steepest way down, how far to step, and what batches do",
    "early-stopping": "where training and validation cost part, and when to stop",
    "slow-learning": "saturated sigmoid neurons: quadratic cost or cross-entropy",
    "tanh": "tanh is σ rescaled, and lets weights move in both directions",
    "dead-relu": "rectified neurons that get negative input stop learning",
}


def show(name: str, source: Source) -> Iterator[Piece]:
    """Run the demo of that name; MNIST, where it needs it, comes from `source`.

    Raises `DatasetError`, and `NnlabError` for a library that is missing.
    """
    pieces: Iterator[Piece] = import_module(f"nnlab.demos.{name.replace('-', '_')}").demo(source)
    yield from pieces
