"""Rows that would decide: by exact sums, by simulation, and where no number of rows promises anything."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from llmops_audit.stats import clopper_pearson, melded_difference, rows_to_decide


def power(n: int, share: float, limit: float, confidence: float) -> float:
    """Probability, summed over all outcomes, that the exact interval of n rows lies on the share's side."""
    x = np.arange(n + 1)
    ends = np.array([clopper_pearson(int(successes), n, confidence) for successes in x])
    excludes = ends[:, 0] > limit if share > limit else ends[:, 1] < limit
    return float(binom.pmf(x, n, share)[excludes].sum())


@pytest.mark.parametrize(
    ("x", "n", "limit"), [(85, 100, 0.8), (42, 50, 0.9), (3, 100, 0.06), (10, 120, 0.05), (15, 20, 0.6)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_for_a_proportion_it_is_exact(x: int, n: int, limit: float, confidence: float) -> None:
    """So many rows decide with 80 %, the next smaller number of two digits does not."""
    low, high = clopper_pearson(x, n, confidence)
    assert low < limit < high
    needed = rows_to_decide(x / n, (low, high), limit, n, confidence)
    assert needed is not None
    assert needed > n
    assert power(needed, x / n, limit, confidence) >= 0.8
    smaller = needed - 10 ** max(0, len(str(needed)) - 2)
    assert smaller <= n or power(smaller, x / n, limit, confidence) < 0.8


def test_other_intervals_shrink_with_the_root_of_the_rows() -> None:
    """The half-width towards the limit, and a reserve for the chance that the next value is worse."""
    reserve = 1 + norm.ppf(0.8) / norm.ppf(0.975)
    assert rows_to_decide(0.7, (0.5, 0.8), 0.6, 100) == math.ceil(100 * (2 * reserve) ** 2 / 10) * 10
    assert rows_to_decide(0.7, (0.6, 1.0), 0.85, 1000) == math.ceil(1000 * (2 * reserve) ** 2 / 100) * 100
    assert rows_to_decide(3.0, (2.0, 4.0), 2.2, 50) == math.ceil(50 * (reserve / 0.8) ** 2 / 10) * 10


def test_so_many_rows_do_decide() -> None:
    """Of samples of two groups with the measured difference, about 80 % then exclude the limit."""
    rng = np.random.default_rng(3)
    interval = melded_difference(60, 200, 42, 200, 0.95)
    needed = rows_to_decide(0.09, interval, 0.0, 400)
    assert needed is not None
    half = needed // 2
    lower, _ = melded_difference(rng.binomial(half, 0.3, 600), half, rng.binomial(half, 0.21, 600), half, 0.95)
    assert np.mean(lower > 0.0) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(
    ("value", "interval", "limit", "rows"),
    [
        (0.7, (0.5, 0.9), 0.7, 100),
        (0.7, (0.5, 0.9), 0.62, 100),
        (0.7, (0.5, 0.9), 0.7004, 100),
        (math.nan, (0.5, 0.9), 0.7, 100),
        (0.8, (-math.inf, 0.9), 0.7, 100),
        (0.8, (0.5, math.inf), 0.7, 100),
        (0.8, (0.5, 0.9), math.nan, 100),
        (0.8, (0.5, 0.9), 0.7, 0),
        (1e-200, (-1.0, 1.0), 0.0, 100),
    ],
)
def test_practically_at_the_limit_no_number_of_rows_promises_anything(
    value: float, interval: tuple[float, float], limit: float, rows: int
) -> None:
    """Within 0.43 half-widths of the limit, without rows, or without finite numbers there is none."""
    assert rows_to_decide(value, interval, limit, rows) is None


def test_a_little_further_off_there_is_a_number() -> None:
    """Just beyond 0.43 half-widths it is about eleven times the present rows, and nothing gives more."""
    assert rows_to_decide(0.7, (0.5, 0.9), 0.7 - 0.0859, 100) == 1200
    assert rows_to_decide(0.7, (0.5, 0.9), 0.7 - 0.0858, 100) is None


@given(
    st.integers(5, 100_000), st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.9, 0.95, 0.999])
)
def test_two_digits_more_than_there_are_and_never_millions_of_times(
    n: int, share: float, limit: float, confidence: float
) -> None:
    """Whatever cannot be decided now takes more rows than there are, but a number that someone can gather."""
    low, high = clopper_pearson(share * n, n, confidence)
    assume(low <= limit <= high)
    needed = rows_to_decide(share, (low, high), limit, n, confidence)
    if needed is not None:
        assert n < needed <= max(40 * n, 1000)
        assert int(str(needed)[2:] or 0) == 0


@pytest.mark.parametrize(("confidence", "chance"), [(0.0, 0.8), (1.0, 0.8), (0.95, 0.0), (0.95, 1.0), (math.nan, 0.8)])
def test_impossible_levels_and_powers_are_refused(confidence: float, chance: float) -> None:
    """A confidence or a power outside (0, 1) raises."""
    with pytest.raises(ValueError, match="out of range"):
        rows_to_decide(0.7, (0.5, 0.9), 0.6, 100, confidence, chance)
