"""`Missing`: how many rows of each column hold no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import pyarrow.compute as pc

from llmops_audit.evidence.base import Batch, Plan

__all__ = ["Missing"]


@dataclass(frozen=True)
class Missing:
    """Counts over all rows, exact.

    Attributes
    ----------
    rows : mapping of str to int
        Rows without a value, by column that was read, names sorted. Of the text to classify these are the empty ones,
        which missing ones are read as.
    total : int
        Rows that were looked at.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the counts of nothing."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; Arrow keeps the counts beside the values."""
        table = batch.table if len(batch) else batch.table.select([])
        rows = {name: table.column(name).null_count for name in sorted(table.column_names)}
        if plan.text in rows:
            rows[plan.text] += pc.sum(pc.equal(table.column(plan.text), "")).as_py() or 0
        return cls(rows, len(batch))

    def __add__(self, other: Self) -> Self:
        names = sorted({*self.rows, *other.rows})
        rows = {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in names}
        return type(self)(rows, self.total + other.total)
