"""New categories and values outside the range: exact probabilities, and levels that simulations keep."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from llmops_audit.stats import absent_categories, outside_range


def test_the_range_has_its_exact_probability() -> None:
    """The p-value is at least the share of all splits whose current rows lie as far outside, and at most twice it."""
    values = np.arange(9.0)
    current = np.array([0.0, 7.0, 8.0])
    found = outside_range(np.setdiff1d(values, current), current)
    assert found.rows == 3
    above = [
        sum(value > max(set(values) - set(chosen)) for value in chosen) >= 2
        for chosen in itertools.combinations(values, 3)
    ]
    assert found.p_value == pytest.approx(2 * np.mean(above))


def test_the_expected_share_outside_is_that_of_splits() -> None:
    """On average 2 of n + 1 rows of a second sample lie outside the range of n rows."""
    rng = np.random.default_rng(5)
    shares = [outside_range(rng.normal(size=20), rng.normal(size=50)) for _ in range(2_000)]
    assert np.mean([one.rows / 50 for one in shares]) == pytest.approx(shares[0].expected, abs=0.005)


def test_the_expected_share_of_new_categories_is_that_of_splits() -> None:
    """It equals the mean over shuffles of the rows in categories that the first sample lacks."""
    rng = np.random.default_rng(6)
    rows = rng.zipf(1.6, 300) % 200
    split = rows[:200], rows[200:]
    old, new = (np.bincount(part, minlength=200) for part in split)
    found = absent_categories(old, new, rng, 0.0)
    shares = []
    for _ in range(2_000):
        mixed = rng.permutation(rows)
        old, new = np.bincount(mixed[:200], minlength=200), np.bincount(mixed[200:], minlength=200)
        shares.append(new[old == 0].sum() / 100)
    assert found.expected == pytest.approx(np.mean(shares), abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(1000, 60), (200, 200), (60, 1000)])
def test_no_drift_keeps_the_level(sizes: tuple[int, int]) -> None:
    """Without drift a p-value of at most 0.05 is found in at most about 5 % of samples, rare categories and all."""
    rng = np.random.default_rng(7)
    shares = 1 / np.arange(1, 301)
    shares /= shares.sum()
    tables = [[rng.multinomial(n, shares) for n in sizes] for _ in range(300)]
    found = [absent_categories(old, new, rng, 1e-6).p_value for old, new in tables]
    assert np.mean(np.array(found) <= 0.05) <= 0.085
    ranges = [outside_range(*(rng.normal(size=n) for n in sizes)).p_value for _ in range(2_000)]
    assert np.mean(np.array(ranges) <= 0.05) <= 0.06


def test_a_new_frequent_category_is_certain_without_shuffles() -> None:
    """A category that takes over is found at once, and many new rare ones are found by shuffles."""
    rng = np.random.default_rng(8)
    frequent = absent_categories(np.array([300, 0]), np.array([150, 150]), rng, 1e-6)
    assert (frequent.rows, frequent.p_value < 1e-20) == (150, True)
    assert absent_categories(np.array([300, 0]), np.array([300, 1]), rng, 1e-6).p_value == pytest.approx(1.0)
    rare = absent_categories(np.repeat([300, 0], [1, 60]), np.repeat([240, 1], [1, 60]), rng, 1e-6)
    assert (rare.rows, rare.p_value < 1e-9) == (60, True)


def test_nothing_new_is_no_finding() -> None:
    """Where no row is new the p-value is 1, and so it is where every row is one of its kind."""
    rng = np.random.default_rng(9)
    assert absent_categories(np.array([5, 5]), np.array([5, 5]), rng, 0.0).p_value == 1.0
    ones = np.repeat([0, 1], 50)
    assert absent_categories(ones, 1 - ones, rng, 0.0).p_value == 1.0
    assert outside_range(np.array([0.0, 9.0]), np.array([1.0, 2.0])).p_value == 1.0
