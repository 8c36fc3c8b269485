"""All findings as one flat table: CSV, a line for each finding, for a spreadsheet.

UTF-8 after RFC 4180 with a header; a check whose verdict none of its findings has takes a line as well, which has no
metric. Numbers stand in full, and a cell is empty where there is none; an end of an interval that is empty beside the
other is unbounded. Sentences are in English in every language. An apostrophe stands before a text that a spreadsheet
would take for a formula.
"""

from __future__ import annotations

import csv
import io
import json

from llmops_audit.record import Finding, Record
from llmops_audit.render.items import MAX_NAME, Item, items, one_line, scope_of
from llmops_audit.render.wording import Wording

__all__ = ["COLUMNS", "FILE", "WRITTEN", "render"]

FILE = "findings.csv"
WRITTEN = "format"

COLUMNS = (
    "check", "id", "metric", "scope", "split", "value", "low", "high", "confidence", "method", "n", "p_value",
    "p_adjusted", "op", "limit", "source", "verdict", "severity", "message",
)  # fmt: skip

# Texts stand on one line already, so that none begins with a tab or a carriage return.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_EMPTY = (None,) * len(COLUMNS[2:-3])


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the findings of a record as CSV."""
    wording = Wording(record, "en")
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(cell) for cell in _line(item, wording)] for item in items(record))
    return written.getvalue().encode()


def _line(item: Item, wording: Wording) -> tuple[str | float | None, ...]:
    measured = _EMPTY if item.finding is None else _measured(item.finding)
    severity = None if item.severity is None else item.severity.value
    return (_text(item.check.name), item.id, *measured, item.verdict.value, severity, wording.reason(item))


def _measured(finding: Finding) -> tuple[str | float | None, ...]:
    low, high = (None, None) if finding.interval is None else finding.interval
    required = finding.requirement
    limit = (None, None, None) if required is None else (required.op.value, required.limit, _text(required.source))
    return (
        _text(finding.metric),
        json.dumps(scope_of(finding), ensure_ascii=False),
        _text(finding.scope.get("split")),
        finding.value,
        low,
        high,
        finding.confidence,
        _text(finding.method),
        finding.n,
        finding.p_value,
        finding.p_adjusted,
        *limit,
    )


def _text(value: str | None) -> str | None:
    return None if value is None else one_line(value, MAX_NAME)


def _cell(value: str | float | None) -> str | float | None:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
