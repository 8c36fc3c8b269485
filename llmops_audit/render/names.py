"""Names in words: those of the harness are translated, those of the data never."""

from __future__ import annotations

from llmops_audit.record import Finding, Message, Record, Scalar, message
from llmops_audit.record.labels import MISSING
from llmops_audit.render import i18n
from llmops_audit.render.i18n import Translate
from llmops_audit.render.text import shorten, width
from llmops_audit.render.words import FIXED

__all__ = ["NAME_COLUMNS", "Scopes", "identity_lines", "short_names", "subject_name", "with_missing_named"]

_NO_VALUE = message("(missing)")
_BETWEEN = " × "
_PAIR = message("from {from} to {to} ({attribute})").id
_GROUP = message("{group} ({attribute})").id
_NAMED = message("{key} {value}").id
_IDENTITY = "identity"
_SAYS_ITSELF = frozenset({_IDENTITY, "attribute"})
"""Keys of scopes whose values need no name beside them."""

NAME_COLUMNS = 80
"""Columns of a name on the first screen; the whole of it stands below."""

SHORT_DIGEST = 12
"""Digits of a digest on the first screen; the whole of it stands below."""


class Scopes:
    """Puts the keys and values of scopes into words.

    Parameters
    ----------
    record : Record
        Its group columns are keys of scopes as well, and keep their names.
    translate : callable
    """

    def __init__(self, record: Record, translate: Translate) -> None:
        self._columns = frozenset(name for split in record.data.values() for name in split.groups)
        self._translate = translate
        self._splits: dict[str, set[str]] = {}
        for finding in (finding for check in record.checks for finding in check.findings):
            self._splits.setdefault(finding.metric, set()).add(finding.scope.get("split", ""))

    def in_words(self, finding: Finding) -> list[str]:
        """Return what a finding is about as people say it: a group with its attribute, a pair from one to the other.

        The split is said only where the metric is judged on several.
        """
        scope = dict(finding.scope)
        if len(self._splits.get(finding.metric, ())) < 2:
            scope.pop("split", None)
        attribute = scope.get(_IDENTITY)
        texts = []
        if attribute is not None and {"from", "to"} <= finding.details.keys():
            del scope[_IDENTITY]
            ends = {key: self._translate.value(_IDENTITY, str(finding.details[key])) for key in ("from", "to")}
            texts.append(self._say(message(_PAIR, attribute=self.value(_IDENTITY, attribute), **ends)))
        return texts + [self._in_words(key, value) for key, value in sorted(scope.items())]

    def _in_words(self, key: str, value: str) -> str:
        name = self.value(key, value)
        if key in _SAYS_ITSELF:
            return name
        if key in self._columns:
            return self._say(message(_GROUP, group=name, attribute=key))
        return self._say(message(_NAMED, key=self.key(key), value=name))

    def _say(self, text: Message) -> str:
        return i18n.render(text, self._translate)

    def described(self, finding: Finding) -> list[str]:
        """Return each key of a finding's scope with its value, in order."""
        return [
            self._say(message(_NAMED, key=self.key(key), value=self.value(key, value)))
            for key, value in sorted(finding.scope.items())
        ]

    def key(self, key: str) -> str:
        """Return the name of a key; a column keeps its own."""
        return key if key in self._columns else self._translate.word(key)

    def value(self, key: str, value: str) -> str:
        """Return the name of a value; a value of the data stays as it is."""
        if value == MISSING:
            return self._translate(_NO_VALUE.id)
        return value if key in self._columns else self._translate.value(key, value)


def subject_name(record: Record, translate: Translate) -> str:
    """Return the description of the subject; that of saved predictions or scores names columns, in the language."""
    name = _described(record)
    return name if isinstance(name, str) else i18n.render(name, translate)


def _described(record: Record) -> str | Message:
    scores = record.subject.parameters.get("scores")
    if record.subject.kind == "scores" and isinstance(scores, str | dict):
        columns = (scores,) if isinstance(scores, str) else tuple(map(str, scores.values()))
        return message("scores in {columns}", columns=columns)
    column = record.subject.parameters.get("predictions")
    if record.subject.kind != "predictions" or not isinstance(column, str):
        return record.subject.description
    return message("column {name}", name=column)


def identity_lines(record: Record) -> tuple[Message, ...]:
    """Return what the first screen says of the classifier: its kind, and the start of the digest that it has."""
    subject = record.subject
    kind = FIXED.get(subject.kind, subject.kind)
    lines = [message("Judged: {kind}, {name}.", kind=kind, name=_described(record))]
    if subject.retrained:
        lines.append(
            message(
                "The factory returned a fitted classifier. It was trained anew: what is judged is another one than was "
                "returned."
            )
        )
    if subject.identity is None:
        lines.append(message("It has no digest, so that it cannot be known again."))
    else:
        lines.append(message("Its digest begins with {digest}.", digest=subject.identity[:SHORT_DIGEST]))
    return tuple(lines)


def short_names(text: Message) -> Message:
    """Return a sentence whose names are cut where they are longer than a line of the first screen."""
    return text.model_copy(update={"values": {key: _short(value) for key, value in text.values.items()}})


def _short(value: Scalar | Message | tuple[Scalar, ...]) -> Scalar | Message | tuple[Scalar, ...]:
    if isinstance(value, Message):
        return short_names(value)
    if isinstance(value, tuple):
        return tuple(_cut(item) for item in value)
    return _cut(value)


def _cut(value: Scalar) -> Scalar:
    return shorten(value, NAME_COLUMNS) if isinstance(value, str) and width(value) > NAME_COLUMNS else value


def with_missing_named(record: Record, translate: Translate) -> Record:
    """Return a record in which the group of the rows without a value is called what the language calls it."""
    name = translate(_NO_VALUE.id)
    return record if name == MISSING else Record.model_validate(_renamed(record.model_dump(by_alias=True), name))


def _renamed(value: object, name: str) -> object:
    if isinstance(value, dict):
        return {key: _renamed(item, name) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_renamed(item, name) for item in value)
    if isinstance(value, str) and MISSING in value:
        return _BETWEEN.join(name if part == MISSING else part for part in value.split(_BETWEEN))
    return value
