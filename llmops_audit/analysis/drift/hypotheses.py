"""Every hypothesis of no drift that two samples of rows can be asked about, and what they say of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmops_audit import stats
from llmops_audit.analysis.drift.column_pairs import PREDICTION, ROWS, Pair
from llmops_audit.analysis.drift.measures import (
    CATEGORY_METHODS,
    NUMBER_METHODS,
    Measured,
    Method,
    compared_categories,
    compared_numbers,
    difference_of_shares,
    share_of_new,
)
from llmops_audit.evidence.distributions import Column, Distributions, Numbers

__all__ = ["Exact", "How", "Hypothesis", "duplicates", "of_pair", "of_window"]

FEW_CATEGORIES = 2
"""Categories up to which a new or vanished one shows in the shares anyway."""


@dataclass(frozen=True)
class How:
    """How columns are compared.

    Attributes
    ----------
    numbers, categories : str
        Distances of columns that `methods` does not name.
    methods : mapping of str to str
        Column to distance.
    min_rows : int
        Values that a sample needs.
    level : float
        A p-value up to which nothing is left to find out.
    seed : int
    windows : str or int
        See `llmops_audit.analysis.drift.windows.windows_of`; ``"none"``: time is not looked at.
    """

    numbers: Method
    categories: Method
    methods: Mapping[str, Method]
    min_rows: int
    level: float
    seed: int
    windows: Literal["auto", "day", "week", "month", "none"] | int = "auto"

    def method(self, pair: Pair) -> Method:
        """Return the distance of a pair: the column's own where it suits the kind of values."""
        own = self.methods.get(pair.column)
        if own is not None and own in (NUMBER_METHODS if pair.numeric else CATEGORY_METHODS):
            return own
        return self.numbers if pair.numeric else self.categories

    def rng(self, *names: str | None) -> np.random.Generator:
        """Return the generator of one hypothesis: what else is compared changes nothing."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(names).encode())])


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis, and what two samples say of it.

    Attributes
    ----------
    split, column : str
    feature : str, optional
    measured : Measured
    window : int, optional
        The window of time that it speaks of.
    """

    split: str
    column: str
    feature: str | None
    measured: Measured
    window: int | None = None


@dataclass(frozen=True)
class Exact:
    """What was counted over all rows of both splits."""

    reference: Distributions
    current: Distributions

    def missing(self, column: str) -> tuple[int, int, int, int] | None:
        """Return rows without a value and rows, of the reference and of the current split; None where not counted."""
        old, new = self._columns(column)
        return None if old is None or new is None else (old.missing, old.rows, new.missing, new.rows)

    def numbers(self, column: str) -> tuple[Numbers, Numbers] | None:
        """Return the histograms of both; None where they hold something else than numbers."""
        old, new = self._columns(column)
        if old is None or new is None or old.numbers is None or new.numbers is None:
            return None
        return old.numbers, new.numbers

    def categories(self, column: str) -> tuple[tuple[str | None, ...], npt.NDArray[np.int64]] | None:
        """Return categories, (c,), and the rows of both that hold them, (2, c).

        None where there are too many to have counted all; a category of more than 200 characters has no name.
        """
        old, new = self._columns(column)
        known = [None if one is None else one.categories for one in (old, new)]
        if known[0] is None or known[1] is None or not (known[0].complete and known[1].complete):
            return None
        return known[0].beside(known[1])

    def _columns(self, name: str) -> tuple[Column | None, Column | None]:
        return self.reference.columns.get(name), self.current.columns.get(name)


def of_pair(split: str, pair: Pair, exact: Exact | None, how: How) -> Iterator[Hypothesis]:
    """Ask about a column: its values, how many are missing, and what of them is new.

    Parameters
    ----------
    split : str
        Name of the current split.
    pair : Pair
    exact : Exact, optional
        Serves missing values and new categories where it is there.
    how : How
    """
    values = _values(pair, how.min_rows)
    if values is not None:
        yield Hypothesis(split, pair.column, pair.feature, _compared(pair, values, how, split))
    if pair.of_data or pair.column == PREDICTION:
        yield from _missing(split, pair, None if exact is None else exact.missing(pair.column))
    if values is not None and pair.of_data:
        yield from _new(split, pair, values, exact, how)


def of_window(split: str, pair: Pair, rows: npt.NDArray[np.bool_], window: int, how: How) -> Iterator[Hypothesis]:
    """Ask about the values of a column, and how many are missing, in some of the current rows."""
    part = pair.part(rows)
    values = _values(part, how.min_rows)
    if values is not None:
        measured = _compared(part, values, how, split, str(window))
        yield Hypothesis(split, pair.column, pair.feature, measured, window)
    if pair.of_data or pair.column == PREDICTION:
        for found in _missing(split, part, None):
            yield Hypothesis(split, pair.column, found.feature, found.measured, window)


_Values = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def _values(pair: Pair, least: int) -> _Values | None:
    """The values that there are: numbers, or codes of categories; None where there is nothing to compare."""
    old, new = pair.reference.dropna(), pair.current.dropna()
    if min(len(old), len(new)) < least:
        return None
    if pair.numeric:
        numbers = old.to_numpy(np.float64), new.to_numpy(np.float64)
        pooled = np.concatenate(numbers)
        return numbers if pooled.min() < pooled.max() else None
    codes, kinds = pd.factorize(pd.concat([old, new]), sort=True)
    return (codes[: len(old)].astype(np.int64), codes[len(old) :].astype(np.int64)) if len(kinds) > 1 else None


def _compared(pair: Pair, values: _Values, how: How, *place: str) -> Measured:
    compare = compared_numbers if pair.numeric else compared_categories
    return compare(*values, how.method(pair), how.rng(*place, pair.column, pair.feature), how.level)


def _missing(split: str, pair: Pair, counts: tuple[int, int, int, int] | None) -> Iterator[Hypothesis]:
    if counts is None:
        old, new = pair.reference, pair.current
        counts = int(old.isna().sum()), len(old), int(new.isna().sum()), len(new)
    if 0 < counts[0] + counts[2] < counts[1] + counts[3]:
        yield Hypothesis(split, pair.column, "missing", difference_of_shares(*counts))


def _new(split: str, pair: Pair, values: _Values, exact: Exact | None, how: How) -> Iterator[Hypothesis]:
    if pair.numeric:
        novelty = stats.outside_range(*values)
        measured = share_of_new(novelty, len(values[0]), len(values[1]))
        yield Hypothesis(split, pair.column, "outside_range", measured)
        return
    known = None if exact is None else exact.categories(pair.column)
    if known is None:
        kinds = 1 + max(int(codes.max()) for codes in values)
        old, new = (np.bincount(codes, minlength=kinds).astype(np.int64) for codes in values)
    else:
        old, new = known[1]
    if len(old) <= FEW_CATEGORIES:
        return
    for feature, here, there in (("new_categories", old, new), ("vanished_categories", new, old)):
        novelty = stats.absent_categories(here, there, how.rng(split, pair.column, feature), how.level)
        measured = share_of_new(novelty, int(here.sum()), int(there.sum()))
        yield Hypothesis(split, pair.column, feature, measured)


def duplicates(
    split: str, reference: npt.NDArray[np.uint64], current: npt.NDArray[np.uint64], how: How
) -> Iterator[Hypothesis]:
    """Ask about the share of rows that occur more than once.

    Parameters
    ----------
    split : str
    reference, current : numpy array of uint64, (n,) and (m,)
        A hash of each row's content.
    how : How

    Notes
    -----
    The more rows, the more of them occur twice: as many rows of both are compared, the larger sample cut down at
    random. The p-value is that of shuffles; for the interval rows count by sets of duplicates.
    """
    rng = how.rng(split, ROWS, "duplicates")
    n = min(len(reference), len(current))
    drawn = [rows if len(rows) == n else rng.choice(rows, n, replace=False) for rows in (reference, current)]
    codes = np.unique(np.concatenate(drawn), return_inverse=True)[1]
    table = np.stack([np.bincount(part, minlength=int(codes.max()) + 1) for part in np.split(codes, [n])])
    x, y = (int(part[part > 1].sum()) for part in table)
    if x + y == 0:
        return
    # Rows that are one of their kind in both together repeat in no shuffle, and are taken together.
    single = table.sum(axis=0) == 1
    cells = np.column_stack([table[:, ~single], table[:, single].sum(axis=1)])
    shuffled = stats.permutation_test(cells, abs(x - y) / n, _difference_of_repeated, rng)
    per_set = (x + y) / int((table > 1).sum())
    found = difference_of_shares(x, n, y, n, per_set)
    measured = replace(
        found,
        expected=shuffled.mean,
        null_spread=shuffled.spread,
        p_value=shuffled.p_value,
        how="permutation test (Holm), Newcombe interval",
    )
    yield Hypothesis(split, ROWS, "duplicates", measured)


def _difference_of_repeated(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Difference of the shares of rows that occur more than once, (r,); the last column holds those that cannot."""
    shares = np.where(tables[..., :-1] > 1, tables[..., :-1], 0).sum(axis=2) / tables.sum(axis=2)
    return np.asarray(np.abs(shares[:, 1] - shares[:, 0]), dtype=np.float64)
