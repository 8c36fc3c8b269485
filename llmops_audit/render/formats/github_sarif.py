"""SARIF for GitHub's code scanning: what needs attention, at the line of the spec that sets the limit.

GitHub shows every result as an open alert whatever its kind, and readers that go by the level alone would overlook what
is open. So this file holds what waits alone, the gravest first and at most as many results as GitHub shows: each is a
``fail`` with the level of an error, or of a warning where nothing failed. It has no result exactly where the gate
approves. ``properties.verdict`` holds the verdict itself.
"""

from __future__ import annotations

from llmops_audit.record import Record, Verdict
from llmops_audit.render.formats._sarif import MAX_RESULTS, log, result
from llmops_audit.render.items import items, waiting
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "WRITTEN", "render"]

FILE = "github.sarif"
WRITTEN = "format"

_ERRORS = (Verdict.FAILED, Verdict.ERROR)


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render what waits of a record as SARIF, which is canonical JSON."""
    found = waiting(items(record, root))
    shown = found[:MAX_RESULTS]
    wording = Wording(record, language)
    results = [
        {**result(item, wording), "kind": "fail", "level": "error" if item.verdict in _ERRORS else "warning"}
        for item in shown
    ]
    return log(record, wording, shown, results, hidden=len(found) - len(shown))
