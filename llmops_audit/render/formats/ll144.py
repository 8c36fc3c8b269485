"""The results of a bias audit under New York City Local Law 144, as a page to publish."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from babel.dates import format_date
from babel.numbers import format_decimal

from llmops_audit.errors import RecordError
from llmops_audit.record import Record
from llmops_audit.record.figures import BiasAudit, BiasTable, Category
from llmops_audit.render import i18n
from llmops_audit.render.formats._page import HTML_LANGUAGE, environment_of
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.text import Numbers

__all__ = ["FILE", "FOUR_FIFTHS", "WRITTEN", "bias_audit_of", "render"]

FILE = "ll144.html"
WRITTEN = "page"

FOUR_FIFTHS = 0.8
"""Ratio that the page marks; a rule of thumb of 29 CFR 1607.4(D), no threshold of the law."""

_DATE_PATTERNS = {"en": "MMMM d, y", "zh": "y年M月d日"}


def bias_audit_of(record: Record) -> BiasAudit | None:
    """Return the bias audit of a record, None where it holds none."""
    return next((figure for _, figure in sorted(record.figures.items()) if isinstance(figure, BiasAudit)), None)


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the bias audit of a record.

    Raises
    ------
    RecordError
        Where the record holds no bias audit.
    """
    audit = bias_audit_of(record)
    if audit is None:
        expected = "the record of an audit with the table `[checks.fairness.ll144]` and data that fit it"
        raise RecordError("record", "holds no bias audit of Local Law 144", expected)
    numbers = Numbers(language)
    environment = environment_of(record, i18n.translator(language, record), numbers)
    left_out = [category for table in audit.tables for category in table.categories if category.left_out is not None]
    page = environment.get_template("ll144.html.j2").render(
        record=record,
        audit=audit,
        language=HTML_LANGUAGE.get(language, language),
        left_out=left_out,
        included=audit.individuals - audit.unknown,
        blocks=_blocks,
        four_fifths=FOUR_FIFTHS,
        day=lambda text: _day(text, numbers),
        ratio=lambda value: NOTHING if value is None else format_decimal(value, "0.000", locale=numbers.locale),
    )
    return page.encode()


def _blocks(table: BiasTable) -> list[tuple[str | None, list[Category]]]:
    """Return the categories in blocks: a block for each sex in the table of intersections, otherwise one block."""
    if len(table.attributes) < 2:
        return [(None, list(table.categories))]
    return [(name, list(group)) for name, group in groupby(table.categories, key=lambda category: category.names[0])]


def _day(text: str, numbers: Numbers) -> str:
    pattern = _DATE_PATTERNS.get(numbers.locale.language, "long")
    try:
        return format_date(date.fromisoformat(text), pattern, locale=numbers.locale)
    except ValueError:
        return text
