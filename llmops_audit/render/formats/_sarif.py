"""What both profiles of SARIF 2.1.0 have in common: the log with its rules, and results at the lines of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import rfc8785

from llmops_audit.record import Finding, Page, Record, Verdict
from llmops_audit.render.formats._markdown import escaped, prose
from llmops_audit.render.items import MAX_NAME, Item, items, one_line, scope_of
from llmops_audit.render.wording import Wording

__all__ = ["MAX_RESULTS", "log", "result"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""What the file calls its schema; nothing is read from there."""

TOOL = "llmops-audit"

MAX_RESULTS = 5_000
"""Results that GitHub shows of one upload."""

_LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
_MAX_TEXT = 1_000
_MAX_PARAGRAPH = 3_000
_MAX_REASONS = 100


def log(record: Record, wording: Wording, found: Sequence[Item], results: Sequence[Any], hidden: int = 0) -> bytes:
    """Return a log as canonical JSON.

    Parameters
    ----------
    record : Record
    wording : Wording
    found : sequence of Item
        The items that `results` stand for.
    results : sequence
    hidden : int
        Results that are left out.
    """
    audit, decision = record.audit, record.decision
    run: dict[str, Any] = {
        "tool": {"driver": _driver(record, wording, found)},
        "automationDetails": {"id": f"{TOOL}/{quote(one_line(audit.name, MAX_NAME), safe='')}/"},
        "invocations": [_invocation(record, wording)],
        "language": _LANGUAGES.get(wording.language, wording.language),
        "properties": {
            "audit": one_line(audit.name, MAX_NAME),
            "version": one_line(audit.version, MAX_NAME),
            "decision": decision.status.value,
            "reasons": [wording.say(reason) for reason in decision.reasons[:_MAX_REASONS]],
            "recordSha256": one_line(record.digest, MAX_NAME),
            "resultsLeftOut": hidden,
        },
        "results": results,
    }
    return rfc8785.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


def result(item: Item, wording: Wording) -> dict[str, Any]:
    """Return an item as a result, which has neither kind nor level yet."""
    return {
        "ruleId": item.rule,
        "message": _message(wording.labelled(wording.title(item), wording.sentence(item))),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(item.location.file)},
                    "region": {"startLine": item.location.line},
                }
            }
        ],
        # GitHub tells results of one rule and file apart by the second alone.
        "partialFingerprints": {"findingId/v1": item.fingerprint, "primaryLocationLineHash": f"{item.fingerprint}:1"},
        "properties": {"id": item.id, "verdict": item.verdict.value, **_measured(item)},
    }


def _driver(record: Record, wording: Wording, found: Iterable[Item]) -> dict[str, Any]:
    by_rule = {item.rule: item for item in found}
    driver: dict[str, Any] = {"name": TOOL, "rules": [_rule(by_rule[id], wording) for id in sorted(by_rule)]}
    version = record.environment.packages.get(TOOL)
    return driver if version is None else {**driver, "version": one_line(version, MAX_NAME)}


def _invocation(record: Record, wording: Wording) -> dict[str, Any]:
    broken = [item for item in items(record) if item.verdict is Verdict.ERROR]
    invocation = {
        "executionSuccessful": not broken,
        "exitCode": record.decision.exit_code,
        "exitCodeDescription": wording.word(record.decision.status),
    }
    notes = [
        {"level": "error", "message": _message(wording.labelled(item.id, wording.reason(item)))} for item in broken
    ]
    return {**invocation, "toolExecutionNotifications": notes[:MAX_RESULTS]} if notes else invocation


def _rule(item: Item, wording: Wording) -> dict[str, Any]:
    page = item.check.page
    title = one_line(wording.translate(page.title), _MAX_TEXT)
    name = title if item.finding is None else wording.labelled(wording.word(item.finding.metric), title)
    first = next((paragraph for section in page.sections for paragraph in section.paragraphs), page.title)
    return {
        "id": item.rule,
        "shortDescription": _message(name),
        "fullDescription": _message(one_line(wording.translate(first), _MAX_TEXT)),
        "help": {
            "text": _escaped(_plain(page, wording) or title),
            "markdown": _escaped(_marked(page, wording) or escaped(title)),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"problem.severity": "error", "tags": [TOOL, one_line(item.check.name, MAX_NAME)]},
    }


def _plain(page: Page, wording: Wording) -> str:
    texts = (text for section in page.sections for text in (section.heading, *section.paragraphs))
    return "\n\n".join(one_line(wording.translate(text), _MAX_PARAGRAPH) for text in texts)


def _marked(page: Page, wording: Wording) -> str:
    lines = []
    for section in page.sections:
        lines.append(f"## {escaped(wording.translate(section.heading))}")
        lines += [prose(wording.translate(paragraph), _MAX_PARAGRAPH) for paragraph in section.paragraphs]
    return "\n\n".join(lines)


def _measured(item: Item) -> dict[str, Any]:
    severity = {} if item.severity is None else {"severity": item.severity.value}
    return severity if item.finding is None else {**severity, **_facts(item.finding)}


def _facts(finding: Finding) -> dict[str, Any]:
    required = finding.requirement
    facts = {
        "scope": scope_of(finding),
        "value": finding.value,
        "interval": None if finding.interval is None else list(finding.interval),
        "confidence": finding.confidence,
        "n": finding.n,
        "op": None if required is None else required.op.value,
        "limit": None if required is None else required.limit,
        "source": None if required is None or required.source is None else one_line(required.source, MAX_NAME),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _message(text: str) -> dict[str, str]:
    return {"text": _escaped(text)}


def _escaped(text: str) -> str:
    """Return a text that holds neither a placeholder nor, where the record brings its brackets along, a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
