"""Small multiples: one key number of a system over its releases, with intervals and limits, in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_audit.record import JudgedRequirement

__all__ = ["Multiple", "Place", "multiple"]

WIDTH, HEIGHT = 260, 112
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 14, 10, 90
_PADDING = 0.08
_NEAR = 12
_STEP = 46


@dataclass(frozen=True)
class Place:
    """Where a release stands.

    Attributes
    ----------
    x : float
    y : float, optional
        Of the value; None where it is undefined.
    low, high : float, optional
        Ends of the interval, at the edge where it has no bound; None without one.
    verdict : str
    """

    x: float
    y: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Multiple:
    """One picture.

    Attributes
    ----------
    places : tuple of Place
        Of the releases that have the requirement.
    limits : str
        Path of the limits, a step for each release.
    ticks : tuple of (float, float)
        Height and value of the numbers at the left: the latest limit, and the ends of the scale.
    first, last : float
        Where the names of the first and the last release stand.
    """

    places: tuple[Place, ...]
    limits: str
    ticks: tuple[tuple[float, float], ...]
    first: float
    last: float


def multiple(series: Sequence[JudgedRequirement | None]) -> Multiple | None:
    """Lay out a requirement over releases.

    Parameters
    ----------
    series : sequence of JudgedRequirement or None
        A release each, the earliest first; None where it has no such requirement.

    Returns
    -------
    Multiple or None
        None where no release has a value; the same input gives the same numbers.
    """
    there = [one for one in series if one is not None]
    values = [number for one in there for number in (one.value, *(one.interval or ())) if number is not None]
    if not any(one.value is not None for one in there):
        return None
    values += [one.limit for one in there]
    bottom, top = min(values), max(values)
    # Halves, so that the difference of two huge numbers stays finite.
    room = _PADDING * 2 * (top / 2 - bottom / 2) or abs(top) * _PADDING or 1.0
    scale = _ValueAxis(bottom - room, top + room)
    at = _columns(len(series))
    places = tuple(_place(x, one, scale) for x, one in zip(at, series, strict=True) if one is not None)
    return Multiple(
        places, _limits(at, series, scale), tuple(_ticks(there[-1].limit, bottom, top, scale)), at[0], at[-1]
    )


@dataclass(frozen=True)
class _ValueAxis:
    bottom: float
    top: float

    def y(self, value: float) -> float:
        share = (value / 2 - self.bottom / 2) / (self.top / 2 - self.bottom / 2)
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 2)


def _columns(count: int) -> list[float]:
    """Return the middle of each release: few stand close to each other at the right, as the latest does always."""
    step = min(_STEP, (WIDTH - _LEFT - _RIGHT) / max(count, 1))
    return [round(WIDTH - _RIGHT - step * (count - number - 0.5), 2) for number in range(count)]


def _place(x: float, one: JudgedRequirement, scale: _ValueAxis) -> Place:
    low = high = None
    if one.interval is not None:
        ends = one.interval
        low = _BOTTOM if ends[0] is None else scale.y(ends[0])
        high = _TOP if ends[1] is None else scale.y(ends[1])
    return Place(x, None if one.value is None else scale.y(one.value), low, high, one.verdict.value)


def _limits(at: Sequence[float], series: Sequence[JudgedRequirement | None], scale: _ValueAxis) -> str:
    half = (at[1] - at[0]) / 2 if len(at) > 1 else _STEP / 2
    path, pen = "", (0.0, 0.0)
    for x, one in zip(at, series, strict=True):
        if one is not None:
            start, end, y = round(x - half, 2), round(x + half, 2), scale.y(one.limit)
            # A limit that stays is one line, so that its dashes run on.
            path += f"H{end}" if path and abs(pen[0] - start) < half and pen[1] == y else f"M{start} {y}H{end}"
            pen = end, y
    return path


def _ticks(limit: float, bottom: float, top: float, scale: _ValueAxis) -> Iterator[tuple[float, float]]:
    yield scale.y(limit), limit
    for value in (bottom, top):
        if abs(scale.y(value) - scale.y(limit)) >= _NEAR:
            yield scale.y(value), value
