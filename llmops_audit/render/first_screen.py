"""The first screen: what the audit came to, why, and what is to be done. No language, no markup.

Report, summary, notebook and terminal open with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmops_audit.record import (
    DEFAULT_SOURCE,
    CheckResult,
    Finding,
    JudgedRequirement,
    Message,
    Record,
    Status,
    Verdict,
    message,
    requirement_id,
)
from llmops_audit.render.advice import Advice, advice
from llmops_audit.render.changed import changes_view
from llmops_audit.render.facts import deciding, fact
from llmops_audit.render.group_facts import about_people
from llmops_audit.render.group_notices import small_groups
from llmops_audit.render.items import MAX_NAME, one_line, spec_of
from llmops_audit.render.names import NAME_COLUMNS, identity_lines, short_names
from llmops_audit.render.notices import Notice, notices
from llmops_audit.render.text import shorten
from llmops_audit.render.unmeasured import unmeasured

__all__ = ["DISCLAIMER", "ROLES", "Box", "FirstScreen", "Line", "first_screen", "line_of", "result"]

DISCLAIMER = message("Automated test result. It is no release approval, no legal opinion and no conformity assessment.")

ROLES = (message("Owner"), message("Reviewer"))
"""Who signs the decision on a release."""

MOST_REASONS = 3
MOST_NOTES = 2
"""Notices that stand unfolded."""

MOST_METRICS = 3
MOST_IN_BOX = 5

_RESULTS = {
    Status.REJECTED: message("Does not meet its criteria"),
    Status.NEEDS_REVIEW: message("Undecided: a person must review"),
    Status.NOT_JUDGED: message("Not judged: the audit did not finish"),
}
_GRAVITY = (
    Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.FOUND, Verdict.PASSED,
)  # fmt: skip
_OPEN = _GRAVITY[:3]


@dataclass(frozen=True)
class Line:
    """A fact with its verdict.

    Attributes
    ----------
    verdict : Verdict
    text : Message
    source : str, optional
        The line of the spec that sets the limit.
    finding : str, optional
        Id of a finding that says more.
    kind : tuple of str
        What it is alike to: check and metric.
    """

    verdict: Verdict
    text: Message
    source: str | None = None
    finding: str | None = None
    kind: tuple[str, ...] = ()

    @property
    def with_source(self) -> Message:
        """The fact with the line of the spec behind it."""
        return self.text if self.source is None else message("{text} ({place})", text=self.text, place=self.source)


@dataclass(frozen=True)
class Box:
    """One of the three boxes: failed, undecided, or not looked at; `lines` say what, `anchor` where more stands."""

    title: Message
    verdict: Verdict
    lines: tuple[Message, ...]
    anchor: str


@dataclass(frozen=True)
class FirstScreen:
    """What a reader sees first.

    Attributes
    ----------
    name, version : str
        Of the system, cut to one line.
    status : Status
    result : Message
        The decision in words.
    audited : tuple of Message
        The classifier, its digest and its rows.
    limits : Message
        Who set the limits, and whether they were locked.
    since : Message, optional
        What changed since the last release.
    reasons : tuple of Line
        At most `MOST_REASONS`: what failed or could not be decided; of an approval what was met.
    more : Message, optional
        How many there are beside them.
    met : Line, optional
        Where the result is no approval, the first requirement that was met all the same.
    checks : Message
        Which checks ran.
    boxes : tuple of Box
    to_do : tuple of Advice
    notes, folded : tuple of Notice
        What else a reader must not miss; few stand unfolded.
    roles : tuple of Message or str
        Who signs the decision on the release.
    """

    name: str
    version: str
    status: Status
    result: Message
    audited: tuple[Message, ...]
    limits: Message
    since: Message | None
    reasons: tuple[Line, ...]
    more: Message | None
    met: Line | None
    checks: Message
    boxes: tuple[Box, ...]
    to_do: tuple[Advice, ...]
    notes: tuple[Notice, ...]
    folded: tuple[Notice, ...]
    roles: tuple[Message | str, ...]


def first_screen(record: Record) -> FirstScreen:
    """Return the first screen of a record."""
    approved = record.decision.status is Status.APPROVED
    met = _met(record)
    lines = met if approved else _reasons(record)
    shown = _few(lines)
    said = notices(record)
    since = _since(record)
    return FirstScreen(
        name=shorten(record.audit.name, NAME_COLUMNS),
        version=shorten(record.audit.version, NAME_COLUMNS),
        status=record.decision.status,
        result=result(record),
        audited=tuple(map(short_names, (*identity_lines(record), *_rows(record)))),
        limits=short_names(_limits(record)),
        since=None if since is None else short_names(since),
        reasons=shown,
        more=_more(lines, shown, approved=approved),
        met=None if approved else next((line for line in met if line.source is not None), None),
        checks=message("Checks that ran: {checks}", checks=tuple(check.name for check in record.checks)),
        boxes=(_failed(record), _undecided(record), _nobody(record)),
        to_do=tuple(Advice(short_names(one.who), short_names(one.what)) for one in advice(record)),
        notes=said[:MOST_NOTES],
        folded=said[MOST_NOTES:],
        roles=record.report.roles or ROLES,
    )


def result(record: Record) -> Message:
    """Return the decision in words, for what it is."""
    if record.decision.status is Status.APPROVED:
        return short_names(message("Meets every criterion of {spec}", spec=one_line(spec_of(record), MAX_NAME)))
    return _RESULTS[record.decision.status]


def line_of(record: Record, requirement: JudgedRequirement) -> Line:
    """Return a requirement as a line."""
    source, found = requirement.source, deciding(record, requirement)
    return Line(
        requirement.verdict,
        short_names(fact(record, requirement)),
        None if source is None or source == DEFAULT_SOURCE else shorten(source, NAME_COLUMNS),
        None if found is None else found.id,
        (requirement.check, requirement.id if found is None else found.metric),
    )


def _rows(record: Record) -> Iterator[Message]:
    test = record.data.get("test")
    if test is not None and about_people(record):
        yield message("{rows:,} test rows, each taken as one person.", rows=test.rows)
    elif test is not None:
        yield message("{rows:,} test rows.", rows=test.rows)


def _limits(record: Record) -> Message:
    own = sum(one.source not in (None, DEFAULT_SOURCE) for one in record.requirements)
    spec = one_line(spec_of(record), MAX_NAME)
    places: dict[str, int | str] = {"count": len(record.requirements), "own": own, "spec": spec}
    if record.audit.owner is None:
        return message(
            "Limits: {count} ({own} set by {spec}, which names no owner); the criteria were not locked.",
            **places,
        )
    return message(
        "Limits: {count} ({own} set by {spec}; owner: {owner}); the criteria were not locked.",
        owner=record.audit.owner, **places,
    )  # fmt: skip


def _since(record: Record) -> Message | None:
    changes = record.changes
    if changes is None:
        return None
    seen = changes_view(changes)
    new = [one for one in changes.verdicts if one.before is None]
    worse = sum(one.now in _OPEN and one.before is Verdict.PASSED for one in changes.verdicts)
    loosened = message("limits loosened: {loosened}", loosened=seen.loosened)
    if seen.unclear:
        loosened = message("{text}, perhaps looser: {unclear}", text=loosened, unclear=seen.unclear)
    return message(
        "Since {version}: classifier {model}; test data {data}; verdicts changed: {verdicts}, for the worse: {worse}; "
        "new verdicts: {new}, of them not passed: {open}; {limits}.",
        version=changes.version, model=seen.model, data=_same(changes.data.get("test")),
        verdicts=len(changes.verdicts) - len(new), worse=worse,
        new=len(new), open=sum(one.now in _OPEN for one in new), limits=loosened,
    )  # fmt: skip


def _same(same: bool | None) -> Message:
    if same is None:
        return message("not to be compared")
    return message("the same") if same else message("other rows")


def _reasons(record: Record) -> list[Line]:
    """Return what stands between the subject and an approval, each requirement once, in the order of the decision."""
    by_finding = {id: one for one in record.requirements for id in one.findings}
    findings = {finding.id: (check, finding) for check in record.checks for finding in check.findings}
    checks = {check.name: check for check in record.checks}
    found: dict[str, Line] = {}
    for reason in record.decision.reasons:
        id, name = reason.values.get("finding"), reason.values.get("check")
        if isinstance(id, str) and id in by_finding:
            found.setdefault(by_finding[id].id, line_of(record, by_finding[id]))
        elif isinstance(id, str) and id in findings:
            found.setdefault(id, _alone(*findings[id]))
        else:
            check = checks.get(name) if isinstance(name, str) else None
            verdict = Verdict.INCONCLUSIVE if check is None else check.verdict
            found.setdefault(repr(reason), Line(verdict, reason, kind=(str(name),)))
    if not found:
        return [Line(Verdict.INCONCLUSIVE, message("The record names no reason."))]
    return list(found.values())


def _alone(check: CheckResult, finding: Finding) -> Line:
    """Return a finding that no requirement holds as a line."""
    text = message("{metric}: {why}", metric=finding.metric, why=finding.message)
    return Line(finding.verdict, text, None, finding.id, (check.name, finding.metric))


def _met(record: Record) -> list[Line]:
    """Return the requirements that passed, those that the spec itself sets first, and those with intervals."""
    gates = {check.name: check.gate for check in record.checks}
    passed = [
        one
        for one in record.requirements
        if one.verdict is Verdict.PASSED and gates.get(one.check, "block") != "report"
    ]
    passed.sort(key=lambda one: (one.source in (None, DEFAULT_SOURCE), one.interval is None))
    return [line_of(record, one) for one in passed]


def _few(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return few lines in their order: the gravest, and of those as many checks and metrics as can be."""
    taken: list[int] = []
    by_gravity = sorted(range(len(lines)), key=lambda number: _GRAVITY.index(lines[number].verdict))
    for verdict in dict.fromkeys(lines[number].verdict for number in by_gravity):
        own = [number for number in by_gravity if lines[number].verdict is verdict]
        for names in (1, 2, 0):
            seen: set[tuple[str, ...]] = set()
            for number in own:
                kind = lines[number].kind[:names] if names else (str(number),)
                if number not in taken and kind not in seen and len(taken) < MOST_REASONS:
                    taken.append(number)
                seen.add(kind)
    return tuple(lines[number] for number in sorted(taken))


def _more(lines: Sequence[Line], shown: Sequence[Line], *, approved: bool) -> Message | None:
    count = len(lines) - len(shown)
    if count <= 0:
        return None
    if approved:
        return message("and {count} more that are met", count=count)
    if {(line.verdict, line.kind) for line in lines} <= {(line.verdict, line.kind) for line in shown}:
        return message("and {count} more of the same kind", count=count)
    return message("and {count} more", count=count)


def _failed(record: Record) -> Box:
    lines = _by_check(record, (Verdict.FAILED, Verdict.ERROR))
    return Box(message("What failed"), Verdict.FAILED, _at_most(lines), "findings")


def _undecided(record: Record) -> Box:
    lines = [*_by_check(record, (Verdict.INCONCLUSIVE,)), *small_groups(record)]
    lines += [
        message("{check}: nothing to judge", check=check.name)
        for check in record.checks
        if check.gate != "report" and check.verdict is Verdict.NOT_APPLICABLE
    ]
    return Box(message("What could not be decided"), Verdict.INCONCLUSIVE, _at_most(lines), "findings")


def _nobody(record: Record) -> Box:
    left = unmeasured(record)
    lines = [one.what for one in left if one.what is not None and one.check is None]
    rest = sum(1 + one.more for one in left if one.what is None or one.check is not None)
    if rest:
        lines = [*lines[: MOST_IN_BOX - 1], message("What checks could not judge: {count}", count=rest)]
    return Box(message("What nobody looked at"), Verdict.NOT_APPLICABLE, _at_most(lines), "unmeasured")


def _by_check(record: Record, verdicts: Iterable[Verdict]) -> list[Message]:
    """Return a line for each check: how many of its requirements, and on what."""
    wanted = tuple(verdicts)
    lines = []
    for check in (check for check in record.checks if check.gate != "report"):
        own = [one for one in record.requirements if one.check == check.name]
        found = [one for one in own if one.verdict in wanted]
        metrics = _metrics(record, check, found)
        if found:
            lines.append(
                message(
                    "{check}: {metric} (requirements: {count} of {all})",
                    check=check.name, count=len(found), all=len(own), metric=metrics,
                )
            )  # fmt: skip
        elif loose := [one for one in check.findings if one.verdict in wanted and not requirement_id(check.name, one)]:
            names = tuple(dict.fromkeys(one.metric for one in loose))[:MOST_METRICS]
            lines.append(message("{check}: {metric}", check=check.name, metric=names))
        elif check.verdict in wanted and check.reason is not None and not check.findings:
            lines.append(message("{check}: {why}", check=check.name, why=check.reason))
    return lines


def _metrics(record: Record, check: CheckResult, found: Sequence[JudgedRequirement]) -> tuple[str, ...]:
    names = dict.fromkeys(line_of(record, one).kind[-1] for one in found)
    shown = tuple(names)[:MOST_METRICS]
    return shown if len(names) <= MOST_METRICS else (*shown, "…")


def _at_most(lines: Sequence[Message]) -> tuple[Message, ...]:
    if len(lines) <= MOST_IN_BOX:
        return tuple(lines)
    rest = len(lines) - MOST_IN_BOX + 1
    return (*lines[: MOST_IN_BOX - 1], message("and {count} more", count=rest))
