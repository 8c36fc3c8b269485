"""Forest plots: where each group's value and interval lie, in pixels. The template adds texts and colours.

All marks of a kind in a panel are one path, so that a plot of thirty groups takes a few kilobytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmops_audit.record.figures import Estimate
from llmops_audit.render.groups_view import GroupingView, GroupLine, Metric
from llmops_audit.render.text import shorten, width

__all__ = ["Forest", "Marks", "Panel", "forest", "short_name"]

_NAME_COLUMNS = 26
_SEPARATOR = " · "
_COLUMN, _CAPITAL, _DIGIT = 6.2, 2.2, 6.2
_HEAD, _ROW = 50, 24
_ALL_PANELS, _MAX_PANEL = 608, 210
_MARGIN = 18
_MIN_DIGITS = 4
_GAP = 6
_CAP, _DIAMOND, _ARROW = 3, 4.5, 4
_STEPS = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
_MAX_INTERVALS = 4
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Marks:
    """SVG paths: lines with caps, points, and arrows where an interval leaves the scale."""

    lines: str
    points: str
    arrows: str


@dataclass(frozen=True)
class Panel:
    """One metric.

    Attributes
    ----------
    metric : Metric
    left, right : float
        Ends of the scale.
    grid : tuple of float
        Positions of the lines of the scale.
    ticks : tuple of (float, float)
        Position and value of the lines that have a number.
    band : tuple of (float, float), optional
        Position and width of the span from the lowest to the highest judged value.
    judged, unjudged : Marks
    undefined : tuple of float
        Heights of the groups without a value.
    counts : tuple of (float, float)
        Height and number of rows that a value is taken over; empty where it is all rows of every group.
    counts_end : float
        Where the numbers end.
    """

    metric: Metric
    left: float
    right: float
    grid: tuple[float, ...]
    ticks: tuple[tuple[float, float], ...]
    band: tuple[float, float] | None
    judged: Marks
    unjudged: Marks
    undefined: tuple[float, ...]
    counts: tuple[tuple[float, float], ...]
    counts_end: float


@dataclass(frozen=True)
class Forest:
    """A plot: names of groups, their rows, and panels side by side.

    Attributes
    ----------
    names : tuple of (float, str, int)
        Height, short name and rows.
    names_width, rows_width, panels_width, height, head, row : float
        In pixels; `rows_width` is part of `panels_width`, and `head` is the height of the titles.
    panels : tuple of Panel
    """

    names: tuple[tuple[float, str, int], ...]
    names_width: float
    rows_width: float
    panels_width: float
    height: float
    head: float
    row: float
    panels: tuple[Panel, ...]

    @property
    def names_share(self) -> float:
        """Share of the whole width that the names take, in percent."""
        return round(100 * self.names_width / (self.names_width + self.panels_width), 2)


def forest(grouping: GroupingView) -> Forest | None:
    """Lay out the panels of a grouping.

    Returns
    -------
    Forest or None
        None where there is no group or no metric to draw; the same input gives the same numbers.
    """
    if not grouping.panels or not grouping.lines:
        return None
    lines = grouping.lines
    heights = [_HEAD + _ROW * (number + 0.5) for number in range(len(lines))]
    names = [short_name(line.values) for line in lines]
    rows_width = round(_count_width(line.rows for line in lines))
    breadth = min(_MAX_PANEL, _ALL_PANELS / len(grouping.panels))
    return Forest(
        names=tuple((y, name, line.rows) for y, name, line in zip(heights, names, lines, strict=True)),
        names_width=round(max(map(_name_width, names))) + _MARGIN,
        rows_width=rows_width,
        panels_width=round(rows_width + breadth * len(grouping.panels)),
        height=_HEAD + _ROW * len(lines),
        head=_HEAD,
        row=_ROW,
        panels=tuple(
            _panel(metric, lines, heights, rows_width + breadth * number, breadth)
            for number, metric in enumerate(grouping.panels)
        ),
    )


def short_name(values: Sequence[str], columns: float = _NAME_COLUMNS) -> str:
    """Return the values of a group on one line at most `columns` wide; the longest values are shortened first."""
    room = columns - width(_SEPARATOR) * (len(values) - 1)
    values = [shorten(value, columns) for value in values]
    cap = columns
    while cap > 1 and sum(min(width(value), cap) for value in values) > room:
        cap -= 1
    return shorten(_SEPARATOR.join(shorten(value, cap) for value in values), columns)


@dataclass(frozen=True)
class _Scale:
    left: float
    right: float
    first: int
    last: int
    step: float

    def position(self, value: float) -> float:
        start, end = self.first * self.step, self.last * self.step
        return round(self.left + (value - start) / (end - start) * (self.right - self.left), 1)

    def grid(self) -> list[float]:
        return [number * self.step for number in range(self.first, self.last + 1)]


def _panel(metric: Metric, lines: Sequence[GroupLine], heights: Sequence[float], x: float, breadth: float) -> Panel:
    all_rows = all(round(line.estimates[metric].n) == line.rows for line in lines if metric in line.estimates)
    counts = () if all_rows else tuple(
        (y, line.estimates[metric].n) for y, line in zip(heights, lines, strict=True) if metric in line.estimates
    )  # fmt: skip
    drawn: dict[bool, list[tuple[float, Estimate]]] = {True: [], False: []}
    undefined = []
    for y, line in zip(heights, lines, strict=True):
        estimate = line.estimates.get(metric)
        if estimate is None or estimate.value is None:
            undefined.append(y)
        else:
            drawn[line.judged].append((y, estimate))
    scale = _scale(drawn, x + _MARGIN, x + breadth - (_GAP + _count_width(n for _, n in counts) if counts else _MARGIN))
    grid = scale.grid()
    # Both ends have a number, and the line in the middle if there is one.
    every = len(grid) // 2 if len(grid) % 2 else len(grid) - 1
    judged = sorted(scale.position(value) for _, estimate in drawn[True] if (value := estimate.value) is not None)
    return Panel(
        metric=metric,
        left=round(scale.left, 1),
        right=round(scale.right, 1),
        grid=tuple(map(scale.position, grid)),
        ticks=tuple((scale.position(value), round(value, 2)) for value in grid[::every]),
        band=(judged[0], round(judged[-1] - judged[0], 1)) if judged else None,
        judged=_marks(drawn[True], scale, judged=True),
        unjudged=_marks(drawn[False], scale, judged=False),
        undefined=tuple(undefined),
        counts=counts,
        counts_end=round(x + breadth - _GAP, 1),
    )


def _name_width(name: str) -> float:
    return width(name) * _COLUMN + sum(map(str.isupper, name)) * _CAPITAL


def _count_width(counts: Iterable[float]) -> float:
    return max(_MIN_DIGITS, *(len(f"{count:,.0f}") for count in counts)) * _DIGIT + _MARGIN


def _scale(drawn: dict[bool, list[tuple[float, Estimate]]], left: float, right: float) -> _Scale:
    # The interval of a group that is too small to be judged is wide, and would flatten all others: the scale has to
    # hold only its value.
    given = [e.value for _, e in (*drawn[True], *drawn[False])]
    given += [end for _, e in drawn[True] for end in (e.low, e.high)]
    values = [value for value in given if value is not None] or [0.0, 1.0]
    for step in _STEPS:
        first = math.floor(min(values) / step + _ROUNDING)
        last = max(first + 1, math.ceil(max(values) / step - _ROUNDING))
        if last - first <= _MAX_INTERVALS:
            break
    return _Scale(left, right, first, last, step)


def _marks(drawn: Iterable[tuple[float, Estimate]], scale: _Scale, *, judged: bool) -> Marks:
    lines, points, arrows = [], [], []
    for y, estimate in drawn:
        if estimate.low is not None and estimate.high is not None:
            low, high = (
                min(max(scale.position(end), scale.left), scale.right) for end in (estimate.low, estimate.high)
            )
            lines.append(f"M{low:g} {y:g}H{high:g}")
            for end, x, outward in ((estimate.low, low, -1), (estimate.high, high, 1)):
                if scale.position(end) == x:
                    lines.append(f"M{x:g} {y - _CAP:g}v{2 * _CAP}")
                else:
                    arrows.append(f"M{x:g} {y - _ARROW:g}l{outward * _ARROW} {_ARROW} {-outward * _ARROW} {_ARROW}z")
        if estimate.value is not None:
            at = scale.position(estimate.value)
            # A line without length and with round caps is a dot.
            diamond = f"M{at - _DIAMOND:g} {y:g}l{_DIAMOND}-{_DIAMOND} {_DIAMOND} {_DIAMOND}-{_DIAMOND} {_DIAMOND}z"
            points.append(f"M{at:g} {y:g}h0" if judged else diamond)
    return Marks("".join(lines), "".join(points), "".join(arrows))
