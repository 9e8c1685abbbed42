"""The gradient check finds what is wrong, passes what is right, and leaves kinks out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.network import (
    ACTIVATIONS,
    OUTPUTS,
    ArrayCheck,
    Backpropagation,
    Network,
    check_gradients,
    number_of_parameters,
)

from .table import TRAINABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.network import Activation, Array

X = np.random.default_rng(0).uniform(-1, 1, (4, 6))
TARGETS = np.eye(3)[:, [0, 1, 2, 0, 1, 2]]
TOLERANCE = 1e-6
SATURATED = 6  # the spread of weights that leaves most slopes below a twentieth of the steepest


def hidden(activation: str, architecture: Sequence[int]) -> tuple[Activation, ...]:
    return (ACTIVATIONS[activation],) * (len(architecture) - 2)


def network(
    activation: str = "tanh", output: str = "sigmoid", loss: str = "cross_entropy", spread: float = 0.7
) -> Network:
    architecture = (4, 5, 3)
    parameters = np.random.default_rng(1).normal(0, spread, number_of_parameters(architecture))
    return Network(architecture, hidden(activation, architecture), OUTPUTS[output, loss], parameters)


def check(network: Network, samples: int = 100, x: Array = X, targets: Array = TARGETS) -> list[ArrayCheck]:
    rng = np.random.default_rng(2)
    return list(check_gradients(network, x, targets, samples=samples, tolerance=TOLERANCE, rng=rng))


def largest_error(checks: list[ArrayCheck]) -> float:
    return max(each.largest_error or 0 for each in checks)


def neuron(z: float, output: str = "sigmoid", loss: str = "quadratic") -> tuple[Network, Array, Array]:
    """Return one neuron whose input is `z` and whose answer is to be 0, and its example."""
    subject = Network((1, 1), (), OUTPUTS[output, loss], np.array([z / 2, z / 2]))
    return subject, np.ones((1, 1)), np.zeros((1, 1))


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("activation", TRAINABLE)
def test_what_is_right_passes(activation: str, output: str, loss: str) -> None:
    subject = network(activation, output, loss)
    before = subject.parameters.copy()
    checks = check(subject)
    assert [(each.layer, each.array, each.parameters) for each in checks] == [
        (1, "weights", 20),
        (1, "biases", 5),
        (2, "weights", 15),
        (2, "biases", 3),
    ]
    assert all(each.checked == each.parameters for each in checks)
    assert largest_error(checks) < 1e-11
    np.testing.assert_array_equal(subject.parameters, before)


@pytest.mark.parametrize("wrong", [lambda a: 1 - a, lambda a: a * (1 - a) * 1.001, np.ones_like])
def test_a_wrong_slope_is_found_below_the_layer_that_has_it(wrong: Callable[[Array], Array]) -> None:
    subject = network("sigmoid")
    subject = replace(subject, hidden_activations=(replace(subject.hidden_activations[0], derivative=wrong),))
    first, _, second, _ = check(subject)
    assert first.largest_error is not None
    assert second.largest_error is not None
    assert first.largest_error > 5e-4
    assert second.largest_error < 1e-11


def test_a_wrong_error_at_the_output_is_found_everywhere() -> None:
    subject = network()
    subject = replace(subject, output=replace(subject.output, delta=lambda a, y: (a - y) * 1.01))
    assert all(each.largest_error == pytest.approx(0.01, rel=0.02) for each in check(subject))


def test_a_rectified_neuron_at_its_kink_is_left_out() -> None:
    subject = network("relu")
    # The first hidden neuron's input is nought for the first example, whatever lies around it.
    subject.biases[0][0] = -(subject.weights[0][0] @ X[:, 0])
    weights, biases, *_ = check(subject)
    assert biases.at_kinks == 1
    assert weights.at_kinks == 4
    assert largest_error(check(subject)) < 1e-11


def test_no_more_parameters_are_checked_than_asked_for() -> None:
    assert [each.checked for each in check(network(), samples=4)] == [4, 4, 4, 3]
    assert check(network(), samples=4) == check(network(), samples=4)


@settings(max_examples=300, deadline=None)
@given(
    activation=st.sampled_from(TRAINABLE),
    output=st.sampled_from(list(OUTPUTS)),
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    spread=st.sampled_from([0, 1e-3, 0.1, 1, 3, 10, 30, 100, 1000]),
    examples=st.integers(1, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_right_is_never_called_wrong(
    activation: str, output: tuple[str, str], widths: list[int], spread: float, examples: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    parameters = rng.normal(0, spread, number_of_parameters(widths))
    subject = Network(tuple(widths), hidden(activation, widths), OUTPUTS[output], parameters)
    x = rng.uniform(-1, 1, (widths[0], examples))
    targets = np.eye(widths[-1])[:, rng.integers(widths[-1], size=examples)]
    checks = check(subject, x=x, targets=targets)
    assert largest_error(checks) <= TOLERANCE
    assert all(each.checked + each.at_kinks + each.cannot_tell == each.parameters for each in checks)


@pytest.mark.parametrize("z", [-14, -5, 0, 5, 18])
@pytest.mark.parametrize("loss", ["quadratic", "cross_entropy"])
def test_a_saturated_neuron_is_checked_as_far_as_floats_go(z: float, loss: str) -> None:
    checks = check(neuron(z, loss=loss)[0], x=np.ones((1, 1)), targets=np.zeros((1, 1)))
    assert [(each.checked, each.cannot_tell) for each in checks] == [(1, 0), (1, 0)]
    assert largest_error(checks) < TOLERANCE


@pytest.mark.parametrize("z", [-800, -30, 30, 37, 800])
def test_a_gradient_that_drowns_in_rounding_is_neither_right_nor_wrong(z: float) -> None:
    subject, x, targets = neuron(z)
    assert [
        (each.checked, each.cannot_tell, each.largest_error) for each in check(subject, 1, x, targets)
    ] == [
        (0, 1, None),
        (0, 1, None),
    ]


@pytest.mark.parametrize(
    "wrong",
    [OUTPUTS["sigmoid", "cross_entropy"].delta, lambda a, y: (y - a) * a * (1 - a)],
    ids=["no slope", "other sign"],
)
def test_an_error_beyond_rounding_is_found_in_a_saturated_network(
    wrong: Callable[[Array, Array], Array],
) -> None:
    subject, x, targets = neuron(30)
    subject = replace(subject, output=replace(subject.output, delta=wrong))
    checks = check(subject, 1, x, targets)
    assert [each.checked for each in checks] == [1, 1]
    assert largest_error(checks) > 0.5


class LayerScaled(Backpropagation):
    """With the gradient of the first layer's weights a thousandth too large."""

    def __call__(self, *arguments: Any, **named: Any) -> Array:  # noqa: ANN401
        z = super().__call__(*arguments, **named)
        self.weight_gradients[0] *= 1.001
        return z


class NotTheMean(Backpropagation):
    """With the sum over the batch in the place of the mean."""

    def __init__(self, network: Network, batch_size: int) -> None:
        super().__init__(network, batch_size, scale=batch_size)


class NoSlope(Backpropagation):
    """Without the derivative of the hidden layer's activation."""

    def __init__(self, network: Network, batch_size: int) -> None:
        super().__init__(network, batch_size)
        self.derivatives = [np.ones_like]


class OtherSign(Backpropagation):
    """With the gradient of the first layer's biases pointing down."""

    def __call__(self, *arguments: Any, **named: Any) -> Array:  # noqa: ANN401
        z = super().__call__(*arguments, **named)
        self.bias_gradients[0] *= -1
        return z


@pytest.mark.parametrize("mistake", [LayerScaled, NotTheMean, NoSlope, OtherSign])
@pytest.mark.parametrize("spread", [0.7, SATURATED])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_a_mistake_is_found_in_ordinary_and_in_saturated_networks(
    monkeypatch: pytest.MonkeyPatch,
    mistake: type[Backpropagation],
    spread: float,
    activation: str,
    output: str,
    loss: str,
) -> None:
    subject = network(activation, output, loss, spread)
    assert largest_error(check(subject)) < TOLERANCE
    monkeypatch.setattr("nnlab.network.gradient_check.Backpropagation", mistake)
    assert largest_error(check(subject)) > 0.9e-3


def test_the_saturated_networks_above_are_saturated() -> None:
    for activation, steepest in (("sigmoid", 0.25), ("tanh", 1)):
        subject = network(activation, spread=SATURATED)
        backpropagation = Backpropagation(subject, X.shape[1])
        backpropagation(X, TARGETS)
        slopes = backpropagation.derivatives[0](backpropagation.activations[0])
        assert np.median(slopes) < steepest / 20
