"""Toy datasets: the small examples of the lecture, drawn from the seed, each with its own options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field

from nnlab.datasets.dataset import Examples
from nnlab.options import Options

if TYPE_CHECKING:
    from nnlab.datasets.locate import Source

Numbers: TypeAlias = npt.NDArray[np.float64]

GOLDEN_RATIO = (1 + 5**0.5) / 2
GRID = 1000  # test examples of a function, evenly spread


class FunctionOptions(Options):
    """Options of a function y = f(x) that is learnt from noisy examples."""

    examples: int = Field(
        100, ge=1, le=1_000_000, description="number of examples for training and validation"
    )
    noise: float = Field(0.0, ge=0, le=1e6, description="standard deviation of the noise on y")


Coefficient = Annotated[float, Field(ge=-1e6, le=1e6)]


class LineOptions(FunctionOptions):
    """Options of y = slope · x + intercept."""

    noise: float = Field(0.1, ge=0, le=1e6, description="standard deviation of the noise on y")
    slope: Coefficient = Field(2.0, description="slope of the line")
    intercept: Coefficient = Field(-1.0, description="value of the line at x = 0")


class StepOptions(FunctionOptions):
    """Options of a function that jumps."""

    steps: int = Field(4, ge=1, le=10_000, description="number n of jumps of step; symmetric_step has 2n")


@dataclass(frozen=True)
class Toy:
    """A small dataset: a `DatasetInfo` whose examples are drawn.

    A toy has two `classes`, which one output or two outputs distinguish, or none, in a regression. Unless a
    config holds out examples, the training examples are used for validation too.
    """

    title: str
    features: int
    classes: tuple[str, ...]
    options: type[Options]
    count_examples: Callable[[Any], int]  # options -> the number of examples for training and validation
    draw: Callable[[Any, np.random.Generator], Examples]  # the examples for training and validation
    test: Callable[[Any], Examples]
    validation_size: int = 0

    @property
    def outputs(self) -> tuple[int, ...]:
        """The widths that the output layer may have."""
        return (1, len(self.classes)) if self.classes else (1,)

    @property
    def digests(self) -> dict[str, str]:
        """The digests of its files: none."""
        return {}

    def number_of_examples(self, options: Options) -> int:
        """Return the number of examples for training and validation."""
        return self.count_examples(options)

    def load_training(self, options: Options, rng: np.random.Generator, _: Source) -> Examples:
        """Return the examples for training and validation, as `rng` draws them."""
        return self.draw(options, rng)

    def load_test(self, options: Options, _: Source) -> Examples:
        """Return an even grid without noise for a function, all examples for any other toy."""
        return self.test(options)


def jumps(steps: int) -> Numbers:
    """Return the jumps of the step function with n = `steps` steps: k/(n + 1) for k = 1 … n."""
    return np.arange(1, steps + 1) / (steps + 1)


def levels(steps: int) -> Numbers:
    """Return the n + 1 values of the step function: the multiples of the golden ratio, modulo 1.

    All are different, and every jump is large.
    """
    heights: Numbers = np.mod(np.arange(steps + 1) * GOLDEN_RATIO, 1)
    return heights


def step_function(x: Numbers, steps: int) -> Numbers:
    """Return the step function with n = `steps` steps at `x` in [0, 1]; at a jump, it has the new value."""
    return levels(steps)[np.searchsorted(jumps(steps), x, side="right")]


def symmetric_step_function(x: Numbers, steps: int) -> Numbers:
    """Return the function with 2n steps on [0, 1] that mirrors the step function about 1/2."""
    return step_function(np.abs(2 * x - 1), steps)


def _table(title: str, inputs: list[list[float]], labels: list[int]) -> Toy:
    """Return the toy that consists of these examples."""
    examples = np.array(inputs, float), np.array(labels)
    return Toy(
        title,
        features=len(inputs[0]),
        classes=("0", "1"),
        options=Options,
        count_examples=lambda _: len(labels),
        draw=lambda *_: examples,
        test=lambda _: examples,
    )


def _regression(
    title: str, options: type[FunctionOptions], f: Callable[[Any, Numbers], Numbers], low: float
) -> Toy:
    """Return the toy y = f(options, x), x in [`low`, 1]: drawn with noise, tested without."""

    def draw(given: FunctionOptions, rng: np.random.Generator) -> Examples:
        x = rng.uniform(low, 1, (given.examples, 1))
        return x, f(given, x) + rng.normal(0, given.noise, x.shape)

    def test(given: FunctionOptions) -> Examples:
        x = low + (1 - low) * (np.arange(GRID)[:, np.newaxis] + 0.5) / GRID
        return x, f(given, x)

    return Toy(
        title,
        features=1,
        classes=(),
        options=options,
        count_examples=lambda given: given.examples,
        draw=draw,
        test=test,
    )


TOYS: dict[str, Toy] = {
    "xor": _table("XOR", [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]),
    "line": _regression("a noisy line", LineOptions, lambda o, x: o.slope * x + o.intercept, low=-1),
    "neuron": _table("one neuron's task, x = 1, y = 0", [[1]], [0]),
    "step": _regression("a step function", StepOptions, lambda o, x: step_function(x, o.steps), low=0),
    "symmetric_step": _regression(
        "a symmetric step function",
        StepOptions,
        lambda o, x: symmetric_step_function(x, o.steps),
        low=0,
    ),
}
