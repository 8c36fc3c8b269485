"""`PersonalData`: how much personal data of which kind stands in which column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.personal_data import CANDIDATE, Span, find, mask

__all__ = ["Example", "Found", "PersonalData"]

EXAMPLES = 3
"""Masked examples kept for each column and kind."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


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
    """What was found of one kind in one column.

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


@dataclass(frozen=True)
class PersonalData:
    """Counts of personal data by column and kind, with a few masked examples.

    Attributes
    ----------
    rows : int
        Rows in which at least one cell was scanned.
    scanned : mapping of str to int
        Cells scanned by column; missing ones are skipped.
    kinds : mapping of str to int
        Rows that hold a kind in any column; kinds without a hit are absent.
    found : mapping of (str, str) to Found
        By column and kind; pairs without a hit are absent.
    """

    rows: int = 0
    scanned: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[tuple[str, str], Found] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the evidence of no rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Scan the text columns of one batch; each distinct value of a column is scanned once."""
        if not len(batch):
            return cls.empty(plan)
        present = np.zeros(len(batch), dtype=np.bool_)
        scanned: dict[str, int] = {}
        holding: dict[str, Bools] = {}
        found: dict[tuple[str, str], Found] = {}
        for name in _text_columns(batch.table, plan.scan):
            values, index = _distinct(batch.table[name])
            present |= index >= 0
            scanned[name] = int(np.count_nonzero(index >= 0))
            spans = _scan(values, name)
            for kind in sorted({span.kind for cell in spans.values() for span in cell}):
                cells = {
                    place: hits
                    for place, cell in spans.items()
                    if (hits := [span for span in cell if span.kind == kind])
                }
                rows, found[name, kind] = _count(batch, values, index, cells)
                holding[kind] = holding.get(kind, False) | rows
        kinds = {kind: int(np.count_nonzero(rows)) for kind, rows in holding.items()}
        return cls(int(np.count_nonzero(present)), scanned, kinds, found)

    def __add__(self, other: Self) -> Self:
        return replace(
            self,
            rows=self.rows + other.rows,
            scanned=_sum(self.scanned, other.scanned),
            kinds=_sum(self.kinds, other.kinds),
            found=_sum(self.found, other.found),
        )


def _sum(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> dict[Any, Any]:
    both = left.keys() & right.keys()
    return {**left, **right, **{key: left[key] + right[key] for key in both}}


def _text_columns(table: pa.Table, scan: Iterable[str] | None) -> Iterator[str]:
    wanted = table.column_names if scan is None else scan
    for name in sorted(set(wanted) & set(table.column_names)):
        kind = table.schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            yield name


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the distinct values of a column, and for each row the place of its value, -1 where it is missing."""
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    index = pc.fill_null(array.indices.cast(pa.int64()), -1)
    return array.dictionary, index.to_numpy(zero_copy_only=False)


def _scan(values: pa.Array, column: str) -> dict[int, list[Span]]:
    """Return the finds by place of the value; a pass in Arrow leaves the texts that can hold anything."""
    candidate = pc.fill_null(pc.match_substring_regex(values, CANDIDATE), False)
    places = np.flatnonzero(candidate.to_numpy(zero_copy_only=False))
    texts = values.take(pa.array(places)).to_pylist()
    return {int(place): spans for place, spans in zip(places, find(texts, header=column), strict=True) if spans}


def _count(batch: Batch, values: pa.Array, index: Ints, cells: Mapping[int, list[Span]]) -> tuple[Bools, Found]:
    """Map the finds of distinct values back to rows; return which rows hold any, and the counts."""
    hits = np.zeros(len(values) + 1, dtype=np.int64)  # the last place is that of missing cells, index -1
    hits[list(cells)] = [len(spans) for spans in cells.values()]
    by_row = hits[index]
    holding = by_row > 0
    rows = np.flatnonzero(holding)
    examples: list[Example] = []
    for row in _smallest(batch.key, rows):
        text = values[int(index[row])].as_py()
        examples += (
            Example(
                int(batch.key[row]),
                batch.source[row],
                int(batch.row[row]),
                span.start,
                span.end,
                mask(span.kind, text[span.start : span.end]),
            )
            for span in cells[int(index[row])][:EXAMPLES]
        )
    return holding, Found(len(rows), int(by_row.sum()), tuple(sorted(examples)[:EXAMPLES]))


def _smallest(key: npt.NDArray[np.uint64], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the rows with the smallest keys, with all that tie with the last of them."""
    if len(rows) <= EXAMPLES:
        return rows
    keys = key[rows]
    kept: npt.NDArray[np.intp] = rows[keys <= np.partition(keys, EXAMPLES - 1)[EXAMPLES - 1]]
    return kept
