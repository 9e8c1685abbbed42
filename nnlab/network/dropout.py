"""Dropout: in each step of a training, every neuron is left out with a probability of its own layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nnlab.network.activations import Array

RESOLUTION = 1 << 16  # a rate is rounded to a multiple of 1 / RESOLUTION


@dataclass(frozen=True)
class Dropout:
    """Dropout with a rate for the inputs and for each hidden layer; `bits` are its random numbers.

    A kept activation is multiplied by 1 / (1 − rate), so its expectation is that of the whole network, which
    is evaluated without dropout (Hinton et al. 2012, Srivastava et al. 2014).
    """

    rates: Sequence[float]
    bits: np.random.BitGenerator

    def masks(self, widths: Sequence[int], batch_size: int, dtype: np.dtype[Any]) -> Masks:
        """Return masks, not yet drawn, for batches; `widths` are those of the inputs and each layer."""
        return Masks(
            self.bits,
            [
                _Mask(rate, width, batch_size, dtype, is_input=layer == 0) if rate else None
                for layer, (rate, width) in enumerate(zip(self.rates, widths, strict=True))
            ],
        )


class _Mask:
    """The mask of one layer's activations, and these activations without those that are left out."""

    def __init__(
        self, rate: float, width: int, batch_size: int, dtype: np.dtype[Any], *, is_input: bool
    ) -> None:
        """Allocate the arrays, (width, batch). Inputs lie in memory example by example, as a batch does."""
        self.threshold = round(rate * RESOLUTION)
        self.gain = dtype.type(RESOLUTION / (RESOLUTION - self.threshold))
        shape = (batch_size, width) if is_input else (width, batch_size)
        self.drawn, masked = np.empty(shape, dtype), np.empty(shape, dtype)
        self.factors, self.masked = (self.drawn.T, masked.T) if is_input else (self.drawn, masked)

    def draw(self, bits: np.random.BitGenerator) -> None:
        """Draw which neurons are kept for which example."""
        size = self.drawn.size
        numbers = bits.random_raw(-(-size // 4)).view(np.uint16)[:size].reshape(self.drawn.shape)
        np.multiply(numbers >= self.threshold, self.gain, out=self.drawn)


@dataclass(frozen=True)
class Masks:
    """The masks of a batch, (width, batch) for each layer that has a rate, drawn anew for each step."""

    bits: np.random.BitGenerator
    layers: Sequence[_Mask | None]

    def draw(self) -> None:
        """Draw new masks."""
        for mask in self.layers:
            if mask is not None:
                mask.draw(self.bits)

    def applied(self, layer: int, x: Array) -> Array:
        """Return what reaches `layer`, counted from 0, of the activations `x` below it, (width, batch)."""
        mask = self.layers[layer]
        return x if mask is None else np.multiply(x, mask.factors, out=mask.masked)

    def received(self, layer: int, x: Array) -> Array:
        """Return what the last call of `applied` returned, for the same `layer` and `x`."""
        mask = self.layers[layer]
        return x if mask is None else mask.masked

    def factors(self) -> list[Array | float]:
        """Return what the activations below each layer are multiplied by, (width, batch) or 1."""
        return [1.0 if mask is None else mask.factors for mask in self.layers]

    def apply(self, layer: int, delta: Array) -> None:
        """Multiply by the mask below `layer`, in place: what is left out receives no error."""
        mask = self.layers[layer]
        if mask is not None:
            delta *= mask.factors
