"""Sentences in the reader's language.

Gettext style: the English sentence is the key, the catalogue of a language holds its translation.
Catalogues are read from their ``.po`` files, so that no compiled file can go stale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Formatter

from llmops_audit.errors import AuditError
from llmops_audit.record import Message, Record, Scalar, message
from llmops_audit.record.words import at
from llmops_audit.render.words import FIXED, NAMES, WORD_PLACES

__all__ = [
    "NOTHING",
    "SEPARATOR",
    "SOURCE_LANGUAGE",
    "Translate",
    "catalogue_file",
    "languages",
    "read_catalogue",
    "render",
    "translator",
    "written",
]

SOURCE_LANGUAGE = "en"

SEPARATOR = message(", ")
"""What stands between the items of a list."""

NOTHING = "–"
"""What stands for a value that is undefined."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBER_SPEC = re.compile(r"\+?,?(?:\.[0-9]{1,2})?[%defg]?\Z")
_DIGITS = 6

_ROUND, _TEN_THOUSAND = "万", 10_000
"""Format of a number that Chinese says in ten thousands from there on."""

_HAN, _LATIN = "\u3400-\u9fff", "A-Za-z0-9\u00b5-\u024f"
_FULL = f"{_HAN}\u3000-\u303f\uff00-\uff60“”"
_IS_HAN, _ENDS_HAN = re.compile(f"[{_HAN}]"), re.compile(f"[{_HAN}]\\Z")
_IS_LATIN, _ENDS_LATIN = re.compile(f"[{_LATIN}]"), re.compile(f"[{_LATIN}%]\\Z")
_IS_FULL, _ENDS_FULL = re.compile(f"[{_FULL}]"), re.compile(f"[{_FULL}]\\Z")
_BLANK_BEHIND, _BLANK_BEFORE = re.compile(f"[{_FULL}] \\Z"), re.compile(f" [{_FULL}]")


class Translate:
    """Sentences and words in one language.

    Parameters
    ----------
    catalogue : mapping of str to str
        English sentence to translation; a sentence that it lacks, such as one of a plug-in's own, stays English.
    words : mapping of str to Message
        Words of a record's keys, see `llmops_audit.record.words`.
    """

    def __init__(self, catalogue: Mapping[str, str], words: Mapping[str, Message]) -> None:
        self._catalogue = catalogue
        self._words = words

    def __call__(self, text: str) -> str:
        """Return a sentence in the language."""
        return self._catalogue.get(text, text)

    def word(self, key: str) -> str:
        """Return the word of a key of the record; an unknown key is shown with its underscores opened."""
        known = FIXED.get(key) or self._words.get(key) or NAMES.get(key)
        return key.replace("_", " ") if known is None else self(known.id)

    def value(self, place: str, value: str) -> str:
        """Return the word of a value at a place; a value of the data is returned as it is."""
        known = self._words.get(at(place, value))
        if known is not None:
            return self(known.id)
        return self.word(value) if place in WORD_PLACES else value


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be written in, sorted."""
    folders = (folder.name for folder in resources.files("llmops_audit.render.locale").iterdir() if folder.is_dir())
    return tuple(sorted({SOURCE_LANGUAGE, *(name for name in folders if catalogue_file(name).is_file())}))


def catalogue_file(language: str) -> Traversable:
    """Return the file of a language's catalogue, whether or not it exists."""
    return resources.files("llmops_audit.render.locale").joinpath(language, "LC_MESSAGES", "llmops_audit.po")


def read_catalogue(language: str) -> dict[str, str]:
    """Return the catalogue of a language: English sentence -> translation.

    An entry without a translation is left out, and so is a fuzzy one: its translation is of another sentence.
    """
    from babel.messages.pofile import read_po

    with catalogue_file(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}


def translator(language: str, record: Record | None = None) -> Translate:
    """Return the sentences and words of a language.

    Parameters
    ----------
    language : str
        One of `languages`.
    record : Record, optional
        Its checks bring words of their own.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    if language not in languages():
        raise AuditError("language", "is not available", f"one of {', '.join(languages())}", repr(language))
    # Of two checks with one key the first names it.
    checks = () if record is None else reversed(record.checks)
    words = {key: word for check in checks for key, word in check.words.items()}
    return Translate({} if language == SOURCE_LANGUAGE else _cached_catalogue(language), words)


def render(message: Message, translate: Translate) -> str:
    """Write a message in the language of `translate`.

    Only plain places (``{rows}``) and simple number formats (``{share:.1%}``, ``{x:.3f}``, ``{rows:,}``) are
    filled, so that a message can reach into nothing. A message that asks for more, or lacks a value, is shown
    as its id: a report never fails on a sentence.
    """
    try:
        return _fill(translate(message.id), message.values, translate)
    except (KeyError, TypeError, ValueError):
        return message.id


def _fill(text: str, values: Mapping[str, Scalar | tuple[Scalar, ...] | Message], translate: Translate) -> str:
    parts: list[str] = []
    for literal, name, spec, conversion in Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if conversion or not _NAME.match(name) or not (spec == _ROUND or _NUMBER_SPEC.match(spec or "")):
            raise ValueError(name)
        value = values[name]
        if isinstance(value, Message):
            parts.append(render(value, translate))
            continue
        items = value if isinstance(value, tuple) else (value,)
        items = tuple(translate.value(name, item) if isinstance(item, str) else item for item in items)
        parts.append(translate(SEPARATOR.id).join(written(item, translate, spec or "") for item in items))
    return _joined(parts) if _IS_HAN.search(text) else "".join(parts)


def _joined(parts: Sequence[str]) -> str:
    """Join what fills a Chinese sentence by one rule: a blank between Chinese and Latin, and none beside wide marks."""
    text = ""
    for part in filter(None, parts):
        if _BLANK_BEHIND.search(text[-2:]) and _IS_FULL.match(part):
            text = text[:-1]
        elif _ENDS_FULL.search(text) and _BLANK_BEFORE.match(part):
            part = part[1:]
        elif (_ENDS_HAN.search(text) and _IS_LATIN.match(part)) or (_ENDS_LATIN.search(text) and _IS_HAN.match(part)):
            text += " "
        text += part
    return text


def written(value: Scalar, translate: Translate, spec: str = "") -> str:
    """Return a value in words or digits, by a number format where one is given."""
    # The catalogue's sentences are found by the name `_`.
    _ = translate
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if spec == _ROUND:
        return _in_ten_thousands(float(value))
    if spec:
        return format(value, spec)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, f".{_DIGITS}g")
    return str(value)


def _in_ten_thousands(value: float) -> str:
    """Return a number of two digits in ten thousands, such as 8.5 万; a smaller one with separators of thousands."""
    return f"{value:,.0f}" if abs(value) < _TEN_THOUSAND else f"{float(f'{value / _TEN_THOUSAND:.2g}'):,g} {_ROUND}"


@cache
def _cached_catalogue(language: str) -> dict[str, str]:
    return read_catalogue(language)
