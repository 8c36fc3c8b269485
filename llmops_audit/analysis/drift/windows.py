"""Rows by stretches of time: days, weeks, months, or so many rows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.record.drift_figure import Window

__all__ = ["MOST_WINDOWS", "Unit", "Windows", "windows_of"]

Unit = Literal["day", "week", "month", "rows"]

MOST_WINDOWS = 31
"""The finest unit is chosen that makes no more of them."""

FEW_WINDOWS = 12
"""So many, with the same number of rows each, where even months are too many."""

_PERIODS: tuple[tuple[Unit, str], ...] = (("day", "D"), ("week", "W-SUN"), ("month", "M"))


@dataclass(frozen=True)
class Windows:
    """The windows that rows fall into.

    Attributes
    ----------
    unit : str
    windows : tuple of Window, (w,)
        In the order of time; those without a row are left out.
    index : numpy array of int64, (n,)
        The window of each row; -1 where it has no time.
    """

    unit: Unit
    windows: tuple[Window, ...]
    index: npt.NDArray[np.int64]

    @property
    def without_time(self) -> int:
        """Rows that have no time."""
        return int((self.index < 0).sum())


def windows_of(column: pa.ChunkedArray, wanted: Literal["auto", "day", "week", "month"] | int, least: int) -> Windows:
    """Cut rows into windows of time.

    Parameters
    ----------
    column : pyarrow array of string, (n,)
        Times in ISO 8601, in UTC where they name no zone; null: unknown.
    wanted : str or int
        A unit of the calendar (weeks begin on Monday), the number of rows of a window, or ``"auto"``: the finest unit
        that makes at most 31 windows, half of which hold at least `least` rows; where none does, at most 12 windows of
        as many rows each.
    least : int
        Rows that a window needs to be judged.
    """
    times = pd.Series(pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce", utc=True))
    known = times.dropna().sort_values(kind="stable")
    if isinstance(wanted, int):
        return _by_count(known, len(times), wanted)
    for unit, period in _PERIODS:
        if wanted not in (unit, "auto"):
            continue
        found = known.dt.tz_localize(None).dt.to_period(period)
        place, rows = np.unique(found.astype("int64"), return_inverse=True, return_counts=True)[1:]
        if wanted == unit or (len(rows) <= MOST_WINDOWS and (not len(rows) or np.median(rows) >= least)):
            return _cut(unit, known, place, len(times))
    return _by_count(known, len(times), max(least, -(-len(known) // FEW_WINDOWS)))


def _by_count(known: pd.Series, n: int, size: int) -> Windows:
    # What is left over at the end joins the last whole window.
    most = max(1, len(known) // size) - 1
    return _cut("rows", known, np.minimum(np.arange(len(known)) // size, most), n)


def _cut(unit: Unit, known: pd.Series, place: npt.NDArray[np.int64], n: int) -> Windows:
    index = np.full(n, -1, dtype=np.int64)
    index[known.index.to_numpy()] = place
    stretches = known.groupby(place)
    windows = tuple(
        Window(start=_written(part.iloc[0], unit), end=_written(part.iloc[-1], unit), rows=len(part))
        for _, part in stretches
    )
    return Windows(unit, windows, index)


def _written(time: pd.Timestamp, unit: Unit) -> str:
    return time.isoformat(timespec="seconds") if unit == "rows" else time.date().isoformat()
