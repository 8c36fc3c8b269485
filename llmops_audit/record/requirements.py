"""What an audit requires: each limit on one metric, one attribute and one split, and what it came to."""

from __future__ import annotations

from llmops_audit.record.base import Frozen
from llmops_audit.record.findings import CheckGate, Finding, Op, Verdict

__all__ = ["JudgedRequirement", "requirement_id"]


class JudgedRequirement(Frozen):
    """A requirement: the unit of decision, and of the correction for how much is judged at once."""

    id: str
    """Stable name, "<check>.<metric>[<about>]@<split>"; the test split is not named."""
    check: str
    """The check that judged it."""
    op: Op
    """How values are compared with the limit."""
    limit: float
    """The limit."""
    source: str | None
    """Where the limit was set: a line of the spec, "spec" where it is no file, or "default"."""
    reason: str | None = None
    """Why the limit is what it is, in the words of the spec; null where it gives no reason."""
    gate: CheckGate
    """What its failure does, as the spec says of the check: it blocks, asks for a review, or is only reported."""
    alarm: bool
    """Whether it is an alarm: it passes without certainty, and above the limit by value alone it is reported."""
    value: float | None
    """Value of the finding that decided; null where it is undefined."""
    interval: tuple[float | None, float | None] | None
    """Confidence interval of that value; null for a census."""
    p_value: float | None
    """The smallest p-value of its findings times the number of comparisons; null for a census, and where values decide
    without intervals."""
    p_adjusted: float | None
    """p-value corrected by Holm's method for all requirements of the audit, and where `gate` is "report" for all that
    are only reported: these are a family of their own. Null where `p_value` is."""
    rank: int | None
    """Its place among the requirements that were corrected together, the smallest p-value first; those that are only
    reported are counted apart. Null where `p_value` is."""
    verdict: Verdict
    """The worst verdict of its findings."""
    findings: tuple[str, ...]
    """Ids of its findings."""


def requirement_id(check: str, finding: Finding) -> str | None:
    """Return the id of the requirement that a finding belongs to; None where it has no limit.

    Examples
    --------
    >>> from llmops_audit.record import Finding, Op, Requirement, Verdict, message
    >>> limit = Requirement(op=Op.AT_LEAST, limit=0.8, about="race")
    >>> given = {"metric": "ratio", "verdict": Verdict.PASSED, "message": message("Met.")}
    >>> found = Finding(**given, scope={"split": "live"}, requirement=limit)
    >>> requirement_id("fairness", found)
    'fairness.ratio[race]@live'
    """
    limit = finding.requirement
    if limit is None:
        return None
    split = finding.scope.get("split", "test")
    about = f"[{limit.about}]" if limit.about else ""
    return f"{check}.{limit.metric or finding.metric}{about}{'' if split == 'test' else f'@{split}'}"
