"""`PersonalData`: how many rows of which column hold which kind of personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence._searched import Hit, SearchedColumn, columns_to_search, number_text, search_column
from llmops_audit.evidence._unread import decoded
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.personal_data import Confidence
from llmops_audit.personal_data.allow_list import keyed_hash

__all__ = ["MAX_VALUES", "Example", "HitCount", "Location", "PersonalData", "ValueCount", "values_in"]

EXAMPLES = 3
"""Masked examples to keep for each column, kind and confidence."""

MAX_VALUES = 20_000
"""Distinct values whose hashes are kept: all values, or a uniform sample of this many."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Example:
    """A masked hit; the order of examples decides which are kept.

    Attributes
    ----------
    key : int
        Key of the row.
    source : str
        Path of the row's file.
    row : int
        Number of the row in its file, from 1.
    start, end : int
        Indices into the cell, in code points.
    masked : str
    """

    key: int
    source: str
    row: int
    start: int
    end: int
    masked: str


@dataclass(frozen=True)
class HitCount:
    """Hits of one kind, with one confidence, in one column.

    Attributes
    ----------
    rows, hits : int
        Rows with at least one hit, and hits.
    best : int
        Of these rows, those without a hit of the kind in the column that is more confident.
    examples : tuple of Example
        At most three, with the smallest keys, in order.
    """

    rows: int
    hits: int
    best: int
    examples: tuple[Example, ...]

    def __add__(self, other: HitCount) -> HitCount:
        examples = sorted(self.examples + other.examples)[:EXAMPLES]
        return HitCount(self.rows + other.rows, self.hits + other.hits, self.best + other.best, tuple(examples))


@dataclass(frozen=True, order=True)
class Location:
    """Where a value stands: the key of a row, a column, and start and end in the cell in code points."""

    key: int
    column: str
    start: int
    end: int


@dataclass(frozen=True)
class ValueCount:
    """The rows of one value, confirmed or likely; the value itself is not kept.

    A value that is found as two kinds counts as the first of them by name.

    Attributes
    ----------
    kind : str
    confidence : Confidence
        The highest confidence that it was found with.
    rows : int
        Rows that hold it.
    location : Location
        Its first location, by the keys of the rows.
    """

    kind: str
    confidence: Confidence
    rows: int
    location: Location

    def __add__(self, other: ValueCount) -> ValueCount:
        confidence = min(self.confidence, other.confidence, key=_rank)
        location = min(self.location, other.location)
        return ValueCount(min(self.kind, other.kind), confidence, self.rows + other.rows, location)


@dataclass(frozen=True)
class PersonalData:
    """Counts of personal data by column, kind and confidence, with a few masked examples.

    Attributes
    ----------
    rows : int
        Rows with at least one cell that was searched.
    searched : mapping of str to int
        Cells that were searched, by column; missing cells are skipped.
    kinds : mapping of (str, Confidence) to int
        Rows that hold a kind in any column, by the highest confidence of the kind in the row; pairs without a row are
        absent.
    hits : mapping of (str, str, Confidence) to HitCount
        By column, kind and confidence; combinations without a hit are absent.
    values : mapping of int to ValueCount
        By keyed hash of the value: all distinct values, or the `MAX_VALUES` with the smallest hashes.
    allowed : int
        Hits that the spec's allow-list covers; they count nowhere else.
    unread : mapping of (str, str) to int
        Cells that cannot be searched, by column and by what they hold (see `llmops_audit.evidence._unread`).
    columns : tuple of str
        All columns that the rows have, sorted.
    """

    rows: int = 0
    searched: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[tuple[str, Confidence], int] = field(default_factory=dict)
    hits: Mapping[tuple[str, str, Confidence], HitCount] = field(default_factory=dict)
    values: Mapping[int, ValueCount] = field(default_factory=dict)
    allowed: int = 0
    unread: Mapping[tuple[str, str], int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the evidence of no rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Search the columns of one batch, each distinct value of a column once."""
        n = len(batch)
        if not n:
            return cls.empty(plan)
        columns = [search_column(batch.table[name], name, plan) for name in columns_to_search(batch.table, plan.scan)]
        present = np.zeros(n, dtype=np.bool_)
        ranks: dict[str, npt.NDArray[np.intp]] = {}
        counts: dict[tuple[str, str, Confidence], HitCount] = {}
        for column in columns:
            present |= column.index >= 0
            held: dict[str, Bools] = {}
            for kind, confidence in sorted(column.pairs(), key=lambda pair: (pair[0], pair[1].rank)):
                more = held.get(kind, np.zeros(n, dtype=np.bool_))
                rows, counts[column.name, kind, confidence] = _count(batch, column, kind, confidence, more)
                held[kind] = more | rows
                best = ranks.setdefault(kind, np.full(n, len(Confidence)))
                np.minimum(best, np.where(rows, confidence.rank, len(Confidence)), out=best)
        return cls(
            int(np.count_nonzero(present)),
            {column.name: int(np.count_nonzero(column.index >= 0)) for column in columns},
            {
                (kind, confidence): counted
                for kind, rank in ranks.items()
                for confidence in Confidence
                if (counted := int(np.count_nonzero(rank == confidence.rank)))
            },
            counts,
            _values(batch, columns),
            sum(column.allowed_hits() for column in columns),
            {(column.name, content): cells for column in columns for content, cells in column.unread.items()},
            tuple(sorted(batch.table.column_names)),
        )

    def __add__(self, other: Self) -> Self:
        return replace(
            self,
            rows=self.rows + other.rows,
            searched=_sum(self.searched, other.searched),
            kinds=_sum(self.kinds, other.kinds),
            hits=_sum(self.hits, other.hits),
            values=_smallest(_sum(self.values, other.values)),
            allowed=self.allowed + other.allowed,
            unread=_sum(self.unread, other.unread),
            columns=tuple(sorted({*self.columns, *other.columns})),
        )


def values_in(batch: Batch, values: Mapping[int, ValueCount], seed: int) -> Iterator[tuple[ValueCount, str]]:
    """Read values at their locations.

    Parameters
    ----------
    batch : Batch
        The rows in which the values were found.
    values : mapping of int to ValueCount
        As in `PersonalData.values`.
    seed : int
        Of the plan with which they were hashed.

    Returns
    -------
    iterator of (ValueCount, str)
        For use in memory only; no value may be written anywhere.
    """
    order = np.argsort(batch.key, kind="stable")
    keys = batch.key[order]
    for hash, known in values.items():
        location = known.location
        sought = np.array([location.key], dtype=np.uint64)
        first, last = (int(np.searchsorted(keys, sought, side)[0]) for side in ("left", "right"))
        # Rows that share an id share a key; the hash identifies the row.
        for row in order[first:last].tolist():
            cell = batch.table.column(location.column)[row].as_py()
            text = cell if isinstance(cell, str) else _text(cell)
            value = text[location.start : location.end]
            if value and keyed_hash(known.kind, value, str(seed).encode()) == hash:
                yield known, value
                break


def _text(cell: bytes | float | None) -> str:
    return (decoded(cell) if isinstance(cell, bytes) else number_text(cell)) or ""


def _rank(confidence: Confidence) -> int:
    return confidence.rank


def _sum(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> dict[Any, Any]:
    both = left.keys() & right.keys()
    return {**left, **right, **{key: left[key] + right[key] for key in both}}


def _smallest(values: Mapping[int, ValueCount]) -> Mapping[int, ValueCount]:
    if len(values) <= MAX_VALUES:
        return values
    return {hash: values[hash] for hash in sorted(values)[:MAX_VALUES]}


def _count(
    batch: Batch, column: SearchedColumn, kind: str, confidence: Confidence, more: Bools
) -> tuple[Bools, HitCount]:
    """Map the hits in distinct cells to rows; return which rows have a hit, and the counts.

    `more` says which rows have a hit of the kind in the column that is more confident.
    """
    cells = {
        cell: hits
        for cell, found in column.hits.items()
        if (hits := [hit for hit in found if (hit.span.kind, hit.span.confidence) == (kind, confidence)])
    }
    size = int(max(column.index.max(initial=-1), max(cells))) + 2
    by_cell = np.zeros(size, dtype=np.int64)  # the last element is for missing cells, index -1
    by_cell[list(cells)] = [len(hits) for hits in cells.values()]
    by_row = by_cell[column.index]
    holding = by_row > 0
    rows = np.flatnonzero(holding)
    examples = [
        Example(
            int(batch.key[row]),
            batch.source[row],
            int(batch.row[row]),
            hit.span.start,
            hit.span.end,
            hit.masked,
        )
        for row in _first(batch.key, rows)
        for hit in cells[int(column.index[row])][:EXAMPLES]
    ]
    best = int(np.count_nonzero(holding & ~more))
    return holding, HitCount(len(rows), int(by_row.sum()), best, tuple(sorted(examples)[:EXAMPLES]))


def _first(key: npt.NDArray[np.uint64], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the rows with the smallest keys, and all rows that tie with the last of them."""
    if len(rows) <= EXAMPLES:
        return rows
    keys = key[rows]
    kept: npt.NDArray[np.intp] = rows[keys <= np.partition(keys, EXAMPLES - 1)[EXAMPLES - 1]]
    return kept


def _values(batch: Batch, columns: Sequence[SearchedColumn]) -> Mapping[int, ValueCount]:
    """Count the rows of each value that is confirmed or likely; a row counts once, however often it has the value."""
    values: dict[int, ValueCount] = {}
    last: dict[int, int] = {}
    by_row: list[tuple[int, str, Hit]] = []
    for column in columns:
        cells = {
            cell: hits
            for cell, found in column.hits.items()
            if (hits := [hit for hit in found if hit.span.confidence is not Confidence.SUSPECTED])
        }
        rows = np.flatnonzero(np.isin(column.index, list(cells)))
        by_row += ((row, column.name, hit) for row in rows.tolist() for hit in cells[int(column.index[row])])
    for row, name, hit in sorted(by_row, key=lambda item: item[0]):
        location = Location(int(batch.key[row]), name, hit.span.start, hit.span.end)
        counts = last.get(hit.hash) != row
        last[hit.hash] = row
        found_here = ValueCount(hit.span.kind, hit.span.confidence, int(counts), location)
        values[hit.hash] = values[hit.hash] + found_here if hit.hash in values else found_here
    return _smallest(values)
