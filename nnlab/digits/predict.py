"""What a network answers to the digits in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.digits.find import find_digits, ink_of
from nnlab.digits.mnist_form import SIDE, in_mnist_form
from nnlab.digits.pictures import PictureError

if TYPE_CHECKING:
    from nnlab.network import Network


@dataclass(frozen=True)
class Digit:
    """A digit in a picture: the image that the network sees, (28, 28), and where it was found."""

    image: NDArray[np.float64]
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Answer:
    """The answer to digit `number` of a picture, from 1: the outputs of the network by class."""

    picture: str
    number: int
    digit: Digit
    outputs: dict[str, float]

    def ranked(self) -> list[tuple[str, float]]:
        """Return classes and outputs, largest first."""
        return sorted(self.outputs.items(), key=lambda item: -item[1])

    def as_json(self) -> dict[str, Any]:
        """Return the answer for programs."""
        box = {name: getattr(self.digit, name) for name in ("left", "top", "width", "height")}
        answer, output = self.ranked()[0]
        return {
            "picture": self.picture,
            "digit": self.number,
            "box": box,
            "answer": answer,
            "output": output,
            "outputs": self.outputs,
        }


def digits_in(brightness: NDArray[np.float64], name: str, *, invert: bool, as_is: bool) -> list[Digit]:
    """Return the digits of a picture in reading order.

    With `as_is`, the picture is one image as MNIST has it: white on black, 28 × 28 pixels. Raises
    `PictureError` if there is no digit.
    """
    rows, columns = brightness.shape
    if as_is:
        if brightness.shape != (SIDE, SIDE):
            raise PictureError(f"{name}: --as-is needs 28 × 28 pixels, and this has {columns} × {rows}")
        return [Digit(1 - brightness if invert else brightness, 0, 0, rows, columns)]
    digits = []
    for found in find_digits(ink_of(brightness, invert=invert)):
        image = in_mnist_form(found.ink)
        if image is not None:
            digits.append(Digit(image, found.top, found.left, *found.ink.shape))
    if not digits:
        raise PictureError(f"{name}: no digit found; is it blank, or do light and dark need --invert?")
    return digits


def outputs_for(network: Network, digit: Digit) -> NDArray[np.float64]:
    """Return the outputs of `network` for `digit`, (classes,)."""
    inputs = digit.image.reshape(1, -1).astype(network.parameters.dtype)
    outputs: NDArray[np.float64] = network.outputs(inputs)[0].astype(np.float64)
    return outputs
