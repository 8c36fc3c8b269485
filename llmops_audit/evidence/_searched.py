"""The columns of a batch, searched for personal data: each distinct cell once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.evidence.base import Plan
from llmops_audit.personal_data import Confidence, Span, mask, names_a_kind, find_in_array
from llmops_audit.personal_data.allow_list import keyed_hash

__all__ = ["Searched", "Value", "digits", "searched", "to_search"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Value:
    """A find in a distinct cell."""

    span: Span
    hash: int
    masked: str


@dataclass(frozen=True)
class Searched:
    """A column that was scanned.

    Attributes
    ----------
    name : str
    index : numpy array of int64, (n,)
        Which distinct cell each row holds, -1 where it is missing.
    cells : mapping of int to list of Value
        Distinct cell to its finds.
    allow_list : mapping of int to int
        Distinct cell to the number of its finds that the allow-list covers.
    """

    name: str
    index: Ints
    cells: Mapping[int, list[Value]]
    allow_list: Mapping[int, int]

    def pairs(self) -> list[tuple[str, Confidence]]:
        """Return what was found, sorted."""
        return sorted({(value.span.kind, value.span.confidence) for cell in self.cells.values() for value in cell})

    def harmless_rows(self) -> int:
        """Return the finds that the allow-list covers, over all rows."""
        rows = np.bincount(self.index[self.index >= 0], minlength=max(self.allow_list, default=-1) + 1)
        return sum(int(rows[cell]) * finds for cell, finds in self.allow_list.items())


def to_search(table: pa.Table, scan: Iterable[str] | None) -> Iterator[str]:
    """Yield the columns of texts, and those of numbers whose name speaks of a kind: ``ssn``, ``phone``."""
    wanted = table.column_names if scan is None else scan
    for name in sorted(set(wanted) & set(table.column_names)):
        kind = table.schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        texts = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        numbers = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        if texts or (numbers and names_a_kind(name)):
            yield name


def searched(column: pa.ChunkedArray, name: str, plan: Plan) -> Searched:
    """Search a column, (n,), whose name counts as context; what the plan's allow-list covers is counted apart."""
    values, index = _distinct(column)
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        values = pa.array([digits(value) for value in values.to_pylist()], pa.string())
    cells: dict[int, list[Value]] = {}
    allow_list: dict[int, int] = {}
    key = str(plan.seed).encode()
    for place, spans in find_in_array(values, header=name).items():
        text = values[place].as_py()
        for span in spans:
            value = text[span.start : span.end]
            if plan.allow_list is not None and plan.allow_list.covers(span.kind, value):
                harmless[place] = harmless.get(place, 0) + 1
            else:
                found = Value(span, keyed_hash(span.kind, value, key), mask(span.kind, value))
                cells.setdefault(place, []).append(found)
    return Searched(name, index, cells, harmless)


def digits(number: float | None) -> str | None:
    """Write a number as a file would have it: identity numbers are whole."""
    if number is None:
        return None
    return str(int(number)) if float(number).is_integer() else str(number)


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct values of a column, and for each row the place of its value, -1 where it is missing."""
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    index = pc.fill_null(array.indices.cast(pa.int64()), -1)
    return array.dictionary, index.to_numpy(zero_copy_only=False)
