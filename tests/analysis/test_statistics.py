"""The statistics agree with SciPy, statsmodels and examples worked by hand, and keep their promises."""

from __future__ import annotations

import math
import statistics as standard

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from nnlab.analysis.statistics import (
    MOST_ENUMERATED,
    describe,
    holm,
    mcnemar_p,
    paired_test,
    pairs_needed,
    sign_flip_p,
    smallest_p,
    wilson_interval,
)

figures = st.lists(st.floats(-10, 10).map(lambda x: round(x, 6)), min_size=2, max_size=12)


def within_sampling_error(count: int, n: int, p: float) -> bool:
    """Return whether a count of n is within four standard errors of p."""
    return abs(count / n - p) <= 4 * math.sqrt(p * (1 - p) / n)


@given(figures)
def test_a_sample_is_described_as_by_statsmodels(values: list[float]) -> None:
    found, other = describe(values), DescrStatsW(values)
    assert found.n == len(values)
    assert found.mean == pytest.approx(other.mean, abs=1e-12)
    assert found.sd == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    assert (found.minimum, found.maximum) == (min(values), max(values))
    assert found.interval is not None
    if found.sd:
        low, high = other.tconfint_mean(alpha=0.05)
        assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-9)
    else:
        assert found.interval.low == found.interval.high == found.mean


def test_an_interval_worked_by_hand() -> None:
    """Of 97, 98, 99: mean 98, sd 1, t(2 degrees of freedom, 0.975) = 4.30265, so ± 4.30265 / √3 = 2.48414."""
    found = describe([97, 98, 99])
    assert (found.mean, found.sd) == (98, 1)
    assert found.half_width == pytest.approx(2.48414, abs=1e-5)


def test_one_value_has_no_interval() -> None:
    found = describe([0.5])
    assert (found.n, found.mean, found.sd, found.interval, found.half_width) == (1, 0.5, None, None, None)


def test_t_intervals_cover_95_percent() -> None:
    rng = np.random.default_rng(1)
    for n in (2, 3, 5, 10):
        samples = rng.normal(3, 2, (2000, n)).tolist()
        intervals = [describe(sample).interval for sample in samples]
        covered = sum(each is not None and each.low <= 3 <= each.high for each in intervals)
        assert within_sampling_error(covered, 2000, 0.95), n


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_that_of_statsmodels(counts: tuple[int, int]) -> None:
    found = wilson_interval(*counts)
    assert (found.low, found.high) == pytest.approx(proportion_confint(*counts, method="wilson"), abs=1e-12)
    assert 0 <= found.low <= counts[0] / counts[1] <= found.high <= 1


def test_wilsons_interval_worked_by_hand() -> None:
    """For 8 of 10 and z = 1.96: centre (0.8 + 0.19208) / 1.38416 = 0.71674, half-width 0.22660."""
    found = wilson_interval(8, 10)
    assert (found.low, found.high) == pytest.approx((0.49016, 0.94332), abs=1e-4)


def test_wilsons_interval_covers_about_95_percent() -> None:
    """Of all 10,001 outcomes, those whose interval holds the truth have a probability of about 95%."""
    for p in (0.5, 0.9, 0.98):
        outcomes = np.arange(10_001)
        covers = [(w := wilson_interval(int(k), 10_000)).low <= p <= w.high for k in outcomes]
        assert float(scipy.stats.binom.pmf(outcomes, 10_000, p)[covers].sum()) == pytest.approx(
            0.95, abs=0.005
        )


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (0, 0)])
def test_what_is_not_a_proportion_has_no_interval(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not a proportion"):
        wilson_interval(*counts)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemars_test_is_that_of_statsmodels(first: int, second: int) -> None:
    expected = mcnemar([[50, first], [second, 7]], exact=True).pvalue if first + second else 1.0
    assert mcnemar_p(first, second) == pytest.approx(expected, rel=1e-9)


def test_mcnemars_test_worked_by_hand() -> None:
    """Of 6 discordant examples 1 : 5: 2 · (1 + 6) / 2⁶ = 14 / 64."""
    assert mcnemar_p(1, 5) == 14 / 64


@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=9))
def test_the_sign_flip_test_is_that_of_scipy(differences: list[float]) -> None:
    if len(differences) == 1:  # SciPy refuses it: both patterns are equally extreme
        assert sign_flip_p(differences) == 1
        return
    expected = scipy.stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", vectorized=True
    )
    assert sign_flip_p(differences) == pytest.approx(expected.pvalue)


def test_the_sign_flip_test_worked_by_hand() -> None:
    """Of 3, 2, 1, −1 with sum 5: ±7 (2 patterns) and ±5 (4 patterns) of 16 are at least as extreme."""
    assert sign_flip_p([3, 2, 1, -1]) == 6 / 16


@pytest.mark.parametrize("n", [2, 5, 6, 10, MOST_ENUMERATED])
def test_the_smallest_p_value_is_that_of_differences_of_one_sign(n: int) -> None:
    assert sign_flip_p([1.0 + 0.1 * k for k in range(n)]) == smallest_p(n) == 2 / 2**n


def test_rounding_does_not_decide_which_patterns_are_as_extreme() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3]) == sign_flip_p([1, 2, 3]) == 2 / 8


def test_patterns_are_drawn_for_many_pairs() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(0.3, 1, MOST_ENUMERATED + 10).tolist()
    tested = paired_test([0.0] * len(differences), differences)
    assert not tested.exact
    expected = scipy.stats.ttest_1samp(differences, 0).pvalue
    assert tested.p == pytest.approx(expected, abs=0.02)
    assert tested.p == sign_flip_p(differences), "always the same patterns"


def test_pairs_are_tested_by_their_differences() -> None:
    """The differences are 0.5, 0.25 and 0.75; their mean is 0.5, and all are positive: p = 2 / 2³."""
    tested = paired_test([1.0, 2.0, 3.0], [1.5, 2.25, 3.75])
    assert (tested.n, tested.difference, tested.p, tested.exact) == (3, 0.5, 0.25, True)
    low, high = DescrStatsW([0.5, 0.25, 0.75]).tconfint_mean()
    assert tested.interval is not None
    assert (tested.interval.low, tested.interval.high) == pytest.approx((low, high))


def test_equal_pairs_do_not_differ() -> None:
    tested = paired_test([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (tested.difference, tested.p, tested.half_width) == (0, 1, 0)


def test_one_pair_says_nothing() -> None:
    tested = paired_test([1.0], [2.0])
    assert (tested.n, tested.p, tested.interval) == (1, 1, None)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_correction_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holms_correction_worked_by_hand() -> None:
    """0.01 · 4, 0.02 · 3, 0.03 · 2 and 0.5: the third is not to be smaller than the second."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([]) == []


@pytest.mark.parametrize(("comparisons", "pairs"), [(1, 6), (2, 7), (3, 7), (4, 8), (10, 9)])
def test_the_number_of_pairs_that_a_small_p_value_needs(comparisons: int, pairs: int) -> None:
    assert comparisons * smallest_p(pairs) < 0.05 <= comparisons * smallest_p(pairs - 1)
    assert pairs_needed(comparisons) == pairs


def test_the_tests_keep_their_level() -> None:
    """Where nothing differs, at most 5% of the families of three tests find a difference."""
    rng = np.random.default_rng(2)
    families, single, any_of_three = 2000, 0, 0
    for _ in range(families):
        reference, *others = rng.exponential(1, (4, 8)).tolist()
        p_values = [paired_test(reference, other).p for other in others]
        single += p_values[0] < 0.05
        any_of_three += min(holm(p_values)) < 0.05
    assert single / families <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / families)
    assert single / families >= 0.02, "it has power"
    assert any_of_three / families <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / families)


def test_mcnemars_test_keeps_its_level() -> None:
    """Summed over all outcomes of n discordant examples, p < 0.05 has a probability of at most 5%."""
    for n in (5, 6, 20, 101):
        probability = sum(math.comb(n, k) for k in range(n + 1) if mcnemar_p(k, n - k) < 0.05) / 2**n
        assert probability <= 0.05


def test_paired_intervals_cover_95_percent() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(2000):
        seeds = rng.normal(0, 5, 5)  # what pairing removes
        first, second = seeds + rng.normal(0, 1, 5), seeds + rng.normal(0.7, 1, 5)
        interval = paired_test(first.tolist(), second.tolist()).interval
        covered += interval is not None and interval.low <= 0.7 <= interval.high
    assert within_sampling_error(covered, 2000, 0.95)


def test_the_mean_is_exact() -> None:
    values = [1e16, 1.0, -1e16]
    assert describe(values).mean == standard.mean(values)
