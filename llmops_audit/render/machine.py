"""What every file for machines tells: the findings of a record one by one, in words, with the place of each limit."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmops_audit.record import (
    CheckResult,
    Finding,
    Message,
    Op,
    Record,
    Requirement,
    Scalar,
    Severity,
    Verdict,
    message,
)
from llmops_audit.render import i18n
from llmops_audit.render.names import Scopes
from llmops_audit.render.text import Numbers, clean

__all__ = ["DEFAULT_SOURCE", "Item", "Place", "Teller", "bounded", "items", "one_line", "scope_of", "waiting"]

DEFAULT_SOURCE = "default"
"""Source of a limit that the check brings along and no line of the spec sets."""

SPEC = "audit.toml"
"""Name of a spec that a record does not tell."""

MAX_NAME = 300
MAX_SENTENCE = 1_000
MAX_TOLD = 2_500

_SHORT_HASH = 8
_FINGERPRINT = 32
_SOURCE = re.compile(r"(?!\.{1,2}:)([^/\\\x00-\x1f]{1,200}):([1-9][0-9]{0,8})")
_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.PASSED)
_SEVERITIES = tuple(Severity)
_OPS = {">=": "≥", "<=": "≤"}


@dataclass(frozen=True)
class Place:
    """Where a limit was set.

    Attributes
    ----------
    file : str
        Path of the spec, with slashes.
    line : int
        From 1; the first where no line sets the limit.
    """

    file: str
    line: int


@dataclass(frozen=True)
class Item:
    """A finding, or the verdict of a check that none of its findings shows.

    Attributes
    ----------
    id : str
        Of the finding, or the name of the check; cleaned, and shortened without becoming another's.
    rule : str
        ``"check/metric"``, or the name of the check.
    fingerprint : str
        Of the finding's id alone: the same in every audit, whatever was measured and wherever the limit stands.
    check : CheckResult
    finding : Finding, optional
    verdict : Verdict
    severity : Severity, optional
    place : Place
    waits : bool
        Stands between the subject and an approval.
    """

    id: str
    rule: str
    fingerprint: str
    check: CheckResult
    finding: Finding | None
    verdict: Verdict
    severity: Severity | None
    place: Place
    waits: bool

    @property
    def requirement(self) -> Requirement | None:
        """What is demanded, where something is."""
        return None if self.finding is None else self.finding.requirement


def items(record: Record, folder: str = "") -> tuple[Item, ...]:
    """Return all that a record found, in its order.

    A check whose verdict none of its findings bears, and one that found nothing to judge, is an item of its own:
    nothing vanishes, and what waits is empty exactly where the gate approves.

    Parameters
    ----------
    record : Record
    folder : str
        Of the spec in the repository, see `llmops_audit.record.files.spec_folder`.
    """
    spec = _spec_of(record)
    seen: Counter[str] = Counter()
    found = []
    for check, finding in _pairs(record):
        id = check.name if finding is None else finding.id
        verdict = check.verdict if finding is None else finding.verdict
        found.append(
            Item(
                id=bounded(id),
                rule=bounded(check.name if finding is None else f"{check.name}/{finding.metric}"),
                fingerprint=_hash(f"{id}\n{seen[id]}" if seen[id] else id)[:_FINGERPRINT],
                check=check,
                finding=finding,
                verdict=verdict,
                severity=None if finding is None else finding.severity,
                place=_place(None if finding is None else finding.requirement, spec, folder),
                waits=verdict is not Verdict.PASSED and (verdict is not Verdict.NOT_APPLICABLE or finding is None),
            )
        )
        seen[id] += 1
    return tuple(found)


def waiting(found: Iterable[Item]) -> list[Item]:
    """Return what stands between the subject and an approval, the gravest first."""
    return sorted((item for item in found if item.waits), key=lambda item: (_ORDER.index(item.verdict), _rank(item)))


def bounded(name: str) -> str:
    """Return a name on one line and of bounded length; one that had to change ends with a hash of the original."""
    line = one_line(name, MAX_NAME)
    return line if line == name else f"{line} #{_hash(name)[:_SHORT_HASH]}"


def one_line(text: str, characters: int) -> str:
    """Return cleaned text on one line of at most so many characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def scope_of(finding: Finding) -> dict[str, str]:
    """Return what a finding was measured on, cleaned and in order."""
    return {one_line(key, MAX_NAME): one_line(value, MAX_NAME) for key, value in sorted(finding.scope.items())}


class Teller:
    """Puts items into words.

    Parameters
    ----------
    record : Record
    language : str, optional
        By default the language of the audit.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """

    def __init__(self, record: Record, language: str | None = None) -> None:
        self.language = record.audit.language if language is None else language
        self.translate = i18n.translator(self.language)
        self.numbers = Numbers(self.language)
        self.scopes = Scopes(record, self.translate)

    def say(self, text: Message) -> str:
        """Return a message on one line."""
        return one_line(i18n.render(text, self.translate), MAX_SENTENCE)

    def word(self, key: str) -> str:
        """Return the field's name for a key of the record."""
        return one_line(i18n.word(key, self.translate), MAX_NAME)

    def joined(self, parts: Iterable[str]) -> str:
        """Return texts one after the other."""
        return self.translate(i18n.SEPARATOR.id).join(parts)

    def about(self, name: str, text: str) -> str:
        """Return what is said of something behind its name."""
        return one_line(i18n.render(message("{check}: {reason}", check=name, reason=text), self.translate), MAX_TOLD)

    def title(self, item: Item) -> str:
        """Return what was measured, and on what."""
        if item.finding is None:
            return one_line(self.translate(item.check.page.title), MAX_NAME) or item.rule
        name = self.word(item.finding.metric)
        scope = self.scopes.told(item.finding)
        title = message("{name} ({scope})", name=name, scope=self.joined(scope))
        return one_line(i18n.render(title, self.translate) if scope else name, MAX_NAME) or item.rule

    def sentence(self, item: Item) -> str:
        """Return why an item has its verdict, with value, interval, limit, and where the limit was set."""
        if item.finding is None:
            return self.why(item)
        facts = self._facts(item.finding)
        if facts is None:
            return self.why(item)
        # A message of any length leaves room for the facts.
        told = message("{sentence} {next}", sentence=self.why(item), next=facts)
        return one_line(i18n.render(told, self.translate), MAX_TOLD)

    def why(self, item: Item) -> str:
        """Return why an item has its verdict, in a sentence."""
        if item.finding is not None:
            return self.say(item.finding.message) or self.word(item.verdict)
        if item.verdict is Verdict.NOT_APPLICABLE:
            nothing = message("{check} found nothing to judge, so that a person must decide.", check=item.check.name)
            if item.check.reason is None:
                return self.say(nothing)
            return self.say(message("{sentence} {next}", sentence=nothing, next=item.check.reason))
        if item.check.reason is not None:
            return self.say(item.check.reason)
        verdict = message("The check ended with the verdict {verdict}.", verdict=item.verdict.value)
        return self.say(verdict)

    def value(self, finding: Finding) -> str:
        """Return the measured value."""
        return self.say(message("undefined")) if finding.value is None else self.numbers.number(finding.value)

    def interval(self, finding: Finding) -> str:
        """Return the interval, or the sign for nothing."""
        if finding.interval is None:
            return i18n.NOTHING
        low, high = (message("no bound") if end is None else self.numbers.number(end) for end in finding.interval)
        return self.say(message("{low} to {high}", low=low, high=high))

    def required(self, requirement: Requirement | None) -> str:
        """Return what is demanded, or the sign for nothing."""
        if requirement is None:
            return i18n.NOTHING
        return self.limit(requirement.op, requirement.limit)

    def limit(self, op: Op | None, value: Scalar) -> str:
        """Return a limit, or a setting where there is no comparison."""
        if value is None:
            return self.say(message("none"))
        told = one_line(value if isinstance(value, str) else self.numbers.value(value), MAX_NAME)
        return told if op is None else f"{_OPS.get(op, op)} {told}"

    def source(self, requirement: Requirement | None) -> str:
        """Return where the limit was set, a default told as such."""
        if requirement is None or requirement.source is None:
            return i18n.NOTHING
        if requirement.source == DEFAULT_SOURCE:
            return self.say(message("default of the check"))
        return one_line(requirement.source, MAX_NAME)

    def _facts(self, finding: Finding) -> Message | None:
        if finding.requirement is None:
            return None
        told = {
            "value": self.value(finding),
            "required": self.required(finding.requirement),
            "source": self.source(finding.requirement),
        }
        if finding.interval is None:
            return message("Measured: {value}; required: {required} ({source}).", **told)
        return message(
            "Measured: {value}, interval {interval}; required: {required} ({source}).",
            interval=self.interval(finding),
            **told,
        )


def _pairs(record: Record) -> Iterator[tuple[CheckResult, Finding | None]]:
    for check in record.checks:
        shown = any(finding.verdict is check.verdict for finding in check.findings)
        if not shown or check.verdict is Verdict.NOT_APPLICABLE:
            yield check, None
        for finding in check.findings:
            yield check, finding


def _rank(item: Item) -> int:
    return len(_SEVERITIES) if item.severity is None else _SEVERITIES.index(item.severity)


def _spec_of(record: Record) -> str:
    """Return the name of the spec: that of the first limit which a line of it sets."""
    for check in record.checks:
        for finding in check.findings:
            found = _line_of(finding.requirement)
            if found is not None:
                return found[1]
    return SPEC


def _place(requirement: Requirement | None, spec: str, folder: str) -> Place:
    found = _line_of(requirement)
    file, line = (spec, 1) if found is None else (found[1], int(found[2]))
    return Place(file=clean(f"{folder}/{file}" if folder else file), line=line)


def _line_of(requirement: Requirement | None) -> re.Match[str] | None:
    return None if requirement is None or requirement.source is None else _SOURCE.fullmatch(requirement.source)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
