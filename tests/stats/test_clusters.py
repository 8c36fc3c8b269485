"""Effective rows of dependent ones: coverage by simulation, and a second implementation of the variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit import stats
from llmops_audit.evidence.base import UNIT_GROUPS
from llmops_audit.stats.clusters import design_effect, effective_trials, jackknife_variance


def _units(
    rng: np.random.Generator, units: int, size: int, share: float, alike: float
) -> tuple[np.ndarray, np.ndarray]:
    # Beta-binomial: rows of one unit correlate by `alike`.
    if alike:
        shares = rng.beta(share * (1 - alike) / alike, (1 - share) * (1 - alike) / alike, units)
    else:
        shares = np.full(units, share)
    hits, group = rng.binomial(size, shares), rng.integers(0, UNIT_GROUPS, units)
    return (
        np.bincount(group, hits, UNIT_GROUPS),
        np.bincount(group, np.full(units, size), UNIT_GROUPS).astype(float),
    )


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    ("units", "size", "alike"), [(10, 20, 0.3), (30, 20, 0.3), (100, 5, 0.3), (500, 20, 0.3), (300, 1, 0.0)]
)
def test_intervals_of_dependent_rows_cover(units: int, size: int, alike: float, share: float) -> None:
    """Rows of one unit correlate by 0.3: the interval by effective rows covers, whatever the share and the number."""
    rng = np.random.default_rng([units, size, round(100 * share)])
    covered, naive, runs = 0, 0, 400
    for _ in range(runs):
        hits, trials = _units(rng, units, size, share, alike)
        n = float(trials.sum())
        effective = effective_trials(hits, trials, n)
        low, high = stats.clopper_pearson(hits.sum() / n * effective, effective, 0.95)
        covered += low <= share <= high
        low, high = stats.clopper_pearson(hits.sum(), n, 0.95)
        naive += low <= share <= high
    assert covered / runs > 0.95 - 2.6 * math.sqrt(0.95 * 0.05 / runs)
    if alike and size == 20:
        assert naive / runs < 0.9


@pytest.mark.parametrize("statistic", [stats.balanced_accuracy, stats.matthews])
@pytest.mark.parametrize(("units", "size", "alike"), [(30, 10, 0.3), (300, 10, 0.3), (300, 1, 0.0)])
def test_intervals_of_tables_cover(statistic: object, units: int, size: int, alike: float) -> None:
    """Balanced accuracy and MCC of dependent rows lie in their interval as often as it says."""
    rng = np.random.default_rng([units, size])
    truth_table = np.array([[0.4, 0.1], [0.2, 0.3]])
    truth, covered, runs = float(statistic(truth_table)), 0, 150  # type: ignore[operator]
    for run in range(runs):
        label, group = rng.integers(0, 2, units), rng.integers(0, UNIT_GROUPS, units)
        base = np.where(label == 1, 0.6, 0.8)
        shares = rng.beta(base * (1 - alike) / alike, (1 - base) * (1 - alike) / alike) if alike else base
        right = rng.binomial(size, shares)
        by_unit = np.zeros((UNIT_GROUPS, 2, 2))
        np.add.at(by_unit, (group, label, label), right)
        np.add.at(by_unit, (group, label, 1 - label), size - right)
        by_unit = by_unit[by_unit.sum(axis=(1, 2)) > 0]
        table = by_unit.sum(axis=0)
        counts = table / design_effect(by_unit, table, statistic)  # type: ignore[arg-type]
        low, high = stats.Resamples(counts, [units, size, run]).bounds(statistic)(0.95)  # type: ignore[arg-type]
        covered += low <= truth <= high
    assert covered / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def test_the_variance_is_that_of_a_loop() -> None:
    """The jackknife variance equals that of leaving out one group after the other by hand."""
    rng = np.random.default_rng(3)
    hits = rng.integers(0, 5, 20).astype(float)
    trials = hits + rng.integers(1, 5, 20)
    shares = [(hits.sum() - h) / (trials.sum() - t) for h, t in zip(hits, trials, strict=True)]
    expected = 19 / 20 * sum((share - np.mean(shares)) ** 2 for share in shares)
    found = jackknife_variance(np.column_stack([hits, trials]), lambda sums: sums[:, 0] / sums[:, 1])
    assert found == pytest.approx(expected)


def test_units_that_agree_within_count_once() -> None:
    """Where all rows of a unit are alike, 20 units of 50 rows are worth about 20 rows."""
    hits = np.array([50.0, 0.0] * 10)
    assert 10 < effective_trials(hits, np.full(20, 50.0), 1000.0) < 25
    by_unit = np.zeros((20, 2, 2))
    by_unit[::2, 0, 0] = by_unit[1::2, 1, 0] = 50
    assert 40 < design_effect(by_unit, by_unit.sum(axis=0), stats.accuracy) < 100


def test_one_unit_decides_nothing() -> None:
    """All rows of one unit are no sample of units."""
    assert effective_trials(np.array([5.0]), np.array([10.0]), 10.0) == 0.0
    assert design_effect(np.full((1, 2, 2), 5.0), np.full((2, 2), 5.0), stats.accuracy) == math.inf


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=30))
def test_effective_rows_are_at_most_the_rows(pairs: list[tuple[int, int]]) -> None:
    """Whatever the units, they are worth no more rows than there are, and never less than none."""
    hits = np.array([float(hit) for hit, _ in pairs])
    trials = hits + np.array([float(miss) for _, miss in pairs])
    assert 0.0 <= effective_trials(hits, trials, float(trials.sum())) <= trials.sum()


def test_units_of_one_row_lose_next_to_nothing() -> None:
    """A hundred units of one row, one of which misses, are worth nearly a hundred rows, not the one that tells."""
    hits = np.ones(100)
    hits[7] = 0
    assert effective_trials(hits, np.ones(100), 100.0) > 95
