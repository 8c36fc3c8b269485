"""Findings that no requirement rests on: those that stand out, and those that are only described. No language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding, Record, Severity, Verdict
from llmops_audit.render.limit_lines import own_names

__all__ = ["STANDING", "DescribedCheck", "LooseCard", "severity_rank", "without_requirement"]

STANDING = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND)
"""Verdicts that a reader has to look at, the gravest first."""

_SEVERITIES = tuple(Severity)


@dataclass(frozen=True)
class LooseCard:
    """Findings of a check that stand out though the spec limits nothing: of one metric and verdict."""

    anchor: str
    check: CheckResult
    metric: str
    verdict: Verdict
    severity: Severity | None
    findings: tuple[tuple[tuple[tuple[str, str], ...], Finding], ...]
    hidden: int


@dataclass(frozen=True)
class DescribedCheck:
    """Findings of a check that no requirement rests on."""

    anchor: str
    check: CheckResult
    findings: tuple[Finding, ...]
    hidden: int


def without_requirement(
    record: Record, shown: Set[str], room: int
) -> tuple[list[LooseCard], tuple[DescribedCheck, ...]]:
    """Return the findings that stand out, by check, metric and verdict, and the others by check.

    Parameters
    ----------
    record : Record
    shown : set of str
        Ids of the findings that belong to a requirement.
    room : int
        Findings of a card that are shown.
    """
    loose, described = [], []
    for number, check in enumerate(record.checks, 1):
        left = [finding for finding in check.findings if finding.id not in shown]
        standing = [finding for finding in left if finding.verdict in STANDING]
        kinds = Counter((finding.metric, finding.verdict) for finding in standing)
        for place, (metric, verdict) in enumerate(kinds, 1):
            own = [finding for finding in standing if (finding.metric, finding.verdict) == (metric, verdict)]
            named = [*zip(own_names(own), own, strict=True)]
            severity = min((one.severity for one in own), key=severity_rank)
            anchor = f"found-{number}-{place}"
            loose.append(
                LooseCard(anchor, check, metric, verdict, severity, tuple(named[:room]), max(0, len(own) - room))
            )
        rest = [finding for finding in left if finding.verdict not in STANDING]
        if rest:
            described.append(DescribedCheck(f"described-{number}", check, tuple(rest[:room]), max(0, len(rest) - room)))
    return loose, tuple(described)


def severity_rank(severity: Severity | None) -> int:
    """Return the place of a severity, the gravest first; what has none stands last."""
    return len(_SEVERITIES) if severity is None else _SEVERITIES.index(severity)
