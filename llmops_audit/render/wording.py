"""Items in words, as every file for machines writes them: one line each, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterable

from llmops_audit.record import (
    DEFAULT_SOURCE,
    Finding,
    JudgedRequirement,
    Message,
    Op,
    Record,
    Requirement,
    Scalar,
    Verdict,
    message,
)
from llmops_audit.render import i18n
from llmops_audit.render.items import MAX_NAME, Item, one_line
from llmops_audit.render.names import Scopes
from llmops_audit.render.text import Numbers

__all__ = ["Wording"]

MAX_SENTENCE = 1_000
"""Characters of a message."""

MAX_TEXT = 2_500
"""Characters of a message with what stands before or behind it."""

_OPS = {">=": "≥", "<=": "≤"}


class Wording:
    """Puts the items of a record into words.

    Parameters
    ----------
    record : Record
    language : str

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """

    def __init__(self, record: Record, language: str) -> None:
        self.language = language
        self.translate = i18n.translator(language, record)
        self.numbers = Numbers(language)
        self.scopes = Scopes(record, self.translate)

    def say(self, text: Message) -> str:
        """Return a message on one line."""
        return one_line(i18n.render(text, self.translate), MAX_SENTENCE)

    def word(self, key: str) -> str:
        """Return the field's name for a key of the record."""
        return one_line(self.translate.word(key), MAX_NAME)

    def joined(self, texts: Iterable[str]) -> str:
        """Return texts as a list on one line."""
        return self.translate(i18n.SEPARATOR.id).join(texts)

    def labelled(self, name: str, text: str) -> str:
        """Return a text behind the name of its subject: ``name: text``."""
        return one_line(i18n.render(message("{check}: {reason}", check=name, reason=text), self.translate), MAX_TEXT)

    def title(self, item: Item) -> str:
        """Return the metric and its scope, or the title of the check."""
        if item.finding is None:
            return one_line(self.translate(item.check.page.title), MAX_NAME) or item.rule
        name = self.word(item.finding.metric)
        scope = self.scopes.described(item.finding)
        title = message("{name} ({scope})", name=name, scope=self.joined(scope))
        return one_line(i18n.render(title, self.translate) if scope else name, MAX_NAME) or item.rule

    def sentence(self, item: Item) -> str:
        """Return the reason of an item's verdict, with value, interval, limit, and the source of the limit."""
        if item.finding is None:
            return self.reason(item)
        facts = self._facts(item.finding)
        if facts is None:
            return self.reason(item)
        # The reason is short enough to leave room for the facts.
        both = message("{sentence} {next}", sentence=self.reason(item), next=facts)
        return one_line(i18n.render(both, self.translate), MAX_TEXT)

    def reason(self, item: Item) -> str:
        """Return the reason of an item's verdict in a sentence."""
        if item.finding is not None:
            return self.say(item.finding.message) or self.word(item.verdict)
        if item.verdict is Verdict.NOT_APPLICABLE:
            nothing = message("{check} found nothing to judge, so a person must decide.", check=item.check.name)
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
        """Return the interval, or a dash where there is none."""
        return i18n.NOTHING if finding.interval is None else self.range_of(finding.interval)

    def range_of(self, interval: tuple[float | None, float | None]) -> str:
        """Return an interval from end to end."""
        low, high = (message("no bound") if end is None else self.numbers.number(end) for end in interval)
        return self.say(message("{low} to {high}", low=low, high=high))

    def required(self, requirement: Requirement | None) -> str:
        """Return the limit with its comparison, or a dash where there is none."""
        if requirement is None:
            return i18n.NOTHING
        return self.limit(requirement.op, requirement.limit)

    def limit(self, op: Op | None, value: Scalar) -> str:
        """Return a limit with its comparison, or a setting, which has none."""
        if value is None:
            return self.say(message("none"))
        written = one_line(value if isinstance(value, str) else self.numbers.value(value), MAX_NAME)
        return written if op is None else f"{_OPS.get(op, op)} {written}"

    def compared(self, op: Op, limit: Message) -> str:
        """Return a limit that is written for people with its comparison."""
        return f"{_OPS.get(op, op)} {self.say(limit)}"

    def source(self, requirement: Requirement | None) -> str:
        """Return the line of the spec that sets the limit, or that it is a default; a dash where there is no limit."""
        if requirement is None or requirement.source is None:
            return i18n.NOTHING
        if requirement.source == DEFAULT_SOURCE:
            return self.say(message("default of the check"))
        return one_line(requirement.source, MAX_NAME)

    def set_in(self, one: JudgedRequirement) -> str:
        """Return the line of the spec that sets the limit of a requirement, like `source`."""
        return self.source(Requirement(op=one.op, limit=one.limit, source=one.source))

    def _facts(self, finding: Finding) -> Message | None:
        if finding.requirement is None:
            return None
        facts = {
            "value": self.value(finding),
            "required": self.required(finding.requirement),
            "source": self.source(finding.requirement),
        }
        if finding.interval is None:
            return message("Measured: {value}; required: {required} ({source}).", **facts)
        return message(
            "Measured: {value}, interval {interval}; required: {required} ({source}).",
            interval=self.interval(finding),
            **facts,
        )
