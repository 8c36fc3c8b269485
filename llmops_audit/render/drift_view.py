"""What the report shows of drift, and in which order. No language, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.record.base import Message
from llmops_audit.record.drift_figure import (
    Drift,
    PerformanceEstimate,
    SampleSize,
    Shift,
    Timeline,
    TimeSeries,
    Token,
    Window,
)

__all__ = ["DriftView", "EstimateRow", "TimelineView", "drift_view"]

MAX_CARDS, CALM_CARDS = 24, 6
MAX_FULL, MAX_BRIEF = 100, 500
"""Lines of the two tables of shifts, so that a report stays under 500 kB."""

MAX_SERIES = 8
MAX_WINDOWS = 60
MAX_TOKENS = 40


@dataclass(frozen=True)
class TimelineView:
    """A timeline with what is shown of it.

    Attributes
    ----------
    timeline : Timeline
    windows : tuple of Window, (w,)
        The last ones.
    first : int
        Index of the first window that is shown.
    failed : tuple of int, (w,)
        Columns that failed in each window.
    series : tuple of TimeSeries
        The worst first, with all windows; those from `first` on are shown.
    hidden : int
        Time series that are not shown.
    """

    timeline: Timeline
    windows: tuple[Window, ...]
    first: int
    failed: tuple[int, ...]
    series: tuple[TimeSeries, ...]
    hidden: int


@dataclass(frozen=True)
class EstimateRow:
    """The estimates of a split, or of a window of it, by one method.

    Attributes
    ----------
    first : PerformanceEstimate
        What they have in common.
    metrics : mapping of str to PerformanceEstimate
        By metric.
    withheld : Message, optional
        Why all are withheld.
    """

    first: PerformanceEstimate
    metrics: Mapping[str, PerformanceEstimate]
    withheld: Message | None


@dataclass(frozen=True)
class DriftView:
    """A figure with what is shown of it.

    Attributes
    ----------
    figure : Drift
    samples : tuple of SampleSize
        The current splits; the reference is `reference`.
    reference : SampleSize, optional
        Null where the figure does not count its rows.
    sampled : tuple of SampleSize
        The splits of which a sample was compared, and not all rows.
    several : bool
        More than one split was compared.
    floor : float, optional
        The floor of all shifts, where they have the same.
    important : bool
        The importance of a column is known.
    cards : tuple of Shift
        Shifts with a histogram, the largest effect by importance first.
    hidden_cards : int
    standing : tuple of Shift
        Shifts that did not pass, in the same order; those that are only described are not among them.
    others : tuple of Shift
        Shifts on one line each: those that have no room in `standing`, then those that passed or are only described.
    hidden : int
        Shifts in neither.
    timelines : tuple of TimelineView
    tokens : tuple of Token
    hidden_tokens : int
    estimates, by_window : tuple of EstimateRow
        Of whole splits, and of windows.
    estimated : tuple of str
        Metrics that have an estimate.
    """

    figure: Drift
    samples: tuple[SampleSize, ...]
    reference: SampleSize | None
    sampled: tuple[SampleSize, ...]
    several: bool
    floor: float | None
    important: bool
    cards: tuple[Shift, ...]
    hidden_cards: int
    standing: tuple[Shift, ...]
    others: tuple[Shift, ...]
    hidden: int
    timelines: tuple[TimelineView, ...]
    tokens: tuple[Token, ...]
    hidden_tokens: int
    estimates: tuple[EstimateRow, ...]
    by_window: tuple[EstimateRow, ...]
    estimated: tuple[str, ...]


def drift_view(figure: Drift, *, parts: int = 1) -> DriftView:
    """Return what is shown of a figure that shares the page with `parts - 1` others; the record holds the rest."""
    drawn = [shift for shift in figure.shifts if shift.histogram is not None]
    moved = sum(shift.verdict not in ("passed", None) for shift in drawn)
    cards = drawn[: min(max(moved, CALM_CARDS), MAX_CARDS) // parts]
    standing = [shift for shift in figure.shifts if shift.verdict not in ("passed", None)]
    full = standing[: MAX_FULL // parts]
    rest = [*standing[len(full) :], *(shift for shift in figure.shifts if shift.verdict in ("passed", None))]
    others = rest[: MAX_BRIEF // parts]
    floors = {shift.floor for shift in figure.shifts}
    by_split = {sample.split: sample for sample in figure.samples}
    estimates = _estimate_rows(figure)
    return DriftView(
        figure=figure,
        samples=tuple(sample for sample in figure.samples if sample.split != figure.reference),
        reference=by_split.get(figure.reference),
        sampled=tuple(sample for sample in figure.samples if sample.compared < sample.rows),
        several=len({shift.split for shift in figure.shifts}) > 1,
        floor=floors.pop() if len(floors) == 1 else None,
        important=any(shift.importance is not None for shift in figure.shifts),
        cards=tuple(cards),
        hidden_cards=len(drawn) - len(cards),
        standing=tuple(full),
        others=tuple(others),
        hidden=len(rest) - len(others),
        timelines=tuple(_timeline(timeline, parts) for timeline in figure.timelines),
        tokens=figure.tokens[:MAX_TOKENS],
        hidden_tokens=max(0, len(figure.tokens) - MAX_TOKENS),
        estimates=tuple(row for row in estimates if row.first.window is None),
        by_window=tuple(row for row in estimates if row.first.window is not None)[-MAX_WINDOWS // parts :],
        estimated=tuple(dict.fromkeys(one.metric for one in figure.estimates)),
    )


def _estimate_rows(figure: Drift) -> list[EstimateRow]:
    rows: dict[tuple[str, str, int | None], dict[str, PerformanceEstimate]] = {}
    for one in figure.estimates:
        rows.setdefault((one.split, one.method, one.window), {})[one.metric] = one
    found = []
    for metrics in rows.values():
        first = next(iter(metrics.values()))
        reasons = [one.withheld for one in metrics.values()]
        alike = all(reason == first.withheld for reason in reasons)
        found.append(EstimateRow(first, metrics, first.withheld if alike else None))
    return found


def _timeline(timeline: Timeline, parts: int) -> TimelineView:
    first = max(0, len(timeline.windows) - MAX_WINDOWS // parts)
    series = timeline.series[: MAX_SERIES // parts]
    return TimelineView(
        timeline=timeline,
        windows=timeline.windows[first:],
        first=first,
        failed=_failed(timeline)[first:],
        series=series,
        hidden=len(timeline.series) - len(series),
    )


def _failed(timeline: Timeline) -> tuple[int, ...]:
    failed: Mapping[int, set[str]] = {index: set() for index in range(len(timeline.windows))}
    for series in timeline.series:
        for index in _indices(series.verdicts, "failed"):
            failed.get(index, set()).add(series.column)
    return tuple(len(columns) for columns in failed.values())


def _indices(verdicts: Sequence[str | None], wanted: str) -> list[int]:
    return [index for index, verdict in enumerate(verdicts) if verdict == wanted]
