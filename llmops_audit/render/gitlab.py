"""The code-quality report of GitLab: what stands between the subject and an approval, each at the line of its limit."""

from __future__ import annotations

from typing import Any

import rfc8785

from llmops_audit.record import Record, Severity
from llmops_audit.render.machine import Item, Teller, items, waiting

__all__ = ["render_gitlab"]

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    # A check as a whole, which found nothing to judge or did not end.
    None: "critical",
}


def render_gitlab(record: Record, language: str | None = None, folder: str = "") -> bytes:
    """Render what waits of a record as GitLab's code-quality report.

    Parameters
    ----------
    record : Record
    language : str, optional
        By default the language of the audit.
    folder : str
        Of the spec in the repository.

    Returns
    -------
    bytes
        A JSON list, the gravest first; empty exactly where the gate approves.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    tell = Teller(record, language)
    return rfc8785.dumps([_issue(item, tell) for item in waiting(items(record, folder))]) + b"\n"


def _issue(item: Item, tell: Teller) -> dict[str, Any]:
    return {
        "description": tell.about(tell.about(tell.title(item), tell.word(item.verdict)), tell.sentence(item)),
        "check_name": item.rule,
        "fingerprint": item.fingerprint,
        "severity": _SEVERITIES[item.severity],
        "location": {"path": item.place.file, "lines": {"begin": item.place.line}},
    }
