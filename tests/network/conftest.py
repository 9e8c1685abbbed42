from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from nnlab.network import ACTIVATIONS, OUTPUTS, Network, number_of_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Array


class BuildNetwork(Protocol):
    def __call__(
        self,
        architecture: Sequence[int],
        activation: str = "sigmoid",
        output: tuple[str, str] = ("sigmoid", "quadratic"),
        parameters: Sequence[float] | int = 0,
        dtype: str = "float64",
    ) -> Network: ...


class DrawBatch(Protocol):
    def __call__(self, network: Network, size: int, seed: int = 1) -> tuple[Array, Array]: ...


@pytest.fixture
def network() -> BuildNetwork:
    """Build a network with the parameters given: a list, or the seed to draw standard normal ones from."""

    def build(
        architecture: Sequence[int],
        activation: str = "sigmoid",
        output: tuple[str, str] = ("sigmoid", "quadratic"),
        parameters: Sequence[float] | int = 0,
        dtype: str = "float64",
    ) -> Network:
        if isinstance(parameters, int):
            rng = np.random.default_rng(parameters)
            parameters = rng.standard_normal(number_of_parameters(architecture)).tolist()
        vector = np.array(parameters, dtype)
        return Network(
            tuple(architecture),
            (ACTIVATIONS[activation],) * (len(architecture) - 2),
            OUTPUTS[output],
            vector,
        )

    return build


@pytest.fixture
def batch() -> DrawBatch:
    """Draw a batch of inputs (features, examples) with one-hot targets (outputs, examples)."""

    def draw(network: Network, size: int, seed: int = 1) -> tuple[Array, Array]:
        rng = np.random.default_rng(seed)
        features, outputs = network.architecture[0], network.architecture[-1]
        x = rng.standard_normal((features, size))
        y = np.eye(outputs)[:, rng.integers(outputs, size=size)]
        return x.astype(network.parameters.dtype), y.astype(network.parameters.dtype)

    return draw
