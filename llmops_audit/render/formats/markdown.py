"""The summary: the audit on one screen, as GitHub-flavoured Markdown for a comment, a ticket or a job's summary.

Under 1 MiB whatever the record holds; what has no room is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from llmops_audit.record import Changes, CheckResult, LimitChange, Message, Record, Verdict, message
from llmops_audit.record.requirements import JudgedRequirement
from llmops_audit.render.changed import DIRECTION, changes_view
from llmops_audit.render.facts import name_of, quantity
from llmops_audit.render.first_screen import DISCLAIMER, FirstScreen, Line, first_screen
from llmops_audit.render.formats._markdown import MAX_CELL, escaped
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.items import ASIDE, Item, aside, items, reported, waiting
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "WRITTEN", "brief", "render"]

FILE = "summary.md"
WRITTEN = "default"

REPORT = "report.html"

MAX_ROWS = 50
"""Lines of each table, so that a summary stays far under 1 MiB, where GitHub drops it whole."""

MAX_KEY_ROWS = 8
"""Lines of the table that is not folded: a summary takes one screen."""

MAX_SPLITS = 10

_ORDER = (
    Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.NOT_APPLICABLE, Verdict.PASSED,
)  # fmt: skip
_SYMBOLS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ERROR: "!",
    Verdict.FOUND: "◆",
}
_KEY = (
    message("Verdict"),
    message("Requirement"),
    message("Measured"),
    message("Interval"),
    message("Required"),
    message("Set in"),
)
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
    screen = first_screen(record)
    blocks = (
        *_head(record, screen, wording),
        *_why(screen, wording),
        *_key_numbers(record, wording),
        escaped(wording.say(message("The whole report stands beside this file: {file}", file=REPORT))),
        *_attention([*waiting(found), *reported(found)], wording),
        *_aside(aside(found), wording),
        *_notes(screen, wording),
        *_changes(record, wording),
        *_checks(record, found, wording),
        *_origin(record, wording),
    )
    return ("\n\n".join(blocks) + "\n").encode()


def brief(record: Record, language: str) -> bytes:
    """Render the decision alone, for where the summary has no room."""
    return ("\n\n".join(_head(record, first_screen(record), Wording(record, language))) + "\n").encode()


def _head(record: Record, screen: FirstScreen, wording: Wording) -> Iterator[str]:
    audit = record.audit
    yield f"# {escaped(wording.labelled(f'{screen.name} {screen.version}', wording.say(screen.result)))}"
    yield f"**{escaped(wording.say(DISCLAIMER))}**"
    if audit.purpose is not None:
        yield escaped(audit.purpose, 2 * MAX_CELL)
    yield escaped(" ".join(wording.say(line) for line in (*screen.audited, screen.limits)), 3 * MAX_CELL)
    if screen.since is not None:
        yield escaped(wording.say(screen.since), 2 * MAX_CELL)


def _why(screen: FirstScreen, wording: Wording) -> Iterator[str]:
    lines = [*screen.reasons, *([] if screen.met is None else [screen.met])]
    told = [f"- {_reason(line, wording)}" for line in lines]
    if screen.more is not None:
        told.append(f"- {escaped(wording.say(screen.more))}")
    why, to_do = (escaped(wording.say(text)) for text in (message("Why"), message("To do")))
    yield f"**{why}**"
    yield "\n".join(told)
    yield f"**{to_do}**"
    who = [message("{check}: {reason}", check=one.who, reason=one.what) for one in screen.to_do]
    yield "\n".join(f"- {escaped(wording.say(line), 2 * MAX_CELL)}" for line in who)


def _reason(line: Line, wording: Wording) -> str:
    return escaped(f"{_SYMBOLS.get(line.verdict, NOTHING)} {wording.say(line.with_source)}", 2 * MAX_CELL)


def _key_numbers(record: Record, wording: Wording) -> Iterator[str]:
    """Yield the table of what a reader asks for first: requirements of the spec before defaults, failures first."""
    gates = {check.name: check.gate for check in record.checks}
    own = [one for one in record.requirements if gates.get(one.check) != "report"]
    own.sort(key=lambda one: (_ORDER.index(one.verdict), one.source in (None, "default"), one.interval is None))
    if own:
        yield _table(_KEY, [_key(record, one, wording) for one in own[:MAX_KEY_ROWS]], wording)
        yield from _more(len(own) - MAX_KEY_ROWS, wording)


def _key(record: Record, one: JudgedRequirement, wording: Wording) -> tuple[str, ...]:
    measured = quantity(record, one)
    number, ends = (NOTHING, None) if measured is None else (wording.say(measured.number), measured.ends)
    return (
        f"{_SYMBOLS.get(one.verdict, NOTHING)} {wording.word(one.verdict)}",
        wording.say(name_of(record, one)),
        number,
        NOTHING if ends is None else wording.say(ends),
        wording.limit(one.op, one.limit) if measured is None else wording.compared(one.op, measured.bare_limit),
        wording.set_in(one),
    )


def _notes(screen: FirstScreen, wording: Wording) -> Iterator[str]:
    notes = [*screen.notes, *screen.folded]
    lines = [
        message("{check}: {reason}", check=box.title, reason=line) for box in screen.boxes[1:] for line in box.lines
    ]
    written = [*(one.message for one in notes), *lines]
    yield from _folded(
        message("What could not be decided, what nobody looked at, and notes"),
        ["\n".join(f"- {escaped(wording.say(line), 2 * MAX_CELL)}" for line in written)],
        wording,
    )


def _folded(title: Message, blocks: Iterable[str], wording: Wording, count: int | None = None) -> Iterator[str]:
    """Yield blocks that a reader unfolds; a blank line lets Markdown begin again behind the tag."""
    name = wording.say(title)
    if count is not None:
        name = wording.say(message("{caption} ({count})", caption=name, count=wording.numbers.count(count)))
    inner = "\n\n".join(blocks)
    yield f"<details>\n<summary>{escape(name)}</summary>\n\n{inner}\n\n</details>"


def _changes(record: Record, wording: Wording) -> Iterator[str]:
    if record.changes is not None:
        title = message("What changed since the last audit")
        yield from _folded(title, _changed(record, record.changes, wording), wording)


def _changed(record: Record, changes: Changes, wording: Wording) -> Iterator[str]:
    shown = changes_view(changes)
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
        wording.say(DIRECTION[change.loosened]),
        wording.limit(change.op, change.before),
        wording.limit(change.op, change.now),
    )


def _verdict(verdict: Verdict | None, wording: Wording) -> str:
    return wording.say(message("none")) if verdict is None else wording.word(verdict)


def _attention(found: Sequence[Item], wording: Wording) -> Iterator[str]:
    if found:
        yield from _folded(message("What needs attention"), _table_of(found, wording), wording, len(found))


def _aside(found: Sequence[Item], wording: Wording) -> Iterator[str]:
    if found:
        yield from _folded(ASIDE, _table_of(found, wording), wording, len(found))


def _table_of(found: Sequence[Item], wording: Wording) -> Iterator[str]:
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
    yield from _folded(message("Checks"), _table_of_checks(record, found, wording), wording, len(record.checks))


def _table_of_checks(record: Record, found: Iterable[Item], wording: Wording) -> Iterator[str]:
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
    rows.append((wording.say(message("Exit code")), str(record.decision.exit_code)))
    title = message("Digests and exit code")
    yield from _folded(title, [_table((message("What"), message("SHA-256")), rows, wording)], wording)


def _more(count: int, wording: Wording) -> Iterator[str]:
    if count > 0:
        yield escaped(wording.say(message("{count} more in the record.", count=wording.numbers.count(count))))


def _table(head: Sequence[Message], rows: Iterable[Sequence[str]], wording: Wording) -> str:
    lines = [[wording.say(heading) for heading in head], *rows]
    written = [f"| {' | '.join(escaped(cell) for cell in line)} |" for line in lines]
    return "\n".join([written[0], f"|{' --- |' * len(head)}", *written[1:]])
