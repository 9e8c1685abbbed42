"""Slow learning: a saturated sigmoid neuron with the quadratic cost, and the remedy, the cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, TOY, run
from nnlab.network import Backpropagation
from nnlab.network.activations import sigmoid, sigmoid_derivative
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels
from nnlab.training import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source

STARTS = ((0.6, 0.9), (2.0, 2.0))  # (w, b)
COSTS = ("quadratic", "cross_entropy")
EPOCHS = 300
SHOWN = (1, 50, 100, 150, 200, 250, 300)


def demo(source: Source) -> Iterator[Piece]:
    """Show a single neuron, then the same effect on MNIST."""
    yield from first_gradients()
    yield from one_neuron(source)
    yield from on_mnist(source)


def neuron(loss: str, w: float, b: float) -> dict[str, Any]:
    """Return the config of a neuron that is to answer x = 1 with y = 0, starting from w and b."""
    return {
        **TOY,
        "dataset": "neuron",
        "architecture": (1, 1),
        "activation": "sigmoid",
        "output": "sigmoid",
        "loss": loss,
        "eta": 0.15,
        "epochs": EPOCHS,
        "start": {"weights": (((w,),),), "biases": ((b,),)},
    }


def first_gradients() -> Iterator[Piece]:
    """Compare backpropagation with equations (10), (15) and (16) at the two starting points."""
    rows, agree = [], {}
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    for loss in COSTS:
        for w, b in STARTS:
            backpropagation = Backpropagation(start(Experiment(**neuron(loss, w, b))).network, 1)
            backpropagation(one, zero)
            a = sigmoid(np.array([w + b]))
            # ∂C/∂w = ∂C/∂b, since x = 1.
            formula = a * sigmoid_derivative(a) if loss == "quadratic" else a
            found = backpropagation.gradient
            agree[loss, w] = np.allclose(found, formula, rtol=1e-12)
            rows.append((loss.replace("_", "-"), f"{w}, {b}", a[0], found[0], formula[0]))
    yield (
        "One sigmoid neuron is to answer x = 1 with y = 0. It starts from w = 0.6, b = 0.9, or from w = b = "
        "2, where it is saturated. Its first gradients, ∂C/∂w = ∂C/∂b, by backpropagation and by the "
        "formulas: a σ'(z), equation (10), for the quadratic cost, and a − y, (15) and (16), for the "
        "cross-entropy:"
    )
    costs, starts, outputs, gradients, formulas = zip(*rows, strict=True)
    yield Table(
        {
            "cost": Column(costs),
            "w, b": Column(starts, align="right"),
            "a": Column(outputs, "{:.4f}".format),
            "backpropagation": Column(gradients, "{:.5f}".format),
            "formula": Column(formulas, "{:.5f}".format),
        }
    )
    yield Claim(
        "the quadratic cost's first gradient is a σ'(z), (10)",
        all(agree["quadratic", w] for w, _ in STARTS),
        "a theorem",
    )
    yield Claim(
        "the cross-entropy's is σ(z) − y, (15), (16): σ'(z) is gone",
        all(agree["cross_entropy", w] for w, _ in STARTS),
        "a theorem",
    )


def one_neuron(source: Source) -> Iterator[Piece]:
    """Train from both starting points with both costs; draw the costs."""
    runs = {(loss, w): run(source, **neuron(loss, w, b)) for loss in COSTS for w, b in STARTS}
    costs = {key: [epoch.val_loss for epoch in epochs] for key, (epochs, _) in runs.items()}
    outputs = {
        key: float(sigmoid(state.network.parameters.sum(keepdims=True))[0])
        for key, (_, state) in runs.items()
    }
    yield "Gradient descent, η = 0.15 (`nnlab train neuron`):"
    for loss in COSTS:
        yield Curves(
            f"cost ({loss.replace('_', '-')})",
            range(1, EPOCHS + 1),
            {f"from {w}, {b}": costs[loss, w] for w, b in STARTS},
            "epoch",
        )
    yield Table(
        {
            "epoch": row_labels(SHOWN),
            **{
                f"{loss.replace('_', '-')} from {w}, {b}": Column(
                    [costs[loss, w][epoch - 1] for epoch in SHOWN], "{:.4f}".format
                )
                for loss in COSTS
                for w, b in STARTS
            },
        }
    )
    slow, fast = costs["quadratic", 2.0], costs["cross_entropy", 2.0]
    yield Claim(
        "quadratic cost, from (2, 2): after 100 of 300 epochs the cost has fallen by less than a tenth",
        slow[99] > 0.9 * slow[0],
    )
    yield Claim(
        "quadratic cost, from (0.6, 0.9): after 100 epochs it has fallen by more than nine tenths",
        costs["quadratic", 0.6][99] < 0.1 * costs["quadratic", 0.6][0],
    )
    yield Claim(
        "cross-entropy, from (2, 2): after 100 epochs it has fallen by more than 98%",
        fast[99] < 0.02 * fast[0],
    )
    yield Claim("all four learn in the end: the output falls below 0.25", max(outputs.values()) < 0.25)


def on_mnist(source: Source) -> Iterator[Piece]:
    """Repeat this on 5,000 images, from large and from small starting weights."""
    keys = MNIST | {"architecture": (784, 100, 10), "output": "sigmoid", "eta": 0.5, "epochs": 5}
    accuracies = {
        (spread, loss): [
            epoch.val_accuracy or 0
            for epoch in run(source, **keys | {"loss": loss, "initialisation": spread})[0]
        ]
        for spread in ("standard_normal", "auto")
        for loss in COSTS
    }
    yield (
        "The same on MNIST: 5,000 images, 100 hidden sigmoid neurons, accuracy on 2,000 others, with large "
        "starting weights (standard normal) and with small ones (for all of MNIST: "
        "`nnlab train mnist_sigmoid_quadratic` and `mnist_sigmoid_cross_entropy`):"
    )
    yield Table(
        {
            "epoch": row_labels(range(1, 6)),
            **{
                f"{loss.replace('_', '-')}, {'large' if spread == 'standard_normal' else 'small'}": Column(
                    shares, "{:.1%}".format
                )
                for (spread, loss), shares in accuracies.items()
            },
        }
    )
    large = {loss: accuracies["standard_normal", loss] for loss in COSTS}
    small = {loss: accuracies["auto", loss] for loss in COSTS}
    yield Claim(
        "from large weights, one epoch of the cross-entropy beats five of the quadratic cost",
        large["cross_entropy"][0] > large["quadratic"][-1],
    )
    yield Claim(
        "small weights help: with them, the quadratic cost is over 30 points better after five epochs",
        small["quadratic"][-1] > large["quadratic"][-1] + 0.3,
    )
