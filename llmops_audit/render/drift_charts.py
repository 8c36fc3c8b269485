"""Histograms of two samples and effects over time: the positions of their marks in pixels. The template adds colours.

All marks of a kind in a chart are one path, so that a page of many charts stays small.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmops_audit.record.drift_figure import Histogram, TimeSeries

__all__ = ["Cell", "HistogramChart", "TimeChart", "histogram_chart", "time_chart"]

MAX_CELLS = 24
MAX_CATEGORIES = 12

_BREADTH = 260
_TOP, _BASE, _FOOT = 4, 104, 18
_BAR_START, _BAR_ROW, _BAR = 100, 22, 7
_WIDEST = 8

_TIME_BREADTH, _TIME_LEFT, _TIME_RIGHT = 272, 38, 268
_TIME_TOP, _TIME_BASE, _TIME_HEIGHT = 22, 112, 132
_MIN_DISTANCE = 13
_MAX_DOTS = 31


@dataclass(frozen=True)
class Cell:
    """A cell of a histogram with its share of both samples, null where a sample has no rows.

    A cell of numbers has ends, a cell of categories a name, which is null for the categories that are not named.
    """

    low: float | None
    high: float | None
    name: str | None
    reference: float | None
    current: float | None


@dataclass(frozen=True)
class HistogramChart:
    """Histograms of two samples in one chart.

    Attributes
    ----------
    numeric : bool
        Cells of numbers are side by side, categories below each other.
    to_scale : bool
        The area of a cell is its share; otherwise all cells are equally wide, and the height is the share.
    cells : tuple of Cell
    reference, current : str
        SVG paths.
    left, right : float, optional
        Ends of the scale; without a scale the ends of all cells but the first and the last. Null for categories.
    breadth, height, base : float
    names : tuple of (float, str or None)
        Height and name of each category.
    """

    numeric: bool
    to_scale: bool
    cells: tuple[Cell, ...]
    reference: str
    current: str
    left: float | None
    right: float | None
    breadth: float
    height: float
    base: float
    names: tuple[tuple[float, str | None], ...]


@dataclass(frozen=True)
class TimeChart:
    """An effect by window.

    Attributes
    ----------
    breadth, height, left, right, top, base : float
    line, points, band : str
        SVG paths; a window without an effect is a gap in all of them.
    floor : float
        Height of the floor.
    ticks : tuple of (float, float)
        Height and value of the numbers beside the scale.
    broke : float, optional
        Position of the first window that failed; null where it is not shown.
    broke_in : int, optional
        Index of that window among all.
    """

    breadth: float
    height: float
    left: float
    right: float
    top: float
    base: float
    line: str
    points: str
    band: str
    floor: float
    ticks: tuple[tuple[float, float], ...]
    broke: float | None
    broke_in: int | None


def histogram_chart(histogram: Histogram) -> HistogramChart:
    """Lay out a histogram; the same input gives the same numbers."""
    if histogram.edges is not None and len(histogram.edges) == len(histogram.reference) + 1:
        return _numbers(histogram.edges, histogram)
    return _categories(histogram)


def time_chart(series: TimeSeries, first: int, windows: int) -> TimeChart:
    """Lay out the effects of a time series from the window `first` on, of `windows` windows in all."""
    broke_in = series.broke_in if series.broke_in is not None and 0 <= series.broke_in < windows else None
    shown = _shown(series, first, windows)
    values = [0.0, series.floor, *itertools.chain.from_iterable(window for window in shown if window is not None)]
    bottom = min(values)
    top = max(values) if max(values) > bottom else bottom + 1.0
    step = (_TIME_RIGHT - _TIME_LEFT) / max(1, len(shown))
    dotted = len(shown) <= _MAX_DOTS

    def x(index: int) -> float:
        return round(_TIME_LEFT + step * (index + 0.5))

    def y(value: float) -> float:
        return round(_TIME_BASE - (value - bottom) / (top - bottom) * (_TIME_BASE - _TIME_TOP))

    runs = [
        [(x(index), y(low), y(effect), y(high)) for index, (low, effect, high) in run]
        for run in _runs([(index, window) for index, window in enumerate(shown) if window is not None])
    ]
    return TimeChart(
        breadth=_TIME_BREADTH,
        height=_TIME_HEIGHT,
        left=_TIME_LEFT,
        right=_TIME_RIGHT,
        top=_TIME_TOP,
        base=_TIME_BASE,
        line="".join(_through((at, value) for at, _, value, _ in run) for run in runs),
        # A line without length and with round caps is a dot.
        points="".join(f"M{at} {value}h0" for run in runs for at, _, value, _ in run if dotted or len(run) == 1),
        band="".join(map(_band, runs)),
        floor=y(series.floor),
        ticks=_ticks([(y(value), value) for value in (series.floor, 0.0, top, bottom)]),
        broke=x(broke_in - first) if broke_in is not None and broke_in >= first else None,
        broke_in=broke_in,
    )


def _numbers(edges: Sequence[float], histogram: Histogram) -> HistogramChart:
    together = -(-len(histogram.reference) // MAX_CELLS)
    edges = [*edges[:-1:together], edges[-1]]
    reference, current = (
        [sum(counts[start : start + together]) for start in range(0, len(counts), together)]
        for counts in (histogram.reference, histogram.current)
    )
    shares = _shares(reference), _shares(current)
    widths = [high - low for low, high in itertools.pairwise(edges)]
    to_scale = min(widths, default=0.0) > 0 and max(widths) < _WIDEST * min(widths)
    ends = edges if to_scale else [float(index) for index in range(len(edges))]
    heights = [
        [(share or 0.0) / (high - low) for share, (low, high) in zip(one, itertools.pairwise(ends), strict=True)]
        for one in shares
    ]
    peak = max(itertools.chain.from_iterable(heights), default=0.0) or 1.0
    positions = [round(_BREADTH * (end - ends[0]) / ((ends[-1] - ends[0]) or 1.0), 1) for end in ends]
    drawn = [
        _steps(positions, [round(_BASE - (_BASE - _TOP) * height / peak) for height in sample]) for sample in heights
    ]
    return HistogramChart(
        numeric=True,
        to_scale=to_scale,
        cells=tuple(
            Cell(low, high, None, *share)
            for (low, high), share in zip(itertools.pairwise(edges), zip(*shares, strict=True), strict=True)
        ),
        reference=drawn[0],
        current=drawn[1],
        left=edges[0] if to_scale else edges[1],
        right=edges[-1] if to_scale else edges[-2],
        breadth=_BREADTH,
        height=_BASE + _FOOT,
        base=_BASE,
        names=(),
    )


def _categories(histogram: Histogram) -> HistogramChart:
    given = histogram.categories or (None,) * len(histogram.reference)
    named = [
        (name, reference, current)
        for name, reference, current in zip(
            given, _shares(histogram.reference), _shares(histogram.current), strict=True
        )
        if name is not None
    ]
    room = MAX_CATEGORIES - 1 if len(named) < len(given) or len(named) > MAX_CATEGORIES else MAX_CATEGORIES
    largest = sorted(named, key=lambda one: -max(one[1] or 0.0, one[2] or 0.0))[:room]
    cells = [Cell(None, None, *one) for one in named if one in largest]
    if len(cells) < len(given):
        cells.append(Cell(None, None, None, *(_rest(cells, histogram, sample) for sample in ("reference", "current"))))
    peak = max((share or 0.0 for cell in cells for share in (cell.reference, cell.current)), default=0.0) or 1.0
    length = (_BREADTH - _BAR_START - 2) / peak

    def bars(shares: Iterable[float | None], down: float) -> str:
        return "".join(
            f"M{_BAR_START} {_BAR_ROW * row + down:g}h{round((share or 0.0) * length, 1):g}v{_BAR}H{_BAR_START}z"
            for row, share in enumerate(shares)
        )

    return HistogramChart(
        numeric=False,
        to_scale=True,
        cells=tuple(cells),
        reference=bars((cell.reference for cell in cells), 3),
        current=bars((cell.current for cell in cells), 3 + _BAR + 1),
        left=None,
        right=None,
        breadth=_BREADTH,
        height=_BAR_ROW * len(cells) + 2,
        base=_BAR_ROW * len(cells),
        names=tuple((_BAR_ROW * row + 14.5, cell.name) for row, cell in enumerate(cells)),
    )


def _rest(cells: Iterable[Cell], histogram: Histogram, sample: str) -> float | None:
    if not sum(getattr(histogram, sample)):
        return None
    return max(0.0, 1.0 - sum(getattr(cell, sample) or 0.0 for cell in cells))


def _shares(counts: Sequence[int]) -> list[float | None]:
    total = sum(counts)
    return [count / total if total else None for count in counts]


def _steps(positions: Sequence[float], heights: Sequence[float]) -> str:
    steps = "".join(f"V{height:g}H{end:g}" for height, end in zip(heights, positions[1:], strict=True))
    return f"M{positions[0]:g} {_BASE}{steps}V{_BASE}"


Run = list[tuple[int, tuple[float, float, float]]]


def _shown(series: TimeSeries, first: int, windows: int) -> list[tuple[float, float, float] | None]:
    """Return lower end, effect and upper end of each window that is shown; a missing end is the effect itself."""
    shown: list[tuple[float, float, float] | None] = []
    for index in range(first, windows):
        effect, low, high = (ends[index] if index < len(ends) else None for ends in _ends(series))
        if effect is None:
            shown.append(None)
        else:
            shown.append((effect if low is None else low, effect, effect if high is None else high))
    return shown


def _ends(series: TimeSeries) -> tuple[tuple[float | None, ...], ...]:
    return series.effects, series.lows, series.highs


def _runs(windows: Sequence[tuple[int, tuple[float, float, float]]]) -> list[Run]:
    """Return stretches of windows without a gap."""
    runs: list[Run] = []
    for index, window in windows:
        if runs and runs[-1][-1][0] == index - 1:
            runs[-1].append((index, window))
        else:
            runs.append([(index, window)])
    return runs


def _through(points: Iterable[tuple[float, float]]) -> str:
    return "M" + " ".join(f"{x:g} {y:g}" for x, y in points)


def _band(run: Sequence[tuple[float, float, float, float]]) -> str:
    if len(run) == 1:
        at, low, _, high = run[0]
        return f"M{at - 2:g} {low:g}h4V{high:g}h-4z"
    there = [(at, high) for at, _, _, high in run]
    back = [(at, low) for at, low, _, _ in reversed(run)]
    return _through([*there, *back]) + "z"


def _ticks(wanted: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the numbers that are far enough from those before them."""
    kept: list[tuple[float, float]] = []
    for height, value in wanted:
        if all(abs(height - other) >= _MIN_DISTANCE for other, _ in kept):
            kept.append((height, value))
    return tuple(kept)
