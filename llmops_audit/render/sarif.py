"""SARIF 2.1.0, in two profiles: all findings for an archive, and what waits for GitHub's code scanning.

In the full profile a kind stands for a verdict: ``pass``, ``fail``, ``open`` for what is inconclusive (there was too
little to go by), ``review`` for an error (a person must look), ``notApplicable``. As the standard demands, only what
failed has a level. GitHub shows every result as an open alert whatever its kind, and readers that go by the level alone
would overlook what is open: its profile holds what waits alone, each as ``fail`` with the level of an error, or of a
warning where nothing failed. ``properties.verdict`` tells the verdict in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import rfc8785

from llmops_audit.record import Finding, Page, Record, Severity, Verdict
from llmops_audit.render.machine import MAX_NAME, Item, Teller, items, one_line, scope_of, waiting
from llmops_audit.render.markdown import escaped, prose

__all__ = ["MAX_RESULTS", "render_github_sarif", "render_sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""What the file calls its schema; nothing is read from there."""

TOOL = "llmops-audit"

MAX_RESULTS = 5_000
"""Results that GitHub shows of one upload."""

_LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
_KINDS = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "fail",
    Verdict.INCONCLUSIVE: "open",
    Verdict.ERROR: "review",
    Verdict.NOT_APPLICABLE: "notApplicable",
}
_ERRORS = (Verdict.FAILED, Verdict.ERROR)
_RANKS = {Severity.CRITICAL: 100.0, Severity.HIGH: 75.0, Severity.MEDIUM: 50.0, Severity.LOW: 25.0}
_MAX_TEXT = 1_000
_MAX_PARAGRAPH = 3_000
_MAX_REASONS = 100


def render_sarif(record: Record, language: str | None = None, folder: str = "") -> bytes:
    """Render all that a record found as SARIF 2.1.0.

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
        Canonical JSON; the same record gives the same bytes.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    found = items(record, folder)
    tell = Teller(record, language)
    results = [{**_result(item, tell), "kind": _KINDS[item.verdict], **_graded(item)} for item in found]
    return _log(record, tell, found, results)


def render_github_sarif(record: Record, language: str | None = None, folder: str = "") -> bytes:
    """Render what waits of a record for GitHub's code scanning, at most `MAX_RESULTS` and the gravest first.

    Parameters, result and errors are those of `render_sarif`. Results are empty exactly where the gate approves.
    """
    found = waiting(items(record, folder))
    shown = found[:MAX_RESULTS]
    tell = Teller(record, language)
    results = [
        {**_result(item, tell), "kind": "fail", "level": "error" if item.verdict in _ERRORS else "warning"}
        for item in shown
    ]
    return _log(record, tell, shown, results, hidden=len(found) - len(shown))


def _log(record: Record, tell: Teller, found: Sequence[Item], results: Sequence[Any], hidden: int = 0) -> bytes:
    audit, decision = record.audit, record.decision
    run: dict[str, Any] = {
        "tool": {"driver": _driver(record, tell, found)},
        "automationDetails": {"id": f"{TOOL}/{quote(one_line(audit.name, MAX_NAME), safe='')}/"},
        "invocations": [_invocation(record, tell)],
        "language": _LANGUAGES.get(tell.language, tell.language),
        "properties": {
            "audit": one_line(audit.name, MAX_NAME),
            "version": one_line(audit.version, MAX_NAME),
            "decision": decision.status.value,
            "reasons": [tell.say(reason) for reason in decision.reasons[:_MAX_REASONS]],
            "recordSha256": one_line(record.digest, MAX_NAME),
            "resultsLeftOut": hidden,
        },
        "results": results,
    }
    return rfc8785.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


def _driver(record: Record, tell: Teller, found: Iterable[Item]) -> dict[str, Any]:
    by_rule = {item.rule: item for item in found}
    driver: dict[str, Any] = {"name": TOOL, "rules": [_rule(by_rule[id], tell) for id in sorted(by_rule)]}
    version = record.environment.packages.get(TOOL)
    return driver if version is None else {**driver, "version": one_line(version, MAX_NAME)}


def _invocation(record: Record, tell: Teller) -> dict[str, Any]:
    broken = [item for item in items(record) if item.verdict is Verdict.ERROR]
    told = {
        "executionSuccessful": not broken,
        "exitCode": record.decision.exit_code,
        "exitCodeDescription": tell.word(record.decision.status),
    }
    notes = [{"level": "error", "message": _message(tell.about(item.id, tell.why(item)))} for item in broken]
    return {**told, "toolExecutionNotifications": notes[:MAX_RESULTS]} if notes else told


def _rule(item: Item, tell: Teller) -> dict[str, Any]:
    page = item.check.page
    title = one_line(tell.translate(page.title), _MAX_TEXT)
    name = title if item.finding is None else tell.about(tell.word(item.finding.metric), title)
    first = next((paragraph for section in page.sections for paragraph in section.paragraphs), page.title)
    return {
        "id": item.rule,
        "shortDescription": _message(name),
        "fullDescription": _message(one_line(tell.translate(first), _MAX_TEXT)),
        "help": {
            "text": _escaped(_plain(page, tell) or title),
            "markdown": _escaped(_marked(page, tell) or escaped(title)),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"problem.severity": "error", "tags": [TOOL, one_line(item.check.name, MAX_NAME)]},
    }


def _plain(page: Page, tell: Teller) -> str:
    texts = (text for section in page.sections for text in (section.heading, *section.paragraphs))
    return "\n\n".join(one_line(tell.translate(text), _MAX_PARAGRAPH) for text in texts)


def _marked(page: Page, tell: Teller) -> str:
    lines = []
    for section in page.sections:
        lines.append(f"## {escaped(tell.translate(section.heading))}")
        lines += [prose(tell.translate(paragraph), _MAX_PARAGRAPH) for paragraph in section.paragraphs]
    return "\n\n".join(lines)


def _result(item: Item, tell: Teller) -> dict[str, Any]:
    return {
        "ruleId": item.rule,
        "message": _message(tell.about(tell.title(item), tell.sentence(item))),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(item.place.file)},
                    "region": {"startLine": item.place.line},
                }
            }
        ],
        # GitHub tells results of one rule and file apart by the second alone.
        "partialFingerprints": {"findingId/v1": item.fingerprint, "primaryLocationLineHash": f"{item.fingerprint}:1"},
        "properties": {"id": item.id, "verdict": item.verdict.value, **_measured(item)},
    }


def _graded(item: Item) -> dict[str, Any]:
    if item.verdict is not Verdict.FAILED:
        return {"level": "none"}
    rank = None if item.severity is None else _RANKS[item.severity]
    return {"level": "error"} if rank is None else {"level": "error", "rank": rank}


def _measured(item: Item) -> dict[str, Any]:
    severity = {} if item.severity is None else {"severity": item.severity.value}
    return severity if item.finding is None else {**severity, **_facts(item.finding)}


def _facts(finding: Finding) -> dict[str, Any]:
    required = finding.requirement
    given = {
        "scope": scope_of(finding),
        "value": finding.value,
        "interval": None if finding.interval is None else list(finding.interval),
        "confidence": finding.confidence,
        "n": finding.n,
        "op": None if required is None else required.op.value,
        "limit": None if required is None else required.limit,
        "source": None if required is None or required.source is None else one_line(required.source, MAX_NAME),
    }
    return {key: value for key, value in given.items() if value is not None}


def _message(text: str) -> dict[str, str]:
    return {"text": _escaped(text)}


def _escaped(text: str) -> str:
    """Return a text that holds neither a placeholder nor, where the record brings its brackets along, a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
