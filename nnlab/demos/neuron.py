"""One neuron: linear regression, the perceptron, and why σ replaces the step."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.by_hand import forward, layer
from nnlab.demos.experiments import TOY, run
from nnlab.network.activations import sigmoid, step
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels
from nnlab.training import load_splits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

LINE = {
    **TOY,
    "dataset": "line",
    "architecture": (1, 1),
    "activation": "identity",
    "output": "identity",
    "loss": "quadratic",
    "eta": 0.5,
    "epochs": 200,
}
GATES = {"AND": ([1, 1], -1.5), "OR": ([1, 1], -0.5), "NAND": ([-1, -1], 1.5)}
TRUTH = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NAND": [1, 1, 1, 0]}
INPUTS = np.array(list(product([0, 1], repeat=2)), float)  # one example per row
RANDOM = 1000


def demo(source: Source) -> Iterator[Piece]:
    """Show the neuron a(wᵀx + b) with a = identity, step and σ."""
    yield "A neuron computes a(wᵀx + b). Its activation a decides what kind of neuron it is."
    yield from linear_regression(source)
    yield from perceptron()
    yield from smoothed_step()
    yield from training_a_step()


def linear_regression(source: Source) -> Iterator[Piece]:
    """Fit the least-squares line by gradient descent, with a = identity and the quadratic cost."""
    _, state = run(source, **LINE)
    training, _ = load_splits(Experiment(**LINE), source)
    w, b = state.network.parameters
    slope, intercept = np.polyfit(training.inputs[:, 0], training.labels[:, 0], 1)
    yield "a = identity: linear regression. 100 noisy examples of y = 2x − 1, quadratic cost:"
    yield Table(
        {
            "": Column(["trained neuron", "least squares in closed form"]),
            "w": Column([w, slope], "{:.6f}".format),
            "b": Column([b, intercept], "{:.6f}".format),
        }
    )
    found = np.allclose([w, b], [slope, intercept], rtol=0, atol=1e-6)
    yield Claim("a trained neuron with the identity does linear regression: w and b agree to 1e-6", found)


def perceptron() -> Iterator[Piece]:
    """Build AND, OR and NAND by hand, with a = step."""
    yield (
        "a = step: the perceptron, step(w₁x₁ + w₂x₂ + b). Three logical functions, built by hand: "
        + ", ".join(f"{name} with w₁ = w₂ = {w[0]}, b = {b}" for name, (w, b) in GATES.items()).replace(
            "-", "−"
        )
        + "."
    )
    outputs = {name: forward(INPUTS.T, [layer("step", [w], [b])])[0] for name, (w, b) in GATES.items()}
    yield Table(
        {
            "x": Column([f"({x:.0f}, {y:.0f})" for x, y in INPUTS]),
            **{name: Column(y.tolist(), "{:.0f}".format) for name, y in outputs.items()},
        }
    )
    for name in GATES:
        yield Claim(f"a perceptron computes {name}", outputs[name].tolist() == TRUTH[name], "by construction")


def smoothed_step() -> Iterator[Piece]:
    """Let σ(sz) approach the step as s grows, equation (4)."""
    z = np.linspace(-1, 1, 2001)
    away = np.abs(z) >= 0.1
    scales = [1, 4, 16, 64, 256]
    errors = [float(np.abs(sigmoid(scale * z) - step(z))[away].max()) for scale in scales]
    yield "a = σ: a smooth step. σ(sz) for increasing steepness s:"
    yield Curves("σ(sz)", z, {f"s = {scale}": sigmoid(scale * z) for scale in (1, 4, 16, 64)}, "z")
    yield Table(
        {
            "s": row_labels(scales),
            "largest |σ(sz) − step(z)| for |z| ≥ 0.1": Column(errors, "{:.2e}".format),
        }
    )
    falls = all(later < earlier for earlier, later in pairwise(errors))
    yield Claim(
        "for |z| ≥ 0.1, σ(sz) gets closer to the step as s grows, in the end to within 1e-10",
        falls and errors[-1] < 1e-10,
    )


def training_a_step() -> Iterator[Piece]:
    """Show that gradient descent cannot train a step, because its slope is 0 wherever it is defined."""
    rng = np.random.default_rng(0)
    parameters = rng.normal(size=(RANDOM, 3))  # w₁, w₂, b
    small = 1e-6 * np.eye(3)
    moved = np.concatenate([parameters[:, np.newaxis] + small, parameters[:, np.newaxis] - small], axis=1)

    def with_a_gradient(activation: Callable[[Array], Array]) -> int:
        """Return how many of the neurons have a non-zero gradient, by central differences."""
        z = moved[..., :2] @ INPUTS.T + moved[..., 2:]
        cost = 0.5 * np.square(activation(z) - TRUTH["AND"]).mean(axis=-1)
        gradients = (cost[:, :3] - cost[:, 3:]) / 2e-6
        return int((gradients != 0).any(axis=1).sum())

    with_step, with_sigmoid = with_a_gradient(step), with_a_gradient(sigmoid)
    yield (
        f"Why not train the step? Take {RANDOM} random neurons that are to learn AND. The gradient of their "
        f"quadratic cost is not zero for {with_step} of them with the step, and for {with_sigmoid} with σ, "
        "whose slope σ'(z) = σ(z)(1 − σ(z)) is ¼ at z = 0 and zero nowhere."
    )
    yield Claim("the cost of a step neuron has no slope to descend", with_step == 0, "by definition")
    yield Claim("the cost of every σ neuron has one", with_sigmoid == RANDOM)
