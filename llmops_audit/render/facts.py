"""What a requirement came to, as a fact that a person reads: who, what, how much, against which limit."""

from __future__ import annotations

from llmops_audit.record import Finding, Message, Record, Scalar, message
from llmops_audit.record.requirements import JudgedRequirement

__all__ = ["deciding", "fact"]

_LIMITS = {
    ">=": "at least {limit} required",
    "<=": "at most {limit} allowed",
    ">": "more than {limit} required",
    "<": "less than {limit} required",
}


def deciding(record: Record, requirement: JudgedRequirement) -> Finding | None:
    """Return the finding whose value and interval a requirement has; None where the record holds none."""
    findings = {finding.id: finding for check in record.checks for finding in check.findings}
    own = [findings[id] for id in requirement.findings if id in findings]
    same = (one for one in own if one.value == requirement.value and one.interval == requirement.interval)
    return next(same, own[0] if own else None)


def fact(record: Record, requirement: JudgedRequirement) -> Message:
    """Return what a requirement came to in one sentence without its line, with numbers that a person reads."""
    finding = deciding(record, requirement)
    name = requirement.id if finding is None else finding.metric
    return message(
        "{name}: {value}; {limit}",
        name=name,
        value=_readable(requirement.value),
        limit=message(_LIMITS[requirement.op.value], limit=_readable(requirement.limit)),
    )


def _readable(value: float | None) -> Scalar:
    return None if value is None else f"{value:.2g}"
