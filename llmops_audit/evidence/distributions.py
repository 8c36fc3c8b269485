"""`Distributions`: how often each value of a column occurs among all rows, as finely as a bounded table allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.evidence._hashes import hashed
from llmops_audit.evidence.base import Batch, Plan

__all__ = [
    "LABEL",
    "MAX_CELLS",
    "MAX_VALUES",
    "PREDICTION",
    "Categories",
    "ColumnCounts",
    "Distributions",
    "NumberHistogram",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

LABEL, PREDICTION = "(label)", "(prediction)"
"""Names under which labels and predictions are counted beside the columns of the data."""

MAX_CELLS = 4096
"""Cells of numbers; at least 4,094, which is how many pairs of sign and exponent finite numbers have."""

MAX_VALUES = 1000
"""Categories that are counted one by one."""

LONGEST_VALUE = 200
"""Characters of a category that is kept by name: a longer one is a text."""

_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, eq=False)
class NumberHistogram:
    """A histogram of finite numbers whose cells need no knowledge of the data.

    A cell holds the numbers that agree in sign, exponent and the leading bits of the mantissa: in all bits where at
    most `MAX_CELLS` different numbers occur, otherwise in as many as keep to so many cells.

    Attributes
    ----------
    dropped : int
        Bits of the mantissa that are not distinguished, 0 to 52; with 0, every different number has a cell of its own.
    cells : numpy array of int64, (m,)
        In the order of the numbers.
    counts : numpy array of int64, (m,)
        Rows of each cell.
    minimum, maximum : float
        Of the finite numbers; infinity and minus infinity where there is none.
    infinite : int
        Rows that hold an infinite number, and are in no cell.

    Notes
    -----
    The cells of a whole are never finer than those of its parts, because it holds all their numbers, which is why
    histograms can be added exactly.
    """

    dropped: int
    cells: Ints
    counts: Ints
    minimum: float
    maximum: float
    infinite: int

    @classmethod
    def of(cls, values: Floats, counts: Ints | None = None) -> Self:
        """Count numbers, (n,), none of them NaN: each once, or as often as `counts`, (n,), says."""
        finite, infinite = np.isfinite(values), 0
        if not finite.all():
            infinite = int(np.count_nonzero(~finite) if counts is None else counts[~finite].sum())
            values, counts = values[finite], None if counts is None else counts[finite]
        # Adding 0 turns -0.0 into 0.0, whichever was met first.
        low, high = float(values.min(initial=np.inf)) + 0.0, float(values.max(initial=-np.inf)) + 0.0
        return cls(*_tabulated(_codes(values), counts), low, high, infinite)

    def __add__(self, other: Self) -> Self:
        dropped = max(self.dropped, other.dropped)
        cells = np.concatenate([one.cells >> (dropped - one.dropped) for one in (self, other)])
        more, cells, counts = _tabulated(cells, np.concatenate([self.counts, other.counts]))
        low, high = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        return type(self)(dropped + more, cells, counts, low, high, self.infinite + other.infinite)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberHistogram) and _same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def intervals(self) -> tuple[Floats, Floats]:
        """Return the smallest and the largest number that each cell can hold, (m,) and (m,)."""
        low, high = _values(self.cells << self.dropped), _values(((self.cells + 1) << self.dropped) - 1)
        return np.clip(low, self.minimum, self.maximum), np.clip(high, self.minimum, self.maximum)

    def between(self, edges: npt.ArrayLike) -> Ints:
        """Count the finite numbers between edges.

        Parameters
        ----------
        edges : array of float, (b + 1,)
            Ascending. An interval holds its lower edge, the last one both, as in `numpy.histogram`.

        Returns
        -------
        numpy array of int64, (b,)
            Rows. All of a cell count where its middle lies, or nowhere where that is outside the edges.
        """
        low, high = self.intervals()
        found = np.histogram(low + (high - low) / 2, np.asarray(edges, dtype=np.float64), weights=self.counts)[0]
        return found.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Categories:
    """Exact counts of texts: of all, or of the `MAX_VALUES` with the smallest hashes.

    Attributes
    ----------
    hashes : numpy array of uint64, (m,)
        Seeded, ascending. They stand for the values: of a million, two share a hash with a probability of 3 in 10**8.
    values : tuple of str or None, (m,)
        None for those of more than `LONGEST_VALUE` characters.
    counts : numpy array of int64, (m,)
        Rows that hold each value.
    complete : bool
        Whether no value was left out.

    Notes
    -----
    The values with the smallest hashes of a whole are among those of each part that they occur in, so that none of
    their rows was missed (bottom-k sampling: Cohen and Kaplan 2007, Summarizing data using bottom-k sketches).
    """

    hashes: Hashes
    values: tuple[str | None, ...]
    counts: Ints
    complete: bool

    @classmethod
    def of(cls, values: pa.Array, counts: Ints, seed: int) -> Self:
        """Count different texts, type string, (n,), none of them null: each as often as `counts`, (n,), says."""
        hashes = hashed(values, seed)
        kept = np.argsort(hashes, kind="stable")[:MAX_VALUES]
        texts = values.take(pa.array(kept)).to_pylist()
        names = tuple(None if len(text) > LONGEST_VALUE else text for text in texts)
        return cls(hashes[kept], names, counts[kept], len(hashes) <= MAX_VALUES)

    def __add__(self, other: Self) -> Self:
        hashes, first, inverse = np.unique(
            np.concatenate([self.hashes, other.hashes]), return_index=True, return_inverse=True
        )
        counts = np.zeros(len(hashes), dtype=np.int64)
        np.add.at(counts, inverse, np.concatenate([self.counts, other.counts]))
        values = self.values + other.values
        return type(self)(
            hashes[:MAX_VALUES],
            tuple(values[i] for i in first[:MAX_VALUES].tolist()),
            counts[:MAX_VALUES],
            self.complete and other.complete and len(hashes) <= MAX_VALUES,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Categories) and _same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def beside(self, other: Self) -> tuple[tuple[str | None, ...], Ints]:
        """Return the counts of the same values in two sets of rows that were counted with one seed.

        Parameters
        ----------
        other : Categories

        Returns
        -------
        values : tuple of str or None, (c,)
            Those whose counts are known in both: all, where both are complete.
        counts : numpy array of int64, (2, c)
        """
        names = {**_by_hash(self), **_by_hash(other)}
        ends = [int(one.hashes[-1]) for one in (self, other) if not one.complete]
        known = sorted(one for one in names if not ends or one <= min(ends))
        counts = [dict(zip(one.hashes.tolist(), one.counts.tolist(), strict=True)) for one in (self, other)]
        table = [[count.get(one, 0) for one in known] for count in counts]
        return tuple(names[one] for one in known), np.array(table, dtype=np.int64)


@dataclass(frozen=True)
class ColumnCounts:
    """The values of one column.

    Attributes
    ----------
    rows, missing : int
        Rows, and those of them that hold no value.
    numbers : NumberHistogram, optional
        None where a value is no number, or values are not counted.
    categories : Categories, optional
        None where the column was read as numbers, or values are not counted. Texts that all read as finite numbers
        (a CSV file holds texts alone) have both.
    """

    rows: int
    missing: int
    numbers: NumberHistogram | None
    categories: Categories | None

    def __add__(self, other: Self) -> Self:
        # None takes all: one value that is no number is enough.
        one, two = self.numbers, other.numbers
        here, there = self.categories, other.categories
        return type(self)(
            self.rows + other.rows,
            self.missing + other.missing,
            None if one is None or two is None else one + two,
            None if here is None or there is None else here + there,
        )


@dataclass(frozen=True)
class Distributions:
    """The values of all rows by column.

    Attributes
    ----------
    columns : mapping of str to ColumnCounts
        By the column's name; labels and predictions under `LABEL` and `PREDICTION`, where the rows have any.
    """

    columns: Mapping[str, ColumnCounts] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the evidence of no rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch."""
        if not len(batch):
            return cls.empty(plan)
        columns = {
            name: _column(batch.table.column(name), plan.seed, counted=name not in plan.uncounted)
            for name in (batch.table.column_names if plan.keep is None else plan.keep)
        }
        for name, codes in ((LABEL, batch.label), (PREDICTION, batch.prediction)):
            if codes is not None:
                found = _column(pa.chunked_array([codes.texts()]), plan.seed, counted=True)
                columns[name] = ColumnCounts(found.rows, found.missing, None, found.categories)
        return cls(columns)

    def __add__(self, other: Self) -> Self:
        columns = dict(self.columns)
        for name, column in other.columns.items():
            columns[name] = columns[name] + column if name in columns else column
        return type(self)(columns)


def _column(column: pa.ChunkedArray, seed: int, *, counted: bool) -> ColumnCounts:
    if not counted or pa.types.is_binary(column.type):
        return ColumnCounts(len(column), column.null_count, None, None)
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        # A whole number beyond 2**53 is rounded, which a checked cast would refuse.
        values = column.cast(pa.float64(), safe=False).to_numpy()
        missing = np.isnan(values)
        return ColumnCounts(len(values), int(np.count_nonzero(missing)), NumberHistogram.of(values[~missing]), None)
    tally = column.cast(pa.string()).drop_null().value_counts()
    texts, counts = tally.field("values"), tally.field("counts").to_numpy()
    return ColumnCounts(len(column), column.null_count, _as_numbers(texts, counts), Categories.of(texts, counts, seed))


def _as_numbers(texts: pa.Array, counts: Ints) -> NumberHistogram | None:
    try:
        values = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return NumberHistogram.of(values, counts) if np.isfinite(values).all() else None


def _by_hash(categories: Categories) -> dict[int, str | None]:
    return dict(zip(categories.hashes.tolist(), categories.values, strict=True))


def _codes(values: Floats) -> Ints:
    """Whole numbers in the order of the floats, whose bits they hold; one for both zeros."""
    bits = values.view(np.int64)
    return np.where(bits < 0, -(bits & _MAGNITUDE), bits)


def _values(codes: Ints) -> Floats:
    return np.copysign(np.abs(codes).view(np.float64), codes)


def _tabulated(codes: Ints, counts: Ints | None) -> tuple[int, Ints, Ints]:
    """Sum up by cell; return how many bits were dropped to make cells of codes, the cells, and their counts."""
    if not len(codes):
        return 0, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    if counts is None:
        codes = np.sort(codes)
    else:
        order = np.argsort(codes, kind="stable")
        codes, counts = codes[order], counts[order]
    # Neighbours fall into one cell as soon as the highest bit that they differ in is dropped.
    differing = (codes[1:] ^ codes[:-1]).view(np.uint64)
    most = MAX_CELLS
    bits = int(np.partition(differing, -most)[-most]).bit_length() if len(differing) >= most else 0
    starts = np.flatnonzero(np.concatenate([[True], differing >> np.uint64(bits) > 0]))
    sums = np.diff(starts, append=len(codes)) if counts is None else np.add.reduceat(counts, starts)
    return bits, codes[starts] >> bits, sums


def _same(one: Any, other: Any) -> bool:
    return all(np.array_equal(mine, getattr(other, name)) for name, mine in vars(one).items())
