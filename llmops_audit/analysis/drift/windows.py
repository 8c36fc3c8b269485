"""Windows of time: days, weeks, months, quarters, years, or a fixed number of rows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.evidence.days import NO_DAY, DayCounts
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
    days : tuple of (int, int), (w,), optional
        The first and the last day of each window, since 1970; None where a day may stand in two windows.
    rows_without_time : int, optional
        Of all rows, where the windows hold more than the sample.
    """

    unit: Unit
    windows: tuple[Window, ...]
    index: npt.NDArray[np.int64]
    days: tuple[tuple[int, int], ...] | None = None
    rows_without_time: int | None = None

    @property
    def without_time(self) -> int:
        """Rows that have no time."""
        return int((self.index < 0).sum()) if self.rows_without_time is None else self.rows_without_time


def windows_of(
    column: pa.ChunkedArray,
    wanted: Literal["auto", "day", "week", "month", "quarter", "year"] | int,
    min_rows: int,
    all_rows: DayCounts | None = None,
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
    all_rows : DayCounts, optional
        All rows by day, where the column holds those of a sample: calendar windows then hold all of them.
    """
    times = pd.Series(pd.to_datetime(column.to_pandas(), format="ISO8601", errors="coerce", utc=True))
    known = times.dropna().sort_values(kind="stable")
    if isinstance(wanted, int):
        return _by_count(known, len(times), wanted)
    local = known.dt.tz_localize(None)
    day, count = _by_day(local) if all_rows is None else (all_rows.day, all_rows.count)
    day, count, without = day[day != NO_DAY], count[day != NO_DAY], int(count[day == NO_DAY].sum())
    dates = pd.Series(day.astype("datetime64[D]").astype("datetime64[s]"))
    for unit, period in _PERIODS[_finest(local) if wanted == "auto" else 0 :]:
        if wanted not in (unit, "auto"):
            continue
        periods = dates.dt.to_period(period).astype("int64").to_numpy()
        starts = np.flatnonzero(np.concatenate([[True], periods[1:] != periods[:-1]]))[: len(periods)]
        rows = np.add.reduceat(count, starts) if len(starts) else count
        if wanted == unit or (len(rows) <= MAX_WINDOWS and (not len(rows) or np.median(rows) >= min_rows)):
            last = np.append(starts[1:], len(periods))[: len(starts)] - 1
            ends = tuple(zip(day[starts].tolist(), day[last].tolist(), strict=True))
            windows = tuple(
                Window(start=_date(first), end=_date(end), rows=n)
                for (first, end), n in zip(ends, rows.tolist(), strict=True)
            )
            index = np.full(len(times), -1, dtype=np.int64)
            index[known.index.to_numpy()] = np.searchsorted(day[starts], _days(local), side="right") - 1
            return Windows(unit, windows, index, ends, None if all_rows is None else without)
    return _by_count(known, len(times), max(min_rows, -(-len(known) // FEW_WINDOWS)))


def _days(local: pd.Series) -> npt.NDArray[np.int64]:
    return local.to_numpy(dtype="datetime64[D]").astype(np.int64)


def _by_day(local: pd.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    day, count = np.unique(_days(local), return_counts=True)
    return day, count.astype(np.int64)


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


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
        Window(start=_written(part.iloc[0]), end=_written(part.iloc[-1]), rows=len(part)) for _, part in stretches
    )
    return Windows(unit, windows, index)


def _written(time: pd.Timestamp) -> str:
    return time.isoformat(timespec="seconds")
