"""Where each clause of the chosen frameworks is answered in a report: pointers, and no legal judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmops_audit.record import CheckResult, Message, Record, Severity, Verdict, message
from llmops_audit.record.frameworks.paths import is_filled
from llmops_audit.record.governance import Clause, Framework
from llmops_audit.render.judged import Judged

__all__ = ["PARTS", "ClauseView", "FrameworkView", "Part", "Ran", "clause_anchor", "clause_view"]

_ATTENTION = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND)
_ORDER = (*_ATTENTION, Verdict.NOT_APPLICABLE, Verdict.PASSED)
_SEVERITIES = tuple(Severity)

PARTS: dict[str, tuple[Message, str]] = {
    "audit.name": (message("Name of the system"), "audited"),
    "audit.version": (message("Version"), "audited"),
    "audit.purpose": (message("Purpose"), "audited"),
    "audit.owner": (message("Owner"), "audited"),
    "audit.spec_sha256": (message("Digest of the spec"), "origin"),
    "card.intended_use": (message("Intended use"), "audited"),
    "card.intended_users": (message("Users and persons concerned"), "audited"),
    "card.misuse": (message("Not meant for; foreseeable misuse"), "audited"),
    "card.limitations": (message("Known limits"), "audited"),
    "card.human_oversight": (message("Human oversight"), "audited"),
    "card.data_source": (message("Source of the data"), "audited"),
    "card.languages": (message("Languages of the texts"), "audited"),
    "card.license": (message("License"), "audited"),
    "card.contact": (message("Contact"), "audited"),
    "subject.description": (message("The classifier"), "audited"),
    "subject.parameters": (message("Parameters of the classifier"), "audited"),
    "subject.fitted": (message("Digest of the classifier"), "audited"),
    "subject.files": (message("Files of the classifier"), "audited"),
    "data.rows": (message("Rows of each split"), "data"),
    "data.labels": (message("Shares of the labels"), "data"),
    "data.groups": (message("Shares of the groups"), "data"),
    "data.columns": (message("Missing values"), "data"),
    "data.duplicates": (message("Repeated rows"), "data"),
    "data.sha256": (message("Digests of the data"), "data"),
    "data.files": (message("Files of the data"), "data"),
    "data.time": (message("Period that the data stem from"), "data"),
    "environment.packages": (message("Versions of the software"), "origin"),
    "gate.confidence": (message("Confidence that the gate asks for"), "origin"),
    "checks.verdict": (message("What was not measured, and why"), "unmeasured"),
    "checks.page": (message("What each check measures, and its limits"), "method"),
    "checks.findings.requirement": (message("Thresholds, and where each was set"), "findings"),
    "checks.findings.interval": (message("How sure each number is"), "certainty"),
    "checks.findings.severity": (message("Findings and their severity"), "findings"),
    "figures.confusion_matrix": (message("Confusion matrix"), "performance"),
    "figures.group_metrics": (message("Metrics by group"), "groups"),
    "figures.bias_audit": (message("Tables of the bias audit"), "groups"),
    "figures.drift": (message("Figures of drift"), "drift"),
    "changes": (message("Differences from an earlier audit"), "changes"),
    "decision.status": (message("Decision of the gate"), "decision"),
    "decision.reasons": (message("Reasons of the decision"), "decision"),
    "digest": (message("Digest of the record"), "origin"),
    "run.started": (message("Date of the audit"), "origin"),
}
"""Parts of a record that a clause may point to: their name, and the section of the report that shows them."""

# What the owner writes into the spec; where it is missing, only the owner knows.
_OF_SPEC = ("audit.", "card.", "data.groups", "data.time", "changes")


@dataclass(frozen=True)
class Ran:
    """A check that ran, and its results.

    Attributes
    ----------
    check : CheckResult
    number : int
        Its number among the checks of the record, from 1.
    counts : tuple of (Verdict, int)
        Its findings by verdict, those that need attention first.
    first : Judged, optional
        The finding that needs attention most; null where none does.
    """

    check: CheckResult
    number: int
    counts: tuple[tuple[Verdict, int], ...]
    first: Judged | None


@dataclass(frozen=True)
class Part:
    """A part of the record.

    Attributes
    ----------
    name : Message
    section : str
        Id of the section of the report that shows it.
    state : {"shown", "unstated", "absent"}
        Unstated: the spec does not state it; absent: this audit did not measure it.
    """

    name: Message
    section: str
    state: Literal["shown", "unstated", "absent"]


@dataclass(frozen=True)
class ClauseView:
    """What an audit shows for a clause.

    Attributes
    ----------
    anchor : str
        Its id in the page.
    clause : Clause
    ran : tuple of Ran
    left_out : tuple of str
        Checks that could show something and that the spec does not enable.
    parts : tuple of Part
    lacking : tuple of str
        Keys that the spec would have to set for a part that this audit did not make.
    """

    anchor: str
    clause: Clause
    ran: tuple[Ran, ...]
    left_out: tuple[str, ...]
    parts: tuple[Part, ...]
    lacking: tuple[str, ...] = ()

    @property
    def covered(self) -> bool:
        """Whether the tool can show anything for it, in this audit or in another."""
        return bool(self.clause.checks or self.clause.parts)

    @property
    def shown(self) -> bool:
        """Whether this audit shows something for it, be it a failure."""
        judged = any(ran.check.verdict is not Verdict.NOT_APPLICABLE for ran in self.ran)
        return judged or any(part.state == "shown" for part in self.parts)


@dataclass(frozen=True)
class FrameworkView:
    """A framework and its clauses.

    Attributes
    ----------
    framework : Framework
    clauses : tuple of ClauseView
    successor : Framework, optional
        What replaced it, where the record holds that as well.
    begins_later : bool
        Whether it applies from a day after that of the audit.
    shown, empty, uncovered : int
        Clauses that this audit shows something for, could show something for, and that the tool does not cover.
    """

    framework: Framework
    clauses: tuple[ClauseView, ...]
    successor: Framework | None
    begins_later: bool
    shown: int
    empty: int
    uncovered: int


def clause_view(record: Record, judged: Sequence[Judged]) -> tuple[FrameworkView, ...]:
    """Return the clauses of a record's frameworks, each with what the record shows for it.

    Parameters
    ----------
    record : Record
    judged : sequence of Judged
        All findings of the record with their anchors.

    Returns
    -------
    tuple of FrameworkView
        In the order of the spec. Nothing in them says that a clause is fulfilled.
    """
    ran = dict(_ran(record, judged))
    by_id = {framework.id: framework for framework in record.frameworks}
    return tuple(
        _framework(place, framework, record, ran, by_id) for place, framework in enumerate(record.frameworks, 1)
    )


def clause_anchor(framework: int, clause: int) -> str:
    """Return the id in the page of a clause, by the number of its framework and its own, from 1."""
    return f"clause-{framework}-{clause}"


def _framework(
    place: int, framework: Framework, record: Record, ran: Mapping[str, Ran], by_id: Mapping[str, Framework]
) -> FrameworkView:
    lacking = _lacking(framework, record)
    clauses = tuple(
        _clause(clause_anchor(place, number), clause, record, ran, lacking)
        for number, clause in enumerate(framework.clauses, 1)
    )
    shown, covered = sum(clause.shown for clause in clauses), sum(clause.covered for clause in clauses)
    return FrameworkView(
        framework=framework,
        clauses=clauses,
        successor=by_id.get(framework.superseded_by or ""),
        # Both are ISO dates, which sort as the days they name; an empty one is before every other.
        begins_later=framework.effective > record.run.started[:10],
        shown=shown,
        empty=covered - shown,
        uncovered=len(clauses) - covered,
    )


def _clause(
    anchor: str, clause: Clause, record: Record, ran: Mapping[str, Ran], lacking: tuple[str, ...]
) -> ClauseView:
    parts = tuple(_part(path, record) for path in clause.parts)
    return ClauseView(
        anchor=anchor,
        clause=clause,
        ran=tuple(ran[name] for name in clause.checks if name in ran),
        left_out=tuple(name for name in clause.checks if name not in ran),
        parts=parts,
        lacking=lacking if any(part.state == "absent" for part in parts) else (),
    )


def _lacking(framework: Framework, record: Record) -> tuple[str, ...]:
    """Return the settings that a framework's tables are made from and that the spec does not set."""
    settings: object = {"checks": {check.name: check.settings for check in record.checks}}
    return tuple(key for key in framework.settings if _at(settings, key.split(".")) is None)


def _at(settings: object, path: Sequence[str]) -> object:
    for name in path:
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    return settings


def _ran(record: Record, judged: Sequence[Judged]) -> Iterator[tuple[str, Ran]]:
    for number, check in enumerate(record.checks, 1):
        counts = Counter(finding.verdict for finding in check.findings)
        own = [one for one in judged if one.check.name == check.name and one.finding.verdict in _ATTENTION]
        yield (
            check.name,
            Ran(
                check=check,
                number=number,
                counts=tuple((verdict, counts[verdict]) for verdict in _ORDER if counts[verdict]),
                first=min(own, key=_urgency, default=None),
            ),
        )


def _urgency(judged: Judged) -> tuple[int, int]:
    severity = judged.finding.severity
    return (
        _ATTENTION.index(judged.finding.verdict),
        len(_SEVERITIES) if severity is None else _SEVERITIES.index(severity),
    )


def _part(path: str, record: Record) -> Part:
    # A record of a later version may point to parts that have no name here: the path still says where to look.
    name, section = PARTS.get(path, (Message(id="{path}", values={"path": path}), "origin"))
    if is_filled(record, path):
        return Part(name, section, "shown")
    return Part(name, section, "unstated" if path.startswith(_OF_SPEC) else "absent")
