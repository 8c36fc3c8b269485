"""McNemar's test and Tango's interval: published examples, a second implementation, coverage and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from llmops_audit.stats import mcnemar, paired_difference

COUNTS = st.integers(0, 60)


@given(COUNTS, COUNTS)
def test_mcnemar_equals_statsmodels(lost: int, won: int) -> None:
    """Every pair of discordant counts gives the p-value of statsmodels' exact test."""
    expected = statsmodels_mcnemar([[5, lost], [won, 5]], exact=True).pvalue if lost + won else 1.0
    assert mcnemar(lost, won) == pytest.approx(expected)


def test_published_examples_of_paired_proportions() -> None:
    """Bentur's and Cavo's data give the p-values and score intervals of Fagerland, Lydersen and Laake."""
    assert mcnemar(7, 1) == pytest.approx(0.0703, abs=5e-5)
    assert paired_difference(7, 1, 21, 0.95) == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert mcnemar(16, 6) == pytest.approx(0.052479, abs=5e-7)
    assert paired_difference(16, 6, 161, 0.95) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


def test_without_discordant_rows_nothing_is_shown() -> None:
    """The p-value is 1, and the interval leaves room on both sides that shrinks with the rows."""
    assert mcnemar(0, 0) == 1.0
    for n in (1.0, 44.0, 1e6):
        reach = norm.ppf(0.975) ** 2 / (n + norm.ppf(0.975) ** 2)
        assert paired_difference(0, 0, n, 0.95) == pytest.approx((-reach, reach))
    assert paired_difference(0, 0, 0, 0.95) == (-1.0, 1.0)
    assert paired_difference(0, 9, 9, 0.95)[1] == 1.0


@pytest.mark.parametrize("rejected", [0.05, 0.01])
@pytest.mark.parametrize("discordant", [1, 5, 9, 40, 1000])
def test_mcnemar_rejects_equal_classifiers_rarely(discordant: int, rejected: float) -> None:
    """Summed over every outcome, equally good classifiers are told apart no more often than the level."""
    chances = binom.pmf(np.arange(discordant + 1), discordant, 0.5)
    p_values = np.array([mcnemar(lost, discordant - lost) for lost in range(discordant + 1)])
    assert chances[p_values <= rejected].sum() <= rejected + 1e-12


def score_statistic(difference: float, lost: float, won: float, n: float) -> float:
    """Tango's statistic with the nuisance share found by maximising the likelihood numerically."""
    rest = n - lost - won

    def minus_log_likelihood(share_lost: float) -> float:
        shares = np.array([share_lost, share_lost + difference, 1.0 - 2.0 * share_lost - difference])
        counts = np.array([lost, won, rest])
        return float(-(counts[counts > 0] * np.log(np.maximum(shares[counts > 0], 1e-300))).sum())

    bounds = max(0.0, -difference), (1.0 - difference) / 2.0
    found = minimize_scalar(minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12})
    variance = 2.0 * found.x + difference - difference**2
    return float((won - lost - n * difference) / math.sqrt(n * variance))


@pytest.mark.parametrize(
    ("lost", "won", "n"), [(7, 1, 21), (16, 6, 161), (3, 40, 1000), (2.5, 7.25, 30.5), (1, 12, 14)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_bounds_are_where_the_score_test_turns(lost: float, won: float, n: float, confidence: float) -> None:
    """An independent score statistic equals the normal quantile at both bounds."""
    low, high = paired_difference(lost, won, n, confidence)
    z = norm.ppf((1 + confidence) / 2)
    assert score_statistic(low, lost, won, n) == pytest.approx(z, abs=1e-4)
    assert score_statistic(high, lost, won, n) == pytest.approx(-z, abs=1e-4)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float, float]:
    """Real-valued lost, won and all rows."""
    n = draw(st.floats(1.0, 1e6))
    discordant = n * draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(1e-6, 1.0)))
    won = discordant * draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 1.0)))
    return discordant - won, won, n


@given(pairs(), st.floats(0.5, 0.9999), st.floats(0.5, 0.9999))
def test_paired_difference_laws(counts: tuple[float, float, float], a: float, b: float) -> None:
    """The difference is inside, more confidence widens, and swapping the classifiers mirrors the interval."""
    lost, won, n = counts
    narrow, wide = paired_difference(lost, won, n, min(a, b)), paired_difference(lost, won, n, max(a, b))
    assert -1.0 <= wide[0] <= narrow[0] + 1e-12
    assert narrow[0] <= (won - lost) / n + 1e-12
    assert (won - lost) / n - 1e-12 <= narrow[1] <= wide[1] + 1e-12 <= 1.0 + 1e-12
    mirrored = paired_difference(won, lost, n, max(a, b))
    assert (-mirrored[1], -mirrored[0]) == pytest.approx(wide, abs=1e-12)


@pytest.mark.parametrize("count", [-1, 0.5, math.nan, math.inf])
def test_discordant_rows_are_counted(count: float) -> None:
    """McNemar's test takes whole counts alone."""
    with pytest.raises(ValueError, match="not a count"):
        mcnemar(count, 3)
    with pytest.raises(ValueError, match="not a count"):
        mcnemar(3, count)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, math.nan, 5), (0, 0, math.inf), (0, 0, math.nan)])
def test_impossible_pairs_are_refused(counts: tuple[float, float, float]) -> None:
    """More discordant rows than rows, negative numbers and NaN raise."""
    with pytest.raises(ValueError, match="impossible"):
        paired_difference(*counts, 0.95)
    with pytest.raises(ValueError, match="confidence"):
        paired_difference(1, 1, 5, 1.0)
