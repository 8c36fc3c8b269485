"""Resampled intervals: coverage, what is drawn and how often, levels far out, laws and refusals."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import beta

from llmops_audit.stats import (
    Margins,
    Resamples,
    accuracy,
    balanced_accuracy,
    clopper_pearson,
    cohen_kappa,
    macro_f1,
    matthews,
    precision,
)

Table = NDArray[np.float64]
COUNTS = arrays(np.float64, (3, 4), elements=st.integers(0, 20).map(float))
METRICS = [accuracy, balanced_accuracy, macro_f1, matthews, cohen_kappa]


def many_labels(k: int, rows: int, right: float, rng: np.random.Generator) -> tuple[Table, Table]:
    """Counts of a classifier of k labels that errs evenly, and its true table."""
    truth = np.full((k, k), (1.0 - right) / (k - 1) / k)
    np.fill_diagonal(truth, right / k)
    return rng.multinomial(rows, truth.ravel()).reshape(k, k).astype(float), truth


def test_a_perfect_small_sample_is_no_certainty() -> None:
    """Twenty right answers out of twenty leave room below 1, where a bootstrap alone gives [1, 1]."""
    low, high = Resamples([[10, 0], [0, 10]], 0).bounds(balanced_accuracy)(0.95)
    assert 0.6 < low < 0.95
    assert high == pytest.approx(1.0)


def test_the_interval_is_not_pulled_towards_equal_cells() -> None:
    """The upper bound of a model without errors stays at 1 although the prior adds wrong answers."""
    low, high = Resamples(np.diag([30.0] * 6), 0).bounds(macro_f1)(0.95)
    assert high == pytest.approx(1.0)
    assert low < 0.99


def test_with_300_labels_the_prior_does_not_drown_the_rows() -> None:
    """Half a count in each of 90,000 cells would be 45,000 rows beside 3,000; one row a label leaves the value alone.

    All metrics together take a moment, at forty levels.
    """
    counts, _ = many_labels(300, 3000, 0.8, np.random.default_rng(1))
    began = process_time()
    drawn = Resamples(counts, 0)
    for metric in METRICS:
        value = float(metric(counts))
        bounds = drawn.bounds(metric)
        low, high = bounds(0.95)
        assert 0.7 < low < value < high < value + 0.05
        for level in range(1, 41):
            bounds(1 - 0.05 / level)
    assert process_time() - began < 15.0


@pytest.mark.parametrize(("k", "rows"), [(2, 100), (3, 150), (30, 600)])
def test_each_bound_covers(k: int, rows: int) -> None:
    """In 200 samples each bound of each metric misses in about 2.5 %, and at most in about 4 %."""
    rng = np.random.default_rng(k)
    missed = np.zeros((len(METRICS), 2))
    runs = 200
    for run in range(runs):
        counts, truth = many_labels(k, rows, 0.8, rng)
        drawn = Resamples(counts, run)
        for at, metric in enumerate(METRICS):
            low, high = drawn.bounds(metric)(0.95)
            missed[at] += (low > float(metric(truth)) + 1e-9, high < float(metric(truth)) - 1e-9)
    assert missed.max() / runs <= 0.04 + 2 * math.sqrt(0.04 * 0.96 / runs)


def test_the_posterior_of_one_row_of_the_table_is_jeffreys() -> None:
    """The recall of a class without errors has the quantiles of Beta(hits + 1/2, 1/2), far out as well."""
    bounds = Resamples([[40, 0, 0], [3, 30, 2], [1, 5, 60]], 3).bounds(
        lambda tables: tables.hits[:, 0] / tables.rows[:, 0]
    )
    for confidence, far in ((0.95, 0.01), (0.999, 0.02), (1 - 1e-5, 0.04)):
        assert bounds(confidence)[0] == pytest.approx(float(beta(40.5, 0.5).ppf((1 - confidence) / 2)), abs=far)


@pytest.mark.parametrize("counts", [[[50, 5], [5, 50]], [[9, 1], [1, 9]], [[300, 60], [90, 250]]])
def test_beyond_the_draws_the_interval_is_rather_too_wide(counts: Any) -> None:
    """The accuracy's tail at levels that no draws reach lies outside, or near, the exact one, and keeps growing."""
    drawn = Resamples(counts, 0).bounds(accuracy)
    x, n = float(np.trace(counts)), float(np.sum(counts))
    for alpha in (1e-5, 1e-6, 1e-8, 1e-12):
        (low, high), (exact_low, exact_high) = drawn(1 - alpha), clopper_pearson(x, n, 1 - alpha)
        assert low < exact_low + 0.1 * (x / n - exact_low)
        assert high > exact_high - 0.1 * (exact_high - x / n)
        assert low < drawn(1 - 10 * alpha)[0]


def test_a_hopeless_macro_f1_is_told_from_chance_in_a_large_family() -> None:
    """Guesses among three labels miss a minimum of .8 by more than any family asks for; a near miss does not."""
    hopeless = Resamples([[40, 30, 30], [30, 35, 35], [30, 30, 40]], 0).bounds(macro_f1)
    assert hopeless(1 - 1e-9)[1] < 0.8
    near = Resamples([[80, 10, 10], [10, 75, 15], [12, 12, 76]], 0).bounds(macro_f1)
    assert near(1 - 0.05)[1] > 0.8


@settings(max_examples=25, deadline=None)
@given(COUNTS, st.lists(st.floats(1e-12, 0.999), min_size=2, max_size=12))
def test_the_interval_holds_the_value_and_widens(counts: Table, alphas: list[float]) -> None:
    """The value itself is inside, and more confidence never narrows the interval, however many draws it needs."""
    counts[0, 0] += 1.0
    bounds = Resamples(counts, 4).bounds(macro_f1)
    value = float(macro_f1(counts))
    found = [bounds(1 - alpha) for alpha in sorted(alphas, reverse=True)]
    assert all(low <= value <= high for low, high in found)
    assert all(wide[0] <= narrow[0] and narrow[1] <= wide[1] for narrow, wide in pairwise(found))


def test_the_seed_alone_decides() -> None:
    """The same seed gives the same interval, in whatever order levels are asked for; another seed gives another."""
    table = [[40, 3, 1], [5, 33, 0], [1, 2, 9]]
    one, again, other = (Resamples(table, seed).bounds(matthews) for seed in (1, 1, 2))
    assert [one(0.95), one(0.999), one(1 - 1e-7)] == [again(1 - 1e-7), again(0.999), again(0.95)][::-1]
    assert one(0.95) != other(0.95)


def test_draws_are_made_once_for_all_metrics_and_more_only_where_they_are_needed() -> None:
    """Another metric, and another level, see the very tables that the first one saw."""
    drawn = Resamples([[50, 5], [5, 50]], 0)
    seen: list[Margins] = []

    def watched(tables: Margins) -> Table:
        seen.append(tables)
        return accuracy(tables)

    first, second = drawn.bounds(watched), drawn.bounds(watched)
    first(0.95)
    assert sum(len(tables.rows) for tables in seen) == 1 + 1 + 2 * 2000
    first(0.9)
    first(0.96)
    assert sum(len(tables.rows) for tables in seen) == 2 + 2 * 2000
    second(0.95)
    assert {id(tables) for tables in seen[2:4]} == {id(tables) for tables in seen[4:6]}
    second(0.999)
    assert sum(len(tables.rows) for tables in seen) == 2 + 2 * 2000 + 2 * 128_000


def test_only_cells_that_occur_are_drawn() -> None:
    """A bootstrap table has no row of a class that has none, and no prediction that was never made."""
    seen: list[Margins] = []

    def watched(tables: Margins) -> Table:
        seen.append(tables)
        return accuracy(tables)

    Resamples([[5, 0, 2], [0, 0, 0], [0, 0, 7]], 0).bounds(watched)(0.95)
    _, bootstrap, posterior = seen
    assert not bootstrap.rows[:, 1].any()
    assert not bootstrap.columns[:, 1].any()
    assert (bootstrap.rows.sum(axis=1) == 14).all()
    assert (posterior.rows[:, 1] > 0).all()
    assert posterior.rows.sum(axis=1) == pytest.approx(14.0)
    assert posterior.columns.sum(axis=1) == pytest.approx(14.0)
    assert (posterior.hits <= posterior.rows).all()


def test_one_dimensional_tables_and_infinite_values_are_carried() -> None:
    """A ratio over a cell that is often empty has no upper bound, and no NaN arises from infinities."""

    def odds(cells: Table) -> Table:
        with np.errstate(divide="ignore", invalid="ignore"):
            return cells[:, 0] / cells[:, 1]

    bounds = Resamples([40, 2], 0).bounds(odds)
    for confidence in (0.95, 1 - 1e-9):
        low, high = bounds(confidence)
        assert -50.0 < low < 20.0
        assert high == math.inf


def test_rarely_undefined_draws_are_left_out() -> None:
    """Where few draws lack a precision the interval rests on the others."""
    low, high = Resamples([[90, 3], [4, 3]], 0).bounds(partial(precision, i=1))(0.95)
    assert -0.1 < low < 0.5 < high < 1.1


@pytest.mark.parametrize(
    "counts", [np.zeros((2, 2)), np.array([[0.2, 0.0], [0.0, 0.1]]), np.array([[0, 95], [0, 105]])]
)
def test_what_is_undefined_is_unbounded(counts: Table) -> None:
    """No rows, or a metric that is 0/0 in most draws, gives no finite bound to be decided on."""
    assert Resamples(counts, 0).bounds(matthews)(0.95) == (-math.inf, math.inf)


def test_mostly_undefined_draws_are_unbounded() -> None:
    """A statistic that is known for the counts but for few draws gives no bound."""

    def whimsical(tables: Margins) -> Table:
        values = accuracy(tables)
        values[1::3] = np.nan
        values[2::3] = np.nan
        return values

    assert Resamples([[9, 1], [1, 9]], 0).bounds(whimsical)(0.95) == (-math.inf, math.inf)


@pytest.mark.parametrize("counts", [[[1.0, -1.0]], [[math.nan, 1.0]], [[math.inf, 1.0]], [[[1.0]]], 3.0])
def test_what_is_no_table_is_refused(counts: Any) -> None:
    """Negative or infinite counts, NaN and other shapes raise."""
    with pytest.raises(ValueError, match="not a table"):
        Resamples(counts, 0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.1, math.nan])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    """A confidence outside (0, 1) raises instead of giving an interval of no meaning."""
    with pytest.raises(ValueError, match="confidence"):
        Resamples([[9, 1], [1, 9]], 0).bounds(accuracy)(confidence)


def test_no_input_is_changed() -> None:
    """The counts are the caller's, and stay as they were."""
    counts = np.array([[8.0, 1.0], [2.0, 9.0]])
    before = counts.copy()
    Resamples(counts, 0).bounds(accuracy)(0.95)
    assert np.array_equal(counts, before)
