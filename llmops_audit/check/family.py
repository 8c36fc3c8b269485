"""From what checks found to requirements, and which of them fail: one family for all that bears on the decision.

A requirement passes by its own bound (intersection-union: to approve, all must hold), so that nothing is corrected for
an approval. For a rejection, its p-value is the smallest of its findings times the comparisons that they are the worst
of, and the requirements of all checks are rejected together by Holm's method. A requirement that cannot be computed
counts with p = 1; a census is compared as it is and counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmops_audit.check.verdicts import combined
from llmops_audit.record import CheckResult, Finding, JudgedRequirement, Message, Verdict, message, requirement_id

__all__ = ["decided"]


def decided(
    results: Sequence[CheckResult], confidence: float
) -> tuple[tuple[CheckResult, ...], tuple[JudgedRequirement, ...]]:
    """Turn what checks left undecided into verdicts.

    Parameters
    ----------
    results : sequence of CheckResult
        With ids in their findings.
    confidence : float
        Requirements are rejected at 1 less this one.

    Returns
    -------
    results : tuple of CheckResult
        Undecided findings of a rejected requirement have failed where they reject it by themselves; all others are
        inconclusive, or found where the requirement is an alarm. Checks that have no bearing on the decision are
        a family of their own.
    requirements : tuple of JudgedRequirement
        In the order of the checks.
    """
    alpha = 1 - confidence
    levels: dict[str, _Level] = {}
    for reported in (False, True):
        family = [one for result in results if (result.gate == "report") is reported for one in _requirements(result)]
        levels |= _levels(family, reported=reported)
    after = tuple(_with_verdicts(result, levels, alpha) for result in results)
    return after, tuple(_judged(one, levels, alpha) for result in after for one in _requirements(result))


@dataclass(frozen=True)
class _Requirement:
    """A requirement of a check and its findings."""

    id: str
    result: CheckResult
    findings: tuple[Finding, ...]

    @property
    def comparisons(self) -> int:
        return sum(finding.tests or 1 for finding in self.findings)

    @property
    def p_value(self) -> float | None:
        """None where nothing rests on a sample, or values decide."""
        if not any(finding.tests is not None or finding.value is None for finding in self.findings):
            return None
        known = [finding.p_value for finding in self.findings if finding.p_value is not None]
        return min(1.0, min(known, default=1.0) * self.comparisons)


@dataclass(frozen=True)
class _Level:
    """How a requirement is corrected: its rank in Holm's order, and the number of those not before it."""

    rank: int
    times: int
    comparisons: int
    p_adjusted: float
    requirements: int
    reported: bool

    def adjusted(self, finding: Finding) -> float | None:
        if finding.p_value is None:
            return None
        return max(self.p_adjusted, min(1.0, finding.p_value * self.comparisons * self.times))


def _requirements(result: CheckResult) -> list[_Requirement]:
    by_id: dict[str, list[Finding]] = {}
    for finding in result.findings:
        id = requirement_id(result.name, finding)
        if id is not None:
            by_id.setdefault(id, []).append(finding)
    return [_Requirement(id, result, tuple(findings)) for id, findings in by_id.items()]


def _levels(family: Iterable[_Requirement], *, reported: bool) -> dict[str, _Level]:
    tested = sorted(((one.p_value, one.id, one) for one in family if one.p_value is not None), key=lambda at: at[:2])
    levels: dict[str, _Level] = {}
    largest = 0.0
    for rank, (p, id, one) in enumerate(tested, 1):
        times = len(tested) - rank + 1
        largest = min(1.0, max(largest, p * times))
        levels[id] = _Level(rank, times, one.comparisons, largest, len(tested), reported)
    return levels


def _with_verdicts(result: CheckResult, levels: Mapping[str, _Level], alpha: float) -> CheckResult:
    if not result.findings:
        return result
    findings = tuple(_with_verdict(finding, levels.get(requirement_id(result.name, finding) or ""), alpha)
                     for finding in result.findings)  # fmt: skip
    if findings == result.findings:
        return result
    return result.model_copy(
        update={"findings": findings, "verdict": combined(finding.verdict for finding in findings)}
    )


def _with_verdict(finding: Finding, level: _Level | None, alpha: float) -> Finding:
    adjusted = None if level is None else level.adjusted(finding)
    changes: dict[str, object] = {} if adjusted is None else {"p_adjusted": adjusted}
    if finding.verdict is Verdict.UNDECIDED:
        alarm = finding.requirement is not None and finding.requirement.alarm
        certain = adjusted is not None and adjusted <= alpha
        verdict = Verdict.FAILED if certain else Verdict.FOUND if alarm else Verdict.INCONCLUSIVE
        changes |= {"verdict": verdict, "message": _reason(finding.message, level, adjusted, verdict)}
    return finding.model_copy(update=changes) if changes else finding


def _reason(text: Message, level: _Level | None, adjusted: float | None, verdict: Verdict) -> Message:
    if level is None or adjusted is None:
        return message("{text} Its p-value is unknown, so these rows cannot decide.", text=text)
    if level.requirements == 1 and level.comparisons == 1:
        return text
    given: dict[str, Message | int | float] = {"text": text, "requirements": level.requirements, "p": adjusted}
    if level.reported or level.requirements == 1:
        return _of_fewer(text, level, adjusted, verdict)
    if verdict is Verdict.FAILED:
        return message(
            "{text} This holds after the correction for all {requirements} requirements of the audit "
            "(corrected p-value {p:.2g}).",
            **given,
        )
    if verdict is Verdict.FOUND:
        return message(
            "{text} After the correction for all {requirements} requirements of the audit it may be chance "
            "(corrected p-value {p:.2g}).",
            **given,
        )
    return message(
        "{text} After the correction for all {requirements} requirements of the audit it may be chance "
        "(corrected p-value {p:.2g}): these rows cannot decide.",
        **given,
    )


def _of_fewer(text: Message, level: _Level, adjusted: float, verdict: Verdict) -> Message:
    """Say what a verdict was corrected for, where that is not all requirements of the audit."""
    family = message("its {comparisons} comparisons", comparisons=level.comparisons)
    if level.requirements > 1:
        family = message("the {requirements} requirements that are only reported", requirements=level.requirements)
    given: dict[str, Message | float] = {"text": text, "family": family, "p": adjusted}
    if verdict is Verdict.FAILED:
        return message("{text} This holds after the correction for {family} (corrected p-value {p:.2g}).", **given)
    if verdict is Verdict.FOUND:
        return message(
            "{text} After the correction for {family} it may be chance (corrected p-value {p:.2g}).", **given
        )
    return message(
        "{text} After the correction for {family} it may be chance (corrected p-value {p:.2g}): these rows cannot "
        "decide.",
        **given,
    )


def _judged(one: _Requirement, levels: Mapping[str, _Level], alpha: float) -> JudgedRequirement:
    verdict = combined(finding.verdict for finding in one.findings)
    deciding = min(
        (finding for finding in one.findings if finding.verdict is verdict),
        key=lambda finding: 1.0 if finding.p_value is None else finding.p_value,
    )
    limit = deciding.requirement
    assert limit is not None  # noqa: S101 - a requirement is made of findings that have one
    level = levels.get(one.id)
    return JudgedRequirement(
        id=one.id,
        check=one.result.name,
        op=limit.op,
        limit=limit.limit,
        source=limit.source,
        gate=one.result.gate,
        alarm=limit.alarm,
        value=deciding.value,
        interval=deciding.interval,
        p_value=one.p_value,
        p_adjusted=None if level is None else level.p_adjusted,
        rank=None if level is None else level.rank,
        verdict=verdict,
        findings=tuple(finding.id for finding in one.findings),
    )
