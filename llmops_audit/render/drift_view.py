"""What the report shows of drift, and in which order. No language, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.record.drift_figure import Course, Drift, Piece, Sampled, Shift, Timeline, Window

__all__ = ["DriftView", "TimelineView", "drift_view"]

MAX_CARDS, CALM_CARDS = 24, 6
MAX_FULL, MAX_BRIEF = 100, 500
"""Lines of the two tables of shifts, so that a report stays under 500 kB."""

MAX_COURSES = 8
MAX_WINDOWS = 60
MAX_PIECES = 40


@dataclass(frozen=True)
class TimelineView:
    """A timeline with what is shown of it.

    Attributes
    ----------
    timeline : Timeline
    windows : tuple of Window, (w,)
        The last ones.
    first : int
        Place of the first window that is shown.
    failed : tuple of int, (w,)
        Columns that failed in each window.
    courses : tuple of Course
        The worst first, whole; only what is between `first` and the end is shown.
    hidden : int
        Courses that are not shown.
    """

    timeline: Timeline
    windows: tuple[Window, ...]
    first: int
    failed: tuple[int, ...]
    courses: tuple[Course, ...]
    hidden: int


@dataclass(frozen=True)
class DriftView:
    """A figure with what is shown of it.

    Attributes
    ----------
    figure : Drift
    samples : tuple of Sampled
        The current splits; the reference is `reference`.
    reference : Sampled, optional
        Null where the figure does not count its rows.
    sampled : tuple of Sampled
        Those of which not all rows were compared.
    several : bool
        More than one split was compared.
    floor : float, optional
        The floor of all shifts, where it is one.
    important : bool
        The importance of a column is known.
    cards : tuple of Shift
        Those with a histogram, the largest effect by importance first.
    hidden_cards : int
    standing : tuple of Shift
        Not passed, in the same order.
    others : tuple of Shift
        On one line: what found no room in `standing`, then what passed.
    hidden : int
        Shifts in neither.
    timelines : tuple of TimelineView
    pieces : tuple of Piece
    hidden_pieces : int
    """

    figure: Drift
    samples: tuple[Sampled, ...]
    reference: Sampled | None
    sampled: tuple[Sampled, ...]
    several: bool
    floor: float | None
    important: bool
    cards: tuple[Shift, ...]
    hidden_cards: int
    standing: tuple[Shift, ...]
    others: tuple[Shift, ...]
    hidden: int
    timelines: tuple[TimelineView, ...]
    pieces: tuple[Piece, ...]
    hidden_pieces: int


def drift_view(figure: Drift, *, parts: int = 1) -> DriftView:
    """Return what is shown of a figure that shares the page with `parts - 1` others; the record holds the rest."""
    drawn = [shift for shift in figure.shifts if shift.histogram is not None]
    moved = sum(shift.verdict != "passed" for shift in drawn)
    cards = drawn[: min(max(moved, CALM_CARDS), MAX_CARDS) // parts]
    standing = [shift for shift in figure.shifts if shift.verdict != "passed"]
    full = standing[: MAX_FULL // parts]
    rest = [*standing[len(full) :], *(shift for shift in figure.shifts if shift.verdict == "passed")]
    others = rest[: MAX_BRIEF // parts]
    floors = {shift.floor for shift in figure.shifts}
    by_split = {sample.split: sample for sample in figure.samples}
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
        pieces=figure.pieces[:MAX_PIECES],
        hidden_pieces=max(0, len(figure.pieces) - MAX_PIECES),
    )


def _timeline(timeline: Timeline, parts: int) -> TimelineView:
    first = max(0, len(timeline.windows) - MAX_WINDOWS // parts)
    courses = timeline.courses[: MAX_COURSES // parts]
    return TimelineView(
        timeline=timeline,
        windows=timeline.windows[first:],
        first=first,
        failed=_failed(timeline)[first:],
        courses=courses,
        hidden=len(timeline.courses) - len(courses),
    )


def _failed(timeline: Timeline) -> tuple[int, ...]:
    failed: Mapping[int, set[str]] = {place: set() for place in range(len(timeline.windows))}
    for course in timeline.courses:
        for place in _places(course.verdicts, "failed"):
            failed.get(place, set()).add(course.column)
    return tuple(len(columns) for columns in failed.values())


def _places(verdicts: Sequence[str | None], wanted: str) -> list[int]:
    return [place for place, verdict in enumerate(verdicts) if verdict == wanted]
