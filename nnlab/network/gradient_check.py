"""Backpropagation against differences of the cost, parameter by parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from nnlab.network.activations import relu
from nnlab.network.network import Backpropagation, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.network.activations import Array
    from nnlab.network.network import Network

STEP = 1e-3
# f'(w) ≈ Σ c_i f(w + i ε) / ε, whose error is of order ε⁴: so a step can be so large that rounding is lost.
STENCIL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
# Below this share of the network's largest gradient, a difference is little more than rounding.
NEGLIGIBLE = 1e-3


@dataclass(frozen=True)
class ArrayCheck:
    """How the gradient of the weights or biases of a layer, counted from 1, compares with the differences."""

    layer: int
    array: Literal["weights", "biases"]
    parameters: int
    checked: int
    at_kinks: int  # left out: a rectified neuron switches within the step, and there is no derivative
    largest_gradient: float
    largest_error: float | None  # |∂C − difference| / max(|∂C|, |difference|); None if all are at kinks


def check_gradients(
    network: Network, x: Array, targets: Array, *, samples: int, rng: np.random.Generator
) -> Iterator[ArrayCheck]:
    """Compare the gradients of up to `samples` parameters of each array, chosen by `rng`.

    C is the mean cost of the examples `x`, (features, examples), with `targets`, (outputs, examples). The
    network's parameters are float64, and are left as they were.
    """
    backpropagation = Backpropagation(network, x.shape[1])
    backpropagation(x, targets)
    floor = NEGLIGIBLE * float(np.abs(backpropagation.gradient).max())
    # The place of each parameter in the vector; as floats, which are exact far beyond any network's size.
    indices = views(np.arange(network.parameters.size, dtype=np.float64), network.architecture)
    for layer in range(len(network.weights)):
        arrays: list[tuple[Literal["weights", "biases"], Array, Array]] = [
            ("weights", backpropagation.weight_gradients[layer], indices[0][layer]),
            ("biases", backpropagation.bias_gradients[layer], indices[1][layer]),
        ]
        for array, gradients, places in arrays:
            chosen = rng.choice(places.size, min(samples, places.size), replace=False)
            given = gradients.ravel()[chosen]
            found = np.array(
                [_difference(network, x, targets, int(place)) for place in places.ravel()[chosen]]
            )
            smooth = ~np.isnan(found)
            largest = float(np.abs(gradients).max())
            scale = np.maximum(np.maximum(np.abs(given), np.abs(found)), floor)
            # Where gradient and differences are all zero, they agree.
            errors = np.abs(given - found)[smooth] / np.where(scale == 0, 1, scale)[smooth]
            yield ArrayCheck(
                layer=layer + 1,
                array=array,
                parameters=places.size,
                checked=int(smooth.sum()),
                at_kinks=int((~smooth).sum()),
                largest_gradient=largest,
                largest_error=float(errors.max()) if errors.size else None,
            )


def _difference(network: Network, x: Array, targets: Array, place: int) -> float:
    """Return ∂C for the parameter at `place` by differences; NaN where a rectified neuron switches."""
    parameters = network.parameters
    before, slope = parameters[place], 0.0
    pattern = None
    try:
        for steps, coefficient in STENCIL.items():
            parameters[place] = before + steps * STEP
            hidden: list[Array | None] = [
                np.empty((width, x.shape[1])) for width in network.architecture[1:-1]
            ]
            z = network.forward(x, [*hidden, None])
            slope += coefficient * float(network.output.loss(z, targets).mean()) / STEP
            if network.activation.function is relu:
                switched = [a > 0 for a in hidden if a is not None]
                if pattern is None:
                    pattern = switched
                elif any((one != other).any() for one, other in zip(pattern, switched, strict=True)):
                    return np.nan
    finally:
        parameters[place] = before
    return slope
