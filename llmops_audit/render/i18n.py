"""Sentences in the reader's language.

Gettext style: the English sentence is the key, the catalogue of a language holds its translation.
Catalogues are read from their ``.po`` files, so that no compiled file can go stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Formatter

from llmops_audit.errors import AuditError
from llmops_audit.record import Message, Scalar, message
from llmops_audit.render.locale.words import ANSWERS, FEATURES, WORDS

__all__ = [
    "NOTHING",
    "SEPARATOR",
    "SOURCE_LANGUAGE",
    "Translate",
    "catalogue_file",
    "column_name",
    "feature_word",
    "languages",
    "read_catalogue",
    "render",
    "translator",
    "word",
    "written",
]

Translate = Callable[[str], str]

SOURCE_LANGUAGE = "en"

SEPARATOR = message(", ")
"""What stands between the items of a list."""

NOTHING = "–"
"""What stands for a value that is undefined."""

WORD_PLACES = frozenset({"identities", "kinds", "metric", "severity", "split", "splits", "status", "verdict"})
"""Places of a message whose values are keys of `WORDS`, not data."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBER_SPEC = re.compile(r"\+?,?(?:\.[0-9]{1,2})?[%defg]?\Z")
_DIGITS = 6


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


def translator(language: str) -> Translate:
    """Return the function that translates an English sentence.

    A sentence that the catalogue lacks, such as one of a plug-in's own, stays English.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    if language not in languages():
        raise AuditError("language", "is not available", f"one of {', '.join(languages())}", repr(language))
    if language == SOURCE_LANGUAGE:
        return str
    catalogue = _cached_catalogue(language)
    return lambda text: catalogue.get(text, text)


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


def word(key: str, translate: Translate) -> str:
    """Return the field's name for a key of the record; an unknown key is shown with its underscores opened."""
    known = WORDS.get(key)
    return key.replace("_", " ") if known is None else translate(known.id)


def feature_word(key: str, translate: Translate) -> str:
    """Return the name of a feature of a column; one that has none is a word like another."""
    known = FEATURES.get(key)
    return word(key, translate) if known is None else translate(known.id)


def column_name(name: str, translate: Translate) -> str:
    """Return the name of a column as it is, and the name of an answer in the language."""
    known = ANSWERS.get(name)
    return name if known is None else translate(known.id)


def _fill(text: str, values: Mapping[str, Scalar | tuple[Scalar, ...] | Message], translate: Translate) -> str:
    parts: list[str] = []
    for literal, name, spec, conversion in Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if conversion or not _NAME.match(name) or not _NUMBER_SPEC.match(spec or ""):
            raise ValueError(name)
        value = values[name]
        if isinstance(value, Message):
            parts.append(render(value, translate))
            continue
        items = value if isinstance(value, tuple) else (value,)
        if name in WORD_PLACES:
            items = tuple(word(item, translate) if isinstance(item, str) else item for item in items)
        parts.append(translate(SEPARATOR.id).join(written(item, translate, spec or "") for item in items))
    return "".join(parts)


def written(value: Scalar, translate: Translate, spec: str = "") -> str:
    """Return a value in words or digits, by a number format where one is given."""
    # The catalogue's sentences are found by the name `_`.
    _ = translate
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if spec:
        return format(value, spec)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, f".{_DIGITS}g")
    return str(value)


@cache
def _cached_catalogue(language: str) -> dict[str, str]:
    return read_catalogue(language)
