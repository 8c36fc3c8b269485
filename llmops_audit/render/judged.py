"""A finding as the report shows it: with its check, its anchor in the page, and its value on a scale."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding

__all__ = ["Judged", "Plot", "plot"]

_PADDING = 0.08


@dataclass(frozen=True)
class Judged:
    """A finding with its check and its anchor in the page.

    `limit_reason` is why its limit is what it is, in the words of the spec; null where that gives no reason. `advice`
    is what the page of the check says to do about it, null where it says nothing. `advised` is true for the first
    finding of a check with a verdict: the page shows the advice there and does not repeat it.
    """

    finding: Finding
    check: CheckResult
    anchor: str
    plot: Plot | None
    limit_reason: str | None = None
    advice: str | None = None
    advised: bool = False


@dataclass(frozen=True)
class Plot:
    """Value, interval and limit on one scale, each in percent of its length.

    Attributes
    ----------
    value, low, high, limit : float
    start, end : float
        Values at the ends of the scale.
    """

    value: float
    low: float
    high: float
    limit: float
    start: float
    end: float


def plot(finding: Finding) -> Plot | None:
    """Return the positions of value, interval and limit, or None where one of them is missing."""
    if finding.value is None or finding.interval is None or finding.requirement is None:
        return None
    limit = finding.requirement.limit
    given = [finding.value, limit, *(end for end in finding.interval if end is not None)]
    start, end = min(given), max(given)
    if start >= 0 and end <= 1:
        start, end = 0.0, 1.0
    else:
        margin = (end - start) * _PADDING or 1.0
        start, end = start - margin, end + margin

    def position(x: float) -> float:
        return min(100.0, max(0.0, round(100 * (x - start) / (end - start), 2)))

    def positions(interval: tuple[float | None, float | None]) -> tuple[float, float]:
        low, high = interval
        return 0.0 if low is None else position(low), 100.0 if high is None else position(high)

    low, high = positions(finding.interval)
    return Plot(
        value=position(finding.value),
        low=low,
        high=high,
        limit=position(limit),
        start=start,
        end=end,
    )
