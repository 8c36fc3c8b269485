"""The findings of a record one by one, as every file for machines lists them, each with the location of its limit."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmops_audit.record import CheckResult, Finding, Record, Requirement, Severity, Verdict, message
from llmops_audit.render.text import clean

__all__ = [
    "ASIDE",
    "MAX_NAME",
    "Item",
    "LimitLocation",
    "aside",
    "bounded",
    "items",
    "limit_reasons",
    "one_line",
    "reported",
    "scope_of",
    "spec_of",
    "waiting",
]

SPEC = "audit.toml"
"""Name of the spec where no limit of the record says it."""

ASIDE = message("Reported, not part of the decision")
"""Heading of what checks found whose verdict has no bearing (`gate = "report"`)."""

MAX_NAME = 300
"""Characters of a name."""

MAX_REASON = 500
"""Characters of the reason for a limit."""

_SHORT_HASH = 8
_FINGERPRINT = 32
_SOURCE = re.compile(r"(?!\.{1,2}:)([^/\\\x00-\x1f]{1,200}):([1-9][0-9]{0,8})")
_ORDER = (
    Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.NOT_APPLICABLE, Verdict.PASSED,
)  # fmt: skip
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True)
class LimitLocation:
    """The line of the spec that sets a limit.

    Attributes
    ----------
    file : str
        Path of the spec in the repository, with slashes.
    line : int
        From 1; the first where no line sets the limit.
    """

    file: str
    line: int


@dataclass(frozen=True)
class Item:
    """A finding, or a check whose verdict none of its findings has.

    Attributes
    ----------
    id : str
        Of the finding, or the name of the check; cleaned, and shortened in such a way that two ids stay different.
    rule : str
        ``"check/metric"``, or the name of the check.
    fingerprint : str
        Of the finding's id alone: the same in every audit, whatever was measured and whichever line sets the limit.
    check : CheckResult
    finding : Finding, optional
    verdict : Verdict
    severity : Severity, optional
    location : LimitLocation
    waits : bool
        Stands between the subject and an approval.
    aside : bool
        Did not pass, but belongs to a check whose verdict has no bearing on the decision.
    limit_reason : str, optional
        Why the limit is what it is, in the words of the spec.
    """

    id: str
    rule: str
    fingerprint: str
    check: CheckResult
    finding: Finding | None
    verdict: Verdict
    severity: Severity | None
    location: LimitLocation
    waits: bool
    aside: bool
    limit_reason: str | None

    @property
    def requirement(self) -> Requirement | None:
        """The requirement of the finding, if there is one."""
        return None if self.finding is None else self.finding.requirement


def items(record: Record, root: str = "") -> tuple[Item, ...]:
    """Return everything that a record found, in the record's order.

    A check whose verdict none of its findings has, and a check that found nothing to judge, are items of their own:
    nothing gets lost, and no item waits exactly where the gate approves.

    Parameters
    ----------
    record : Record
    root : str
        Folder of the spec in the repository; a record knows the name of its spec, and not the folder.
    """
    spec, reasons = spec_of(record), limit_reasons(record)
    seen: Counter[str] = Counter()
    found = []
    for check, finding in _pairs(record):
        id = check.name if finding is None else finding.id
        verdict = check.verdict if finding is None else finding.verdict
        stands_out = verdict is not Verdict.PASSED and (verdict is not Verdict.NOT_APPLICABLE or finding is None)
        found.append(
            Item(
                id=bounded(id),
                rule=bounded(check.name if finding is None else f"{check.name}/{finding.metric}"),
                fingerprint=_hash(f"{id}\n{seen[id]}" if seen[id] else id)[:_FINGERPRINT],
                check=check,
                finding=finding,
                verdict=verdict,
                severity=None if finding is None else finding.severity,
                location=_location(None if finding is None else finding.requirement, spec, root),
                waits=stands_out and verdict is not Verdict.FOUND and check.gate != "report",
                aside=stands_out and check.gate == "report",
                limit_reason=None if finding is None else reasons.get(finding.id),
            )
        )
        seen[id] += 1
    return tuple(found)


def limit_reasons(record: Record) -> dict[str, str]:
    """Return the reasons that the spec gives for limits, by id of each finding, on one line of bounded length."""
    return {
        id: one_line(one.reason, MAX_REASON)
        for one in record.requirements
        if one.reason is not None
        for id in one.findings
    }


def waiting(found: Iterable[Item]) -> list[Item]:
    """Return the items that stand between the subject and an approval, the gravest first."""
    return _gravest_first(item for item in found if item.waits)


def aside(found: Iterable[Item]) -> list[Item]:
    """Return the items that did not pass and belong to checks that are no part of the decision, the gravest first."""
    return _gravest_first(item for item in found if item.aside)


def _gravest_first(found: Iterable[Item]) -> list[Item]:
    return sorted(found, key=lambda item: (_ORDER.index(item.verdict), _rank(item)))


def reported(found: Iterable[Item]) -> list[Item]:
    """Return the items that are only reported, the gravest first."""
    alarms = (item for item in found if item.verdict is Verdict.FOUND and item.finding is not None and not item.aside)
    return sorted(alarms, key=_rank)


def bounded(name: str) -> str:
    """Return a name on one line and of bounded length; a name that had to change ends with a hash of the original."""
    line = one_line(name, MAX_NAME)
    return line if line == name else f"{line} #{_hash(name)[:_SHORT_HASH]}"


def one_line(text: str, characters: int) -> str:
    """Return cleaned text on one line of at most so many characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def scope_of(finding: Finding) -> dict[str, str]:
    """Return the scope of a finding, cleaned and sorted by key."""
    return {one_line(key, MAX_NAME): one_line(value, MAX_NAME) for key, value in sorted(finding.scope.items())}


def _pairs(record: Record) -> Iterator[tuple[CheckResult, Finding | None]]:
    for check in record.checks:
        shown = any(finding.verdict is check.verdict for finding in check.findings)
        if not shown or check.verdict is Verdict.NOT_APPLICABLE:
            yield check, None
        for finding in check.findings:
            yield check, finding


def _rank(item: Item) -> int:
    return len(_SEVERITIES) if item.severity is None else _SEVERITIES.index(item.severity)


def spec_of(record: Record) -> str:
    """Return the name of the spec: that of the first limit which a line of the spec sets."""
    for check in record.checks:
        for finding in check.findings:
            found = _line_of(finding.requirement)
            if found is not None:
                return found[1]
    return SPEC


def _location(requirement: Requirement | None, spec: str, root: str) -> LimitLocation:
    found = _line_of(requirement)
    file, line = (spec, 1) if found is None else (found[1], int(found[2]))
    return LimitLocation(file=clean(f"{root}/{file}" if root else file), line=line)


def _line_of(requirement: Requirement | None) -> re.Match[str] | None:
    return None if requirement is None or requirement.source is None else _SOURCE.fullmatch(requirement.source)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
