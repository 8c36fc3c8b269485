"""The audit on one screen, as GitHub-flavoured Markdown: for a job's summary, a merge request, a ticket."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from llmops_audit.record import Changes, CheckResult, LimitChange, Message, Record, Verdict, message
from llmops_audit.render.changed import changes_view
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.machine import Item, Teller, items, one_line, waiting

__all__ = ["escaped", "prose", "render_brief", "render_markdown"]

MAX_ROWS = 50
"""Lines of each table, so that a summary stays far under 1 MiB, where GitHub drops it whole."""

MAX_REASONS = 10
MAX_SPLITS = 10
MAX_CELL = 160

_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.PASSED)
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
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Marks, the starts of addresses that become links by themselves, and what begins a list, a heading or a rule.
_SPECIAL = re.compile(r"[\\`*_{}\[\]!|~$]|:(?=//)|(?<=www)\.|^[-+=#]", re.IGNORECASE)
_NUMBERED = re.compile(r"^([0-9]+)(?=[.)](?:\s|\Z))")
# A comment stands for nothing, and parts what would be a mention, an address or the number of an issue.
_PARTED = re.compile(r"@|#(?=[0-9])")
_ENTITY = re.compile("[&<>]")
_CODE = re.compile(r"(`[^`\n]+`)")


def render_markdown(record: Record, language: str | None = None, folder: str = "") -> str:
    """Render a record as a Markdown summary.

    Parameters
    ----------
    record : Record
    language : str, optional
        By default the language of the audit.
    folder : str
        Of the spec in the repository.

    Returns
    -------
    str
        Under 1 MiB whatever the record holds; what has no room is counted.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    tell = Teller(record, language)
    found = items(record, folder)
    parts = (
        *_head(record, tell),
        *_reasons(record, tell),
        *_changes(record, tell),
        *_tally(found, tell),
        *_attention(waiting(found), tell),
        *_checks(record, found, tell),
        *_origin(record, tell),
    )
    return "\n\n".join(parts) + "\n"


def render_brief(record: Record, language: str | None = None) -> str:
    """Render the decision alone, for where a summary has no room. Parameters and errors as of `render_markdown`."""
    return "\n\n".join(_head(record, Teller(record, language))) + "\n"


def escaped(text: str, characters: int = MAX_CELL) -> str:
    """Return a text on one line, bounded, that Markdown shows as it is: no markup, no link, no mention."""
    return _escaped(one_line(text, characters))


def prose(text: str, characters: int) -> str:
    """Return a text of a check's page on one line, in which nothing but its code spans is markup."""
    parts = _CODE.split(one_line(text, characters))
    return "".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(line: str) -> str:
    plain = _NUMBERED.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", line))
    return _PARTED.sub(r"\g<0><!-- -->", _ENTITY.sub(lambda sign: _ENTITIES[sign[0]], plain))


def _head(record: Record, tell: Teller) -> Iterator[str]:
    audit, decision = record.audit, record.decision
    code = decision.exit_code
    told = message("Decision: {status} (exit code {code})", status=decision.status.value, code=code)
    yield f"# {escaped(tell.about(f'{audit.name} {audit.version}', tell.word(decision.status)))}"
    yield f"**{escaped(tell.say(told))}**"
    if audit.purpose is not None:
        yield escaped(audit.purpose, 2 * MAX_CELL)


def _reasons(record: Record, tell: Teller) -> Iterator[str]:
    reasons = [tell.say(reason) for reason in record.decision.reasons] or [
        tell.say(message("The record names no reason."))
    ]
    lines = [f"- {escaped(reason, 2 * MAX_CELL)}" for reason in reasons[:MAX_REASONS]]
    yield _heading(message("Reasons"), tell)
    yield "\n".join([*lines, *_more(len(reasons) - MAX_REASONS, tell, "- ")])


def _changes(record: Record, tell: Teller) -> Iterator[str]:
    changes = record.changes
    if changes is None:
        return
    shown = changes_view(changes)
    yield _heading(message("What changed since the last audit"), tell)
    yield escaped(
        tell.say(
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
        (message("Classifier"), message("the same, byte for byte") if changes.same_model else message("another one")),
        *((message("Data: {split}", split=name), _same(name, record, changes)) for name in sorted(changes.data)),
        (message("Spec"), message("unchanged") if changes.same_spec else message("changed")),
    ]
    yield _table(
        (message("What"), message("Compared")), [(tell.say(what), tell.say(told)) for what, told in facts], tell
    )
    if shown.limits:
        yield _table(_LIMITS, [_limit(change, tell) for change in shown.limits], tell)
    if shown.verdicts:
        rows = [(one.id, _verdict(one.before, tell), _verdict(one.now, tell)) for one in shown.verdicts]
        yield _table(_VERDICTS, rows, tell)
    else:
        yield escaped(tell.say(message("No verdict changed.")))
    yield from _more(shown.hidden, tell)


def _same(split: str, record: Record, changes: Changes) -> Message:
    same = changes.data[split]
    if same is None:
        return message("not there before") if split in record.data else message("no longer there")
    return message("the same bytes") if same else message("other bytes")


def _limit(change: LimitChange, tell: Teller) -> tuple[str, ...]:
    direction = message("loosened") if change.loosened else message("not loosened")
    return (change.id, tell.say(direction), tell.limit(change.op, change.before), tell.limit(change.op, change.now))


def _verdict(verdict: Verdict | None, tell: Teller) -> str:
    return tell.say(message("none")) if verdict is None else tell.word(verdict)


def _tally(found: Iterable[Item], tell: Teller) -> Iterator[str]:
    counts = Counter(item.verdict for item in found if item.finding is not None)
    rows = [(tell.word(verdict), tell.numbers.count(counts[verdict])) for verdict in _ORDER if counts[verdict]]
    yield _heading(message("Findings"), tell)
    yield _table((message("Verdict"), message("Findings")), rows, tell)


def _attention(found: Sequence[Item], tell: Teller) -> Iterator[str]:
    yield _heading(message("What needs attention"), tell)
    if not found:
        yield escaped(tell.say(message("None.")))
        return
    yield _table(_ATTENTION, [_needing(item, tell) for item in found[:MAX_ROWS]], tell)
    yield from _more(len(found) - MAX_ROWS, tell)


def _needing(item: Item, tell: Teller) -> tuple[str, ...]:
    finding = item.finding
    severity = NOTHING if item.severity is None else tell.word(item.severity)
    measured = (NOTHING, NOTHING) if finding is None else (tell.value(finding), tell.interval(finding))
    required = tell.required(item.requirement), tell.source(item.requirement)
    return (tell.title(item), tell.word(item.verdict), severity, *measured, *required, tell.why(item))


def _checks(record: Record, found: Iterable[Item], tell: Teller) -> Iterator[str]:
    yield _heading(message("Checks"), tell)
    alone = {item.check.name: item for item in found if item.finding is None}
    rows = [_check(check, alone.get(check.name), tell) for check in record.checks[:MAX_ROWS]]
    yield _table(_CHECKS, rows, tell)
    yield from _more(len(record.checks) - MAX_ROWS, tell)


def _check(check: CheckResult, alone: Item | None, tell: Teller) -> tuple[str, ...]:
    counts = Counter(finding.verdict for finding in check.findings)
    parts = [f"{tell.numbers.count(counts[verdict])} {tell.word(verdict)}" for verdict in _ORDER if counts[verdict]]
    why = "" if alone is None else tell.why(alone)
    title = tell.translate(check.page.title)
    return (check.name, title, tell.word(check.verdict), tell.joined(parts) or NOTHING, why)


def _origin(record: Record, tell: Teller) -> Iterator[str]:
    rows = [
        (tell.say(message("Record, without run times")), record.digest),
        (tell.say(message("Spec")), record.audit.spec_sha256),
        (tell.say(message("Classifier")), record.subject.sha256),
    ]
    for name, split in sorted(record.data.items())[:MAX_SPLITS]:
        rows.append((tell.say(message("Data: {split}", split=name)), split.sha256))
    yield _heading(message("Digests"), tell)
    yield _table((message("What"), message("SHA-256")), rows, tell)


def _heading(text: Message, tell: Teller) -> str:
    return f"## {escaped(tell.say(text))}"


def _more(count: int, tell: Teller, before: str = "") -> Iterator[str]:
    if count > 0:
        yield before + escaped(tell.say(message("{count} more in the record.", count=tell.numbers.count(count))))


def _table(head: Sequence[Message], rows: Iterable[Sequence[str]], tell: Teller) -> str:
    lines = [[tell.say(heading) for heading in head], *rows]
    written = [f"| {' | '.join(escaped(cell) for cell in line)} |" for line in lines]
    return "\n".join([written[0], f"|{' --- |' * len(head)}", *written[1:]])
