"""`ColumnValues`: how many different values each column has, as far as a bounded table can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self

import numpy as np
import pyarrow as pa

from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.record.audited import MOST_DISTINCT

__all__ = ["ColumnValues"]

HEAD_ROWS = 4 * MOST_DISTINCT
"""Rows that are looked at first: most columns with too many values to count show that here."""

Hashes = frozenset[int]


@dataclass(frozen=True)
class ColumnValues:
    """Different values over all rows.

    Attributes
    ----------
    values : mapping of str to frozenset of int, or None
        By column that was read, names sorted: the hashes of its values, missing ones left out; None where there are
        more than `MOST_DISTINCT`.
    """

    values: Mapping[str, Hashes | None] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the values of nothing."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Take down the values of one batch."""
        if not len(batch):
            return cls.empty(plan)
        return cls({name: _values(batch.table.column(name)) for name in sorted(batch.table.column_names)})

    def __add__(self, other: Self) -> Self:
        names = sorted({*self.values, *other.values})
        none: Hashes = frozenset()
        return type(self)({name: _joined(self.values.get(name, none), other.values.get(name, none)) for name in names})

    def distinct(self, name: str) -> int | None:
        """Return how many different values a column has; None where they are more than `MOST_DISTINCT`."""
        values = self.values[name]
        return None if values is None else len(values)


def _joined(one: Hashes | None, other: Hashes | None) -> Hashes | None:
    return None if one is None or other is None else _bounded(one | other)


def _bounded(values: Hashes) -> Hashes | None:
    return values if len(values) <= MOST_DISTINCT else None


def _values(column: pa.ChunkedArray) -> Hashes | None:
    if len(column.slice(0, HEAD_ROWS).unique()) > MOST_DISTINCT + 1:
        return None
    different = column.unique().drop_null()
    return None if len(different) > MOST_DISTINCT else _bounded(_hashed(different))


def _hashed(values: pa.Array) -> Hashes:
    from pandas.util import hash_array

    if pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False)
        # One hash for both zeros.
        return frozenset((numbers[~np.isnan(numbers)] + 0.0).view(np.int64).tolist())
    if pa.types.is_binary(values.type):
        # What was only searched for personal data need not be text.
        return frozenset(int.from_bytes(blake2b(cell, digest_size=8).digest()) for cell in values.to_pylist())
    texts = values.cast(pa.string()).to_numpy(zero_copy_only=False)
    return frozenset(hash_array(texts, categorize=False).tolist())
