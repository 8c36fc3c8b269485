"""Search the columns of a batch for personal data, each distinct cell once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.evidence._unread import content_of, decoded
from llmops_audit.evidence.base import Plan
from llmops_audit.personal_data import Confidence, Span, find_in_array, mask, names_a_kind
from llmops_audit.personal_data.allow_list import keyed_hash

__all__ = ["Hit", "SearchedColumn", "columns_to_search", "number_text", "search_column"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Hit:
    """A hit in a distinct cell: where, the keyed hash of the value, and its mask."""

    span: Span
    hash: int
    masked: str


@dataclass(frozen=True)
class SearchedColumn:
    """A column that was searched.

    Attributes
    ----------
    name : str
    index : numpy array of int64, (n,)
        Which distinct cell each row holds, -1 where it is missing.
    hits : mapping of int to list of Hit
        By distinct cell.
    allowed : mapping of int to int
        By distinct cell, the number of hits that the allow-list covers.
    unread : mapping of str to int
        By what they hold, the number of cells that cannot be searched, or not as a whole.
    """

    name: str
    index: Ints
    hits: Mapping[int, list[Hit]]
    allowed: Mapping[int, int]
    unread: Mapping[str, int] = field(default_factory=dict)

    def pairs(self) -> list[tuple[str, Confidence]]:
        """Return each kind and confidence that was found, sorted."""
        return sorted({(hit.span.kind, hit.span.confidence) for hits in self.hits.values() for hit in hits})

    def allowed_hits(self) -> int:
        """Return the number of hits that the allow-list covers, over all rows."""
        rows = np.bincount(self.index[self.index >= 0], minlength=max(self.allowed, default=-1) + 1)
        return sum(int(rows[cell]) * count for cell, count in self.allowed.items())


def columns_to_search(table: pa.Table, names: Iterable[str] | None) -> Iterator[str]:
    """Yield the columns of texts and bytes, and those of numbers whose name mentions a kind: ``ssn``, ``phone``."""
    wanted = table.column_names if names is None else names
    for name in sorted(set(wanted) & set(table.column_names)):
        type_ = table.schema.field(name).type
        if pa.types.is_dictionary(type_):
            type_ = type_.value_type
        texts = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_binary(type_)
        numbers = pa.types.is_floating(type_) or pa.types.is_integer(type_)
        if texts or (numbers and names_a_kind(name)):
            yield name


def search_column(column: pa.ChunkedArray, name: str, plan: Plan) -> SearchedColumn:
    """Search a column, (n,), whose name counts as context; hits on the plan's allow-list are counted apart."""
    values, index = _distinct(column)
    unread: Counter[str] = Counter()
    if pa.types.is_binary(values.type):
        cells = values.to_pylist()
        values = pa.array(map(decoded, cells), pa.string())
        for cell, rows in Counter(index[index >= 0].tolist()).items():
            if (content := content_of(cells[cell])) is not None:
                unread[content] += rows
        lost = values.is_null().to_numpy(zero_copy_only=False)
        index = np.where(np.append(lost, False)[index], -1, index)
    elif not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        values = pa.array([number_text(value) for value in values.to_pylist()], pa.string())
    hits: dict[int, list[Hit]] = {}
    allowed: dict[int, int] = {}
    key = str(plan.seed).encode()
    for cell, spans in find_in_array(values, header=name).items():
        text = values[cell].as_py()
        for span in spans:
            value = text[span.start : span.end]
            if plan.allow_list is not None and plan.allow_list.covers(span.kind, value):
                allowed[cell] = allowed.get(cell, 0) + 1
            else:
                hit = Hit(span, keyed_hash(span.kind, value, key), mask(span.kind, value))
                hits.setdefault(cell, []).append(hit)
    return SearchedColumn(name, index, hits, allowed, unread)


def number_text(number: float | None) -> str | None:
    """Return a number as a file would have it, a whole number without a point: identity numbers are whole."""
    if number is None:
        return None
    return str(int(number)) if float(number).is_integer() else str(number)


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct values of a column, and for each row the index of its value, -1 where it is missing."""
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    index = pc.fill_null(array.indices.cast(pa.int64()), -1)
    return array.dictionary, index.to_numpy(zero_copy_only=False)
