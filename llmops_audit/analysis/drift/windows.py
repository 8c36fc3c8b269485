"""Windows of time: days, weeks, months, quarters, years, or a fixed number of rows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.record.drift_figure import Window

__all__ = ["MAX_WINDOWS", "Unit", "Windows", "windows_of"]

Unit = Literal["day", "week", "month", "quarter", "year", "rows"]

MAX_WINDOWS = 31
"""The finest unit with at most this many windows is chosen."""

FEW_WINDOWS = 12
"""Number of windows of equal size where even years are too many."""

_PERIODS: tuple[tuple[Unit, str], ...] = (
    ("day", "D"),
    ("week", "W-SUN"),
    ("month", "M"),
    ("quarter", "Q"),
    ("year", "Y"),
)


@dataclass(frozen=True)
class Windows:
    """The windows that rows fall into.

    Attributes
    ----------
    unit : str
    windows : tuple of Window, (w,)
        In the order of time, without empty windows.
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


def windows_of(
    column: pa.ChunkedArray, wanted: Literal["auto", "day", "week", "month", "quarter", "year"] | int, min_rows: int
) -> Windows:
    """Cut rows into windows of time.

    Parameters
    ----------
    column : pyarrow array of string, (n,)
        Times in ISO 8601, in UTC where they name no zone; null: unknown.
    wanted : str or int
        A calendar unit (weeks begin on Monday), a number of rows, or ``"auto"``: the finest unit with at most 31
        windows, half of which have at least `min_rows` rows; without such a unit, at most 12 windows of equal size.
        Where all times are the first moments of months, quarters or years, nothing finer is chosen.
    min_rows : int
        Rows that a window needs to be judged.
    """
    times = pd.Series(pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce", utc=True))
    known = times.dropna().sort_values(kind="stable")
    if isinstance(wanted, int):
        return _by_count(known, len(times), wanted)
    local = known.dt.tz_localize(None)
    for unit, period in _PERIODS[_finest(local) if wanted == "auto" else 0 :]:
        if wanted not in (unit, "auto"):
            continue
        found = local.dt.to_period(period)
        index, rows = np.unique(found.astype("int64"), return_inverse=True, return_counts=True)[1:]
        if wanted == unit or (len(rows) <= MAX_WINDOWS and (not len(rows) or np.median(rows) >= min_rows)):
            return _cut(unit, known, index, len(times))
    return _by_count(known, len(times), max(min_rows, -(-len(known) // FEW_WINDOWS)))


def _finest(times: pd.Series) -> int:
    """Return the place, among the periods, of the coarsest whose first moments all times are: years, say."""
    starts = [
        index
        for index, (unit, period) in enumerate(_PERIODS)
        if unit in ("month", "quarter", "year") and (times.dt.to_period(period).dt.start_time == times).all()
    ]
    return max(starts, default=0) if len(times) else 0


def _by_count(known: pd.Series, n: int, size: int) -> Windows:
    # The remaining rows join the last whole window.
    most = max(1, len(known) // size) - 1
    return _cut("rows", known, np.minimum(np.arange(len(known)) // size, most), n)


def _cut(unit: Unit, known: pd.Series, index_of_known: npt.NDArray[np.int64], n: int) -> Windows:
    index = np.full(n, -1, dtype=np.int64)
    index[known.index.to_numpy()] = index_of_known
    stretches = known.groupby(index_of_known)
    windows = tuple(
        Window(start=_written(part.iloc[0], unit), end=_written(part.iloc[-1], unit), rows=len(part))
        for _, part in stretches
    )
    return Windows(unit, windows, index)


def _written(time: pd.Timestamp, unit: Unit) -> str:
    return time.isoformat(timespec="seconds") if unit == "rows" else time.date().isoformat()
