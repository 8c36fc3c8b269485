"""The code-quality report of GitLab: what stands between the subject and an approval, each at the line of its limit.

A JSON list, the gravest first; empty exactly where the gate approves.
"""

from __future__ import annotations

from typing import Any

import rfc8785

from llmops_audit.record import Record, Severity
from llmops_audit.render.items import Item, items, waiting
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "WRITTEN", "render"]

FILE = "gl-code-quality-report.json"
WRITTEN = "format"

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    # A check as a whole, which found nothing to judge or did not end.
    None: "critical",
}


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render what waits of a record as GitLab's code-quality report."""
    wording = Wording(record, language)
    return rfc8785.dumps([_issue(item, wording) for item in waiting(items(record, root))]) + b"\n"


def _issue(item: Item, wording: Wording) -> dict[str, Any]:
    title = wording.labelled(wording.title(item), wording.word(item.verdict))
    return {
        "description": wording.labelled(title, wording.sentence(item)),
        "check_name": item.rule,
        "fingerprint": item.fingerprint,
        "severity": _SEVERITIES[item.severity],
        "location": {"path": item.location.file, "lines": {"begin": item.location.line}},
    }
