"""Dropout: which neurons are left out, what that does to the gradient, and what it leaves in expectation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import Backpropagation, Dropout, Masks, check_gradients

if TYPE_CHECKING:
    from .conftest import BuildNetwork, DrawBatch

WIDTHS = (6, 5, 4)


def masks(rates: tuple[float, ...], size: int, seed: int = 1, dtype: str = "float64") -> Masks:
    drawn = Dropout(rates, np.random.SFC64(seed)).masks(WIDTHS, size, np.dtype(dtype))
    drawn.draw()
    return drawn


def factors(masks: Masks, layer: int) -> np.ndarray:
    found = masks.factors()[layer]
    assert isinstance(found, np.ndarray)
    return found


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.99])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_share_of_the_neurons_is_left_out_and_the_others_make_up_for_it(rate: float, dtype: str) -> None:
    drawn = factors(masks((rate, 0, 0), 20_000, dtype=dtype), 0)
    assert drawn.shape == (6, 20_000)
    assert drawn.dtype == dtype
    assert set(np.unique(drawn)) == {0, drawn.max()}
    assert drawn.max() == pytest.approx(1 / (1 - rate), rel=2e-3)
    assert (drawn == 0).mean() == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / drawn.size))
    assert drawn.mean() == pytest.approx(1, abs=5 * np.sqrt(rate / (1 - rate) / drawn.size))


def test_a_layer_without_a_rate_has_no_mask() -> None:
    drawn = masks((0, 0.5, 0), 3)
    assert drawn.factors()[0] == drawn.factors()[2] == 1
    x = np.ones((6, 3))
    assert drawn.applied(0, x) is x


def test_masks_are_drawn_anew_for_each_step_and_again_from_the_same_bits() -> None:
    drawn = masks((0.5, 0.5, 0.5), 50)
    first = [factors(drawn, layer).copy() for layer in range(3)]
    drawn.draw()
    for layer in range(3):
        assert (first[layer] != factors(drawn, layer)).mean() == pytest.approx(0.5, abs=0.15)
        np.testing.assert_array_equal(first[layer], factors(masks((0.5, 0.5, 0.5), 50), layer))


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu", "elu", "scaled_tanh"])
def test_the_gradient_is_that_of_the_network_with_its_masks(
    activation: str, network: BuildNetwork, batch: DrawBatch
) -> None:
    net = network((*WIDTHS, 3), activation, ("softmax", "log_likelihood"))
    x, targets = batch(net, 7)
    checks = list(
        check_gradients(
            net,
            x,
            targets,
            samples=100,
            tolerance=1e-6,
            rng=np.random.default_rng(0),
            masks=masks((0.2, 0.5, 0.4), 7),
        )
    )
    errors = [check.largest_error for check in checks]
    assert max(error or 0 for error in errors) < 1e-9
    # Without the masks, the derivative is another.
    backpropagation = Backpropagation(net, 7)
    backpropagation(x, targets)
    plain = backpropagation.gradient.copy()
    backpropagation(x, targets, masks=masks((0.2, 0.5, 0.4), 7))
    assert np.abs(plain - backpropagation.gradient).max() > 1e-3


def test_what_is_left_out_neither_speaks_nor_learns(network: BuildNetwork, batch: DrawBatch) -> None:
    net = network((*WIDTHS, 3), "tanh", ("softmax", "log_likelihood"))
    x, targets = batch(net, 1)
    drawn = masks((0, 0.5, 0), 1)
    backpropagation = Backpropagation(net, 1)
    z = backpropagation(x, targets, masks=drawn).copy()
    out = factors(drawn, 1)[:, 0] == 0
    assert out.any()
    assert not backpropagation.weight_gradients[0][out].any()
    assert not backpropagation.weight_gradients[1][:, out].any()
    net.weights[0][out] += 100
    np.testing.assert_array_equal(backpropagation(x, targets, masks=drawn), z)


def test_the_expectation_of_a_linear_network_is_the_plain_network(
    network: BuildNetwork, batch: DrawBatch
) -> None:
    net = network((*WIDTHS, 3), "identity", ("identity", "quadratic"))
    (x, _), many = batch(net, 1), 200_000
    z = net.forward(np.repeat(x, many, axis=1), masks=masks((0.2, 0.5, 0.3), many))
    error = np.abs(z.mean(axis=1) - net.forward(x)[:, 0])
    assert (error < 5 * z.std(axis=1) / np.sqrt(many)).all()
    assert (z.std(axis=1) > 0.1).all()
