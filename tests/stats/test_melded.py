"""Differences and ratios of two proportions: error rates summed over every outcome, a second implementation, laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom

from llmops_audit.stats import clopper_pearson, fisher_exact, melded_difference, melded_ratio

SHARES = (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
CONFIDENCES = st.floats(0.5, 0.9999)
INTERVALS = [melded_difference, melded_ratio]
Interval = Callable[..., tuple[Any, Any]]


@st.composite
def samples(draw: st.DrawFn) -> tuple[float, float]:
    """Real-valued successes and trials, edges included."""
    trials = draw(st.floats(1.0, 5000.0))
    share = draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(1e-4, 1.0 - 1e-4)))
    return trials * share, trials


@pytest.mark.parametrize("alpha", [0.05, 0.0125, 0.001, 1e-5])
@pytest.mark.parametrize(("n1", "n2"), [(20, 20), (10, 120)])
@pytest.mark.parametrize("interval", INTERVALS)
def test_each_bound_misses_less_often_than_allowed(interval: Interval, n1: int, n2: int, alpha: float) -> None:
    """Summed over every outcome, for balanced and unequal samples, near 0 and 1, at corrected levels as at 95 %."""
    x1, x2 = np.arange(n1 + 1), np.arange(n2 + 1)
    lower, upper = interval(x1[:, np.newaxis], n1, x2, n2, 1 - alpha)
    for p in SHARES:
        for q in SHARES:
            chances = np.outer(binom.pmf(x1, n1, p), binom.pmf(x2, n2, q))
            truth = p - q if interval is melded_difference else p / q
            slack = 1e-9 * max(1.0, truth)
            assert chances[lower > truth + slack].sum() <= alpha / 2
            assert chances[upper < truth - slack].sum() <= alpha / 2


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (1, 30, 500, 1000), (10, 10, 3, 20), (7.5, 22.25, 300.5, 5000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.9999])
def test_the_limits_are_quantiles_of_two_beta_variables(
    counts: tuple[float, float, float, float], confidence: float
) -> None:
    """By numerical integration over a density, as much is outside as there should be."""
    x1, n1, x2, n2 = counts
    one, other = beta(x1, n1 - x1 + 1), beta(x2 + 1, n2 - x2)
    points = other.ppf(np.array([0.0, 1e-12, 1e-6, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-6, 1 - 1e-12, 1.0])).tolist()

    def chance(moved: Callable[[float], float]) -> float:
        parts = pairwise(points)
        return float(sum(quad(lambda at: other.pdf(at) * one.cdf(moved(at)), *part, limit=200)[0] for part in parts))

    outside = (1 - confidence) / 2
    difference, ratio = melded_difference(*counts, confidence)[0], melded_ratio(*counts, confidence)[0]
    # Where a distribution ends in a corner the trapezoidal rule is a little less exact.
    assert chance(lambda at: difference + at) == pytest.approx(outside, rel=0.03)
    assert chance(lambda at: ratio * at) == pytest.approx(outside, rel=0.03)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_equality_is_judged_as_by_fisher(confidence: float) -> None:
    """Zero is inside the interval of the difference, and one inside that of the ratio, where Fisher's test keeps it."""
    x1, x2 = np.arange(13)[:, np.newaxis], np.arange(18)
    kept = fisher_exact(x1, 12, x2, 17) > 1 - confidence
    for interval, equal in ((melded_difference, 0.0), (melded_ratio, 1.0)):
        lower, upper = interval(x1, 12, x2, 17, confidence)
        assert np.array_equal((lower <= equal) & (equal <= upper), kept)


def test_beside_a_known_share_it_is_clopper_and_pearson_s() -> None:
    """With a thousand million rows on one side only the other one is uncertain."""
    low, high = clopper_pearson(7, 40, 0.99)
    assert melded_difference(7, 40, 3e8, 1e9, 0.99) == pytest.approx((low - 0.3, high - 0.3), abs=1e-4)
    assert melded_ratio(7, 40, 3e8, 1e9, 0.99) == pytest.approx((low / 0.3, high / 0.3), rel=1e-3)


@pytest.mark.parametrize("confidence", [0.95, 1 - 1e-5, 1 - 1e-12])
def test_edges(confidence: float) -> None:
    """Without successes or failures on a side the interval ends where no outcome could contradict."""
    assert melded_difference(0, 10, 20, 20, confidence)[0] == -1.0
    assert melded_difference(10, 10, 0, 20, confidence)[1] == 1.0
    assert melded_ratio(0, 10, 5, 20, confidence)[0] == 0.0
    assert melded_ratio(5, 10, 0, 20, confidence)[1] == math.inf
    assert melded_ratio(0, 10, 0, 20, confidence) == (0.0, math.inf)
    for empty in ((0, 0, 5, 10), (5, 10, 0, 0)):
        assert melded_difference(*empty, confidence) == (-1.0, 1.0)
        assert melded_ratio(*empty, confidence) == (0.0, math.inf)
    assert 0.0 < melded_ratio(5, 10, 0, 100, confidence)[0] < 50.0


@settings(max_examples=60)
@given(samples(), samples(), CONFIDENCES, CONFIDENCES)
def test_difference_laws(first: tuple[float, float], second: tuple[float, float], a: float, b: float) -> None:
    """The difference is inside, more confidence widens, and swapping the samples mirrors the interval."""
    difference = first[0] / first[1] - second[0] / second[1]
    narrow, wide = (melded_difference(*first, *second, confidence) for confidence in sorted((a, b)))
    assert -1.0 <= wide[0] <= narrow[0] + 1e-6
    assert narrow[0] <= difference + 1e-12
    assert difference - 1e-12 <= narrow[1]
    assert narrow[1] - 1e-6 <= wide[1] <= 1.0
    mirrored = melded_difference(*second, *first, max(a, b))
    assert (-mirrored[1], -mirrored[0]) == pytest.approx(wide, abs=1e-12)


@settings(max_examples=60)
@given(samples(), samples(), CONFIDENCES, CONFIDENCES)
def test_ratio_laws(first: tuple[float, float], second: tuple[float, float], a: float, b: float) -> None:
    """The ratio is inside, more confidence widens, and swapping the samples inverts the interval."""
    assume(second[0] > 0.0)
    ratio = first[0] / first[1] / (second[0] / second[1])
    narrow, wide = (melded_ratio(*first, *second, confidence) for confidence in sorted((a, b)))
    slack = 1e-6
    assert 0.0 <= wide[0] <= narrow[0] * (1 + slack)
    assert narrow[0] * (1 - slack) <= ratio <= narrow[1] * (1 + slack)
    assert narrow[1] * (1 - slack) <= wide[1]
    assume(first[0] > 0.0)
    inverse = melded_ratio(*second, *first, max(a, b))
    assert (1 / inverse[1], 1 / inverse[0]) == pytest.approx(wide, rel=1e-9)


@pytest.mark.parametrize("interval", INTERVALS)
def test_arrays_give_what_numbers_give(interval: Interval) -> None:
    """Intervals of many pairs at once are those of each pair, edges included."""
    x1, n1, x2, n2 = np.array([[0, 5, 5, 30, 10], [10, 10, 10, 100, 10], [5, 0, 0, 50, 10], [10, 0, 10, 120, 10]])
    low, high = interval(x1, n1, x2, n2, 0.99)
    each = [interval(*pair, 0.99) for pair in zip(x1, n1, x2, n2, strict=True)]
    assert np.column_stack([low, high]) == pytest.approx(np.array(each), abs=1e-12)
    assert all(isinstance(end, float) for pair in each for end in pair)
    assert [ends.shape for ends in interval(np.empty(0), 5, 3, 5, 0.95)] == [(0,), (0,)]


def test_however_many_pairs_there_are_each_has_its_interval() -> None:
    """Pairs are taken in blocks; the last of many has the interval that it has alone."""
    x = np.arange(5000) % 30
    low, high = melded_difference(x, 40, 9, 50, 0.95)
    assert (low[-1], high[-1]) == pytest.approx(melded_difference(x[-1], 40, 9, 50, 0.95), abs=1e-12)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(("x", "n"), [(-1, 5), (6, 5), (math.nan, 5), (1, math.nan), (0, math.inf), (0, -1), (1, 0)])
def test_impossible_counts_are_refused(interval: Interval, x: float, n: float) -> None:
    """Counts that no sample can have raise, on either side."""
    with pytest.raises(ValueError, match="impossible"):
        interval(1, 2, x, n, 0.95)
    with pytest.raises(ValueError, match="impossible"):
        interval(x, n, 1, 2, 0.95)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.1, math.nan])
def test_impossible_confidence_is_refused(interval: Interval, confidence: float) -> None:
    """A confidence outside (0, 1) raises instead of giving an interval of no meaning."""
    with pytest.raises(ValueError, match="confidence"):
        interval(1, 2, 1, 2, confidence)
