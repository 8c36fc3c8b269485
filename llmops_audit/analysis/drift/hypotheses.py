"""Every hypothesis of no drift that is tested on two samples of rows, and its result."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmops_audit import stats
from llmops_audit.analysis.drift.column_pairs import PREDICTION, ROWS, ColumnPair
from llmops_audit.analysis.drift.measures import (
    CATEGORY_METHODS,
    NUMBER_METHODS,
    DistanceName,
    Measurement,
    compare_categories,
    compare_counts,
    compare_numbers,
    difference_of_shares,
    share_of_new,
)
from llmops_audit.evidence.days import Days
from llmops_audit.evidence.distributions import ColumnCounts, Distributions, NumberHistogram

__all__ = ["CONSTANT", "ComparisonSettings", "FullCounts", "Hypothesis", "duplicates", "of_pair", "of_window"]

MOST_SHUFFLED = 10**9
"""Rows from which their categories are compared on a sample."""

CONSTANT = "constant"
"""Feature: the share of values other than the only one of the reference."""

FEW_CATEGORIES = 2
"""With at most this many categories, a new or vanished category shows in the shares anyway."""


@dataclass(frozen=True)
class ComparisonSettings:
    """How columns are compared.

    Attributes
    ----------
    numeric, categorical : str
        Distances of columns that `by_column` does not name.
    by_column : mapping of str to str
        ColumnCounts to distance.
    min_rows : int
        Values that each sample needs.
    level : float
        P-values up to this are small enough: shuffling stops early.
    seed : int
    windows : str or int
        See `llmops_audit.analysis.drift.windows.windows_of`; ``"none"``: time is ignored.
    """

    numeric: DistanceName
    categorical: DistanceName
    by_column: Mapping[str, DistanceName]
    min_rows: int
    level: float
    seed: int
    windows: Literal["auto", "day", "week", "month", "quarter", "year", "none"] | int = "auto"

    def method(self, pair: ColumnPair) -> DistanceName:
        """Return the distance of a pair: the column's own where it suits the type of values."""
        own = self.by_column.get(pair.column)
        if own is not None and own in (NUMBER_METHODS if pair.numeric else CATEGORY_METHODS):
            return own
        return self.numeric if pair.numeric else self.categorical

    def rng(self, *names: str | None) -> np.random.Generator:
        """Return the random generator of one hypothesis, which does not depend on what else is compared."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(names).encode())])


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis of no drift, and its measurement on two samples.

    Attributes
    ----------
    split, column : str
    feature : str, optional
    measurement : Measurement
    window : int, optional
        The window of time; None for the whole split.
    """

    split: str
    column: str
    feature: str | None
    measurement: Measurement
    window: int | None = None


@dataclass(frozen=True)
class FullCounts:
    """Counts over all rows of both splits, sampled or not.

    Attributes
    ----------
    reference, current : Distributions
    days : Days, optional
        Those of the current split by day.
    """

    reference: Distributions
    current: Distributions
    days: Days | None = None

    def missing_within(self, column: str, days: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """Return what `missing` does of the current rows of some days, both ends counted in."""
        known = self.missing(column)
        if known is None or self.days is None or column not in self.days.missing:
            return None
        of_days = (self.days.missing[column], self.days.rows)
        there, rows = (int(one.within(*days)[1].sum()) for one in of_days)
        return (*known[:2], there, rows)

    def categories_within(self, column: str, days: tuple[int, int]) -> npt.NDArray[np.int64] | None:
        """Return rows of the reference and of some days of the current split by category, (2, c)."""
        old = self._columns(column)[0]
        known, daily = (
            None if old is None else old.categories,
            None if self.days is None else self.days.columns.get(column),
        )
        if known is None or not known.complete or daily is None:
            return None
        hashes, counts = daily.within(*days)
        every = np.union1d(known.hashes, hashes)
        table = np.zeros((2, len(every)), dtype=np.int64)
        table[0, np.searchsorted(every, known.hashes)] = known.counts
        table[1, np.searchsorted(every, hashes)] = counts
        return None if table.sum() >= MOST_SHUFFLED else table

    def missing(self, column: str) -> tuple[int, int, int, int] | None:
        """Return missing values and rows of the reference, then of the current split; None where not counted."""
        old, new = self._columns(column)
        return None if old is None or new is None else (old.missing, old.rows, new.missing, new.rows)

    def numbers(self, column: str) -> tuple[NumberHistogram, NumberHistogram] | None:
        """Return the histograms of both; None where either holds anything but numbers."""
        old, new = self._columns(column)
        if old is None or new is None or old.numbers is None or new.numbers is None:
            return None
        return old.numbers, new.numbers

    def categories(self, column: str) -> tuple[tuple[str | None, ...], npt.NDArray[np.int64]] | None:
        """Return categories, (c,), and the rows of both in each, (2, c).

        None where there were too many to count, or rows to shuffle; a category of more than 200 characters has no
        name.
        """
        old, new = self._columns(column)
        known = [None if one is None else one.categories for one in (old, new)]
        if known[0] is None or known[1] is None or not (known[0].complete and known[1].complete):
            return None
        names, counts = known[0].beside(known[1])
        return None if counts.sum() >= MOST_SHUFFLED else (names, counts)

    def other_than(self, column: str) -> tuple[int, int, int] | None:
        """Return values of the reference, values of the current split, and how many of these are another value.

        None where the reference does not hold one value alone, or equal values were not counted apart.
        """
        if (numbers := self.numbers(column)) is not None:
            old, new = numbers
            if old.minimum != old.maximum or old.infinite or old.dropped or new.dropped:
                return None
            n, m = int(old.counts.sum()), int(new.counts.sum()) + new.infinite
            return n, m, m - int(new.counts[new.cells == old.cells[0]].sum())
        if (categories := self.categories(column)) is not None:
            old_counts, new_counts = categories[1]
            if np.count_nonzero(old_counts) != 1:
                return None
            return int(old_counts.sum()), int(new_counts.sum()), int(new_counts[old_counts == 0].sum())
        return None

    def _columns(self, name: str) -> tuple[ColumnCounts | None, ColumnCounts | None]:
        return self.reference.columns.get(name), self.current.columns.get(name)


def of_pair(
    split: str, pair: ColumnPair, full_counts: FullCounts | None, settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    """Test a column: its values, its missing values, and its new values.

    Parameters
    ----------
    split : str
        Name of the current split.
    pair : ColumnPair
    full_counts : FullCounts, optional
        Used for categories, missing values and constants, if given.
    settings : ComparisonSettings
    """
    constant = _constant(split, pair, full_counts, settings.min_rows)
    values = _values(pair, settings.min_rows)
    if constant is not None:
        yield constant
    elif values is not None:
        yield Hypothesis(split, pair.column, pair.feature, _compared(pair, values, full_counts, settings, split))
    if pair.of_data or pair.column == PREDICTION:
        yield from _missing(split, pair, None if full_counts is None else full_counts.missing(pair.column))
    if values is not None and constant is None and pair.of_data:
        yield from _new(split, pair, values, full_counts, settings)


def of_window(
    split: str,
    pair: ColumnPair,
    rows: npt.NDArray[np.bool_],
    window: int,
    settings: ComparisonSettings,
    full_counts: FullCounts | None = None,
    days: tuple[int, int] | None = None,
) -> Iterator[Hypothesis]:
    """Test the values of a column, and its missing values, in some of the current rows.

    Parameters
    ----------
    split : str
    pair : ColumnPair
    rows : numpy array of bool, (m,)
        The window's among the current rows of the sample.
    window : int
    settings : ComparisonSettings
    full_counts : FullCounts, optional
        Used for categories and missing values, if given with `days`.
    days : tuple of int, optional
        The first and the last day of the window.
    """
    part = pair.part(rows)
    counted = missing = None
    if full_counts is not None and days is not None:
        missing = full_counts.missing_within(pair.column, days)
        if not pair.numeric and pair.feature is None and pair.strata is None:
            counted = full_counts.categories_within(pair.column, days)
    constant = _constant(split, part, None, settings.min_rows)
    values = _values(part, settings.min_rows)
    if constant is not None:
        yield replace(constant, window=window)
    elif counted is not None and counted.shape[1] > 1 and counted.sum(axis=1).min() >= settings.min_rows:
        rng = settings.rng(split, str(window), pair.column, pair.feature)
        measurement = compare_counts(counted, settings.method(pair), rng, settings.level)
        yield Hypothesis(split, pair.column, pair.feature, measurement, window)
    elif values is not None:
        measurement = _compared(part, values, None, settings, split, str(window))
        yield Hypothesis(split, pair.column, pair.feature, measurement, window)
    if pair.of_data or pair.column == PREDICTION:
        for found in _missing(split, part, missing):
            yield Hypothesis(split, pair.column, found.feature, found.measurement, window)


_Values = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def _constant(split: str, pair: ColumnPair, full_counts: FullCounts | None, least: int) -> Hypothesis | None:
    """Test the share of other values, where the reference holds one value alone and the current rows others as well.

    A distance in standard deviations of a constant has no meaning.
    """
    if not pair.of_data:
        return None
    counted = None if full_counts is None else full_counts.other_than(pair.column)
    if counted is None:
        old, new = pair.reference.dropna(), pair.current.dropna()
        if not len(old) or old.nunique() > 1:
            return None
        counted = len(old), len(new), int((new != old.iloc[0]).sum())
    n, m, others = counted
    if min(n, m) < least or not others:
        return None
    return Hypothesis(split, pair.column, CONSTANT, difference_of_shares(0, n, others, m))


def _values(pair: ColumnPair, least: int) -> _Values | None:
    """Return the values that are not missing: numbers, or codes of categories; None where nothing can be compared."""
    old, new = pair.reference.dropna(), pair.current.dropna()
    if min(len(old), len(new)) < least:
        return None
    if pair.numeric:
        numbers = old.to_numpy(np.float64), new.to_numpy(np.float64)
        pooled = np.concatenate(numbers)
        return numbers if pooled.min() < pooled.max() else None
    codes, kinds = pd.factorize(pd.concat([old, new]), sort=True)
    return (codes[: len(old)].astype(np.int64), codes[len(old) :].astype(np.int64)) if len(kinds) > 1 else None


def _compared(
    pair: ColumnPair, values: _Values, full_counts: FullCounts | None, settings: ComparisonSettings, *scope: str
) -> Measurement:
    method, rng = settings.method(pair), settings.rng(*scope, pair.column, pair.feature)
    strata = None
    if pair.strata is not None:
        known = pair.reference.notna().to_numpy(), pair.current.notna().to_numpy()
        strata = pair.strata[0][known[0]], pair.strata[1][known[1]]
    if pair.numeric:
        return compare_numbers(*values, method, rng, settings.level, strata)
    counted = None
    if full_counts is not None and pair.feature is None and strata is None:
        counted = full_counts.categories(pair.column)
    if counted is None:
        return compare_categories(*values, method, rng, settings.level, strata)
    return compare_counts(counted[1], method, rng, settings.level)


def _missing(split: str, pair: ColumnPair, counts: tuple[int, int, int, int] | None) -> Iterator[Hypothesis]:
    if counts is None:
        old, new = pair.reference, pair.current
        counts = int(old.isna().sum()), len(old), int(new.isna().sum()), len(new)
    if 0 < counts[0] + counts[2] < counts[1] + counts[3]:
        yield Hypothesis(split, pair.column, "missing", difference_of_shares(*counts))


def _new(
    split: str, pair: ColumnPair, values: _Values, full_counts: FullCounts | None, settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    if pair.numeric:
        novelty = stats.outside_range(*values)
        measurement = share_of_new(novelty, len(values[0]), len(values[1]))
        yield Hypothesis(split, pair.column, "outside_range", measurement)
        return
    known = None if full_counts is None else full_counts.categories(pair.column)
    if known is None:
        kinds = 1 + max(int(codes.max()) for codes in values)
        old, new = (np.bincount(codes, minlength=kinds).astype(np.int64) for codes in values)
    else:
        old, new = known[1]
    if len(old) <= FEW_CATEGORIES:
        return
    for feature, here, there in (("new_categories", old, new), ("vanished_categories", new, old)):
        novelty = stats.absent_categories(here, there, settings.rng(split, pair.column, feature), settings.level)
        measurement = share_of_new(novelty, int(here.sum()), int(there.sum()))
        yield Hypothesis(split, pair.column, feature, measurement)


def duplicates(
    split: str, reference: npt.NDArray[np.uint64], current: npt.NDArray[np.uint64], settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    """Test the share of rows that occur more than once.

    Parameters
    ----------
    split : str
    reference, current : numpy array of uint64, (n,) and (m,)
        A hash of each row's content.
    settings : ComparisonSettings

    Notes
    -----
    The more rows, the more of them occur twice; so the larger sample is cut to the size of the smaller, at random. The
    p-value is that of a permutation test; for the interval, a set of duplicates counts as one unit.
    """
    rng = settings.rng(split, ROWS, "duplicates")
    n = min(len(reference), len(current))
    drawn = [rows if len(rows) == n else rng.choice(rows, n, replace=False) for rows in (reference, current)]
    codes = np.unique(np.concatenate(drawn), return_inverse=True)[1]
    table = np.stack([np.bincount(part, minlength=int(codes.max()) + 1) for part in np.split(codes, [n])])
    x, y = (int(part[part > 1].sum()) for part in table)
    if x + y == 0:
        return
    # Rows that occur once in both samples together repeat in no shuffle; they share a cell.
    single = table.sum(axis=0) == 1
    cells = np.column_stack([table[:, ~single], table[:, single].sum(axis=1)])
    shuffled = stats.permutation_test(cells, abs(x - y) / n, _difference_of_repeated, rng)
    per_set = (x + y) / int((table > 1).sum())
    found = difference_of_shares(x, n, y, n, per_set)
    measurement = replace(
        found,
        expected=shuffled.mean,
        null_spread=shuffled.spread,
        p_value=shuffled.p_value,
        procedure="permutation test (Holm), melded Clopper-Pearson intervals",
    )
    yield Hypothesis(split, ROWS, "duplicates", measurement)


def _difference_of_repeated(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Difference of the shares of rows that occur more than once, (r,); the last column counts rows that cannot."""
    shares = np.where(tables[..., :-1] > 1, tables[..., :-1], 0).sum(axis=2) / tables.sum(axis=2)
    return np.asarray(np.abs(shares[:, 1] - shares[:, 0]), dtype=np.float64)
