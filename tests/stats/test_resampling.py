"""Resampled intervals and permutation tables: coverage, laws and refusals."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import fisher_exact, hypergeom

from llmops_audit.stats import (
    accuracy,
    balanced_accuracy,
    independence_test,
    macro_f1,
    matthews,
    permutation_tables,
    precision,
    table_interval,
)

Table = NDArray[np.float64]
COUNTS = arrays(np.float64, (3, 4), elements=st.integers(0, 20).map(float))


def test_a_perfect_small_sample_is_no_certainty() -> None:
    """Twenty right answers out of twenty leave room below 1, where a bootstrap alone gives [1, 1]."""
    low, high = table_interval([[10, 0], [0, 10]], balanced_accuracy, 0.95, np.random.default_rng(0))
    assert 0.6 < low < 0.95
    assert high == 1.0


def test_the_interval_is_not_pulled_towards_equal_cells() -> None:
    """The upper bound of a model without errors stays at 1 although the prior adds wrong answers."""
    table = np.diag([30.0] * 6)
    low, high = table_interval(table, macro_f1, 0.95, np.random.default_rng(0))
    assert high == 1.0
    assert low < 0.95


def test_the_bounds_cover_the_true_balanced_accuracy() -> None:
    """In 400 simulated audits of a known model neither bound misses in more than about 3 %."""
    cells = np.array([[0.46, 0.03, 0.01], [0.04, 0.24, 0.02], [0.05, 0.02, 0.13]])
    truth = float(balanced_accuracy(cells))
    rng = np.random.default_rng(5)
    runs = 400
    bounds = np.array(
        [
            table_interval(rng.multinomial(150, cells.ravel()).reshape(3, 3), balanced_accuracy, 0.95, rng, 400)
            for _ in range(runs)
        ]
    )
    allowed = 0.03 + 2 * math.sqrt(0.03 * 0.97 / runs)
    assert (bounds[:, 0] > truth).mean() <= allowed
    assert (bounds[:, 1] < truth).mean() <= allowed
    assert np.ptp(bounds, axis=1).mean() < 0.25


def test_the_same_seed_gives_the_same_interval() -> None:
    """Two runs agree to the last bit, and another seed gives other bounds."""
    table = [[40, 3, 1], [5, 33, 0]]
    first, again, other = (table_interval(table, matthews, 0.95, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@settings(max_examples=30)
@given(COUNTS)
def test_the_interval_holds_the_value_and_widens(counts: Table) -> None:
    """The value itself is inside, and with the same draws more confidence never narrows the interval."""
    counts[0, 0] += 1.0
    value = float(macro_f1(counts))
    narrow, wide = (
        table_interval(counts, macro_f1, confidence, np.random.default_rng(4), 200) for confidence in (0.5, 0.9)
    )
    assert wide[0] <= narrow[0] <= value <= narrow[1] <= wide[1]


def test_no_input_is_changed() -> None:
    """The counts are the caller's, and stay as they were."""
    counts = np.array([[8.0, 1.0], [2.0, 9.0]])
    before = counts.copy()
    table_interval(counts, accuracy, 0.95, np.random.default_rng(0))
    permutation_tables(counts, 5, np.random.default_rng(0))
    assert np.array_equal(counts, before)


def test_more_confidence_than_the_resamples_carry_gets_more_of_them() -> None:
    """At 99.9 % the bound is a percentile of enough tables, not the lowest of a few."""
    seen: list[int] = []

    def counted(tables: Table) -> Table:
        seen.append(len(tables))
        return accuracy(tables)

    table_interval([[50, 5], [5, 50]], counted, 0.999, np.random.default_rng(0), 100)
    assert sum(seen) == 1 + 2 * 20_000
    assert table_interval([[50, 5], [5, 50]], accuracy, 1 - 1e-6, np.random.default_rng(0)) == (
        -math.inf,
        math.inf,
    )


def test_large_tables_are_drawn_in_blocks() -> None:
    """However many cells there are, only some million are held at once, and all resamples are made."""
    seen: list[int] = []

    def counted(tables: Table) -> Table:
        seen.append(len(tables))
        return accuracy(tables)

    table_interval(np.eye(60), counted, 0.95, np.random.default_rng(0), 1000)
    assert max(seen) * 3600 <= 2_000_000
    assert sum(seen) == 1 + 2 * 1000


def test_one_dimensional_tables_and_infinite_values_are_carried() -> None:
    """A ratio over a cell that is often empty has no upper bound, and no NaN arises from infinities."""

    def odds(tables: Table) -> Table:
        with np.errstate(divide="ignore", invalid="ignore"):
            return tables[:, 0] / tables[:, 1]

    low, high = table_interval([40, 2], odds, 0.95, np.random.default_rng(0))
    assert 1.0 < low < 20.0
    assert high == math.inf


def test_rarely_undefined_resamples_are_left_out() -> None:
    """Where few resamples lack a precision the interval rests on the others."""
    low, high = table_interval([[90, 3], [4, 3]], partial(precision, i=1), 0.95, np.random.default_rng(0))
    assert 0.0 <= low < 0.5 < high <= 1.0


@pytest.mark.parametrize(
    "counts", [np.zeros((2, 2)), np.array([[0.2, 0.0], [0.0, 0.1]]), np.array([[0, 95], [0, 105]])]
)
def test_what_is_undefined_is_unbounded(counts: Table) -> None:
    """No rows, or a metric that is 0/0 in most resamples, gives no finite bound to be decided on."""
    assert table_interval(counts, matthews, 0.95, np.random.default_rng(0)) == (-math.inf, math.inf)


def test_mostly_undefined_resamples_are_unbounded() -> None:
    """A statistic that is known for the counts but for few resamples gives no bound."""

    def whimsical(tables: Table) -> Table:
        values = accuracy(tables)
        values[1::3] = np.nan
        values[2::3] = np.nan
        return values

    assert table_interval([[9, 1], [1, 9]], whimsical, 0.95, np.random.default_rng(0)) == (
        -math.inf,
        math.inf,
    )


@pytest.mark.parametrize("counts", [[[1.0, -1.0]], [[math.nan, 1.0]], [[math.inf, 1.0]], [[[1.0]]], 3.0])
def test_what_is_no_table_is_refused(counts: object) -> None:
    """Negative or infinite counts, NaN and other shapes raise."""
    with pytest.raises(ValueError, match="not a table"):
        table_interval(counts, accuracy, 0.95, np.random.default_rng(0))  # type: ignore[arg-type]


@given(arrays(np.int64, (2, 6), elements=st.integers(0, 50)), st.integers(0, 2**32))
def test_permutation_tables_keep_both_margins(counts: NDArray[np.int64], seed: int) -> None:
    """Every table has the rows and the columns of the given one, and no negative cell."""
    tables = permutation_tables(counts, 20, np.random.default_rng(seed))
    assert tables.shape == (20, 2, 6)
    assert np.array_equal(tables.sum(axis=2), np.tile(counts.sum(axis=1), (20, 1)))
    assert np.array_equal(tables.sum(axis=1), np.tile(counts.sum(axis=0), (20, 1)))
    assert tables.min() >= 0


def test_permutation_tables_are_those_of_shuffled_rows() -> None:
    """A cell is hypergeometric: its mean and spread are those of shuffling the rows themselves."""
    counts = np.array([[30, 50, 20], [60, 90, 50]])
    cells = permutation_tables(counts, 20_000, np.random.default_rng(0))[:, 0, :]
    for column, total in enumerate(counts.sum(axis=0)):
        expected = hypergeom(counts.sum(), total, counts[0].sum())
        assert cells[:, column].mean() == pytest.approx(expected.mean(), abs=4 * expected.std() / 20_000**0.5)
        assert cells[:, column].std() == pytest.approx(expected.std(), rel=0.03)


@pytest.mark.parametrize("counts", [[[1, 2]], [[1.5, 2], [1, 1]], [[-1, 2], [1, 1]], [1, 2]])
def test_what_has_no_permutations_is_refused(counts: object) -> None:
    """Weighted or negative counts, and other than two samples, raise."""
    with pytest.raises(ValueError, match="counts"):
        permutation_tables(counts, 5, np.random.default_rng(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("table", [[[8, 2], [1, 5]], [[30, 20], [20, 30]], [[3, 2], [2, 3]], [[900, 300], [820, 350]]])
def test_the_independence_test_is_fishers(table: list[list[int]]) -> None:
    """For two classes, whose tables are ordered by the right answers, the p-value is Fisher's one-sided one."""
    expected = float(fisher_exact(table, alternative="greater").pvalue)
    found = independence_test(table, accuracy, np.random.default_rng(3), 20_000)
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 20_000) + 1e-4)


def test_answers_that_have_nothing_to_do_with_the_labels_are_rarely_found_better() -> None:
    """Of 600 tables of three classes and refusals without a connection about 5 % have a p-value under 5 %."""
    rng = np.random.default_rng(8)
    cells = np.outer([0.6, 0.3, 0.1], [0.5, 0.25, 0.15, 0.1]).ravel()
    tables = rng.multinomial(80, cells, size=600).reshape(-1, 3, 4)
    p_values = np.array([independence_test(table, balanced_accuracy, rng, 199) for table in tables])
    for level in (0.05, 0.2):
        assert (p_values <= level).mean() <= level + 3 * math.sqrt(level * (1 - level) / 600)
    assert (p_values <= 0.2).mean() >= 0.1


def test_a_real_connection_is_found_with_the_smallest_p_value() -> None:
    """A million rows of two classes, or 77 classes, take a moment, and no p-value is 0."""
    rng = np.random.default_rng(0)
    assert independence_test([[300_000, 200_000], [200_000, 300_000]], balanced_accuracy, rng) == 1 / 2000
    many = rng.poisson(0.2, (77, 78)) + 5 * np.eye(77, 78, dtype=int)
    assert independence_test(many, balanced_accuracy, rng, 999) == 1 / 1000


def test_a_model_with_one_answer_is_no_better_than_chance() -> None:
    """All permutations are alike: the p-value is 1, and NaN for a metric that is undefined."""
    rng = np.random.default_rng(0)
    assert independence_test([[0, 95], [0, 105]], balanced_accuracy, rng) == 1.0
    assert independence_test([[0, 0], [300_000, 500_000]], lambda tables: tables[:, 1, 1], rng) == 1.0
    assert math.isnan(independence_test([[0, 95], [0, 105]], matthews, rng))
    assert math.isnan(independence_test([[0, 0], [0, 0]], accuracy, rng))


def test_undefined_permutations_count_against_the_model() -> None:
    """Where a shuffle leaves the metric undefined, it may have been as large."""

    def rarely_known(tables: Table) -> Table:
        values = accuracy(tables)
        if len(values) > 1:
            values[:] = np.nan
        return values

    assert independence_test([[9, 1], [1, 9]], rarely_known, np.random.default_rng(0)) == 1.0


@given(arrays(np.int64, (3, 4), elements=st.integers(0, 30)), st.integers(0, 2**32))
def test_the_independence_test_keeps_both_margins(counts: NDArray[np.int64], seed: int) -> None:
    """Every table that the statistic sees has the margins of the given one, and no negative cell."""
    seen: list[Table] = []

    def watched(tables: Table) -> Table:
        seen.append(tables)
        return tables[:, 0, 0]

    p_value = independence_test(counts, watched, np.random.default_rng(seed), 20)
    assert 0.0 < p_value <= 1.0
    for tables in seen:
        assert np.array_equal(tables.sum(axis=2), np.tile(counts.sum(axis=1), (len(tables), 1)))
        assert np.array_equal(tables.sum(axis=1), np.tile(counts.sum(axis=0), (len(tables), 1)))
        assert tables.min() >= 0.0


@pytest.mark.parametrize("counts", [[1, 2], [[1.5, 2], [1, 1]], [[-1, 2], [1, 1]], [[math.nan, 1], [1, 1]]])
def test_what_cannot_be_shuffled_is_refused(counts: object) -> None:
    """Weighted or negative counts, NaN and other shapes raise."""
    with pytest.raises(ValueError, match="counts"):
        independence_test(counts, accuracy, np.random.default_rng(0))  # type: ignore[arg-type]
