"""The summary: the audit on one screen, as GitHub-flavoured Markdown for a comment, a ticket or a job's summary.

Under 1 MiB whatever the record holds; what has no room is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from llmops_audit.record import Changes, CheckResult, LimitChange, Message, Record, Verdict, message
from llmops_audit.render.changed import changes_view
from llmops_audit.render.formats._markdown import MAX_CELL, escaped
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.items import ASIDE, Item, aside, items, reported, waiting
from llmops_audit.render.names import identity_lines
from llmops_audit.render.notices import notices
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "WRITTEN", "brief", "render"]

FILE = "summary.md"
WRITTEN = "default"

MAX_ROWS = 50
"""Lines of each table, so that a summary stays far under 1 MiB, where GitHub drops it whole."""

_DIRECTION = {
    True: message("loosened"),
    None: message("changed: looser or stricter, depending on the data"),
    False: message("not loosened"),
}

MAX_REASONS = 10
MAX_SPLITS = 10

_ORDER = (
    Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.NOT_APPLICABLE, Verdict.PASSED,
)  # fmt: skip
_ATTENTION = (
    message("Finding"),
    message("Verdict"),
    message("Severity"),
    message("Measured"),
    message("Interval"),
    message("Required"),
    message("Set in"),
    message("Why"),
)
_CHECKS = (message("Check"), message("What it asks"), message("Verdict"), message("Findings"), message("Why"))
_LIMITS = (message("Requirement or setting"), message("Direction"), message("Before"), message("Now"))
_VERDICTS = (message("Check or finding"), message("Before"), message("Now"))


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render a record as a Markdown summary."""
    wording = Wording(record, language)
    found = items(record, root)
    blocks = (
        *_head(record, wording),
        *_reasons(record, wording),
        *_changes(record, wording),
        *_tally(found, wording),
        *_attention([*waiting(found), *reported(found)], wording),
        *_aside(aside(found), wording),
        *_checks(record, found, wording),
        *_origin(record, wording),
    )
    return ("\n\n".join(blocks) + "\n").encode()


def brief(record: Record, language: str) -> bytes:
    """Render the decision alone, for where the summary has no room."""
    return ("\n\n".join(_head(record, Wording(record, language))) + "\n").encode()


def _head(record: Record, wording: Wording) -> Iterator[str]:
    audit, decision = record.audit, record.decision
    code = decision.exit_code
    line = message("Decision: {status} (exit code {code})", status=decision.status.value, code=code)
    yield f"# {escaped(wording.labelled(f'{audit.name} {audit.version}', wording.word(decision.status)))}"
    yield f"**{escaped(wording.say(line))}**"
    if audit.purpose is not None:
        yield escaped(audit.purpose, 2 * MAX_CELL)
    yield escaped(" ".join(wording.say(line) for line in identity_lines(record)), 2 * MAX_CELL)
    for notice in notices(record):
        yield escaped(wording.say(notice.message), 2 * MAX_CELL)


def _reasons(record: Record, wording: Wording) -> Iterator[str]:
    reasons = [wording.say(reason) for reason in record.decision.reasons] or [
        wording.say(message("The record names no reason."))
    ]
    lines = [f"- {escaped(reason, 2 * MAX_CELL)}" for reason in reasons[:MAX_REASONS]]
    yield _heading(message("Reasons"), wording)
    yield "\n".join([*lines, *_more(len(reasons) - MAX_REASONS, wording, "- ")])


def _changes(record: Record, wording: Wording) -> Iterator[str]:
    changes = record.changes
    if changes is None:
        return
    shown = changes_view(changes)
    yield _heading(message("What changed since the last audit"), wording)
    yield escaped(
        wording.say(
            message(
                "Compared with the record of {name} {version}, whose decision was: {status}.",
                name=changes.name,
                version=changes.version,
                status=changes.status.value,
            )
        ),
        2 * MAX_CELL,
    )
    facts = [
        (message("Classifier"), shown.model),
        *((message("Data: {split}", split=name), _same(name, record, changes)) for name in sorted(changes.data)),
        (message("Spec"), message("unchanged") if changes.same_spec else message("changed")),
    ]
    yield _table(
        (message("What"), message("Compared")),
        [(wording.say(what), wording.say(compared)) for what, compared in facts],
        wording,
    )
    if shown.limits:
        yield _table(_LIMITS, [_limit(change, wording) for change in shown.limits], wording)
    if shown.verdicts:
        rows = [
            (change.id, _verdict(change.before, wording), _verdict(change.now, wording)) for change in shown.verdicts
        ]
        yield _table(_VERDICTS, rows, wording)
    else:
        yield escaped(wording.say(message("No verdict changed.")))
    yield from _more(shown.hidden, wording)


def _same(split: str, record: Record, changes: Changes) -> Message:
    same = changes.data[split]
    if same is None:
        return message("not there before") if split in record.data else message("no longer there")
    return message("the same bytes") if same else message("other bytes")


def _limit(change: LimitChange, wording: Wording) -> tuple[str, ...]:
    return (
        change.id,
        wording.say(_DIRECTION[change.loosened]),
        wording.limit(change.op, change.before),
        wording.limit(change.op, change.now),
    )


def _verdict(verdict: Verdict | None, wording: Wording) -> str:
    return wording.say(message("none")) if verdict is None else wording.word(verdict)


def _tally(found: Iterable[Item], wording: Wording) -> Iterator[str]:
    counts = Counter(item.verdict for item in found if item.finding is not None)
    rows = [(wording.word(verdict), wording.numbers.count(counts[verdict])) for verdict in _ORDER if counts[verdict]]
    yield _heading(message("Findings"), wording)
    yield _table((message("Verdict"), message("Findings")), rows, wording)


def _attention(found: Sequence[Item], wording: Wording) -> Iterator[str]:
    yield _heading(message("What needs attention"), wording)
    if not found:
        yield escaped(wording.say(message("None.")))
        return
    yield _table(_ATTENTION, [_needing(item, wording) for item in found[:MAX_ROWS]], wording)
    yield from _more(len(found) - MAX_ROWS, wording)


def _aside(found: Sequence[Item], wording: Wording) -> Iterator[str]:
    if found:
        yield _heading(ASIDE, wording)
        yield _table(_ATTENTION, [_needing(item, wording) for item in found[:MAX_ROWS]], wording)
        yield from _more(len(found) - MAX_ROWS, wording)


def _needing(item: Item, wording: Wording) -> tuple[str, ...]:
    finding = item.finding
    severity = NOTHING if item.severity is None else wording.word(item.severity)
    measured = (NOTHING, NOTHING) if finding is None else (wording.value(finding), wording.interval(finding))
    source = wording.source(item.requirement)
    if item.limit_reason is not None:
        source = wording.labelled(source, item.limit_reason)
    required = wording.required(item.requirement), source
    return (wording.title(item), wording.word(item.verdict), severity, *measured, *required, wording.reason(item))


def _checks(record: Record, found: Iterable[Item], wording: Wording) -> Iterator[str]:
    yield _heading(message("Checks"), wording)
    alone = {item.check.name: item for item in found if item.finding is None}
    rows = [_check(check, alone.get(check.name), wording) for check in record.checks[:MAX_ROWS]]
    yield _table(_CHECKS, rows, wording)
    yield from _more(len(record.checks) - MAX_ROWS, wording)


def _check(check: CheckResult, alone: Item | None, wording: Wording) -> tuple[str, ...]:
    counts = Counter(finding.verdict for finding in check.findings)
    counted = [
        f"{wording.numbers.count(counts[verdict])} {wording.word(verdict)}" for verdict in _ORDER if counts[verdict]
    ]
    why = "" if alone is None else wording.reason(alone)
    title = wording.translate(check.page.title)
    return (check.name, title, wording.word(check.verdict), wording.joined(counted) or NOTHING, why)


def _origin(record: Record, wording: Wording) -> Iterator[str]:
    rows = [
        (wording.say(message("Record, without run times")), record.digest),
        (wording.say(message("Spec")), record.audit.spec_sha256),
    ]
    if record.subject.fitted is not None:
        rows.append((wording.say(message("Classifier as it was trained")), record.subject.fitted))
    rows += [
        (wording.say(message("Classifier: {file}", file=file.name)), file.sha256)
        for file in record.subject.files[:MAX_SPLITS]
    ]
    for name, split in sorted(record.data.items())[:MAX_SPLITS]:
        rows.append((wording.say(message("Data: {split}", split=name)), split.sha256))
    yield _heading(message("Digests"), wording)
    yield _table((message("What"), message("SHA-256")), rows, wording)


def _heading(text: Message, wording: Wording) -> str:
    return f"## {escaped(wording.say(text))}"


def _more(count: int, wording: Wording, before: str = "") -> Iterator[str]:
    if count > 0:
        yield before + escaped(wording.say(message("{count} more in the record.", count=wording.numbers.count(count))))


def _table(head: Sequence[Message], rows: Iterable[Sequence[str]], wording: Wording) -> str:
    lines = [[wording.say(heading) for heading in head], *rows]
    written = [f"| {' | '.join(escaped(cell) for cell in line)} |" for line in lines]
    return "\n".join([written[0], f"|{' --- |' * len(head)}", *written[1:]])
