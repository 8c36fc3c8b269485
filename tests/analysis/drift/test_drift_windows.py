"""Windows of time: calendars, counts, and rows whose time nobody knows."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from llmops_audit.analysis.drift.windows import MAX_WINDOWS, Windows, windows_of


def _column(times: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(times, pa.string())])


def _every(step: str, n: int, start: str = "2024-01-01") -> list[str | None]:
    return [time.isoformat() for time in pd.date_range(start, periods=n, freq=step)]


@pytest.mark.parametrize(
    ("step", "n", "unit"), [("2h", 300, "day"), ("6h", 400, "week"), ("1D", 500, "month"), ("30D", 900, "rows")]
)
def test_the_finest_unit_that_fits_is_chosen(step: str, n: int, unit: str) -> None:
    """Days where they make at most 31 windows of enough rows, else weeks, else months, else as many rows each."""
    cut = windows_of(_column(_every(step, n)), "auto", 10)
    assert cut.unit == unit
    assert len(cut.windows) <= MAX_WINDOWS
    assert sum(window.rows for window in cut.windows) == n


def test_windows_hold_enough_rows_where_that_can_be() -> None:
    """Days of a few rows each are no windows: weeks are, which hold enough."""
    assert windows_of(_column(_every("8h", 80)), "auto", 3).unit == "day"
    assert windows_of(_column(_every("8h", 80)), "auto", 15).unit == "week"


def test_weeks_begin_on_monday_and_zones_count() -> None:
    """The first of January 2024 was a Monday; a time in another zone belongs to the day that it was in UTC."""
    cut = windows_of(_column(["2024-01-07T23:00:00", "2024-01-08T00:30:00+02:00", "2024-01-08T01:00:00"]), "week", 1)
    assert cut.index.tolist() == [0, 0, 1]
    assert [(window.start, window.end) for window in cut.windows] == [
        ("2024-01-07", "2024-01-07"),
        ("2024-01-08", "2024-01-08"),
    ]


def test_windows_of_so_many_rows_are_filled_in_order_of_time() -> None:
    """Rows are counted off by time, not as they stand; what is left over joins the last window."""
    times = _every("1h", 25)
    cut = windows_of(_column(times[::-1]), 10, 1)
    assert cut.unit == "rows"
    assert [window.rows for window in cut.windows] == [10, 15]
    assert cut.index.tolist() == [1] * 15 + [0] * 10
    assert windows_of(_column(times), 100, 1).windows[0].rows == 25


def test_rows_without_a_time_are_in_no_window() -> None:
    """They are counted, and where no row has a time there is no window."""
    cut = windows_of(_column(["2024-01-01", None, "2024-01-02", None]), "day", 1)
    assert (cut.without_time, cut.index.tolist()) == (2, [0, -1, 1, -1])
    none = windows_of(_column([None, None]), "auto", 1)
    assert (none.windows, none.without_time) == ((), 2)
    assert isinstance(windows_of(_column([None]), 5, 1), Windows)


@pytest.mark.parametrize(
    ("times", "unit"),
    [
        (["1990", "1991", "1991"], "year"),
        (["2024-01", "2024-04", "2024-10"], "quarter"),
        (["2024-01", "2024-05"], "month"),
        (["2024-01-01", "2024-01-02"], "day"),
    ],
)
def test_windows_are_not_finer_than_the_times(times: list[str | None], unit: str) -> None:
    """Years are windows by year, whatever days they begin on."""
    assert windows_of(_column(times), "auto", 1).unit == unit


def test_quarters_and_years_can_be_asked_for() -> None:
    """Each unit of the calendar is a window."""
    column = _column(["2024-01-15", "2024-03-31", "2024-04-01", "2025-12-31"])
    assert [window.rows for window in windows_of(column, "quarter", 1).windows] == [2, 1, 1]
    assert [window.rows for window in windows_of(column, "year", 1).windows] == [3, 1]
