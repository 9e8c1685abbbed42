"""Optimisers: by hand, and step by step the same as PyTorch's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnlab.network import OUTPUTS, Network
from nnlab.optimisation import OPTIMISERS, SGD, Adam, Nesterov, Penalties, part_of
from nnlab.options import Options

if TYPE_CHECKING:
    from nnlab.optimisation import Optimiser

RECORDED = json.loads((Path(__file__).parent / "pytorch.json").read_text())
ETA = 0.1

# The recorded parameters are those of a network with six weights; PyTorch's weight decay is the l2 here.
OURS: dict[str, Optimiser] = {
    "sgd": SGD(0.9),
    "sgd_l2": SGD(0.9, Penalties(l2=0.01)),
    "nesterov": Nesterov(0.9),
    "nesterov_l2": Nesterov(0.95, Penalties(l2=0.01)),
    "adam": Adam(),
    "adam_l2": Adam(0.8, 0.99, 1e-4, Penalties(l2=0.01)),
}


def network(weights: list[float], dtype: str = "float64") -> Network:
    """Return one neuron with these weights; its bias is 0."""
    parameters = np.array([*weights, 0.0], dtype)
    return Network((len(weights), 1), (), OUTPUTS["identity", "quadratic"], parameters)


def stepped(optimiser: Optimiser, net: Network, gradients: list[list[float]], eta: float = ETA) -> np.ndarray:
    """Return the weights after each step, and leave `net` at the last."""
    state = optimiser.start(net.parameters)
    found = []
    for number, gradient in enumerate(gradients):
        scaled = np.array([*gradient, 0.0], net.parameters.dtype) * optimiser.scale(eta)
        whole = part_of(net, scaled.astype(net.parameters.dtype), state, slice(None))
        optimiser.step(whole, eta, number)
        found.append(net.all_weights.copy())
    return np.array(found)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-6)])
def test_every_step_is_pytorchs(name: str, dtype: str, tolerance: float) -> None:
    found = stepped(OURS[name], network(RECORDED["start"], dtype), RECORDED["gradients"])
    np.testing.assert_allclose(found, RECORDED[name], rtol=tolerance, atol=tolerance)


def test_every_optimiser_is_compared_with_pytorch() -> None:
    assert {name.partition("_")[0] for name in OURS} == set(OPTIMISERS)
    assert set(OURS) == set(RECORDED) - {"version", "start", "gradients"}


def test_nesterov_by_hand() -> None:
    # v = 0.1 · 2 = 0.2, w = 1 − (0.5 · 0.2 + 0.2) = 0.7; v = 0.1 + 0.1 · 2 = 0.3, w = 0.7 − (0.15 + 0.2).
    found = stepped(Nesterov(0.5), network([1.0]), [[2.0], [2.0]])
    np.testing.assert_allclose(found[:, 0], [0.7, 0.35])


def test_the_first_step_of_adam_has_the_size_of_eta() -> None:
    # m̂ = g and √v̂ = |g|, whatever g is.
    found = stepped(Adam(epsilon=1e-12), network([1.0, 1.0]), [[1e-3, -50.0]])
    np.testing.assert_allclose(found[0], [0.9, 1.1])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_penalties_are_those_of_the_cost_and_leave_biases_alone(name: str) -> None:
    """A step with penalties is the step with their gradient: λ₂ W + λ₁ sgn W."""
    info = OPTIMISERS[name]
    options, momentum = info.options(), 0.9 if info.momentum != "unused" else 0.0
    weights = [0.5, -2.0, 0.0, 1e-3]
    with_penalties, without = network(weights), network(weights)
    penalised = info.make(options, momentum, Penalties(l1=0.02, l2=0.1))
    stepped(penalised, with_penalties, [[0.3, 0.3, 0.3, 0.3]])
    total = [0.3 + 0.1 * weight + 0.02 * float(np.sign(weight)) for weight in weights]
    stepped(info.make(options, momentum, Penalties()), without, [total])
    np.testing.assert_allclose(with_penalties.parameters, without.parameters, rtol=1e-12)
    assert with_penalties.parameters[-1] == 0


def test_without_momentum_the_penalties_are_the_same() -> None:
    weights = [0.5, -2.0, 0.0, 1e-3]
    found = stepped(SGD(0.0, Penalties(l1=0.02, l2=0.1)), network(weights), [[0.3] * 4])
    total = [w - ETA * (0.3 + 0.1 * w + 0.02 * float(np.sign(w))) for w in weights]
    np.testing.assert_allclose(found[0], total, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_state_consists_of_named_arrays(name: str) -> None:
    info = OPTIMISERS[name]
    assert issubclass(info.options, Options)
    optimiser = info.make(info.options(), 0.9, Penalties())
    parameters = np.ones(5, np.float32)
    state = optimiser.start(parameters)
    assert all(not array.any() for array in state.values())
    assert all(array.dtype == np.float32 and array.shape == (5,) for array in state.values())
