"""Statistics of few numbers: figures over seeds, shares of right answers, and tests of a difference."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.errors import NnlabError

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
LEVEL = 0.05  # a p-value below it is called significant
MOST_ENUMERATED = 20  # pairs whose 2ⁿ⁻¹ patterns of signs are all tried: half a million, in milliseconds
RESAMPLES = 99_999  # patterns of signs that are drawn for more pairs
_CHUNK = 9_999  # patterns drawn at once, so that they fit in memory
_ROUNDING = 1e-12  # sums of signed differences that are closer than this share of Σ|d| are equal


@dataclass(frozen=True)
class Interval:
    """An interval from `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True)
class Statistics:
    """The statistics of n values; `sd` divides by n − 1. One value has neither an sd nor an interval."""

    n: int
    mean: float
    sd: float | None
    minimum: float
    maximum: float
    interval: Interval | None  # 95 % t-interval of the mean; None without SciPy, too

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval: mean ± half_width."""
        return None if self.interval is None else (self.interval.high - self.interval.low) / 2


@dataclass(frozen=True)
class PairedTest:
    """The differences of n pairs: their mean, its 95 % t-interval, and a two-sided sign-flip test.

    `exact` says whether all 2ⁿ patterns of signs were tried; otherwise they were drawn.
    """

    n: int
    difference: float
    interval: Interval | None
    p: float
    exact: bool

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval: difference ± half_width."""
        return None if self.interval is None else (self.interval.high - self.interval.low) / 2


def is_scipy_installed() -> bool:
    """Return whether SciPy, which knows Student's t, can be imported."""
    try:
        import scipy.special  # noqa: F401, PLC0415 (to distinguish a missing extra from a bug)
    except ImportError:
        return False
    return True


def need_scipy() -> None:
    """Raise `NnlabError` unless SciPy is installed."""
    if not is_scipy_installed():
        raise NnlabError("t-intervals need SciPy; install it with: pip install 'nnlab[statistics]'")


def describe(values: Sequence[float]) -> Statistics:
    """Return the statistics of at least one value. Without SciPy, there is no interval."""
    mean = statistics.mean(values)
    sd = statistics.stdev(values) if len(values) > 1 else None
    interval = _t_interval(mean, sd, len(values)) if is_scipy_installed() else None
    return Statistics(len(values), mean, sd, min(values), max(values), interval)


def _t_interval(mean: float, sd: float | None, n: int) -> Interval | None:
    """Return mean ± t sd / √n, where t is the quantile of Student's t with n − 1 degrees of freedom."""
    if sd is None:
        return None
    from scipy.special import stdtrit  # noqa: PLC0415 (an extra; scipy.stats takes longer to import)

    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / math.sqrt(n)
    return Interval(mean - half, mean + half)


def wilson_interval(successes: int, n: int) -> Interval:
    """Return the 95 % interval of a proportion, (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n).

    Raises `ValueError` for n = 0. Source: Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is not a proportion")
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At both ends one bound is exact, but for rounding.
    return Interval(0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half)


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p-value of McNemar's test.

    Of two classifiers, `only_first` examples are right by the first only, `only_second` by the second only.
    If both are equally good, either count is binomial with p = 1/2. Source: McNemar, Psychometrika 12 (1947).
    """
    n = only_first + only_second
    term = total = 1
    for k in range(min(only_first, only_second)):
        term = term * (n - k) // (k + 1)  # the binomial coefficient (n over k + 1)
        total += term
    return float(min(1.0, 2 * total / 2**n))


def paired_test(first: Sequence[float], second: Sequence[float]) -> PairedTest:
    """Test whether `second` differs from `first`, pair by pair; the differences are second − first.

    Raises `ValueError` without pairs, `NnlabError` without SciPy.
    """
    need_scipy()
    differences = [b - a for a, b in zip(first, second, strict=True)]
    if not differences:
        raise ValueError("no pairs")
    n = len(differences)
    mean = statistics.mean(differences)
    sd = statistics.stdev(differences) if n > 1 else None
    return PairedTest(n, mean, _t_interval(mean, sd, n), sign_flip_p(differences), n <= MOST_ENUMERATED)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the sign-flip permutation test.

    It is the share of patterns of signs with which |Σ ± d| is at least |Σ d|. If it makes no difference which
    value of a pair is which, all patterns are equally likely. Up to `MOST_ENUMERATED` pairs all are tried.
    Beyond, `RESAMPLES` patterns are drawn, always the same ones, and the observed one counts as well.
    Source: Fisher, The Design of Experiments (1935), §21.
    """
    d = np.array(differences, np.float64)
    least = abs(d.sum()) - _ROUNDING * np.abs(d).sum()
    if len(d) <= MOST_ENUMERATED:
        sums = d[:1]  # flipping all signs changes no absolute value, so the first stays
        for each in d[1:]:
            sums = np.concatenate([sums + each, sums - each])
        return float((np.abs(sums) >= least).mean())
    rng = np.random.default_rng(0)
    reached = 1
    for start in range(0, RESAMPLES, _CHUNK):
        signs = rng.integers(0, 2, (min(_CHUNK, RESAMPLES - start), len(d)), dtype=np.int8) * 2.0 - 1
        reached += int((np.abs(signs @ d) >= least).sum())
    return reached / (RESAMPLES + 1)


def smallest_p(pairs: int) -> float:
    """Return the smallest p-value that `sign_flip_p` can give for a number of pairs: 2/2ⁿ if it is exact."""
    return 2 / 2**pairs if pairs <= MOST_ENUMERATED else 1 / (RESAMPLES + 1)


def pairs_needed(comparisons: int) -> int:
    """Return the number of pairs with which p < 0.05 is possible after Holm's correction."""
    pairs = 1
    while comparisons * 2 / 2**pairs >= LEVEL:
        pairs += 1
    return pairs


def holm(p_values: Sequence[float], comparisons: int | None = None) -> list[float]:
    """Return p-values corrected for m `comparisons`, by default their number, in the same order.

    The smallest is multiplied by m, the next by m − 1, and so on; none becomes smaller than the one before
    it, or larger than 1. Where these p-values are only some of m, the correction is stronger than it need be.
    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    m = len(p_values) if comparisons is None else comparisons
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (m - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
