"""The findings as one flat table, CSV after RFC 4180."""

from __future__ import annotations

import csv
import io
import json

from llmops_audit.record import Finding, Record
from llmops_audit.render.machine import MAX_NAME, Item, Teller, items, one_line, scope_of

__all__ = ["COLUMNS", "render_csv"]

COLUMNS = (
    "check", "id", "metric", "scope", "split", "value", "low", "high", "confidence", "method", "n", "p_value",
    "p_adjusted", "op", "limit", "source", "verdict", "severity", "message",
)  # fmt: skip

# Texts stand on one line already, so that none begins with a tab or a carriage return.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_NOTHING = (None,) * len(COLUMNS[2:-3])


def render_csv(record: Record) -> bytes:
    """Render the findings of a record as CSV.

    Parameters
    ----------
    record : Record

    Returns
    -------
    bytes
        UTF-8 with a header; a line each finding, and each check whose verdict none of its findings bears, which has no
        metric. Numbers in full, empty where there is none; an end of an interval that is empty beside the other is
        unbounded. Sentences in English. An apostrophe stands before a text that a spreadsheet would take for a
        formula.
    """
    tell = Teller(record, "en")
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(cell) for cell in _line(item, tell)] for item in items(record))
    return written.getvalue().encode()


def _line(item: Item, tell: Teller) -> tuple[str | float | None, ...]:
    measured = _NOTHING if item.finding is None else _measured(item.finding)
    severity = None if item.severity is None else item.severity.value
    return (_text(item.check.name), item.id, *measured, item.verdict.value, severity, tell.why(item))


def _measured(finding: Finding) -> tuple[str | float | None, ...]:
    low, high = (None, None) if finding.interval is None else finding.interval
    required = finding.requirement
    demanded = (None, None, None) if required is None else (required.op.value, required.limit, _text(required.source))
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
        *demanded,
    )


def _text(value: str | None) -> str | None:
    return None if value is None else one_line(value, MAX_NAME)


def _cell(value: str | float | None) -> str | float | None:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
