"""Contents of rows: a hash of what the classifier sees of each row, and which contents two sets of rows share.

References
----------
Cohen and Kaplan (2007), Summarizing data using bottom-k sketches: the contents with the k smallest hashes are a uniform
sample of them all. The hashes of one side are known first, so that the other, however large, sets one bit for each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["MOST_EXACT", "SKETCH", "KnownContents", "MetContents", "column_hashes", "content_hashes", "mixed"]

MOST_EXACT = 1_000_000
"""Rows whose contents are all kept; of more rows the `SKETCH` smallest hashes are."""

SKETCH = 10_000

RULE_OF_THREE = 3.0
"""Where none of k was met, the share is under 3/k with a confidence of 95 %."""

Hashes = npt.NDArray[np.uint64]

_MISSING = np.uint64(0x6A09E667F3BCC909)
_ORDER = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def content_hashes(table: pa.Table, names: Sequence[str]) -> Hashes | None:
    """Return a hash of the values of some columns of each row, uint64, (n,).

    It depends on the values alone, neither on a seed nor on the file: reading gave numbers one type, and the values of
    a category one spelling, whatever the file made of them. Numbers that are equal in single precision are one value,
    and so are texts that differ in white space or compatible forms (NFKC) alone.

    Parameters
    ----------
    table : pyarrow.Table
    names : sequence of str
        The order counts.

    Returns
    -------
    numpy array or None
        None where a column is not there, or none is named.
    """
    if not names or not set(names) <= set(table.column_names):
        return None
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for hashes in column_hashes(table, names):
        total = mixed(total * _ORDER + hashes)
    return total


def column_hashes(table: pa.Table, names: Sequence[str]) -> Iterator[Hashes]:
    """Yield a hash of each value, column by column, uint64, (n,): one value for all that is missing."""
    for name in names:
        column = table.column(name)
        yield _of_column(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)


def _of_column(column: pa.Array) -> Hashes:
    from pandas.util import hash_array

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return _of_numbers(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    texts = pc.utf8_normalize(pc.cast(column.dictionary, pa.string()), form="NFKC")
    texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"\s+", " "))
    values = texts.to_numpy(zero_copy_only=False)
    distinct = np.append(np.asarray(hash_array(values, categorize=False), dtype=np.uint64), _MISSING)
    return np.asarray(distinct[column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)])


def _of_numbers(values: npt.NDArray[Any]) -> Hashes:
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(np.float64)
    # A file may hold one precision and the other file another; whole numbers are ids and times, and stay apart.
    values = np.where((values == np.trunc(values)) | np.isinf(single), values, single)
    # Adding zero makes -0.0 the same number as 0.0.
    found = mixed((values + 0.0).view(np.uint64) + _ORDER)
    found[np.isnan(values)] = _MISSING
    return found


def mixed(values: Hashes) -> Hashes:
    """Return well-mixed numbers, uint64, (n,): equal ones for equal ones."""
    # The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return np.asarray(values ^ (values >> np.uint64(31)))


@dataclass(frozen=True, eq=False)
class KnownContents:
    """The contents of rows that are known before others are compared with them.

    All of them up to `MOST_EXACT` rows; of more rows those with the `SKETCH` smallest hashes, a uniform sample of the
    distinct contents.

    Attributes
    ----------
    hashes : numpy array of uint64, (n,)
        Sorted, each once.
    rows : numpy array of int64, (n,)
        How many rows hold each.
    total : int
        Rows that were read.
    most : int, optional
        Rows whose contents are all kept; None: all, whatever their number.
    sketch : int
        Contents that are kept of more rows.
    """

    hashes: Hashes
    rows: npt.NDArray[np.int64]
    total: int = 0
    most: int | None = MOST_EXACT
    sketch: int = SKETCH

    @classmethod
    def empty(cls, most: int | None = MOST_EXACT, sketch: int = SKETCH) -> Self:
        """Return the contents of no rows."""
        return cls(np.array([], np.uint64), np.array([], np.int64), 0, most, sketch)

    @classmethod
    def of(cls, hashes: Hashes, most: int | None = MOST_EXACT, sketch: int = SKETCH) -> Self:
        """Return the contents of some rows."""
        distinct, rows = np.unique(hashes, return_counts=True)
        return cls(distinct, rows.astype(np.int64), len(hashes), most, sketch)._smallest()

    def __add__(self, other: Self) -> Self:
        distinct, index = np.unique(np.concatenate([self.hashes, other.hashes]), return_inverse=True)
        rows = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(rows, index, np.concatenate([self.rows, other.rows]))
        return type(self)(distinct, rows, self.total + other.total, self.most, self.sketch)._smallest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KnownContents):
            return NotImplemented
        return (
            (self.total, self.most, self.sketch) == (other.total, other.most, other.sketch)
            and np.array_equal(self.hashes, other.hashes)
            and np.array_equal(self.rows, other.rows)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def complete(self) -> bool:
        """Whether no content was left out."""
        return self.most is None or self.total <= self.most

    def find(self, hashes: Hashes) -> npt.NDArray[np.intp]:
        """Return the index of the content of each row, (m,); -1 where it is not among those that are known."""
        if not len(self.hashes):
            return np.full(len(hashes), -1, dtype=np.intp)
        index = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[index] == hashes, index, -1)

    def _smallest(self) -> Self:
        if self.complete:
            return self
        return type(self)(self.hashes[: self.sketch], self.rows[: self.sketch], self.total, self.most, self.sketch)


@dataclass(frozen=True, eq=False)
class MetContents:
    """Which of the known contents other rows hold.

    Attributes
    ----------
    bits : numpy array of bool, (n,)
        One for each of `KnownContents.hashes`.
    rows, seen : int
        Rows that were compared, and those of them whose content is known.
    """

    bits: npt.NDArray[np.bool_]
    rows: int = 0
    seen: int = 0

    @classmethod
    def empty(cls, known: KnownContents) -> Self:
        """Return what no rows hold."""
        return cls(np.zeros(len(known.hashes), dtype=bool))

    @classmethod
    def of(cls, hashes: Hashes, known: KnownContents) -> Self:
        """Compare some rows."""
        index = known.find(hashes)
        bits = np.zeros(len(known.hashes), dtype=bool)
        bits[index[index >= 0]] = True
        return cls(bits, len(hashes), int((index >= 0).sum()))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.bits | other.bits, self.rows + other.rows, self.seen + other.seen)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetContents):
            return NotImplemented
        return (self.rows, self.seen) == (other.rows, other.seen) and np.array_equal(self.bits, other.bits)

    __hash__ = None  # type: ignore[assignment]

    def share_of(self, known: KnownContents) -> tuple[int, int, float | None]:
        """Estimate the share of the known side's rows whose content the other rows hold.

        Returns
        -------
        rows, seen : int
            Rows that were compared, and those of them that were met.
        error : float or None
            Standard deviation of the share ``seen / rows``, by the delta method for a ratio; where none was met the
            upper end of the share (3 / k); None where all rows were compared.
        """
        rows, seen = int(known.rows.sum()), int(known.rows[self.bits].sum())
        if known.complete or not rows:
            return rows, seen, None
        if not seen:
            return rows, seen, RULE_OF_THREE / len(known.rows)
        deviations = known.rows * (self.bits - seen / rows)
        return rows, seen, math.sqrt(float((deviations**2).sum())) / rows
