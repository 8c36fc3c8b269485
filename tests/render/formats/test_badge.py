"""The decision as a badge."""

from __future__ import annotations

from types import ModuleType

import pytest
from lxml import etree

from llmops_audit.record import Record, Status
from llmops_audit.render.formats import render_files

SVG = {"s": "http://www.w3.org/2000/svg"}


def _badge(record: Record, language: str | None = None) -> etree._Element:
    return etree.fromstring(render_files(record, ["badge"], language=language)["badge.svg"])


def _words(record: Record, language: str | None = None) -> str:
    return " · ".join(_badge(record, language).xpath("//s:text/text()", namespaces=SVG))


@pytest.mark.parametrize(
    ("status", "english", "chinese"),
    [
        ("approved", "criteria met", "符合要求"),
        ("rejected", "criteria not met", "不符合要求"),
        ("needs_review", "undecided", "须人工复核"),
        ("not_judged", "not judged", "未作判定（审计未完成）"),
    ],
)
def test_it_says_decision_version_and_day(sample: ModuleType, status: str, english: str, chinese: str) -> None:
    """Each decision in words, in the language of the report, with the version and the day."""
    assert _words(sample.record(Status(status))) == f"{english} · v1.4.0 · 2026-11-24"
    assert _words(sample.record(Status(status), language="zh")) == f"{chinese} · v1.4.0 · 2026-11-24"
    title = _badge(sample.record(Status(status))).xpath("string(s:title)", namespaces=SVG)
    assert title == f"sms-spam-filter: {english} · v1.4.0 · 2026-11-24"


def test_the_day_is_that_in_utc(sample: ModuleType) -> None:
    """Where the clock of the machine is ahead, the day before may be meant; a time that is none is left out."""
    record = sample.record()
    late = record.run.model_copy(update={"started": "2026-11-24T02:30:00+08:00"})
    assert _words(record.model_copy(update={"run": late})).endswith("2026-11-23")
    none = record.run.model_copy(update={"started": "yesterday"})
    assert _words(record.model_copy(update={"run": none})) == "criteria not met · v1.4.0"


def test_it_names_no_group_and_asks_for_nothing(sample: ModuleType) -> None:
    """Of a record full of groups nothing but the decision is shown, and the file holds no address of anything."""
    content = render_files(sample.record(), ["badge"])["badge.svg"].decode()
    assert not [name for name in ("African", "Female", "sex", "ham", "selection") if name in content]
    assert content.count("http") == 1
    assert not [part for part in ("href", "url(h", "<script", "<style", "@import") if part in content]


@pytest.mark.parametrize("place", range(9))
def test_a_hostile_version_stays_text(sample: ModuleType, place: int) -> None:
    """Whatever version and name hold, the file is well-formed, of rectangles and text, and no wider than a line."""
    badge = _badge(sample.hostile(sample.HOSTILE[place]))
    tags = {etree.QName(part).localname for part in badge.iter()}
    assert tags == {"svg", "title", "rect", "g", "text"}
    assert float(badge.get("width")) < 500


def test_a_version_with_letters_keeps_its_own(sample: ModuleType) -> None:
    """Only a number gets a v."""
    assert " · v2 · " in _words(sample.record(version="v2"))
    assert " · release-7 · " in _words(sample.record(version="release-7"))
