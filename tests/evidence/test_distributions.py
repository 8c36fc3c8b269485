"""`Distributions`: exact counts by cell and by category, against numpy and pandas on the rows themselves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.evidence import distributions
from llmops_audit.evidence._gather import evidence_type
from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.distributions import Categories, ColumnCounts, Distributions, NumberHistogram
from llmops_audit.testing import batch

PLAN = Plan(seed=7)
NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60)


def numbers_of(values: Any) -> NumberHistogram:
    """Histogram of some numbers."""
    return NumberHistogram.of(np.asarray(values, dtype=np.float64))


def column_of(values: list[Any], plan: Plan = PLAN) -> ColumnCounts:
    """What is counted of one column of a batch."""
    return Distributions.of(batch("test", {"x": values}), plan).columns["x"]


def categories_of(values: list[Any]) -> Categories:
    """Counts of some texts."""
    found = column_of(values).categories
    assert found is not None
    return found


def as_dict(found: Categories) -> dict[str | None, int]:
    """Counts by value."""
    return dict(zip(found.values, found.counts.tolist(), strict=True))


def test_it_is_the_evidence_of_its_name() -> None:
    """A check that names `distributions` gets `Distributions`."""
    assert evidence_type("distributions") is Distributions


@given(NUMBERS)
def test_few_numbers_are_counted_exactly(values: list[float]) -> None:
    """Each different number has a cell of its own, in order; both zeros are one; minimum and maximum are right."""
    found = numbers_of(values)
    expected, counts = np.unique(np.array(values) + 0.0, return_counts=True)
    low, high = found.intervals()
    assert found.dropped == 0
    np.testing.assert_array_equal(low, expected)
    np.testing.assert_array_equal(high, expected)
    np.testing.assert_array_equal(found.counts, counts)
    assert (found.minimum, found.maximum) == (min(values), max(values))


@given(NUMBERS, st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=6, unique=True).map(sorted))
def test_few_numbers_fall_between_edges_as_numpy_has_it(values: list[float], edges: list[float]) -> None:
    """With a cell for each number, a histogram is numpy's own, at the edges as well."""
    np.testing.assert_array_equal(numbers_of(values).between(edges), np.histogram(values, edges)[0])


@pytest.mark.parametrize("most", [4, 8, 16])
@given(parts=st.lists(NUMBERS, min_size=1, max_size=4))
def test_coarse_cells_do_not_depend_on_the_cut(most: int, parts: list[list[float]]) -> None:
    """Histograms that had to drop bits add up to that of the whole, cell by cell, in any order."""
    # Of one exponent, so that so few cells can do.
    parts = [(1.5 + np.arctan(np.array(part)) / 4).tolist() for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "MAX_CELLS", most)
        whole = numbers_of([value for part in parts for value in part])
        first, *others = [numbers_of(part) for part in parts]
        forth, back = first, numbers_of([])
        for other in others:
            forth, back = forth + other, other + back
        assert forth == whole
        assert back + first == whole
    assert len(whole.cells) <= most


@given(st.lists(st.one_of(st.floats(1, 4), st.floats(-4, -1)), min_size=20, max_size=60, unique=True))
def test_coarse_cells_hold_their_numbers(values: list[float]) -> None:
    """Cells are apart and ascending, no more than allowed, no finer ones would do, and counts match."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "MAX_CELLS", 12)
        found = numbers_of(values)
    low, high = found.intervals()
    assert (low <= high).all()
    assert (high[:-1] < low[1:]).all()
    inside = [sum(a <= value <= b for value in values) for a, b in zip(low, high, strict=True)]
    assert found.counts.tolist() == inside
    if found.dropped:
        codes = distributions._codes(np.array(values))
        assert len(found.cells) <= 12 < len(np.unique(codes >> (found.dropped - 1)))


@pytest.mark.parametrize("draw", ["normal", "lognormal", "years", "both signs"])
def test_a_million_numbers_keep_to_the_table(draw: str) -> None:
    """Cells of many numbers stay below the limit, and a histogram of 40 cells misses no share by more than 0.005."""
    rng = np.random.default_rng(1)
    values = {
        "normal": rng.normal(0, 1, 200_000),
        "lognormal": rng.lognormal(0, 3, 200_000),
        "years": rng.uniform(2019, 2026, 200_000),
        "both signs": rng.choice([-1.0, 1.0], 200_000) * 10.0 ** rng.uniform(-300, 300, 200_000),
    }[draw]
    found = numbers_of(values)
    assert 100 < len(found.cells) <= distributions.MAX_CELLS
    assert found.counts.sum() == len(values)
    edges = np.quantile(values, np.linspace(0, 1, 41))
    counts = found.between(edges)
    assert counts.sum() == len(values)
    np.testing.assert_allclose(counts / len(values), 1 / 40, atol=5e-3)


def test_whole_numbers_are_told_apart_however_large() -> None:
    """Years, and ids of nine digits, are counted one by one: cells are as fine as the numbers need."""
    years = np.arange(1900, 2100).repeat(3) + 1e9
    found = numbers_of(years)
    np.testing.assert_array_equal(found.between(np.arange(1900, 2101) + 1e9 - 0.5), 3)


def test_finite_numbers_of_every_exponent_fit() -> None:
    """The table holds all pairs of sign and exponent, so that no numbers are too far apart for it."""
    powers = 2.0 ** np.arange(-1022, 1024)
    found = numbers_of(np.concatenate([sign * powers * factor for sign in (-1, 1) for factor in (1, 1.3, 1.6)]))
    assert found.dropped <= 52
    assert found.counts.sum() == 6 * len(powers)
    low, high = found.intervals()
    assert np.isfinite([low, high]).all()
    assert found.between([-np.finfo(float).max, 0, np.finfo(float).max]).tolist() == [3 * len(powers)] * 2


def test_what_is_no_finite_number_is_counted_apart() -> None:
    """Missing values and NaN are missing, infinite ones are counted, and neither is in a cell or an end."""
    found = column_of([1.0, None, float("nan"), float("inf"), float("-inf"), -2.0, float("inf")])
    assert (found.rows, found.missing, found.categories) == (7, 2, None)
    assert found.numbers is not None
    assert (found.numbers.infinite, found.numbers.minimum, found.numbers.maximum) == (3, -2.0, 1.0)
    assert found.numbers.counts.tolist() == [1, 1]


def test_a_column_without_a_number_has_no_ends() -> None:
    """Where every value is infinite there is no minimum, and there are no cells."""
    found = column_of([float("inf")]).numbers
    assert found is not None
    assert (found.minimum, found.maximum, len(found.cells)) == (np.inf, -np.inf, 0)
    assert found.between([0.0, 1.0]).tolist() == [0]


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=60))
def test_categories_are_counted_as_pandas_has_it(values: list[str | None]) -> None:
    """Counts of each text are those of pandas, and missing values are counted apart."""
    found = column_of(values)
    assert found.categories is not None
    assert as_dict(found.categories) == pd.Series(values, dtype=object).value_counts().to_dict()
    assert found.categories.complete
    assert (found.rows, found.missing) == (len(values), values.count(None))


@given(st.lists(st.lists(st.integers(0, 30), max_size=40), min_size=1, max_size=4))
def test_many_categories_are_drawn_and_counted_exactly(parts: list[list[int]]) -> None:
    """Beyond the limit, the drawn values do not depend on the cut, their counts are exact, and the rest is owned to."""
    parts = [part for part in parts if part] or [[1]]
    texts = [[f"v{value}" for value in part] for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "MAX_VALUES", 5)
        first, *others = [categories_of(part) for part in texts]
        for other in others:
            first = other + first
        whole = categories_of([text for part in texts for text in part])
    assert first == whole
    expected = pd.Series([text for part in texts for text in part]).value_counts()
    assert all(expected[value] == count for value, count in as_dict(whole).items())
    assert len(whole.values) == min(5, len(expected))
    assert whole.complete == (len(expected) <= 5)


def test_counts_of_two_are_compared_where_both_are_known() -> None:
    """Two sets of rows share the values that neither left out; with complete ones that is all values."""
    one, other = categories_of(["a", "a", "b"]), categories_of(["b", "c"])
    values, counts = one.beside(other)
    assert dict(zip(values, counts.T.tolist(), strict=True)) == {"a": [2, 0], "b": [1, 1], "c": [0, 1]}
    many, more = [f"v{i}" for i in range(40)] * 2, [f"v{i}" for i in range(20, 70)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "MAX_VALUES", 10)
        values, counts = categories_of(many).beside(categories_of(more))
    assert 3 <= len(values) <= 20
    for value, found in zip(values, counts.T.tolist(), strict=True):
        assert found == [many.count(str(value)), more.count(str(value))]


def test_the_seed_decides_which_categories_are_drawn() -> None:
    """Two seeds draw other values, one seed the same: the hash is seeded, and stable across processes."""
    values = [f"v{i}" for i in range(3000)]
    one, same, other = (column_of(values, Plan(seed=seed)).categories for seed in (1, 1, 2))
    assert one is not None
    assert other is not None
    assert one == same
    assert set(one.values) != set(other.values)
    assert not one.complete
    assert int(categories_of(["a"]).hashes[0]) == 17680526523883728646


def test_long_texts_are_counted_without_their_name() -> None:
    """A value of more than 200 characters is no category to show: it is counted, and its text is not kept."""
    found = categories_of(["x" * 201, "x" * 201, "y" * 200])
    assert as_dict(found) == {None: 2, "y" * 200: 1}


def test_texts_that_are_numbers_are_counted_as_both() -> None:
    """Columns of a CSV file are texts: where all read as finite numbers, they are counted as numbers as well."""
    found = column_of(["1", "1.0", "10", None, "-2.5e1"])
    assert found.numbers == numbers_of([1.0, 1.0, 10.0, -25.0])
    assert found.categories is not None
    assert as_dict(found.categories) == {"1": 1, "1.0": 1, "10": 1, "-2.5e1": 1}


@pytest.mark.parametrize("value", ["x", "inf", "nan", "1e999", "1,5"])
def test_one_text_that_is_no_number_is_enough(value: str) -> None:
    """A column is no column of numbers where a single value, in any batch, does not read as a finite one."""
    assert column_of(["1", value]).numbers is None
    mixed = Distributions.of(batch("test", {"x": ["1", "2"]}), PLAN) + Distributions.of(
        batch("test", {"x": [value]}), PLAN
    )
    assert mixed.columns["x"].numbers is None
    assert mixed.columns["x"].categories is not None
    assert mixed.columns["x"].categories.complete


def test_a_column_that_is_missing_throughout_a_batch_says_nothing() -> None:
    """A batch without a value in it leaves what the others are."""
    whole = Distributions.of(batch("test", {"x": [None, None]}), PLAN) + Distributions.of(
        batch("test", {"x": [1.0, 2.0]}), PLAN
    )
    found = whole.columns["x"]
    assert (found.rows, found.missing) == (4, 2)
    assert found.numbers == numbers_of([1.0, 2.0])


def test_labels_and_predictions_are_counted_as_categories() -> None:
    """Both are columns beside the others, by the text of the label; a missing prediction is missing."""
    whole = batch("test", {"x": [1.0] * 4}, label=[1, 0, 1, "好"], prediction=[1, None, 0, 1])
    total = Distributions.empty(PLAN)
    for start, stop in pairwise([0, 1, 4]):
        total += Distributions.of(whole[start:stop], PLAN)
    label, prediction = total.columns["(label)"], total.columns["(prediction)"]
    assert label.categories is not None
    assert prediction.categories is not None
    assert as_dict(label.categories) == {"0": 1, "1": 2, "好": 1}
    assert as_dict(prediction.categories) == {"0": 1, "1": 2}
    assert (prediction.missing, label.numbers) == (1, None)


def test_only_the_columns_of_the_plan_are_counted() -> None:
    """Columns that rows do not keep are left out; of those that are not worth it, missing values alone are counted."""
    given = batch("test", {"text": ["a", None], "x": [1.0, 2.0], "id": ["1", "2"]})
    found = Distributions.of(given, Plan(keep=("text", "x"), uncounted=("text",))).columns
    assert set(found) == {"text", "x"}
    assert found["text"] == ColumnCounts(2, 1, None, None)


def test_different_columns_are_unequal() -> None:
    """Equality looks at every count."""
    assert numbers_of([1.0]) != numbers_of([1.0, 1.0])
    assert numbers_of([np.inf]) != numbers_of([])
    assert categories_of(["a"]) != categories_of(["a", "a"])
    assert numbers_of([1.0]) != categories_of(["1"])
