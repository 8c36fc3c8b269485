"""Permutation tables and tests: laws, second implementations and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import fisher_exact, hypergeom

from llmops_audit.stats import (
    Margins,
    accuracy,
    balanced_accuracy,
    independence_test,
    matthews,
    permutation_tables,
)

Table = NDArray[np.float64]
COUNTS = arrays(np.float64, (3, 4), elements=st.integers(0, 20).map(float))


def test_no_input_is_changed() -> None:
    """The counts are the caller's, and stay as they were."""
    counts = np.array([[8.0, 1.0], [2.0, 9.0]])
    before = counts.copy()
    permutation_tables(counts, 5, np.random.default_rng(0))
    independence_test(counts, accuracy, np.random.default_rng(0), 5)
    assert np.array_equal(counts, before)


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
    assert independence_test([[0, 0], [300_000, 500_000]], lambda tables: tables.hits[:, 1], rng) == 1.0
    assert math.isnan(independence_test([[0, 95], [0, 105]], matthews, rng))
    assert math.isnan(independence_test([[0, 0], [0, 0]], accuracy, rng))


def test_undefined_permutations_count_against_the_model() -> None:
    """Where a shuffle leaves the metric undefined, it may have been as large."""

    def rarely_known(tables: Margins) -> Table:
        values = accuracy(tables)
        if len(values) > 1:
            values[:] = np.nan
        return values

    assert independence_test([[9, 1], [1, 9]], rarely_known, np.random.default_rng(0)) == 1.0


@given(arrays(np.int64, (3, 4), elements=st.integers(0, 30)), st.integers(0, 2**32))
def test_the_independence_test_keeps_both_margins(counts: NDArray[np.int64], seed: int) -> None:
    """Every table that the statistic sees has the margins of the given one, and no negative cell."""
    seen: list[Margins] = []

    def watched(tables: Margins) -> Table:
        seen.append(tables)
        return tables.hits[:, 0]

    p_value = independence_test(counts, watched, np.random.default_rng(seed), 20)
    assert 0.0 < p_value <= 1.0
    for tables in seen:
        assert np.array_equal(tables.rows[0], counts.sum(axis=1))
        assert np.array_equal(tables.columns[0], counts.sum(axis=0))
        assert tables.hits.min() >= 0.0
        assert (tables.hits <= np.minimum(tables.rows, tables.predictions)).all()


@pytest.mark.parametrize("counts", [[1, 2], [[1.5, 2], [1, 1]], [[-1, 2], [1, 1]], [[math.nan, 1], [1, 1]]])
def test_what_cannot_be_shuffled_is_refused(counts: object) -> None:
    """Weighted or negative counts, NaN and other shapes raise."""
    with pytest.raises(ValueError, match="counts"):
        independence_test(counts, accuracy, np.random.default_rng(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [60, 200])
def test_few_rows_of_many_labels_are_shuffled_themselves(rows: int) -> None:
    """Right answers of shuffled rows have the mean and the spread of those of random tables, by either way."""
    rng = np.random.default_rng(rows)
    table = rng.multinomial(rows, np.outer([0.1] * 10, [0.1] * 10).ravel()).reshape(10, 10)
    seen: list[Margins] = []

    def watched(tables: Margins) -> Table:
        seen.append(tables)
        return tables.hits.sum(axis=1)

    independence_test(table, watched, rng, 4000)
    hits = np.concatenate([tables.hits for tables in seen[1:]])
    assert hits.shape == (4000, 10)
    for label in range(10):
        expected = hypergeom(rows, table[label].sum(), table[:, label].sum())
        assert hits[:, label].mean() == pytest.approx(expected.mean(), abs=4 * expected.std() / 4000**0.5 + 1e-9)
        assert hits[:, label].std() == pytest.approx(expected.std(), rel=0.06, abs=1e-9)
