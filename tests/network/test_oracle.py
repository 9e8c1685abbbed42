"""An independent oracle: sample by sample and neuron by neuron, in plain floats, the chain rule unfused."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import OUTPUTS, Backpropagation

from .table import EXPECTED, TRAINABLE

if TYPE_CHECKING:
    from .conftest import BuildNetwork, DrawBatch

Vector = list[float]
Matrix = list[Vector]


def a(name: str, z: float) -> float:
    return EXPECTED[name].a(z)


def da_dz(name: str, z: float) -> float:
    slope = EXPECTED[name].slope
    assert slope is not None
    return slope(z)


def outputs(name: str, z: Vector) -> tuple[Vector, Matrix]:
    """Return a and the Jacobian ∂a_j/∂z_k."""
    neurons = range(len(z))
    if name == "softmax":
        total = sum(math.exp(z_k) for z_k in z)
        p = [math.exp(z_j) / total for z_j in z]
        return p, [[p[j] * ((j == k) - p[k]) for k in neurons] for j in neurons]
    diagonal = [[da_dz(name, z[j]) if j == k else 0.0 for k in neurons] for j in neurons]
    return [a(name, z_j) for z_j in z], diagonal


def cost(name: str, a: Vector, y: Vector) -> tuple[float, Vector]:
    """Return C and ∂C/∂a_j."""
    pairs = list(zip(a, y, strict=True))
    if name == "quadratic":
        return sum((a - y) ** 2 for a, y in pairs) / 2, [a - y for a, y in pairs]
    if name == "cross_entropy":
        c = -sum(y * math.log(a) + (1 - y) * math.log(1 - a) for a, y in pairs)
        return c, [-y / a + (1 - y) / (1 - a) for a, y in pairs]
    label = y.index(1.0)
    return -math.log(a[label]), [-1 / a[j] if j == label else 0.0 for j in range(len(a))]


def backpropagate(
    weights: list[Matrix], biases: list[Vector], names: list[str], loss: str, x: Vector, y: Vector
) -> tuple[Vector, float, list[Matrix], list[Vector]]:
    """Return z of the output, C, ∂C/∂W and ∂C/∂b of one sample; `names` are the layers' activations."""
    xs, zs = [x], []
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        zs.append([sum(w[j][k] * xs[-1][k] for k in range(len(w[j]))) + b[j] for j in range(len(w))])
        if layer + 1 < len(weights):
            xs.append([a(names[layer], z) for z in zs[-1]])

    out, jacobian = outputs(names[-1], zs[-1])
    c, dc_da = cost(loss, out, y)
    delta = [sum(dc_da[j] * jacobian[j][k] for j in range(len(out))) for k in range(len(out))]
    dw: list[Matrix] = []
    db: list[Vector] = []
    for layer in reversed(range(len(weights))):
        dw.insert(0, [[delta_j * x_k for x_k in xs[layer]] for delta_j in delta])
        db.insert(0, delta)
        if layer:
            w = weights[layer]
            delta = [
                sum(w[j][k] * delta[j] for j in range(len(delta))) * da_dz(names[layer - 1], z)
                for k, z in enumerate(zs[layer - 1])
            ]
    return zs[-1], c, dw, db


@pytest.mark.parametrize("output", OUTPUTS, ids="-".join)
@pytest.mark.parametrize("activation", TRAINABLE)
def test_batched_code_agrees_with_loops_over_samples_and_neurons(
    activation: str,
    output: tuple[str, str],
    network: BuildNetwork,
    batch: DrawBatch,
) -> None:
    net = network((3, 4, 3, 2), activation, output, parameters=4)
    x, y = batch(net, 5)
    weights = [w.tolist() for w in net.weights]
    biases = [b[:, 0].tolist() for b in net.biases]
    names = [activation, activation, output[0]]
    samples = [
        backpropagate(weights, biases, names, output[1], x[:, i].tolist(), y[:, i].tolist()) for i in range(5)
    ]

    backpropagation = Backpropagation(net, 5)
    z = backpropagation(x, y)

    assert_close = partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-14)
    assert_close(z.T, [sample[0] for sample in samples])
    assert_close(net.output.loss(z, y), [sample[1] for sample in samples])
    assert_close(net.output.activate(z).T, [outputs(names[-1], s[0])[0] for s in samples])
    for layer in range(3):
        dw = sum(np.array(sample[2][layer]) for sample in samples) / 5
        db = sum(np.array(sample[3][layer]) for sample in samples) / 5
        assert_close(backpropagation.weight_gradients[layer], dw)
        assert_close(backpropagation.bias_gradients[layer][:, 0], db)
