"""The picture of everything: each requirement on its own scale, all limits on one line, worse to the left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmops_audit.record import Op, Verdict
from llmops_audit.render.requirement_cards import RequirementCard

__all__ = ["LIMIT_AT", "MAX_ROWS", "OverviewPicture", "OverviewRow", "overview_picture"]

MAX_ROWS = 16
"""Requirements that are shown unfolded."""

LIMIT_AT = 60.0
"""Where the line of the limits stands, in percent of the width."""

_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED, Verdict.NOT_APPLICABLE)
_MARGIN = 4.0
_NO_DISTANCE = 1e-12


@dataclass(frozen=True)
class OverviewRow:
    """A requirement.

    Attributes
    ----------
    card : RequirementCard
    at : float, optional
        Position of the value; null where it is undefined.
    worse, better : float, optional
        Positions of the ends of the interval; null where there is none.
    cut_worse, cut_better : bool
        The interval leaves the scale.
    """

    card: RequirementCard
    at: float | None
    worse: float | None
    better: float | None
    cut_worse: bool
    cut_better: bool


@dataclass(frozen=True)
class OverviewPicture:
    """Rows by check.

    Attributes
    ----------
    shown, folded : tuple of (str, tuple of OverviewRow)
        Name of each check, and its rows; of more than `MAX_ROWS` the gravest are shown.
    counts : tuple of (Verdict, int)
        Requirements by verdict, the gravest first.
    """

    shown: tuple[tuple[str, tuple[OverviewRow, ...]], ...]
    folded: tuple[tuple[str, tuple[OverviewRow, ...]], ...]
    counts: tuple[tuple[Verdict, int], ...]


def overview_picture(cards: Sequence[RequirementCard]) -> OverviewPicture:
    """Lay out the picture of all requirements that bear on the decision, in the order of the record."""
    verdicts = [card.requirement.verdict for card in cards]
    gravest = sorted(range(len(cards)), key=lambda place: (_ORDER.index(verdicts[place]), place))
    shown = set(gravest[:MAX_ROWS])
    return OverviewPicture(
        shown=_by_check(card for place, card in enumerate(cards) if place in shown),
        folded=_by_check(card for place, card in enumerate(cards) if place not in shown),
        counts=tuple((verdict, verdicts.count(verdict)) for verdict in _ORDER if verdict in verdicts),
    )


def _by_check(cards: Iterable[RequirementCard]) -> tuple[tuple[str, tuple[OverviewRow, ...]], ...]:
    return tuple(
        (name, tuple(map(_row, group))) for name, group in groupby(cards, key=lambda card: card.requirement.check)
    )


def _row(card: RequirementCard) -> OverviewRow:
    required = card.requirement
    if required.value is None:
        return OverviewRow(card, None, None, None, cut_worse=False, cut_better=False)
    up = required.op in (Op.AT_LEAST, Op.ABOVE)
    # How much better than the limit; below a maximum the ends of an interval change places.
    value, low, high = (
        None if one is None else (one - required.limit if up else required.limit - one)
        for one in (required.value, *(required.interval or (required.value, required.value)))
    )
    worse, better = (low, high) if up else (high, low)
    scale = _scale([one for one in (value, worse, better) if one is not None])
    at = LIMIT_AT if value is None else _position(value, scale)
    if required.interval is None:
        return OverviewRow(card, at, None, None, cut_worse=False, cut_better=False)
    return OverviewRow(
        card,
        at,
        0.0 if worse is None else _position(worse, scale),
        100.0 if better is None else _position(better, scale),
        cut_worse=worse is None,
        cut_better=better is None,
    )


def _scale(distances: Sequence[float]) -> float:
    """Return the percent of the width for a distance of 1, so that all distances have room on both sides."""
    left, right = max(0.0, -min(distances)), max(0.0, max(distances))
    room = [(LIMIT_AT - _MARGIN, left), (100.0 - LIMIT_AT - _MARGIN, right)]
    return min((share / distance for share, distance in room if distance > _NO_DISTANCE), default=0.0)


def _position(distance: float, scale: float) -> float:
    return round(LIMIT_AT + distance * scale, 1)
