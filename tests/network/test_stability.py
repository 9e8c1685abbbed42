"""Saturated outputs are finite, as exact as possible, and cause no warning (which would be an error)."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.network import OUTPUTS
from nnlab.network.activations import sigmoid
from nnlab.network.outputs import softmax

from .table import HUGE

both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])
PAIRS = {"-".join(pair): output for pair, output in OUTPUTS.items()}


@both_precisions
@pytest.mark.parametrize("pair", PAIRS)
def test_losses_and_deltas_of_huge_logits_are_finite(pair: str, dtype: str) -> None:
    z = np.array(list(product([HUGE, -HUGE, 0], repeat=3)), dtype).T
    for label in range(3):
        y = np.zeros_like(z)
        y[label] = 1
        a, loss = PAIRS[pair].activate(z), PAIRS[pair].loss(z, y)
        delta = PAIRS[pair].delta(a, y)
        assert np.isfinite(a).all()
        assert np.isfinite(loss).all()
        assert (loss >= 0).all()
        assert np.isfinite(delta).all()
        assert a.dtype == loss.dtype == delta.dtype == dtype


# Of one sample z = (10⁴, −10⁴), whose label is the first or the second output.
@both_precisions
@pytest.mark.parametrize(
    ("pair", "label", "loss", "delta"),
    [
        ("softmax-log_likelihood", 0, 0, (0, 0)),
        ("softmax-log_likelihood", 1, 2 * HUGE, (1, -1)),
        ("softmax-quadratic", 0, 0, (0, 0)),
        ("softmax-quadratic", 1, 1, (0, 0)),
        ("sigmoid-cross_entropy", 0, 0, (0, 0)),
        ("sigmoid-cross_entropy", 1, 2 * HUGE, (1, -1)),
        ("sigmoid-quadratic", 0, 0, (0, 0)),
        ("sigmoid-quadratic", 1, 1, (0, 0)),
        ("tanh-quadratic", 0, 0.5, (0, 0)),
        ("tanh-quadratic", 1, 2.5, (0, 0)),
        ("identity-quadratic", 0, ((HUGE - 1) ** 2 + HUGE**2) / 2, (HUGE - 1, -HUGE)),
        ("identity-quadratic", 1, (HUGE**2 + (HUGE + 1) ** 2) / 2, (HUGE, -HUGE - 1)),
    ],
)
def test_losses_and_deltas_of_huge_logits_are_exact(
    pair: str, label: int, loss: float, delta: tuple[float, float], dtype: str
) -> None:
    z = np.array([[HUGE], [-HUGE]], dtype)
    y = np.eye(2, dtype=dtype)[:, [label]]
    assert PAIRS[pair].loss(z, y) == np.array([loss], dtype)
    np.testing.assert_array_equal(PAIRS[pair].delta(PAIRS[pair].activate(z), y)[:, 0], delta)


def exact_log_likelihood(z: list[float], label: int) -> float:
    with localcontext(prec=40):
        return float(sum((Decimal(z_k).exp() for z_k in z), Decimal(0)).ln() - Decimal(z[label]))


logits = st.lists(st.floats(-HUGE, HUGE, width=32), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(z=logits, data=st.data())
@both_precisions
def test_log_likelihood_is_log_sum_exp_minus_the_labels_logit(
    z: list[float], data: st.DataObject, dtype: str
) -> None:
    label = data.draw(st.integers(0, len(z) - 1))
    y = np.eye(len(z), dtype=dtype)[:, [label]]
    loss = PAIRS["softmax-log_likelihood"].loss(np.array([z], dtype).T, y).item()
    rounding = float(np.finfo(dtype).eps)
    exact = exact_log_likelihood(z, label)
    assert loss == pytest.approx(exact, rel=4 * rounding, abs=4 * rounding)


@settings(max_examples=60, deadline=None)
@given(z=logits)
@both_precisions
def test_softmax_is_a_distribution_for_any_logits(z: list[float], dtype: str) -> None:
    a = softmax(np.array([z, z[::-1]], dtype).T)
    assert (a >= 0).all()
    np.testing.assert_allclose(a.sum(axis=0), 1, rtol=4 * float(np.finfo(dtype).eps))  # (20)


@both_precisions
def test_softmax_depends_on_differences_alone(dtype: str) -> None:
    z = np.array([[0.5], [-1.25], [3]], dtype)
    np.testing.assert_array_equal(softmax(z + 4096), softmax(z))


@both_precisions
def test_sigmoid_is_half_of_one_plus_tanh_of_half(dtype: str) -> None:
    z = np.linspace(-30, 30, 1001, dtype=dtype)
    np.testing.assert_array_equal(sigmoid(z), (1 + np.tanh(z / 2)) / 2)  # (25)
    rounding = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=0, atol=2 * rounding)  # (4)
