"""From a value and its interval to a verdict: fail closed, and state the uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llmops_audit.check.inputs import Policy
from llmops_audit.record import Finding, Message, Op, Requirement, Scalar, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.stats import Bounds

__all__ = ["at_limit", "combined", "finite", "judged", "p_value"]

_WORST_FIRST = (
    Verdict.FAILED, Verdict.ERROR, Verdict.UNDECIDED, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED,
    Verdict.NOT_APPLICABLE,
)  # fmt: skip

SMALLEST_P = 1e-12
"""Smaller p-values are given as this one: no correction tells them apart."""
_HALVINGS = 30
_NEARLY_NO_CONFIDENCE = 1e-9


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several verdicts; not applicable only where all are, or there are none."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.NOT_APPLICABLE)


def at_limit(value: float, requirement: Requirement) -> bool:
    """Return whether a value meets a requirement.

    Examples
    --------
    >>> at_limit(0.9, Requirement(op=Op.AT_LEAST, limit=0.9))
    True
    >>> at_limit(0.9, Requirement(op=Op.ABOVE, limit=0.9))
    False
    """
    limit = requirement.limit
    return {
        Op.AT_LEAST: value >= limit,
        Op.AT_MOST: value <= limit,
        Op.ABOVE: value > limit,
        Op.BELOW: value < limit,
    }[requirement.op]


def judged(
    metric: str,
    value: float | None,
    requirement: Requirement,
    policy: Policy,
    *,
    bounds: Callable[[float], Bounds] | None,
    method: str,
    n: int,
    tests: int = 1,
    scope: Mapping[str, str] | None = None,
    severity: Severity | None = None,
    details: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
) -> Finding:
    """Judge a value that rests on a sample, by its own bound; what has to be certain to fail, the gate decides.

    Parameters
    ----------
    metric : str
    value : float or None
        None or NaN where it is undefined, which is never a pass.
    requirement : Requirement
    policy : Policy
    bounds : callable, optional
        Confidence in (0, 1) to the two-sided interval, which grows with it; None for a census, whose value is compared
        as it is.
    method : str
        Name of the interval, or ``"census"``.
    n : int
        Rows that the value rests on.
    tests : int
        Comparisons (pairs, labels, windows) that the value is the worst of.
    scope, severity, details
        See `Finding`.

    Returns
    -------
    Finding
        Passed where the bound at `policy.confidence` meets the limit (an alarm: where the value does); undecided where
        the whole interval misses it; inconclusive (an alarm: found) between.
    """
    given: dict[str, Any] = {
        "metric": metric,
        "scope": dict(scope or {}),
        "method": method,
        "n": n,
        "severity": severity,
    }
    given |= {"requirement": requirement, "details": dict(details or {})}
    if value is None or math.isnan(value):
        text = message("The value is undefined on these {rows} rows, so the requirement cannot be judged.", rows=n)
        return Finding(**given, verdict=Verdict.INCONCLUSIVE, message=text)
    if bounds is None:
        return Finding(**given, value=value, **_compared(value, requirement, _CENSUS))
    shown = bounds(policy.confidence)
    given |= {"value": value, "interval": finite(shown), "confidence": policy.confidence}
    if policy.decide == "point":
        return Finding(**given, **_compared(value, requirement, _POINT))
    verdict = _by_bounds(value, requirement, shown)
    needed = None
    if verdict is Verdict.INCONCLUSIVE:
        from llmops_audit.stats import rows_to_decide  # the worker of a slow check starts before numpy is imported

        needed = rows_to_decide(value, shown, requirement.limit, n, policy.confidence)
    return Finding(
        **given,
        tests=tests,
        p_value=_p_value(value, bounds, requirement, verdict, policy),
        rows_to_decide=needed,
        verdict=verdict,
        message=_bound_message(verdict, requirement, needed),
    )


def _p_value(
    value: float, bounds: Callable[[float], Bounds], requirement: Requirement, verdict: Verdict, policy: Policy
) -> float:
    if at_limit(value, requirement):
        return 1.0
    # An interval that holds the limit does so at every higher confidence, which is costly for resampled tables.
    return p_value(bounds, requirement, SMALLEST_P if verdict is Verdict.UNDECIDED else policy.alpha)


def p_value(bounds: Callable[[float], Bounds], requirement: Requirement, least: float = SMALLEST_P) -> float:
    """Return the two-sided p-value of "the limit is met", by inverting the interval.

    Parameters
    ----------
    bounds : callable
        Confidence in (0, 1) to the two-sided interval, which grows with it.
    requirement : Requirement
    least : float
        Smaller p-values are given as this one.

    Returns
    -------
    float
        1 less the highest confidence at which the whole interval misses the limit; `least` at least.
    """

    def misses(alpha: float) -> bool:
        return not at_limit(_far_end(bounds(1 - alpha), requirement), requirement)

    if misses(least):
        return least
    low, high = math.log(least), math.log1p(-_NEARLY_NO_CONFIDENCE)
    if not misses(math.exp(high)):
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if misses(math.exp(middle)) else (middle, high)
    return math.exp(high)


def _near_end(interval: Bounds, requirement: Requirement) -> float:
    return interval[0] if requirement.op in (Op.AT_LEAST, Op.ABOVE) else interval[1]


def _far_end(interval: Bounds, requirement: Requirement) -> float:
    return interval[1] if requirement.op in (Op.AT_LEAST, Op.ABOVE) else interval[0]


def _by_bounds(value: float, requirement: Requirement, shown: Bounds) -> Verdict:
    if at_limit(value if requirement.alarm else _near_end(shown, requirement), requirement):
        return Verdict.PASSED
    if not at_limit(_far_end(shown, requirement), requirement):
        return Verdict.UNDECIDED
    return Verdict.FOUND if requirement.alarm else Verdict.INCONCLUSIVE


def _bound_message(verdict: Verdict, requirement: Requirement, needed: int | None) -> Message:
    if requirement.alarm and verdict is Verdict.PASSED:
        return message("No alarm: the value itself meets the limit.")
    if verdict is Verdict.PASSED:
        if requirement.op in (Op.AT_LEAST, Op.ABOVE):
            return message("Even the lower end of the interval meets the limit.")
        return message("Even the upper end of the interval meets the limit.")
    if verdict is Verdict.UNDECIDED:
        return message("The whole interval misses the limit.")
    if verdict is Verdict.FOUND:
        return message("The value misses the limit, but the limit lies inside the interval: it may be chance.")
    if needed is None:
        return message(
            "The limit lies inside the interval: these rows cannot decide. The value is practically at the limit: "
            "whichever side the truth lies on, no number of rows promises a decision."
        )
    return message(
        "The limit lies inside the interval: these rows cannot decide. About {needed:,} rows would decide this four "
        "times in five, if the true value were the measured one.",
        needed=needed,
    )


_CENSUS = (
    message("All rows were counted: the count meets the limit."),
    message("All rows were counted: the count misses the limit."),
)
_POINT = (
    message("The value itself meets the limit; as the spec asks, its uncertainty was not considered."),
    message("The value itself misses the limit; as the spec asks, its uncertainty was not considered."),
)


def _compared(value: float, requirement: Requirement, texts: tuple[Message, Message]) -> dict[str, Any]:
    met = at_limit(value, requirement)
    return {"verdict": Verdict.PASSED if met else Verdict.FAILED, "message": texts[0] if met else texts[1]}


def finite(bounds: Iterable[float]) -> tuple[float | None, float | None]:
    """Return the ends of an interval, None where one is unbounded."""
    low, high = (float(end) if math.isfinite(end) else None for end in bounds)
    return low, high
