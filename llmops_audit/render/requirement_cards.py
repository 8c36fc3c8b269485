"""Requirements as the report shows them: one card for each limit, with all that the limit is compared with.

No language, no markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_audit.record import (
    ADVICE,
    CheckResult,
    Finding,
    JudgedRequirement,
    Message,
    Record,
    Severity,
    Verdict,
)
from llmops_audit.record.governance import Clause, Framework
from llmops_audit.render.clauses import clause_anchor
from llmops_audit.render.facts import deciding, fact
from llmops_audit.render.items import MAX_REASON, one_line
from llmops_audit.render.limit_chart import DrawnLine, LimitChart, limit_chart
from llmops_audit.render.limit_lines import LimitLine, is_share, limit_lines, misses
from llmops_audit.render.loose_findings import STANDING, DescribedCheck, LooseCard, severity_rank, without_requirement

__all__ = ["FIRST_LINES", "RequirementCard", "RequirementsView", "requirement_cards"]

FIRST_LINES = 10
"""Lines of a table that are shown unfolded."""

FIRST_DRAWN, MAX_DRAWN = 5, 20
"""Lines of a chart that are shown unfolded, and in all."""

MAX_LINES, MAX_BESIDE_DRIFT = 600, 250
"""Lines of all tables, and where a figure of drift shows every column as well, so that a report stays under 500 kB."""

MAX_CARDS = 60
"""Cards in full on a page; further ones are a line each."""


@dataclass(frozen=True)
class RequirementCard:
    """A requirement.

    Attributes
    ----------
    anchor : str
        Its id in the page.
    requirement : JudgedRequirement
    check : CheckResult
    metric : str
        What the limit is on.
    about : tuple of (str, str)
        Keys of a scope with their values: what else tells it from other requirements; an empty value stands for an
        attribute, whose name the key is.
    split : str, optional
        The split, where requirements of several splits are judged.
    severity : Severity, optional
    share : bool
        Whether values are written as percent.
    fact : Message
    cause : Message, optional
        The sentence of that finding, without what the correction adds to a failure.
    decides : Finding, optional
        The finding whose value the requirement has.
    lines : tuple of LimitLine
        Rows of the table, the worst first.
    hidden : int
        Lines that the table leaves to the record.
    chart : LimitChart, optional
    judged, missed : int
        Lines that are judged, and those of them whose value misses the limit.
    undecided : int
        Findings that are inconclusive where the requirement as a whole is not.
    reason : str, optional
        Why the limit is what it is, in the words of the spec.
    advice : str, optional
        What the page of the check says to do about it.
    advised : bool
        Whether this card is the first of its check with its verdict, which shows the advice.
    clauses : tuple of (Framework, Clause, str)
        Clauses that name the check, with their ids in the page.
    """

    anchor: str
    requirement: JudgedRequirement
    check: CheckResult
    metric: str
    about: tuple[tuple[str, str], ...]
    split: str | None
    severity: Severity | None
    share: bool
    fact: Message
    cause: Message | None
    decides: Finding | None
    lines: tuple[LimitLine, ...]
    hidden: int
    chart: LimitChart | None
    judged: int
    missed: int
    undecided: int
    reason: str | None
    advice: str | None
    advised: bool
    clauses: tuple[tuple[Framework, Clause, str], ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the requirement."""
        return self.requirement.verdict

    @property
    def first(self) -> tuple[DrawnLine, ...]:
        """Lines of the chart that are shown unfolded."""
        return () if self.chart is None else self.chart.lines[: self._unfolded]

    @property
    def further(self) -> tuple[DrawnLine, ...]:
        """Lines of the chart that are folded."""
        return () if self.chart is None else self.chart.lines[self._unfolded : MAX_DRAWN]

    @property
    def _unfolded(self) -> int:
        # To fold a line or two would save no room.
        return FIRST_DRAWN if len(self.lines) > FIRST_DRAWN + 2 else FIRST_DRAWN + 2


@dataclass(frozen=True)
class RequirementsView:
    """The chapter on requirements.

    Attributes
    ----------
    cards : tuple of RequirementCard
        All that bear on the decision, in the order of the record.
    open : tuple of (Verdict, tuple of RequirementCard or LooseCard)
        Failed, in error, undecided and found ones, the most severe first.
    briefly : tuple of RequirementCard
        Those of them that have no room for a card.
    closed : tuple of RequirementCard
        Passed and not applicable.
    aside : tuple of RequirementCard or LooseCard
        Of checks that have no bearing on the decision, the failed first.
    described : tuple of DescribedCheck
    anchors : mapping of str to str
        Id of each finding to the id in the page of where it is shown.
    """

    cards: tuple[RequirementCard, ...]
    open: tuple[tuple[Verdict, tuple[RequirementCard | LooseCard, ...]], ...]
    briefly: tuple[RequirementCard, ...]
    closed: tuple[RequirementCard, ...]
    aside: tuple[RequirementCard | LooseCard, ...]
    described: tuple[DescribedCheck, ...]
    anchors: Mapping[str, str]


def requirement_cards(record: Record, *, beside_drift: bool = False) -> RequirementsView:
    """Return the chapter on requirements of a record.

    Parameters
    ----------
    record : Record
    beside_drift : bool
        Whether the page has a figure of drift, which takes room.
    """
    room = MAX_BESIDE_DRIFT if beside_drift else MAX_LINES
    checks = {check.name: check for check in record.checks}
    known = [one for one in record.requirements if one.check in checks]
    claimed = _claimed(known, checks)
    share = max(FIRST_LINES, room // max(1, len(known)))
    cards = [
        _card(record, number, one, checks[one.check], claimed[one.id], max(share, room if len(known) == 1 else share))
        for number, one in enumerate(known, 1)
    ]
    anchors = {finding.id: card.anchor for card in cards for finding in claimed[card.requirement.id]}
    loose, described = without_requirement(record, set(anchors), room)
    anchors |= {finding.id: card.anchor for card in loose for _, finding in card.findings}
    anchors |= {finding.id: one.anchor for one in described for finding in one.findings}
    deciding_cards = [card for card in cards if card.requirement.gate != "report"]
    standing = _advised(_gravest([*(c for c in deciding_cards if c.verdict in STANDING), *_deciding(loose)]))
    aside = [card for card in cards if card.requirement.gate == "report"]
    return RequirementsView(
        cards=tuple(deciding_cards),
        open=_by_verdict(standing[:MAX_CARDS]),
        briefly=tuple(card for card in standing[MAX_CARDS:] if isinstance(card, RequirementCard)),
        closed=tuple(card for card in deciding_cards if card.verdict not in STANDING),
        aside=tuple(_gravest([*aside, *(card for card in loose if card.check.gate == "report")])),
        described=described,
        anchors=anchors,
    )


def _deciding(loose: Iterable[LooseCard]) -> list[LooseCard]:
    return [card for card in loose if card.check.gate != "report"]


def _claimed(
    requirements: Sequence[JudgedRequirement], checks: Mapping[str, CheckResult]
) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of each requirement, and with them those of the same metric that are only described."""
    claimed: dict[str, list[Finding]] = {}
    taken: set[str] = set()
    for one in requirements:
        by_id = {finding.id: finding for finding in checks[one.check].findings}
        claimed[one.id] = [by_id[id] for id in one.findings if id in by_id]
        taken.update(one.findings)
    for one in requirements:
        own = claimed[one.id]
        kinds = {(finding.metric, finding.scope.get("split")) for finding in own}
        about = {finding.requirement.about for finding in own if finding.requirement is not None}
        for finding in checks[one.check].findings:
            if finding.requirement is not None or finding.id in taken:
                continue
            named = {"", *finding.scope, *finding.scope.values()}
            if (finding.metric, finding.scope.get("split")) in kinds and about <= named and _may_join(finding):
                own.append(finding)
                taken.add(finding.id)
    return {id: tuple(own) for id, own in claimed.items()}


def _may_join(finding: Finding) -> bool:
    # What stands out without a limit has a card of its own: a requirement that passed would hide it.
    return finding.verdict in (Verdict.PASSED, Verdict.NOT_APPLICABLE)


def _card(
    record: Record, number: int, one: JudgedRequirement, check: CheckResult, findings: tuple[Finding, ...], room: int
) -> RequirementCard:
    decides = deciding(record, one)
    lines = limit_lines(record, one, decides, findings)
    if any(line.finding is None for line in lines):
        # They come from a figure or a table, which the page shows as well.
        room = min(room, MAX_DRAWN)
    judged = [line for line in lines if line.state not in ("unjudged", "reference")]
    return RequirementCard(
        anchor=f"requirement-{number}",
        requirement=one,
        check=check,
        metric=_metric(one, decides),
        about=_about(decides, findings),
        split=_split(record, one, decides),
        severity=None if decides is None else decides.severity,
        share=is_share(_metric(one, decides)),
        fact=fact(record, one),
        cause=None if decides is None else _cause(decides),
        decides=decides,
        lines=lines[:room],
        hidden=max(0, len(lines) - room),
        chart=limit_chart(lines),
        judged=len(judged),
        missed=sum(line.value is not None and misses(line.value, one.op, line.limit) for line in judged),
        undecided=sum(finding.verdict is Verdict.INCONCLUSIVE for finding in findings)
        if one.verdict is not Verdict.INCONCLUSIVE
        else 0,
        reason=None if one.reason is None else one_line(one.reason, MAX_REASON),
        advice=_advice(check),
        advised=False,
        clauses=_clauses(record, check.name),
    )


def _cause(decides: Finding) -> Message:
    text = decides.message.values.get("text")
    corrected = decides.verdict is Verdict.FAILED and "p" in decides.message.values
    return text if corrected and isinstance(text, Message) else decides.message


def _metric(one: JudgedRequirement, decides: Finding | None) -> str:
    if decides is None:
        return one.id
    limit = decides.requirement
    return decides.metric if limit is None or limit.metric is None else limit.metric


def _about(decides: Finding | None, findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Return what tells a requirement from others: what its findings share, and the attribute that it is about."""
    if decides is None:
        return ()
    about = "" if decides.requirement is None else decides.requirement.about
    shared = set.intersection(*(set(one.scope.items()) for one in findings))
    named = [
        (key, value) for key, value in decides.scope.items()
        if (key, value) in shared and key not in ("split", "attribute", about) and not (about and value == about)
    ]  # fmt: skip
    if not about:
        return tuple(named)
    key = next((key for key, value in decides.scope.items() if value == about and key != "attribute"), None)
    return ((about, "") if key is None else (key, about), *named)


def _split(record: Record, one: JudgedRequirement, decides: Finding | None) -> str | None:
    own = None if decides is None else decides.scope.get("split")
    stem = one.id.rpartition("@")[0] or one.id
    alike = [other.id for other in record.requirements if (other.id.rpartition("@")[0] or other.id) == stem]
    return own if own is not None and (own != "test" or len(alike) > 1) else None


def _advice(check: CheckResult) -> str | None:
    sections = {section.heading: section.paragraphs for section in check.page.sections}
    return next(iter(sections.get(ADVICE, ())), None)


def _clauses(record: Record, check: str) -> tuple[tuple[Framework, Clause, str], ...]:
    return tuple(
        (framework, clause, clause_anchor(place, number))
        for place, framework in enumerate(record.frameworks, 1)
        for number, clause in enumerate(framework.clauses, 1)
        if check in clause.checks
    )


def _gravest(
    cards: Iterable[RequirementCard | LooseCard],
) -> list[RequirementCard | LooseCard]:
    order = (*STANDING, Verdict.NOT_APPLICABLE, Verdict.PASSED)
    return sorted(cards, key=lambda card: (order.index(card.verdict), severity_rank(card.severity)))


def _advised(cards: Sequence[RequirementCard | LooseCard]) -> list[RequirementCard | LooseCard]:
    seen: set[tuple[str, Verdict]] = set()
    after: list[RequirementCard | LooseCard] = []
    for card in cards:
        kind = card.check.name, card.verdict
        after.append(replace(card, advised=kind not in seen) if isinstance(card, RequirementCard) else card)
        seen.add(kind)
    return after


def _by_verdict(
    cards: Sequence[RequirementCard | LooseCard],
) -> tuple[tuple[Verdict, tuple[RequirementCard | LooseCard, ...]], ...]:
    groups = ((verdict, tuple(card for card in cards if card.verdict is verdict)) for verdict in STANDING)
    return tuple((verdict, group) for verdict, group in groups if group)
