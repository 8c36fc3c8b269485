"""Text and numbers as a reader sees them."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from datetime import UTC, date, datetime

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent, format_scientific

from llmops_audit.render.i18n import NOTHING

__all__ = ["LOCALES", "Numbers", "clean", "compact", "first_sentence", "shorten", "width"]

LOCALES = {"en": "en_US", "zh": "zh_Hans_CN"}

MAX_LENGTH = 4_000
"""Characters of one text that are shown; a report stays readable whatever a field holds."""

# C0 and C1 controls but tab and line feed, bidirectional controls, line separators, surrogates, the byte order mark:
# they are invisible, reorder the text beside them, or cannot be written as UTF-8.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# No script puts more than a few marks on a letter; hundreds form one cluster that fits on no line.
_PILED = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
_END_OF_SENTENCE = re.compile(r"[。！？]|[.!?](?=\s+[A-Z])")

_DATE_PATTERNS = {"en": "d MMMM y", "zh": "y年M月d日"}
_TIME_PATTERNS = {"en": "d MMMM y, HH:mm", "zh": "y年M月d日 HH:mm"}

_SIGNIFICANT, _READ = 4, 3
_MOST_PERCENT = 100.0
_SCIENTIFIC_FROM, _SCIENTIFIC_BELOW = 1e7, 1e-4
_SMALLEST_P = 1e-4
_CERTAIN_P = 0.1


def clean(text: str) -> str:
    """Return text without invisible or reordering characters and piles of marks, and of bounded length."""
    if len(text) > MAX_LENGTH:
        text = text[: MAX_LENGTH - 1] + _ELLIPSIS
    return _PILED.sub(r"\1", _UNSAFE.sub(_REPLACEMENT, text))


def shorten(text: str, columns: float) -> str:
    """Return cleaned text on one line that is at most `columns` wide, see `width`."""
    line = " ".join(clean(text).split())
    if width(line) <= columns:
        return line
    taken = 0.0
    for end, character in enumerate(line):
        taken += width(character)
        if taken > columns - 1:
            return line[:end].rstrip() + _ELLIPSIS
    return line


def width(text: str) -> float:
    """Return the width of a text in columns; an East Asian wide character takes two, a combining mark none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def compact(value: object) -> str:
    """Return a setting or parameter as JSON, keys in order; text without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


class Numbers:
    """Numbers and times as a language writes them.

    Parameters
    ----------
    language : str
        A key of `LOCALES`; another language is handed to Babel as it is.
    """

    def __init__(self, language: str) -> None:
        self.locale = Locale.parse(LOCALES.get(language, language))

    def count(self, value: float | None) -> str:
        """Whole number with thousands separators."""
        return NOTHING if value is None else format_decimal(value, "#,##0", locale=self.locale)

    def share(self, value: float | None, decimals: int = 2) -> str:
        """Share of 1 as percent, for a column with aligned decimals."""
        pattern = f"0.{'0' * decimals}%"
        return NOTHING if value is None else format_percent(value, pattern, locale=self.locale)

    def percent(self, value: float | None) -> str:
        """Share of 1 as percent with at most one decimal, for running text."""
        return NOTHING if value is None else format_percent(value, "0.#%", locale=self.locale)

    def number(self, value: float | None) -> str:
        """Four significant digits; a whole number stays whole."""
        if value is None:
            return NOTHING
        size = abs(value)
        if float(value).is_integer() and size < _SCIENTIFIC_FROM:
            return self.count(value)
        if not _SCIENTIFIC_BELOW <= size < _SCIENTIFIC_FROM:
            return format_scientific(value, "0.###E0", locale=self.locale)
        decimals = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(size)))
        return format_decimal(value, "#,##0." + "#" * decimals, locale=self.locale)

    def read(self, value: float | None, *, share: bool = False) -> str:
        """At most three significant digits, as a person reads and says them; a share as percent."""
        if value is None:
            return NOTHING
        if not share or abs(value) > _MOST_PERCENT:
            return self.number(float(f"{value:.{_READ}g}"))
        size = 100 * abs(value)
        decimals = 1 if size >= 1 or not size else min(_READ, 1 - math.floor(math.log10(size)))
        return format_percent(value, f"0.{'#' * decimals}%", locale=self.locale)

    def p_value(self, value: float | None) -> str:
        """Two decimals where it is large, four where it is small, a bound where it is tiny."""
        if value is None:
            return NOTHING
        if value < _SMALLEST_P:
            return "< " + format_decimal(_SMALLEST_P, "0.0000", locale=self.locale)
        return format_decimal(value, "0.00" if value >= _CERTAIN_P else "0.0000", locale=self.locale)

    def cell(self, value: object, kind: str) -> str:
        """Return a table's cell in the column's format; a value that does not fit the format is shown as text."""
        if value is None:
            return NOTHING
        write = {
            "count": self.count,
            "share": self.share,
            "number": self.number,
            "p_value": self.p_value,
        }.get(kind)
        if write is None or isinstance(value, bool) or not isinstance(value, int | float):
            return compact(value)
        return write(value)

    def value(self, value: object) -> str:
        """Return a number of no declared format; anything else as JSON."""
        return self.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else compact(value)

    def date(self, text: str) -> str:
        """Return an ISO 8601 date in words; any other text is returned as it is."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return format_date(day, _DATE_PATTERNS.get(self.locale.language, "long"), locale=self.locale)

    def time(self, text: str) -> str:
        """Return an ISO 8601 time in words, in UTC where it names its zone; any other text is returned as it is."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        zone = "" if moment.tzinfo is None else " UTC"
        moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
        pattern = _TIME_PATTERNS.get(self.locale.language, "long")
        return format_datetime(moment, pattern, locale=self.locale) + zone


def first_sentence(text: str) -> str:
    """Return a text up to the end of its first sentence, in English or Chinese; without an end, all of it."""
    end = _END_OF_SENTENCE.search(text)
    return text if end is None else text[: end.end()].rstrip()
