"""The pairs of output and loss against the lecture's equations, by its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import LOSS_OF_A_GUESS, OUTPUTS, Array, Backpropagation
from nnlab.network.outputs import softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import BuildNetwork

rng = np.random.default_rng(5)
Z = rng.normal(0, 2, (4, 7))
Y = np.eye(4)[:, rng.integers(4, size=7)]


def sigma(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))  # (4)


@pytest.mark.parametrize(("output", "activate"), [("sigmoid", sigma), ("tanh", np.tanh), ("identity", None)])
def test_quadratic_is_half_the_squared_distance(
    output: str, activate: Callable[[Array], Array] | None
) -> None:
    a = activate(Z) if activate else Z
    loss = OUTPUTS[output, "quadratic"].loss(Z, Y)
    np.testing.assert_allclose(loss, [np.linalg.norm(a[:, i] - Y[:, i]) ** 2 / 2 for i in range(7)])  # (9)


def test_quadratic_of_softmax_is_half_the_squared_distance() -> None:
    a = np.exp(Z) / np.exp(Z).sum(axis=0)
    expected = [np.linalg.norm(a[:, i] - Y[:, i]) ** 2 / 2 for i in range(7)]
    np.testing.assert_allclose(OUTPUTS["softmax", "quadratic"].loss(Z, Y), expected)


def test_cross_entropy_of_one_neuron_is_equation_12() -> None:
    z, y = Z[:1], rng.uniform(0, 1, (1, 7))
    a = sigma(z)
    c = -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))
    assert OUTPUTS["sigmoid", "cross_entropy"].loss(z, y).mean() == pytest.approx(c, rel=1e-13)


def test_cross_entropy_of_many_neurons_is_equation_17() -> None:
    a = sigma(Z)
    c = -np.mean([(Y[:, i] @ np.log(a[:, i]) + (1 - Y[:, i]) @ np.log(1 - a[:, i])) for i in range(7)])
    assert OUTPUTS["sigmoid", "cross_entropy"].loss(Z, Y).mean() == pytest.approx(c, rel=1e-13)


def test_gradient_of_cross_entropy_is_equations_15_and_16(network: BuildNetwork) -> None:
    neuron = network((3, 1), "identity", ("sigmoid", "cross_entropy"))
    x, y = rng.normal(size=(3, 7)), Y[:1]
    backpropagation = Backpropagation(neuron, 7)
    z = backpropagation(x, y)
    for j in range(3):
        slope = np.mean(x[j] * (sigma(z) - y))
        assert backpropagation.weight_gradients[0][0, j] == pytest.approx(slope, rel=1e-12)
    assert backpropagation.bias_gradients[0].item() == pytest.approx(np.mean(sigma(z) - y), rel=1e-12)


def test_equations_13_and_14_come_to_15() -> None:
    z, y, x = Z[0], rng.uniform(0, 1, 7), rng.normal(size=7)
    a = sigma(z)
    slope = a * (1 - a)  # σ'(z)
    equation_13 = -np.mean((y / a - (1 - y) / (1 - a)) * slope * x)
    equation_14 = np.mean(slope * x / (a * (1 - a)) * (a - y))
    delta = OUTPUTS["sigmoid", "cross_entropy"].delta(a[np.newaxis], y[np.newaxis])
    assert equation_13 == pytest.approx(equation_14, rel=1e-12)
    assert equation_14 == pytest.approx(np.mean(x * delta), rel=1e-12)


@pytest.mark.parametrize("y", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_cross_entropy_is_least_where_the_output_is_the_target(y: float) -> None:
    a = np.linspace(0.001, 0.999, 999)
    loss = OUTPUTS["sigmoid", "cross_entropy"].loss(np.log(a / (1 - a))[np.newaxis], np.full((1, 999), y))
    assert (loss >= 0).all()
    assert a[loss.argmin()] == pytest.approx(min(max(y, 0.001), 0.999), abs=1e-9)
    assert (np.diff(loss)[a[1:] <= y] < 0).all()  # falls up to there, and rises from there
    assert (np.diff(loss)[a[:-1] >= y] > 0).all()
    if y in (0, 1):
        assert loss.min() < 0.002


def test_every_softmax_output_depends_on_every_input() -> None:
    for moved in range(len(Z)):
        changed = softmax(Z + 0.1 * np.eye(len(Z))[:, [moved]]) - softmax(Z)
        assert (changed[moved] > 0).all()
        assert (np.delete(changed, moved, axis=0) < 0).all()


def test_softmax_is_equation_19_and_sums_to_one() -> None:
    np.testing.assert_allclose(softmax(Z), np.exp(Z) / np.exp(Z).sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(softmax(Z).sum(axis=0), 1, rtol=1e-15)  # (20)
    np.testing.assert_allclose(softmax(np.log([[1.0], [2.0], [5.0]])), [[1 / 8], [2 / 8], [5 / 8]])


def test_log_likelihood_is_equation_21() -> None:
    a = np.exp(Z) / np.exp(Z).sum(axis=0)
    loss = OUTPUTS["softmax", "log_likelihood"].loss(Z, Y)
    np.testing.assert_allclose(loss, -np.log(a[Y.argmax(axis=0), range(7)]), rtol=1e-12)


def test_gradient_of_log_likelihood_is_equations_22_and_23(network: BuildNetwork) -> None:
    net = network((3, 5, 4), "tanh", ("softmax", "log_likelihood"))
    x, y = rng.normal(size=(3, 1)), Y[:, :1]
    backpropagation = Backpropagation(net, 1)
    a = softmax(backpropagation(x, y))
    below = np.tanh(net.weights[0] @ x + net.biases[0])
    np.testing.assert_allclose(backpropagation.bias_gradients[1], a - y, rtol=1e-14)
    np.testing.assert_allclose(backpropagation.weight_gradients[1], (a - y) * below.T, rtol=1e-13)


JACOBIANS: dict[str, Callable[[Array], Array]] = {
    "softmax": lambda a: np.diag(a) - np.outer(a, a),
    "sigmoid": lambda a: np.diag(a * (1 - a)),
    "tanh": lambda a: np.diag(1 - a**2),
    "identity": lambda a: np.eye(len(a)),
}
SLOPES: dict[str, Callable[[Array, Array], Array]] = {  # ∂C/∂a
    "quadratic": lambda a, y: a - y,
    "cross_entropy": lambda a, y: -y / a + (1 - y) / (1 - a),
    "log_likelihood": lambda a, y: -y / a,
}


@pytest.mark.parametrize("pair", OUTPUTS, ids="-".join)
def test_fused_delta_is_the_slope_of_the_loss_times_the_jacobian(pair: tuple[str, str]) -> None:
    output, loss = pair
    a = OUTPUTS[pair].activate(Z)
    delta = OUTPUTS[pair].delta(a, Y)
    for i in range(7):
        expected = JACOBIANS[output](a[:, i]).T @ SLOPES[loss](a[:, i], Y[:, i])
        np.testing.assert_allclose(delta[:, i], expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("pair", OUTPUTS, ids="-".join)
def test_nothing_is_changed_in_place(pair: tuple[str, str]) -> None:
    z, y = Z.copy(), Y.copy()
    OUTPUTS[pair].loss(z, y)
    a = OUTPUTS[pair].activate(z)
    before = a.copy()
    delta = OUTPUTS[pair].delta(a, y)
    np.testing.assert_array_equal(z, Z)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(a, before)
    assert not np.shares_memory(a, z)
    assert not np.shares_memory(delta, a)


@pytest.mark.parametrize(
    ("pair", "z_of"),
    [
        (("softmax", "log_likelihood"), np.log),
        (("softmax", "quadratic"), np.log),
        (("sigmoid", "cross_entropy"), lambda p: np.log(p / (1 - p))),
        (("identity", "quadratic"), lambda p: p),
    ],
)
def test_no_constant_answer_has_a_smaller_loss_than_the_guess(
    pair: tuple[str, str], z_of: Callable[[Array], Array]
) -> None:
    targets = np.eye(3)[:, [0, 0, 0, 1, 1, 2]]
    guess = LOSS_OF_A_GUESS[pair[1]](targets)
    best = z_of(targets.mean(axis=1, keepdims=True))
    ones = np.ones((1, 6))
    assert OUTPUTS[pair].loss(best @ ones, targets).mean() == pytest.approx(guess, rel=1e-12)
    for z in best + rng.normal(0, 0.1, (20, 3, 1)):
        assert OUTPUTS[pair].loss(z @ ones, targets).mean() > guess


def test_the_guess_of_ten_even_classes_is_ln_10_and_of_a_class_alone_nothing() -> None:
    assert LOSS_OF_A_GUESS["log_likelihood"](np.eye(10)) == pytest.approx(np.log(10))
    for loss in LOSS_OF_A_GUESS:
        assert LOSS_OF_A_GUESS[loss](np.eye(10)[:, [3, 3]]) == 0
