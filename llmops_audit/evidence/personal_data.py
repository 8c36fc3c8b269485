"""`PersonalData`: how much personal data of which kind stands in which column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence._searched import Searched, Value, digits, searched, to_search
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.personal_data import Confidence
from llmops_audit.personal_data.allow_list import keyed_hash

__all__ = ["VALUES", "Example", "Found", "Held", "PersonalData", "Place", "values_in"]

EXAMPLES = 3
"""Masked examples kept for each column, kind and confidence."""

VALUES = 20_000
"""Distinct values that are remembered by their hashes: all of them, or a uniform sample of so many."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Example:
    """A masked find; its order decides which ones are kept.

    Attributes
    ----------
    key : int
        Key of the row.
    source : str
        Path of the row's file.
    row : int
        Number of the row in its file, from 1.
    start, end : int
        Place in the cell, in code points.
    masked : str
    """

    key: int
    source: str
    row: int
    start: int
    end: int
    masked: str


@dataclass(frozen=True)
class Found:
    """What was found of one kind, with one confidence, in one column.

    Attributes
    ----------
    rows, hits : int
        Rows with at least one hit, and hits.
    examples : tuple of Example
        At most three, those with the smallest keys, in order.
    """

    rows: int
    hits: int
    examples: tuple[Example, ...]

    def __add__(self, other: Found) -> Found:
        examples = sorted(self.examples + other.examples)[:EXAMPLES]
        return Found(self.rows + other.rows, self.hits + other.hits, tuple(examples))


@dataclass(frozen=True, order=True)
class Place:
    """Where a value stands: the key of a row, a column, and the place in the cell in code points."""

    key: int
    column: str
    start: int
    end: int


@dataclass(frozen=True)
class Held:
    """A value that was found, confirmed or likely; the value itself is not kept.

    One value may be found as two kinds: the first by name stands for both.

    Attributes
    ----------
    kind : str
    confidence : Confidence
        The best that it was found with.
    rows : int
        Rows that hold it.
    place : Place
        The first of its places, by the keys of the rows.
    """

    kind: str
    confidence: Confidence
    rows: int
    place: Place

    def __add__(self, other: Held) -> Held:
        confidence = min(self.confidence, other.confidence, key=_rank)
        return Held(min(self.kind, other.kind), confidence, self.rows + other.rows, min(self.place, other.place))


@dataclass(frozen=True)
class PersonalData:
    """Counts of personal data by column, kind and confidence, with a few masked examples.

    Attributes
    ----------
    rows : int
        Rows in which at least one cell was scanned.
    scanned : mapping of str to int
        Cells scanned by column; missing ones are skipped.
    kinds : mapping of (str, Confidence) to int
        Rows that hold a kind in any column, by the best confidence that it was found with there; pairs without a row
        are absent.
    found : mapping of (str, str, Confidence) to Found
        By column, kind and confidence; what was not found is absent.
    values : mapping of int to Held
        Keyed hash of a value to what is known of it: of all distinct values, or of the `VALUES` with the smallest
        hashes.
    allow_list : int
        Finds that the spec's allow-list covers, and that count nowhere else.
    """

    rows: int = 0
    scanned: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[tuple[str, Confidence], int] = field(default_factory=dict)
    found: Mapping[tuple[str, str, Confidence], Found] = field(default_factory=dict)
    values: Mapping[int, Held] = field(default_factory=dict)
    allow_list: int = 0

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the evidence of no rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Scan the columns of one batch; each distinct value of a column is scanned once."""
        n = len(batch)
        if not n:
            return cls.empty(plan)
        columns = [searched(batch.table[name], name, plan) for name in to_search(batch.table, plan.scan)]
        present = np.zeros(n, dtype=np.bool_)
        ranks: dict[str, npt.NDArray[np.intp]] = {}
        found: dict[tuple[str, str, Confidence], Found] = {}
        for column in columns:
            present |= column.index >= 0
            for kind, confidence in column.pairs():
                rows, found[column.name, kind, confidence] = _count(batch, column, kind, confidence)
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
            found,
            _held(batch, columns),
            sum(column.harmless_rows() for column in columns),
        )

    def __add__(self, other: Self) -> Self:
        return replace(
            self,
            rows=self.rows + other.rows,
            scanned=_sum(self.scanned, other.scanned),
            kinds=_sum(self.kinds, other.kinds),
            found=_sum(self.found, other.found),
            values=_smallest(_sum(self.values, other.values)),
            allow_list=self.allow_list + other.allow_list,
        )


def values_in(batch: Batch, values: Mapping[int, Held], seed: int) -> Iterator[tuple[Held, str]]:
    """Read values where they stand.

    Parameters
    ----------
    batch : Batch
        The rows that the values were found in.
    values : mapping of int to Held
        As in `PersonalData.values`.
    seed : int
        Of the plan that they were hashed by.

    Returns
    -------
    iterator of (Held, str)
        For use in memory alone; none of them may be written anywhere.
    """
    order = np.argsort(batch.key, kind="stable")
    keys = batch.key[order]
    for hash, held in values.items():
        place = held.place
        sought = np.array([place.key], dtype=np.uint64)
        first, last = (int(np.searchsorted(keys, sought, side)[0]) for side in ("left", "right"))
        # Rows that share an id share a key: the hash tells which of them it was.
        for row in order[first:last].tolist():
            cell = batch.table.column(place.column)[row].as_py()
            text = cell if isinstance(cell, str) else digits(cell) or ""
            value = text[place.start : place.end]
            if value and keyed_hash(held.kind, value, str(seed).encode()) == hash:
                yield held, value
                break


def _rank(confidence: Confidence) -> int:
    return confidence.rank


def _sum(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> dict[Any, Any]:
    both = left.keys() & right.keys()
    return {**left, **right, **{key: left[key] + right[key] for key in both}}


def _smallest(values: Mapping[int, Held]) -> Mapping[int, Held]:
    if len(values) <= VALUES:
        return values
    return {hash: values[hash] for hash in sorted(values)[:VALUES]}


def _count(batch: Batch, column: Searched, kind: str, confidence: Confidence) -> tuple[Bools, Found]:
    """Map the finds of distinct cells back to rows; return which rows hold any, and the counts."""
    cells = {
        place: hits
        for place, cell in column.cells.items()
        if (hits := [value for value in cell if (value.span.kind, value.span.confidence) == (kind, confidence)])
    }
    size = int(max(column.index.max(initial=-1), max(cells))) + 2
    finds = np.zeros(size, dtype=np.int64)  # the last place is that of missing cells, index -1
    finds[list(cells)] = [len(found) for found in cells.values()]
    by_row = finds[column.index]
    holding = by_row > 0
    rows = np.flatnonzero(holding)
    examples = [
        Example(
            int(batch.key[row]),
            batch.source[row],
            int(batch.row[row]),
            value.span.start,
            value.span.end,
            value.masked,
        )
        for row in _first(batch.key, rows)
        for value in cells[int(column.index[row])][:EXAMPLES]
    ]
    return holding, Found(len(rows), int(by_row.sum()), tuple(sorted(examples)[:EXAMPLES]))


def _first(key: npt.NDArray[np.uint64], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the rows with the smallest keys, with all that tie with the last of them."""
    if len(rows) <= EXAMPLES:
        return rows
    keys = key[rows]
    kept: npt.NDArray[np.intp] = rows[keys <= np.partition(keys, EXAMPLES - 1)[EXAMPLES - 1]]
    return kept


def _held(batch: Batch, columns: Sequence[Searched]) -> Mapping[int, Held]:
    """Return what is known of each value that is confirmed or likely; a row counts once, however often it holds it."""
    held: dict[int, Held] = {}
    last: dict[int, int] = {}
    by_row: list[tuple[int, str, Value]] = []
    for column in columns:
        sure = {
            cell: values
            for cell, found in column.cells.items()
            if (values := [value for value in found if value.span.confidence is not Confidence.SUSPECTED])
        }
        rows = np.flatnonzero(np.isin(column.index, list(sure)))
        by_row += ((row, column.name, value) for row in rows.tolist() for value in sure[int(column.index[row])])
    for row, name, value in sorted(by_row, key=lambda hit: hit[0]):
        place = Place(int(batch.key[row]), name, value.span.start, value.span.end)
        counts = last.get(value.hash) != row
        last[value.hash] = row
        found = Held(value.span.kind, value.span.confidence, int(counts), place)
        held[value.hash] = held[value.hash] + found if value.hash in held else found
    return _smallest(held)
