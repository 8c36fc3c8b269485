"""`Days`: how often each category of a column occurs on each day among all rows, so that any windows can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.evidence._hashes import hashed
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.distributions import LABEL, PREDICTION

__all__ = ["MAX_CELLS", "NO_DAY", "DayCounts", "Days", "days_of"]

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

MAX_CELLS = 200_000
"""Pairs of a day and a category that are counted of a column; with more, none are."""

NO_DAY = np.int64(np.iinfo(np.int64).min)
"""The day of rows without a time."""

_ROWS = np.uint64(0)


@dataclass(frozen=True, eq=False)
class DayCounts:
    """Rows by day and category.

    Attributes
    ----------
    day : numpy array of int64, (m,)
        Days since 1970, in UTC; ascending, and of one day by hash.
    hash : numpy array of uint64, (m,)
        Of the category, as in `llmops_audit.evidence.distributions.Categories`.
    count : numpy array of int64, (m,)
        Rows.
    """

    day: Ints
    hash: Hashes
    count: Ints

    @classmethod
    def of(cls, day: Ints, hash: Hashes, count: Ints | None = None) -> Self:
        """Count pairs, (n,): each once, or as often as `count` says."""
        order = np.lexsort((hash, day))
        day, hash = day[order], hash[order]
        starts = np.flatnonzero(np.concatenate([[True], (day[1:] != day[:-1]) | (hash[1:] != hash[:-1])]))[: len(day)]
        sums = np.diff(starts, append=len(day)) if count is None else np.add.reduceat(count[order], starts)
        return cls(day[starts], hash[starts], sums if len(starts) else np.empty(0, dtype=np.int64))

    def __add__(self, other: Self) -> Self:
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("day", "hash", "count"))
        return type(self).of(*(np.concatenate(pair) for pair in pairs))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DayCounts) and all(
            np.array_equal(mine, getattr(other, name)) for name, mine in vars(self).items()
        )

    __hash__ = None  # type: ignore[assignment]

    def within(self, first: int, last: int) -> tuple[Hashes, Ints]:
        """Return the categories of some days, both ends counted in, (c,), and their rows, (c,)."""
        here = slice(*np.searchsorted(self.day, [first, last + 1]))
        hashes, of_cell = np.unique(self.hash[here], return_inverse=True)
        return hashes, np.bincount(of_cell, self.count[here], len(hashes)).astype(np.int64)


@dataclass(frozen=True)
class Days:
    """The categories of all rows by column and day.

    Attributes
    ----------
    rows : DayCounts
        Of every row, under one hash; without a time column there are none.
    missing : mapping of str to DayCounts
        Rows without a value by column.
    columns : mapping of str to DayCounts or None
        By the column's name; labels and predictions under `LABEL` and `PREDICTION`. None where there are too many pairs
        of a day and a category, or the values are no categories.
    """

    rows: DayCounts
    missing: Mapping[str, DayCounts] = field(default_factory=dict)
    columns: Mapping[str, DayCounts | None] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the evidence of no rows."""
        return cls(_NONE)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch."""
        if not len(batch) or plan.time is None:
            return cls.empty(plan)
        day = days_of(batch.table.column(plan.time))
        known = batch.table.column_names if plan.keep is None else plan.keep
        values = {name: batch.table.column(name) for name in known}
        for name, codes in ((LABEL, batch.label), (PREDICTION, batch.prediction)):
            if codes is not None:
                values[name] = pa.chunked_array([codes.texts()])
        missing = {name: _counted(day[_is_missing(column)]) for name, column in values.items()}
        columns = {
            name: _categories(day, column, plan.seed) for name, column in values.items() if name not in plan.uncounted
        }
        return cls(_counted(day), missing, columns)

    def __add__(self, other: Self) -> Self:
        missing, columns = dict(self.missing), dict(self.columns)
        for name, counts in other.missing.items():
            missing[name] = missing[name] + counts if name in missing else counts
        for name, found in other.columns.items():
            columns[name] = _sum(columns[name], found) if name in columns else found
        return type(self)(self.rows + other.rows, missing, columns)


def days_of(times: pa.ChunkedArray) -> Ints:
    """Return days since 1970 of times in ISO 8601, (n,), in UTC; `NO_DAY` where there is none."""
    read = pd.to_datetime(times.to_pandas(), format="ISO8601", errors="coerce", utc=True)
    days = read.to_numpy(dtype="datetime64[D]").astype(np.int64)
    return np.where(read.isna(), NO_DAY, days)


def _counted(day: Ints) -> DayCounts:
    return DayCounts.of(day, np.full(len(day), _ROWS))


def _is_missing(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    missing: npt.NDArray[np.bool_] = column.is_null(nan_is_null=True).to_numpy()
    return missing


def _categories(day: Ints, column: pa.ChunkedArray, seed: int) -> DayCounts | None:
    if pa.types.is_binary(column.type) or pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return None
    codes = column.cast(pa.string()).combine_chunks().dictionary_encode()
    index = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    known = index >= 0
    return _bounded(DayCounts.of(day[known], hashed(codes.dictionary, seed)[index[known]]))


def _sum(one: DayCounts | None, other: DayCounts | None) -> DayCounts | None:
    return None if one is None or other is None else _bounded(one + other)


def _bounded(counts: DayCounts) -> DayCounts | None:
    return counts if len(counts.day) <= MAX_CELLS else None


_NONE: Any = DayCounts(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64))
