"""Compares backpropagation with the complex-step derivative of the cost, parameter by parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nnlab.network.backpropagation import Backpropagation
from nnlab.network.network import views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from nnlab.network.activations import Activation, Array
    from nnlab.network.dropout import Masks
    from nnlab.network.network import Network

# ∂C/∂w = Im C(w + iε) / ε up to order ε² (Squire and Trapp 1998). Nothing is subtracted, so ε can be tiny.
# The only error left is rounding, even where a neuron saturates and a difference quotient would be noise.
STEP = 1e-60
UNDERFLOW = 1e-200  # a smaller derivative loses digits, because ε times it is near the smallest float
# Relative noise, added instead of rounding errors to measure their effect: larger than they are, but small.
NOISE = 1e-12
DRAWS = 16
MARGIN = 10  # a safety factor: a sum of many terms is rounded more often than noise is added to it
# A neuron is at a kink if its input is closer to it than this share of the terms that add up to the input.
KINK = 1e-11


@dataclass(frozen=True)
class ArrayCheck:
    """The gradient of a layer's weights or biases, compared with the derivative; layers count from 1."""

    layer: int
    array: Literal["weights", "biases"]
    parameters: int
    checked: int
    at_kinks: int  # left out: a neuron is at a kink of the activation, where there is no derivative
    cannot_tell: int  # left out: rounding may exceed the tolerance and explain the error
    largest_gradient: float
    largest_error: float | None  # |∂C − derivative| / max(|∂C|, |derivative|); None if nothing was checked


def check_gradients(
    network: Network,
    x: Array,
    targets: Array,
    *,
    samples: int,
    tolerance: float,
    rng: np.random.Generator,
    masks: Masks | None = None,
) -> Iterator[ArrayCheck]:
    """Compare the gradients of up to `samples` parameters of each array, chosen by `rng`.

    C is the mean cost of the scaled examples `x`, (features, examples), with `targets`, (outputs, examples),
    under the `masks` of dropout, which stay the same. The network's parameters are float64 and are not
    changed. An error above `tolerance` means that the gradient is wrong. A difference that rounding alone may
    explain counts as `cannot_tell`, not as an error.
    """
    backpropagation = Backpropagation(network, x.shape[1])
    backpropagation(x, targets, masks=masks)
    roundings = views(_rounding(backpropagation, x, targets, masks, rng), network.architecture)
    # The index of each parameter in the vector, as a float, which is exact for networks of any size.
    indices = views(np.arange(network.parameters.size, dtype=np.float64), network.architecture)
    gradients = backpropagation.weight_gradients, backpropagation.bias_gradients
    derivative = _derivative(network, x, targets, masks)
    names: list[Literal["weights", "biases"]] = ["weights", "biases"]
    for layer in range(len(network.weights)):
        for kind, array in enumerate(names):
            places = indices[kind][layer]
            chosen = rng.choice(places.size, min(samples, places.size), replace=False)
            given = gradients[kind][layer].ravel()[chosen]
            derivatives = [derivative(int(place)) for place in places.ravel()[chosen]]
            at_kinks = np.array([each is None for each in derivatives])
            found = np.array(derivatives, np.float64)  # None becomes NaN, which is not `known` below
            error, scale = np.abs(given - found), np.maximum(np.abs(given), np.abs(found))
            rounding = roundings[kind][layer].ravel()[chosen] + UNDERFLOW * (scale > 0)
            known = (rounding <= tolerance * scale) | (error > rounding + tolerance * scale)
            # If gradient and derivative are both zero, they agree.
            errors = error[known] / np.where(scale == 0, 1, scale)[known]
            yield ArrayCheck(
                layer=layer + 1,
                array=array,
                parameters=places.size,
                checked=int(known.sum()),
                at_kinks=int(at_kinks.sum()),
                cannot_tell=int((~known & ~at_kinks).sum()),
                largest_gradient=float(np.abs(gradients[kind][layer]).max()),
                largest_error=float(errors.max()) if errors.size else None,
            )


def _derivative(
    network: Network, x: Array, targets: Array, masks: Masks | None
) -> Callable[[int], float | None]:
    """Return a function index ↦ ∂C of that parameter, or None if it moves a neuron off a kink."""
    parameters: npt.NDArray[Any] = network.parameters.astype(np.complex128)
    moved = replace(network, parameters=parameters)
    factors = [1.0] * len(network.weights) if masks is None else masks.factors()
    kinks = _kinks(network, x, factors)
    inputs: npt.NDArray[Any] = x.astype(np.complex128)

    def derivative(place: int) -> float | None:
        parameters.imag[place] = STEP
        try:
            a = inputs
            for layer, (at_kink, activation) in enumerate(
                zip(kinks, network.hidden_activations, strict=True)
            ):
                z = moved.weights[layer] @ (a * factors[layer]) + moved.biases[layer]
                if (at_kink & (z.imag != 0)).any():
                    return None
                a = activation.function(z, z)
            z = moved.weights[-1] @ (a * factors[-1]) + moved.biases[-1]
            return float(network.output.loss(z, targets).mean().imag) / STEP
        finally:
            parameters.imag[place] = 0

    return derivative


def _kinks(network: Network, x: Array, factors: Sequence[Array | float]) -> list[npt.NDArray[np.bool_]]:
    """Return for each hidden layer which neurons are at a kink for which example, (fan_out, examples)."""
    kinks = []
    for layer, activation in enumerate(network.hidden_activations):
        weights, biases = network.weights[layer], network.biases[layer]
        x = x * factors[layer]
        z = weights @ x + biases
        terms = np.abs(weights) @ np.abs(x) + np.abs(biases)
        at_kink = np.zeros(z.shape, np.bool_)
        for kink in activation.kinks:
            at_kink |= np.abs(z - kink) <= KINK * (terms + abs(kink))
        kinks.append(at_kink)
        x = activation.function(z, z)
    return kinks


def _rounding(
    backpropagation: Backpropagation,
    x: Array,
    targets: Array,
    masks: Masks | None,
    rng: np.random.Generator,
) -> Array:
    """Return how far rounding may move each entry of the gradient, estimated by adding noise instead.

    The error of every value is relative to the value, except for an activation with unit rounding: where a
    neuron saturates, an error relative to 1 may be larger than its slope.
    """
    network = backpropagation.network

    def noise(a: Array) -> Array:
        return NOISE * rng.standard_normal(a.shape)

    def noisy(activation: Activation) -> Activation:
        def function(z: Array, out: Array | None) -> Array:
            a = activation.function(z, out)
            a += noise(a) * (np.maximum(np.abs(a), 1) if activation.unit_rounding else a)
            return a

        return replace(activation, function=function)

    def noisy_derivative(derivative: Callable[[Array], npt.NDArray[Any]]) -> Callable[[Array], Array]:
        return lambda a: derivative(a) * (1 + noise(a))

    def delta(a: Array, targets: Array) -> Array:
        error = network.output.delta(a, targets)
        error += noise(error) * error
        return error

    noisy_network = replace(
        network,
        hidden_activations=tuple(
            replace(noisy(activation), derivative=noisy_derivative(derivative))
            for activation, derivative in zip(
                network.hidden_activations, backpropagation.derivatives, strict=True
            )
        ),
        output=replace(network.output, activation=noisy(network.output.activation), delta=delta),
        parameters=np.empty_like(network.parameters),
    )
    perturbed = Backpropagation(noisy_network, x.shape[1])
    largest = np.zeros_like(network.parameters)
    for _ in range(DRAWS):
        noisy_network.parameters[...] = network.parameters * (1 + noise(network.parameters))
        perturbed(x, targets, masks=masks)
        np.maximum(largest, np.abs(perturbed.gradient - backpropagation.gradient), out=largest)
    return MARGIN * float(np.finfo(np.float64).eps) / NOISE * largest
