"""The expected values of each activation; a new activation is one row here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

LN3 = math.log(3)
HUGE = 1e4


@dataclass(frozen=True)
class Expected:
    """Values worked by hand, and the formulas of the lecture for a single number, written plainly."""

    at_ln_3: tuple[float, float, float]  # a(−ln 3), a(0), a(ln 3)
    at_huge: tuple[float, float]  # a(−HUGE), a(HUGE)
    a: Callable[[float], float]
    slope: Callable[[float], float] | None  # z ↦ da/dz; None: it cannot be trained
    initialiser: str


# σ(ln 3) = 1 / (1 + 1/3) = 3/4, and tanh(ln 3) = (3 − 1/3) / (3 + 1/3) = 8/10.
EXPECTED = {
    "identity": Expected((-LN3, 0, LN3), (-HUGE, HUGE), lambda z: z, lambda _: 1, "lecun"),
    "step": Expected((0, 1, 1), (0, 1), lambda z: float(z >= 0), None, "lecun"),
    "sigmoid": Expected(
        (1 / 4, 1 / 2, 3 / 4),
        (0, 1),
        lambda z: 1 / (1 + math.exp(-z)),
        lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2,
        "glorot",
    ),
    "tanh": Expected(
        (-4 / 5, 0, 4 / 5),
        (-1, 1),
        lambda z: (math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)),
        lambda z: 1 / math.cosh(z) ** 2,
        "glorot",
    ),
    "relu": Expected((0, 0, LN3), (0, HUGE), lambda z: max(0.0, z), lambda z: float(z > 0), "he"),
    "leaky_relu": Expected(
        (-LN3 / 100, 0, LN3),
        (-HUGE / 100, HUGE),
        lambda z: z if z > 0 else z / 100,
        lambda z: 1 if z > 0 else 0.01,
        "he",
    ),
    # e^(−ln 3) − 1 = −2/3.
    "elu": Expected(
        (-2 / 3, 0, LN3),
        (-1, HUGE),
        lambda z: z if z > 0 else math.exp(z) - 1,
        lambda z: 1 if z > 0 else math.exp(z),
        "he",
    ),
    # ln(1 + 1/3) = ln 4 − ln 3, ln(1 + 1) and ln(1 + 3).
    "softplus": Expected(
        (math.log(4) - LN3, math.log(2), math.log(4)),
        (0, HUGE),
        lambda z: math.log(1 + math.exp(z)),
        lambda z: 1 / (1 + math.exp(-z)),
        "he",
    ),
    # tanh(2/3 ln 3) = (9^(2/3) − 1) / (9^(2/3) + 1).
    "scaled_tanh": Expected(
        (
            -1.7159 * (9 ** (2 / 3) - 1) / (9 ** (2 / 3) + 1),
            0,
            1.7159 * (9 ** (2 / 3) - 1) / (9 ** (2 / 3) + 1),
        ),
        (-1.7159, 1.7159),
        lambda z: 1.7159 * math.tanh(2 / 3 * z),
        lambda z: 1.7159 * 2 / 3 / math.cosh(2 / 3 * z) ** 2,
        "lecun",
    ),
}
TRAINABLE = [name for name, expected in EXPECTED.items() if expected.slope]
