"""Accuracy on labelled production rows by window of time, and the window in which it broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import betabinom, norm
from scipy.stats import t as student_t

from llmops_audit import stats
from llmops_audit.check.inputs import Policy
from llmops_audit.record import Column, Finding, Message, Table, Verdict, interval_columns, message

if TYPE_CHECKING:
    from llmops_audit.evidence.outcomes import CrossTable
    from llmops_audit.evidence.outcomes_by_time import OutcomesByTime

__all__ = ["WINDOWS", "live_windows"]

WINDOWS = "accuracy_by_window"
"""Metric of the finding."""

MOST_WINDOWS, MIN_WINDOW_ROWS = 31, 30
"""The finest unit of the calendar with at most so many windows, half of which have so many rows, is taken."""

_PERIODS = ("D", "W-SUN", "M", "Q", "Y")


@dataclass(frozen=True)
class _Band:
    """What the test rows let expect of the accuracy in a window.

    Attributes
    ----------
    share : float
        Accuracy on the test rows, pulled a little towards 0.5.
    rows : float
        Effective test rows.
    between : float
        Variance of the true accuracy between windows.
    windows : int
        Windows of test rows that it was learned from; one says nothing of how much windows differ.
    """

    share: float
    rows: float
    between: float
    windows: int

    @classmethod
    def of(cls, right: npt.NDArray[np.float64], rows: npt.NDArray[np.float64]) -> _Band:
        """Learn it from right predictions and effective rows by reference window, (w,) each."""
        n = float(rows.sum())
        share, between = (float(right.sum()) + 0.5) / (n + 1.0), 0.0
        spread = share * (1.0 - share)
        if len(rows) > 1:
            # Method of moments, as for effects that differ between studies (DerSimonian and Laird 1986).
            q = float((rows * (right / rows - share) ** 2).sum()) / spread
            between = max(0.0, q - (len(rows) - 1)) * spread / (n - float((rows**2).sum()) / n)
        return cls(share, n, between, len(rows))

    def ends(self, rows: float, level: float) -> stats.Bounds:
        """Return the central range of the accuracy of so many rows, beyond which lie `level` of all windows."""
        n, spread, between = max(1, int(rows)), self.share * (1.0 - self.share), 0.0
        if self.between > 0.0:
            # A few windows tell little of how much windows differ.
            unsure = student_t.isf(level / 2.0, self.windows - 1) / norm.isf(level / 2.0)
            between = self.between * (1.0 + 1.0 / self.windows) * float(unsure) ** 2
        concentration = max(spread / (spread / self.rows + between) - 1.0, 0.01)
        a, b = self.share * concentration, (1.0 - self.share) * concentration
        low, high = (float(betabinom.ppf(at, n, a, b)) / n for at in (level / 2.0, 1.0 - level / 2.0))
        return low, high


def live_windows(by_time: Mapping[str, OutcomesByTime], policy: Policy) -> Iterator[Table | Finding]:
    """Yield the accuracy on live rows by window beside what the test rows let expect, and which window broke first.

    Parameters
    ----------
    by_time : mapping of str to OutcomesByTime
        By split.
    policy : Policy

    Yields
    ------
    Table, Finding
        Nothing where no labelled live row has a time. A finding where a window lies below the expected range, which is
        corrected for the number of windows.
    """
    live, test = by_time.get("live"), by_time.get("test")
    if live is None or test is None or not live.cells or not test.cells or len(live.days()) < 2:
        return
    period = _period(live.days())
    names, table = _windows(live, period)
    right, rows = _shares(table.counts.shape[0], table)
    _, reference = _windows(test, period)
    if reference.counts.shape[0]:
        band = _Band.of(*_shares(reference.counts.shape[0], reference))
    else:
        whole = test.table({None: 0}, 1)
        band = _Band.of(*_shares(1, whole))
    judged = table.counts.sum(axis=1) >= MIN_WINDOW_ROWS
    level = policy.alpha / max(1, int(judged.sum()))
    windows = []
    for i, (start, end) in enumerate(names):
        ends = stats.clopper_pearson(right[i], rows[i], policy.confidence)
        n, expected = int(table.counts[i].sum()), band.ends(rows[i], level)
        windows.append(_Window(start, end, n, float(right[i] / rows[i]), ends, expected, bool(judged[i])))
    yield _table(windows)
    if any(one.broke for one in windows):
        yield _first(windows)


@dataclass(frozen=True)
class _Window:
    """A window of live rows: its accuracy with its interval, and the range that was expected."""

    start: str
    end: str
    rows: int
    value: float
    ends: stats.Bounds
    expected: stats.Bounds
    judged: bool

    @property
    def broke(self) -> bool:
        return self.judged and self.value < self.expected[0]

    @property
    def state(self) -> Message:
        if not self.judged:
            return message("too few rows")
        if self.broke:
            return message("below what was expected")
        return message("as expected") if self.value <= self.expected[1] else message("above what was expected")


def _first(windows: list[_Window]) -> Finding:
    broke, judged = [one for one in windows if one.broke], sum(one.judged for one in windows)
    first = broke[0]
    text = message(
        "In {count} of {windows} windows the accuracy on labelled live rows lies below what the test rows let expect. "
        "The first is that from {start}: {value:.1%}, where {low:.1%} to {high:.1%} were expected.",
        count=len(broke), windows=judged, start=first.start, value=first.value, low=first.expected[0],
        high=first.expected[1],
    )  # fmt: skip
    return Finding(
        metric=WINDOWS, scope={"split": "live", "window": first.start}, value=first.value, n=first.rows,
        verdict=Verdict.FOUND, message=text, details={"windows": judged, "windows_below": len(broke)},
    )  # fmt: skip


def _period(days: Mapping[int, int]) -> str:
    dates, rows = _dates(days), np.array(list(days.values()))
    # Where all times are the first days of months, say, there is nothing finer.
    starts = [period for period in _PERIODS[2:] if (dates.to_period(period).start_time == dates).all()]
    for period in _PERIODS[_PERIODS.index(starts[-1]) if starts else 0 :]:
        windows = pd.Series(rows).groupby(dates.to_period(period)).sum()
        if len(windows) <= MOST_WINDOWS and windows.median() >= MIN_WINDOW_ROWS:
            return period
    return _PERIODS[-1]


def _dates(days: Mapping[int, int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(days), unit="D"))


def _windows(found: OutcomesByTime, period: str) -> tuple[list[tuple[str, str]], CrossTable]:
    days = found.days()
    periods = _dates(days).to_period(period)
    order = sorted(set(periods))
    place = {one: number for number, one in enumerate(order)}
    windows: dict[int | None, int] = {day: place[one] for day, one in zip(days, periods, strict=True)}
    names = [(str(one.start_time.date()), str(one.end_time.date())) for one in order]
    return names, found.table(windows, len(order))


def _shares(count: int, table: CrossTable) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    window, right = np.indices((count, 2))
    shares = [table.share(right == 1, window == i) for i in range(count)]
    return np.array([hits for hits, _ in shares]), np.array([trials for _, trials in shares])


def _table(windows: list[_Window]) -> Table:
    return Table(
        name="live_windows",
        chapter="performance",
        caption=message(
            "Accuracy on labelled live rows by window, and the range that the windows of the test rows let expect"
        ),
        columns=(
            Column(key="start", heading=message("From")),
            Column(key="end", heading=message("Until")),
            Column(key="rows", heading=message("Rows"), format="count"),
            Column(key="value", heading=message("Accuracy"), format="share"),
            *interval_columns("share"),
            Column(key="expected_low", heading=message("Expected at least"), format="share"),
            Column(key="expected_high", heading=message("Expected at most"), format="share"),
            Column(key="state", heading=message("Compared"), format="message"),
        ),
        rows=tuple(
            {
                "start": one.start,
                "end": one.end,
                "rows": one.rows,
                "value": one.value,
                "low": one.ends[0],
                "high": one.ends[1],
                "expected_low": one.expected[0],
                "expected_high": one.expected[1],
                "state": one.state,
            }
            for one in windows
        ),
    )
