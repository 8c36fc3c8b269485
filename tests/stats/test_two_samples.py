"""Two independent proportions, many at once: Fisher's test against scipy, its error rate by exact sums, arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.stats import binom

from llmops_audit.stats import fisher_exact

counts = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(counts, counts)
def test_fisher_is_twice_scipy_s_smaller_tail(first: tuple[int, int], second: tuple[int, int]) -> None:
    """The p-value is twice the smaller of scipy's one-sided ones."""
    (x1, y1), (x2, y2) = first, second
    tails = [scipy_stats.fisher_exact([[x1, y1], [x2, y2]], alternative=side).pvalue for side in ("less", "greater")]
    assert fisher_exact(x1, x1 + y1, x2, x2 + y2) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)


def test_fisher_keeps_precision_in_the_far_tail() -> None:
    """A p-value of 1e-60 is no rounding error."""
    wanted = 2 * scipy_stats.fisher_exact([[100, 900], [400, 600]], alternative="less").pvalue
    assert fisher_exact(100, 1000, 400, 1000) == pytest.approx(wanted, rel=1e-6)
    assert 0 < wanted < 1e-40


@pytest.mark.parametrize("level", [0.05, 0.001])
@pytest.mark.parametrize(("n1", "n2"), [(10, 10), (30, 100), (30, 970)])
def test_fisher_never_rejects_equal_shares_more_often_than_it_says(n1: int, n2: int, level: float) -> None:
    """Over all shares, equal proportions give a p-value under the level in no more than this share of samples."""
    x1, x2 = np.arange(n1 + 1), np.arange(n2 + 1)
    rejected = fisher_exact(x1[:, None], n1, x2, n2) <= level
    for share in (0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 0.99):
        chances = np.outer(binom.pmf(x1, n1, share), binom.pmf(x2, n2, share))
        assert chances[rejected].sum() <= level


def test_fisher_of_an_empty_sample_says_nothing() -> None:
    """Without rows on one side nothing can differ; effective counts are rounded to whole rows."""
    assert fisher_exact(0, 0, 5, 10) == 1.0
    assert fisher_exact(3.2, 9.9, 7.7, 10.3) == fisher_exact(3, 10, 8, 11)


def test_fisher_s_counts_must_be_possible() -> None:
    """More successes than rows are refused."""
    with pytest.raises(ValueError, match="counts: impossible"):
        fisher_exact(np.array([1, 3]), np.array([2, 2]), 1, 2)
