"""Intervals in closed form: coverage by enumeration, second implementations, and laws."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import power_proportions_2indep, proportion_confint

from llmops_audit.stats import (
    clopper_pearson,
    detectable_difference,
    detectable_share,
    melded_difference,
    rows_to_decide,
)

CONFIDENCES = st.floats(0.5, 0.9999)


@st.composite
def samples(draw: st.DrawFn) -> tuple[float, float]:
    """Real-valued successes and trials, edges included."""
    trials = draw(st.floats(1.0, 5000.0))
    # Weights are whole multiples of 1e-6, so that no share of rows is smaller.
    share = draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(1e-6, 1.0 - 1e-6)))
    return trials * share, trials


@pytest.mark.parametrize("n", [5, 20, 100])
@pytest.mark.parametrize("p", [0.01, 0.1, 0.37, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_clopper_pearson_covers_at_least_nominally_on_each_side(n: int, p: float, confidence: float) -> None:
    """Summed over every possible sample, each bound misses no more often than half of what is allowed."""
    successes = range(n + 1)
    lows, highs = np.array([clopper_pearson(x, n, confidence) for x in successes]).T
    chances = np.asarray(binom.pmf(np.arange(n + 1), n, p))
    allowed = (1 - confidence) / 2 + 1e-12
    assert chances[lows > p].sum() <= allowed
    assert chances[highs < p].sum() <= allowed


def test_clopper_pearson_is_the_textbook_interval() -> None:
    """The bounds equal statsmodels' beta method for whole counts."""
    for x, n in [(0, 7), (3, 7), (7, 7), (81, 263), (995, 1000)]:
        expected = proportion_confint(x, n, alpha=0.05, method="beta")
        assert clopper_pearson(x, n, 0.95) == pytest.approx(expected, abs=1e-12)


def test_clopper_pearson_has_exact_edges() -> None:
    """No trials say nothing; no successes give a lower bound of 0, no failures an upper bound of 1."""
    assert clopper_pearson(0, 0, 0.95) == (0.0, 1.0)
    none, every = clopper_pearson(0, 8, 0.95), clopper_pearson(8, 8, 0.95)
    assert none[0] == 0.0
    assert none[1] == pytest.approx(1 - 0.025 ** (1 / 8))
    assert every[0] == pytest.approx(0.025 ** (1 / 8))
    assert every[1] == 1.0
    assert clopper_pearson(8 + 1e-12, 8, 0.95)[1] == 1.0


def test_clopper_pearson_of_effective_counts_lies_between_whole_ones() -> None:
    """Half a success more or less moves the bounds by less than a whole one."""
    low = [clopper_pearson(x, 20, 0.95)[0] for x in (9, 9.5, 10)]
    high = [clopper_pearson(x, 20, 0.95)[1] for x in (9, 9.5, 10)]
    assert low == sorted(set(low))
    assert high == sorted(set(high))


@given(samples(), CONFIDENCES, CONFIDENCES)
def test_clopper_pearson_holds_the_share_and_widens(sample: tuple[float, float], a: float, b: float) -> None:
    """The observed share is inside, and more confidence never narrows the interval."""
    x, n = sample
    narrow, wide = clopper_pearson(x, n, min(a, b)), clopper_pearson(x, n, max(a, b))
    assert 0.0 <= wide[0] <= narrow[0] <= x / n <= narrow[1] <= wide[1] <= 1.0


@given(st.floats(1.0, 500.0), st.floats(1e-6, 1.0), st.floats(1e-6, 1.0), CONFIDENCES)
def test_clopper_pearson_rises_with_successes(n: float, a: float, b: float, confidence: float) -> None:
    """More successes among as many trials lower neither bound."""
    fewer = clopper_pearson(n * min(a, b), n, confidence)
    more = clopper_pearson(n * max(a, b), n, confidence)
    assert fewer[0] <= more[0] + 1e-12
    assert fewer[1] <= more[1] + 1e-12


@pytest.mark.parametrize(("x", "n"), [(-1, 5), (6, 5), (math.nan, 5), (1, math.nan), (0, math.inf), (0, -1), (1, 0)])
def test_impossible_counts_are_refused(x: float, n: float) -> None:
    """Counts that no sample can have raise."""
    with pytest.raises(ValueError, match="impossible"):
        clopper_pearson(x, n, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.1, math.nan])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    """A confidence outside (0, 1) raises instead of giving an interval of no meaning."""
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 2, confidence)


def test_rows_to_decide_scales_with_the_square() -> None:
    """Twice the half-width of the distance needs four times the rows, on the side of the limit alone."""
    assert rows_to_decide(0.875, (0.375, 1.0), 0.625, 100) == 400
    assert rows_to_decide(0.5, (0.0, 0.875), 0.75, 100) == 225
    assert rows_to_decide(0.875, (0.75, 1.0), 0.625, 100) == 25
    assert rows_to_decide(0.75, (0.5, 1.0), 0.6, 100) == 278


@pytest.mark.parametrize(
    ("value", "interval", "limit", "rows"),
    [
        (0.7, (0.5, 0.9), 0.7, 100),
        (math.nan, (0.5, 0.9), 0.7, 100),
        (0.8, (-math.inf, 0.9), 0.7, 100),
        (0.8, (0.5, math.inf), 0.7, 100),
        (0.8, (0.5, 0.9), math.nan, 100),
        (0.8, (0.5, 0.9), 0.7, 0),
        (1e-200, (-1.0, 1.0), 0.0, 100),
    ],
)
def test_rows_to_decide_knows_when_it_cannot_tell(
    value: float, interval: tuple[float, float], limit: float, rows: int
) -> None:
    """At the limit itself, without rows or without finite numbers there is no estimate."""
    assert rows_to_decide(value, interval, limit, rows) is None


@given(st.integers(10, 400), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_rows_to_decide_agrees_with_the_interval(n: int, share: float, limit: float) -> None:
    """No more rows are asked for exactly where the interval already keeps off the limit."""
    assume(abs(share - limit) > 1e-3)
    low, high = melded_difference(share * n, n, 0, n, 0.95)
    needed = rows_to_decide(share, (low, high), limit, n)
    assert needed is not None
    assert (needed <= n) == (not low < limit < high)


@pytest.mark.parametrize(("n1", "n2"), [(100, 100), (50, 500), (500, 50), (3000, 2000)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_detectable_difference_has_its_power(n1: int, n2: int, share: float, power: float) -> None:
    """By statsmodels, it is found with this power in one direction and with at least this power in the other."""
    size = detectable_difference(share, n1, n2, 0.05, power)
    reached = []
    for difference in (size, -size):
        if 0.0 < share + difference < 1.0:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reached.append(
                    power_proportions_2indep(-difference, share + difference, n1, n2 / n1, return_results=False)
                )
    assert min(reached) == pytest.approx(power, abs=2e-3)


def test_the_detectable_difference_is_found_in_simulated_samples() -> None:
    """Of samples that differ by it, about 80 % have an interval that keeps off 0."""
    rng = np.random.default_rng(2)
    size = detectable_difference(0.9, 400, 300, 0.05)
    samples = zip(rng.binomial(400, 0.9, 2000), rng.binomial(300, 0.9 - size, 2000), strict=True)
    found = np.mean([melded_difference(a, 400, b, 300, 0.95)[0] > 0 for a, b in samples])
    assert found == pytest.approx(0.8, abs=0.04)


def test_where_no_difference_can_be_found_there_is_none() -> None:
    """Two rows find nothing, an empty sample and an unknown share neither, and a share of 1 looks downwards."""
    assert math.isnan(detectable_difference(0.5, 2, 2, 0.05))
    assert math.isnan(detectable_difference(0.5, 0, 100, 0.05))
    assert math.isnan(detectable_difference(math.nan, 100, 100, 0.05))
    assert 0.0 < detectable_difference(1.0, 100, 100, 0.05) < 0.15
    assert detectable_difference(1.0, 100, 100, 0.05) == pytest.approx(detectable_difference(0.0, 100, 100, 0.05))


@given(st.floats(0.0, 1.0), st.integers(1, 10_000), st.integers(2, 9), st.floats(0.5, 0.95))
def test_more_rows_detect_smaller_differences(share: float, n: int, times: int, power: float) -> None:
    """A difference that some rows detect, more rows detect too, and a smaller one."""
    size = detectable_difference(share, n, n, 0.05, power)
    assume(not math.isnan(size))
    assert detectable_difference(share, n * times, n * times, 0.05, power) <= size + 1e-12


@pytest.mark.parametrize("n", [30, 100, 1000, 20_000])
@pytest.mark.parametrize("limit", [0.2, 0.9, 0.99])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_detectable_share_is_found_with_its_power(n: int, limit: float, alpha: float) -> None:
    """At this share exactly 80 % of the samples have an upper bound under the limit; NaN where none can have one."""
    share = detectable_share(limit, n, alpha)
    below = sum(clopper_pearson(x, n, 1 - alpha)[1] < limit for x in range(n + 1))
    if below == 0:
        assert math.isnan(share)
    else:
        assert binom.cdf(below - 1, n, share) == pytest.approx(0.8)
        assert 0.0 < share < limit


def test_the_detectable_share_looks_upwards_too() -> None:
    """Over a maximum it is the mirror image of that under a minimum."""
    assert detectable_share(0.05, 300, 0.05, above=True) == pytest.approx(1 - detectable_share(0.95, 300, 0.05))
    assert detectable_share(0.05, 300, 0.05, above=True) > 0.05
    assert detectable_share(0.9, 500.9, 0.05) == detectable_share(0.9, 500, 0.05)


@pytest.mark.parametrize(("limit", "n"), [(0.5, 2), (0.0, 1000), (0.9, 0), (0.9, 0.5), (0.9, math.nan), (math.nan, 9)])
def test_where_no_share_can_be_found_there_is_none(limit: float, n: float) -> None:
    """Too few rows and limits that nothing is under give NaN."""
    assert math.isnan(detectable_share(limit, n, 0.05))


@pytest.mark.parametrize(("alpha", "power"), [(0.0, 0.8), (1.0, 0.8), (0.05, 0.0), (0.05, 1.0), (math.nan, 0.8)])
def test_impossible_levels_and_powers_are_refused(alpha: float, power: float) -> None:
    """A level or a power outside (0, 1) raises."""
    with pytest.raises(ValueError, match="out of range"):
        detectable_difference(0.5, 100, 100, alpha, power)
    with pytest.raises(ValueError, match="out of range"):
        detectable_share(0.5, 100, alpha, power)
