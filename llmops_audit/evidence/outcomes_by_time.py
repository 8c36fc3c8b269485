"""`OutcomesByTime`: how many predictions were right, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from llmops_audit.evidence._tallies import Cell, CrossTable, Tally, added, counted, summed
from llmops_audit.evidence.base import Batch, Codes, Plan, same

__all__ = ["OutcomesByTime"]

_WRONG, _RIGHT = 0, 1


@dataclass(frozen=True)
class OutcomesByTime:
    """Counts of (day, right or wrong) of the rows that have a label.

    Attributes
    ----------
    cells : mapping of cell to Tally
        The day in UTC, as days since 1970, or None where a row has no time; 1 where the prediction is the label, else
        0; no groups; and the random group of the unit.
    """

    cells: Mapping[Cell, Tally] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the table without rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; without labels or predictions there is nothing to count."""
        if not len(batch) or batch.label is None or batch.prediction is None:
            return cls()
        cells = counted(batch, (_days(batch, plan.time), _right(batch.label, batch.prediction)), ())
        return cls({cell: tally for cell, tally in cells.items() if cell[1] is not None})

    def __add__(self, other: Self) -> Self:
        return type(self)(added(self.cells, other.cells))

    def days(self) -> dict[int, int]:
        """Return rows by day, in order; rows without a time are left out."""
        found: dict[int, int] = {}
        for cell, tally in self.cells.items():
            if cell[0] is not None:
                found[cell[0]] = found.get(cell[0], 0) + tally.rows
        return dict(sorted(found.items()))

    def table(self, windows: Mapping[int | None, int], count: int) -> CrossTable:
        """Count right and wrong predictions by window.

        Parameters
        ----------
        windows : mapping of int or None to int
            Day (None: no time) to window; other days are left out.
        count : int
            Number of windows.

        Returns
        -------
        CrossTable, (count, 2)
            Wrong predictions in the first column, right ones in the second.
        """
        placed = (
            ((windows[cell[0]], cell[1]), cell[-1], self.cells[cell])
            for cell in sorted(self.cells, key=repr)
            if cell[0] in windows
        )
        return summed((count, 2), placed)


def _days(batch: Batch, time: str | None) -> Codes:
    if time is None or time not in batch.table.column_names:
        return Codes((), np.full(len(batch), -1, dtype=np.int32))
    column = batch.table.column(time).to_pandas()
    times = pd.Series(pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True))
    index, days = pd.factorize(times.dt.tz_localize(None).dt.floor("D"), sort=True)
    first = pd.Timestamp("1970-01-01")
    return Codes(tuple((day - first).days for day in days), index.astype(np.int32))


def _right(label: Codes, prediction: Codes) -> Codes:
    right = np.where(same(label, prediction), _RIGHT, _WRONG)
    return Codes((_WRONG, _RIGHT), np.where(label.index < 0, -1, right).astype(np.int32))
