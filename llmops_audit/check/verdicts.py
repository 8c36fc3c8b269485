"""From a value and its interval to a verdict: fail closed, and state the uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llmops_audit.check.inputs import Policy
from llmops_audit.record import Finding, Message, Op, Requirement, Scalar, Severity, Verdict, message

if TYPE_CHECKING:
    from llmops_audit.stats import Bounds

__all__ = ["at_limit", "combined", "finite", "judged"]

_WORST_FIRST = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASSED, Verdict.NOT_APPLICABLE)


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
    """Judge a value that rests on a sample.

    Parameters
    ----------
    metric : str
    value : float or None
        None or NaN where it is undefined, which is never a pass.
    requirement : Requirement
    policy : Policy
    bounds : callable, optional
        Confidence in (0, 1) to the two-sided interval; None for a census, whose value is compared as it is.
    method : str
        Name of the interval, or ``"census"``.
    n : int
        Rows that the value rests on.
    tests : int
        Requirements that the check judges together on samples.
    scope, severity, details
        See `Finding`.

    Returns
    -------
    Finding
        Passed where the bound at `policy.confidence` meets the limit; failed where even the other bound, at confidence
        ``1 - policy.alpha / tests`` (Bonferroni), misses it; inconclusive between.
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
    given["tests"] = tests
    # Only a value that misses its limit can fail, and the corrected interval of a large table is costly.
    decided_by = shown if at_limit(value, requirement) else bounds(1 - policy.alpha / tests)
    verdict = _by_bounds(requirement, shown, decided_by)
    inconclusive = verdict is Verdict.INCONCLUSIVE
    from llmops_audit.stats import rows_to_decide  # the worker of a slow check starts before numpy is imported

    needed = rows_to_decide(value, decided_by, requirement.limit, n) if inconclusive else None
    return Finding(
        **given,
        decided_by=finite(decided_by),
        rows_to_decide=needed,
        verdict=verdict,
        message=_bound_message(verdict, requirement, shown, needed),
    )


def _by_bounds(requirement: Requirement, shown: Bounds, decided_by: Bounds) -> Verdict:
    lower_counts = requirement.op in (Op.AT_LEAST, Op.ABOVE)
    if at_limit(shown[0] if lower_counts else shown[1], requirement):
        return Verdict.PASSED
    if not at_limit(decided_by[1] if lower_counts else decided_by[0], requirement):
        return Verdict.FAILED
    return Verdict.INCONCLUSIVE


def _bound_message(verdict: Verdict, requirement: Requirement, shown: Bounds, needed: int | None) -> Message:
    wants_more = requirement.op in (Op.AT_LEAST, Op.ABOVE)
    if verdict is Verdict.PASSED:
        if wants_more:
            return message("Even the lower end of the interval meets the limit.")
        return message("Even the upper end of the interval meets the limit.")
    if verdict is Verdict.FAILED:
        if wants_more:
            return message("Even the upper end of the corrected interval misses the limit.")
        return message("Even the lower end of the corrected interval misses the limit.")
    if not at_limit(shown[1] if wants_more else shown[0], requirement):
        # The interval that is shown does not contain the limit.
        if needed is None:
            return message("The interval misses the limit, the corrected interval does not: these rows cannot decide.")
        return message(
            "The interval misses the limit, the corrected interval does not: these rows cannot decide. "
            "About {needed:,} rows would, at this value.",
            needed=needed,
        )
    if needed is None:
        return message("The limit lies inside the interval: these rows cannot decide.")
    return message(
        "The limit lies inside the interval: these rows cannot decide. About {needed:,} rows would, at this value.",
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
