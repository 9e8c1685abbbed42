"""The key `start`: fixed starting weights."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nnlab.options import Options

Vector = Annotated[tuple[float, ...], Field(strict=False)]
Matrix = Annotated[tuple[Vector, ...], Field(strict=False)]


class Start(Options):
    """The starting weights and biases, layer by layer."""

    weights: Annotated[tuple[Matrix, ...], Field(strict=False)] = Field(
        description="W of each layer, a row per neuron: [[[0.6]]] for one neuron with one input"
    )
    biases: Annotated[tuple[Vector, ...], Field(strict=False)] = Field(
        description="b of each layer: [[0.9]] for one neuron"
    )
