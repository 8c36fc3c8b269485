"""Charts of what a limit is compared with: where values, intervals and limits lie on one scale, in percent of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from llmops_audit.render.limit_lines import LimitLine

__all__ = ["DrawnLine", "LimitChart", "limit_chart"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_STEPS = 4
_PADDING = 0.04
_REACH = 3.0
"""How many times the span of values and limits, or the usual interval, an interval may go beyond them before it is cut.
"""


@dataclass(frozen=True)
class DrawnLine:
    """A line of a chart.

    Attributes
    ----------
    line : LimitLine
    at : float, optional
        Position of the value; null where it is undefined.
    low, high : float
        Positions of the ends of the interval.
    limit : float
    cut_low, cut_high : bool
        The interval leaves the scale.
    """

    line: LimitLine
    at: float | None
    low: float
    high: float
    limit: float
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class LimitChart:
    """A chart.

    Attributes
    ----------
    lines : tuple of DrawnLine
    ticks, limits : tuple of (float, float)
        Positions and values.
    """

    lines: tuple[DrawnLine, ...]
    ticks: tuple[tuple[float, float], ...]
    limits: tuple[tuple[float, float], ...]


def limit_chart(lines: Sequence[LimitLine]) -> LimitChart | None:
    """Lay out a chart.

    Returns
    -------
    LimitChart or None
        None where nothing is to be compared: no line has a value, or a single one that was counted over all rows.
    """
    known = [line for line in lines if line.value is not None]
    if not known or (len(lines) == 1 and not known[0].has_interval):
        return None
    scale = _scale(known)
    return LimitChart(
        lines=tuple(_placed(line, scale) for line in lines),
        ticks=tuple((scale.position(value), value) for value in scale.ticks()),
        limits=tuple((scale.position(limit), limit) for limit in sorted({line.limit for line in lines})),
    )


@dataclass(frozen=True)
class _LimitScale:
    first: int
    last: int
    step: float

    def position(self, value: float) -> float:
        start, end = self.first * self.step, self.last * self.step
        return round(100 * (value - start) / (end - start), 1)

    def inside(self, value: float) -> bool:
        return self.first * self.step <= value <= self.last * self.step

    def ticks(self) -> list[float]:
        # Multiples of a decimal step, without the last binary digits.
        return [float(f"{number * self.step:.12g}") for number in range(self.first, self.last + 1)]


def _scale(known: Sequence[LimitLine]) -> _LimitScale:
    core = [value for line in known for value in (line.value, line.limit) if value is not None]
    # An interval of too few rows is wide, and would flatten all others: it may leave the scale.
    ends = [end for line in known if line.state != "unjudged" for end in (line.low, line.high) if end is not None]
    widths = [line.high - line.low for line in known if line.high is not None and line.low is not None]
    span = max(max(core) - min(core), median_low(widths or [0.0])) or max(map(abs, core)) or 1.0
    least, most = min(core) - _REACH * span, max(core) + _REACH * span
    low = max(least, min([*core, *ends]))
    high = min(most, max([*core, *ends]))
    padding = _PADDING * (high - low or span)
    start = max(0.0, low - padding) if low >= 0 else low - padding
    end = min(1.0, high + padding) if high <= 1 else high + padding
    step = _step((end - start) or 1.0)
    first = math.floor(start / step + 1e-9)
    return _LimitScale(first, max(first + 1, math.ceil(end / step - 1e-9)), step)


def _step(span: float) -> float:
    rough = span / _MOST_STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in _STEPS if step * power >= rough * (1 - 1e-9))


def _placed(line: LimitLine, scale: _LimitScale) -> DrawnLine:
    low, cut_low = _end(line.low, scale, 0.0) if line.has_interval else (0.0, False)
    high, cut_high = _end(line.high, scale, 100.0) if line.has_interval else (0.0, False)
    at = None if line.value is None else min(100.0, max(0.0, scale.position(line.value)))
    return DrawnLine(line, at, low, high, scale.position(line.limit), cut_low, cut_high)


def _end(end: float | None, scale: _LimitScale, edge: float) -> tuple[float, bool]:
    if end is None:
        return edge, True
    return min(100.0, max(0.0, scale.position(end))), not scale.inside(end)
