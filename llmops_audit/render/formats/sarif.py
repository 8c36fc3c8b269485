"""SARIF 2.1.0 with every finding, for an archive and for viewers.

A kind stands for a verdict: ``pass``, ``fail``, ``open`` for what is inconclusive (there was too little to go by),
``review`` for an error (a person must look), ``informational`` for what is only reported, ``notApplicable``. As the
standard demands, only what failed has a level. ``properties.verdict`` holds the verdict itself.
"""

from __future__ import annotations

from typing import Any

from llmops_audit.record import Record, Severity, Verdict
from llmops_audit.render.formats._sarif import log, result
from llmops_audit.render.items import Item, items
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "WRITTEN", "render"]

FILE = "findings.sarif"
WRITTEN = "default"

_KINDS = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "fail",
    Verdict.INCONCLUSIVE: "open",
    Verdict.ERROR: "review",
    Verdict.FOUND: "informational",
    Verdict.NOT_APPLICABLE: "notApplicable",
}
_RANKS = {Severity.CRITICAL: 100.0, Severity.HIGH: 75.0, Severity.MEDIUM: 50.0, Severity.LOW: 25.0}


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render every finding of a record as SARIF, which is canonical JSON."""
    found = items(record, root)
    wording = Wording(record, language)
    results = [{**result(item, wording), "kind": _kind(item), **_graded(item)} for item in found]
    return log(record, wording, found, results)


def _kind(item: Item) -> str:
    return "informational" if item.aside else _KINDS[item.verdict]


def _graded(item: Item) -> dict[str, Any]:
    if item.verdict is not Verdict.FAILED or item.aside:
        return {"level": "none"}
    rank = None if item.severity is None else _RANKS[item.severity]
    return {"level": "error"} if rank is None else {"level": "error", "rank": rank}
