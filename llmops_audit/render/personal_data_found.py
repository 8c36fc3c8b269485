"""What the first screen says of personal data: what the spec neither limits nor allows, and where nobody searched."""

from __future__ import annotations

from functools import reduce

from llmops_audit.record import Finding, Message, Record, Verdict, message

__all__ = ["personal_data_found", "protection_without_search"]

CHECK = "pii"

_ROWS, _IN_MODEL = "personal_data_rows", "personal_data_in_model"
_REPORTED = (Verdict.FOUND, Verdict.INCONCLUSIVE)


def personal_data_found(record: Record) -> tuple[Message, ...]:
    """Return a sentence with kinds and rows; none where nothing was found, or all of it is limited or allowed."""
    found = [
        finding
        for check in record.checks
        for finding in check.findings
        if finding.metric in (_ROWS, _IN_MODEL) and finding.verdict in _REPORTED and finding.requirement is None
    ]
    if not found:
        return ()
    places = reduce(_joined, map(_place, found))
    if any(finding.verdict is Verdict.INCONCLUSIVE for finding in found):
        return (message("Personal data that somebody has to look at: {places}.", places=places),)
    return (message("Personal data that the spec neither limits nor allows: {places}.", places=places),)


def protection_without_search(record: Record) -> tuple[str, ...]:
    """Return the frameworks of data protection in an audit that did not search for personal data."""
    if any(check.name == CHECK for check in record.checks):
        return ()
    return tuple(framework.id for framework in record.frameworks if framework.data_protection)


def _joined(first: Message, rest: Message) -> Message:
    return message("{first}, {rest}", first=first, rest=rest)


def _place(finding: Finding) -> Message:
    kind, count = finding.scope["kind"], int(finding.value or 0)
    if finding.metric == _IN_MODEL:
        return message("{kind} (values in the model: {values:,})", kind=kind, values=count)
    return message("{kind} ({split}, rows: {rows:,})", kind=kind, rows=count, split=finding.scope["split"])
