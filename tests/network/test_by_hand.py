"""Steps worked by hand in the comments, and compared with those of `train_epoch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.datasets import Split
from nnlab.optimisation import SGD
from nnlab.training import BatchSource, train_epoch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Network

    from .conftest import BuildNetwork

L = np.log(3)  # σ(ln 3) = 1 / (1 + 1/3) = 3/4 and σ(−ln 3) = 1/4


def step(network: Network, x: Sequence[float], y: float, eta: float, epochs: int = 1) -> float:
    """Take steps on one example and return the loss before the last one."""
    source, sgd = BatchSource(Split(np.array([x], float), np.array([y])), np.array([[y]], float), 1), SGD()
    for _ in range(epochs):
        state = sgd.start(network.parameters)
        z, targets = train_epoch(network, sgd, state, source.groups(np.array([0])), [(0, eta)])
    return float(network.output.loss(z, targets)[0])


# x = (1, 2), y = 1.
#   z¹ = (L·1 + 0·2 + 0, L·1 − L·2 + 0) = (L, −L)       a¹ = (3/4, 1/4)
#   z² = 4·3/4 − 8·1/4 − 1 = 0                          a² = 1/2
# Quadratic cost: C = ½ (1/2 − 1)² = 1/8
#   δ² = (a² − y) a² (1 − a²) = −1/2 · 1/4 = −1/8
#   dC/dW² = δ² a¹ = (−3/32, −1/32)                     dC/db² = −1/8
#   δ¹ = W²ᵀδ² ⊙ a¹(1 − a¹) = (−4/8, 8/8) ⊙ (3/16, 3/16) = (−3/32, 3/16)
#   dC/dW¹ = δ¹ xᵀ = ((−3/32, −6/32), (3/16, 6/16))     dC/db¹ = (−3/32, 3/16)
# With η = 32 the step −η∇C is W²: (3, 1), b²: 4, W¹: ((3, 6), (−6, −12)), b¹: (3, −6).
# Cross-entropy: C = −ln(1/2) = ln 2, and δ² = a² − y = −1/2 is four times as large, as are all that
# follow from it: the same step with η = 8.
@pytest.mark.parametrize(
    ("loss", "eta", "expected_loss"), [("quadratic", 32, 1 / 8), ("cross_entropy", 8, np.log(2))]
)
def test_a_step_of_a_2_2_1_network(
    loss: str, eta: float, expected_loss: float, network: BuildNetwork
) -> None:
    net = network((2, 2, 1), "sigmoid", ("sigmoid", loss), [L, 0, L, -L, 4, -8, 0, 0, -1])

    assert step(net, [1, 2], 1, eta) == pytest.approx(expected_loss, rel=1e-14)

    np.testing.assert_allclose(net.weights[0], [[L + 3, 6], [L - 6, -L - 12]], rtol=1e-14)
    np.testing.assert_allclose(net.weights[1], [[7, -7]], rtol=1e-14)
    np.testing.assert_allclose(net.biases[0], [[3], [-6]], rtol=1e-14)
    np.testing.assert_allclose(net.biases[1], [[3]], rtol=1e-14)


# The lecture's neuron, x = 1 and y = 0, so that ∂C/∂w = ∂C/∂b.
# (w, b) = (0.6, 0.9): z = 1.5, a = 1 / (1 + e^−1.5) = 1 / 1.2231302 = 0.8175745
#   (10): a σ'(z) = a · a (1 − a) = 0.6684280 · 0.1824255 = 0.1219383
#   (15), (16): x (a − y) = 0.8175745
# (w, b) = (2, 2): z = 4, a = 1 / (1 + e^−4) = 1 / 1.0183156 = 0.9820138
#   (10): 0.9643511 · 0.0179862 = 0.0173450, a seventh: saturated, it learns slowly
#   (15), (16): 0.9820138, the larger for being so wrong
@pytest.mark.parametrize(
    ("loss", "w", "b", "gradient"),
    [
        ("quadratic", 0.6, 0.9, 0.1219383),
        ("quadratic", 2, 2, 0.0173450),
        ("cross_entropy", 0.6, 0.9, 0.8175745),
        ("cross_entropy", 2, 2, 0.9820138),
    ],
)
def test_a_step_of_the_lectures_neuron(
    loss: str, w: float, b: float, gradient: float, network: BuildNetwork
) -> None:
    net = network((1, 1), "identity", ("sigmoid", loss), [w, b])
    step(net, [1], 0, eta=0.15)
    np.testing.assert_allclose(net.parameters, [w - 0.15 * gradient, b - 0.15 * gradient], atol=2e-8)


# Nielsen, chapter 3: after 300 steps with η = 0.15 the neuron puts out 0.09 and 0.20.
@pytest.mark.parametrize(("w", "b", "a"), [(0.6, 0.9, 0.09), (2, 2, 0.20)])
def test_the_saturated_neuron_is_still_behind_after_300_steps(
    w: float, b: float, a: float, network: BuildNetwork
) -> None:
    net = network((1, 1), "identity", ("sigmoid", "quadratic"), [w, b])
    step(net, [1], 0, eta=0.15, epochs=300)
    assert net.output.activate(net.forward(np.ones((1, 1)))).item() == pytest.approx(a, abs=0.005)
