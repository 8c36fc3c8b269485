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
    compare_numbers,
    difference_of_shares,
    share_of_new,
)
from llmops_audit.evidence.distributions import ColumnCounts, Distributions, NumberHistogram

__all__ = ["ComparisonSettings", "FullCounts", "Hypothesis", "duplicates", "of_pair", "of_window"]

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
    """Counts over all rows of both splits, sampled or not."""

    reference: Distributions
    current: Distributions

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

        None where there were too many to count; a category of more than 200 characters has no name.
        """
        old, new = self._columns(column)
        known = [None if one is None else one.categories for one in (old, new)]
        if known[0] is None or known[1] is None or not (known[0].complete and known[1].complete):
            return None
        return known[0].beside(known[1])

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
        Used for missing values and new categories, if given.
    settings : ComparisonSettings
    """
    values = _values(pair, settings.min_rows)
    if values is not None:
        yield Hypothesis(split, pair.column, pair.feature, _compared(pair, values, settings, split))
    if pair.of_data or pair.column == PREDICTION:
        yield from _missing(split, pair, None if full_counts is None else full_counts.missing(pair.column))
    if values is not None and pair.of_data:
        yield from _new(split, pair, values, full_counts, settings)


def of_window(
    split: str, pair: ColumnPair, rows: npt.NDArray[np.bool_], window: int, settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    """Test the values of a column, and its missing values, in some of the current rows."""
    part = pair.part(rows)
    values = _values(part, settings.min_rows)
    if values is not None:
        measurement = _compared(part, values, settings, split, str(window))
        yield Hypothesis(split, pair.column, pair.feature, measurement, window)
    if pair.of_data or pair.column == PREDICTION:
        for found in _missing(split, part, None):
            yield Hypothesis(split, pair.column, found.feature, found.measurement, window)


_Values = tuple[npt.NDArray[Any], npt.NDArray[Any]]


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


def _compared(pair: ColumnPair, values: _Values, settings: ComparisonSettings, *scope: str) -> Measurement:
    compare = compare_numbers if pair.numeric else compare_categories
    return compare(*values, settings.method(pair), settings.rng(*scope, pair.column, pair.feature), settings.level)


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
