"""All findings as one flat table: CSV, a line for each finding, for a spreadsheet.

UTF-8 after RFC 4180 with a header; a check whose verdict none of its findings has takes a line as well, which has no
metric. Numbers stand in full, and a cell is empty where there is none; an end of an interval that is empty beside the
other is unbounded. In English the header, metrics and verdicts are the keys of the record; in another language they
are words, and the file begins with a byte order mark, by which a spreadsheet knows the encoding. Ids and names of
checks are the same in every language. An apostrophe stands before a text that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
import json

from llmops_audit.record import Finding, Message, Record, Requirement, message
from llmops_audit.render.i18n import SOURCE_LANGUAGE
from llmops_audit.render.items import MAX_NAME, Item, items, one_line, scope_of
from llmops_audit.render.wording import Wording

__all__ = ["COLUMNS", "FILE", "WRITTEN", "cell", "render"]

FILE = "findings.csv"
WRITTEN = "format"

COLUMNS: dict[str, Message] = {
    "check": message("Check"),
    "id": message("Id"),
    "metric": message("Metric"),
    "scope": message("Scope"),
    "split": message("Split"),
    "value": message("Value"),
    "low": message("Lower end"),
    "high": message("Upper end"),
    "confidence": message("Confidence level"),
    "method": message("Method"),
    "n": message("Rows"),
    "p_value": message("p-value"),
    "p_adjusted": message("Corrected p-value"),
    "op": message("Comparison"),
    "limit": message("Limit"),
    "source": message("Set in"),
    "verdict": message("Verdict"),
    "severity": message("Severity"),
    "message": message("Why"),
}
"""Heading of each column in words, by the key that heads it in English."""

# Texts stand on one line already, so that none begins with a tab or a carriage return.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_EMPTY = (None,) * len(tuple(COLUMNS)[2:-3])


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the findings of a record as CSV."""
    wording = Wording(record, language)
    words = None if language == SOURCE_LANGUAGE else wording
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS if words is None else map(words.say, COLUMNS.values()))
    writer.writerows([cell(value) for value in _line(item, wording, words)] for item in items(record))
    return written.getvalue().encode("utf-8" if words is None else "utf-8-sig")


def cell(value: str | float | None) -> str | float | None:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _line(item: Item, wording: Wording, words: Wording | None) -> tuple[str | float | None, ...]:
    measured = _EMPTY if item.finding is None else _measured(item.finding, words)
    verdict, severity = (_word(value, words) for value in (item.verdict, item.severity))
    return (one_line(item.check.name, MAX_NAME), item.id, *measured, verdict, severity, wording.reason(item))


def _measured(finding: Finding, words: Wording | None) -> tuple[str | float | None, ...]:
    low, high = (None, None) if finding.interval is None else finding.interval
    required = finding.requirement
    return (
        _word(finding.metric, words),
        json.dumps(scope_of(finding), ensure_ascii=False),
        _word(finding.scope.get("split"), words),
        finding.value,
        low,
        high,
        finding.confidence,
        _word(finding.method, words),
        finding.n,
        finding.p_value,
        finding.p_adjusted,
        None if required is None else required.op.value,
        None if required is None else required.limit,
        _source(required, words),
    )


def _source(required: Requirement | None, words: Wording | None) -> str | None:
    if required is None or required.source is None:
        return None
    return one_line(required.source, MAX_NAME) if words is None else words.source(required)


def _word(key: str | None, words: Wording | None) -> str | None:
    """Return a key of the record: in words where there are any, else as it is."""
    return key if key is None else one_line(key, MAX_NAME) if words is None else words.word(key)
