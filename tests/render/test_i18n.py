"""Sentences are filled safely, and translations fit them."""

from __future__ import annotations

import ast
from importlib import resources
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.record import Message, message
from llmops_audit.render import i18n
from llmops_audit.testing import catalogue

ENGLISH = i18n.translator("en")
TRANSLATED = [language for language in i18n.languages() if language != i18n.SOURCE_LANGUAGE]


def places(text: str) -> set[tuple[str, str]]:
    """The places of a sentence with their formats; Chinese says a count in ten thousands where English has commas."""
    return {(name, (spec or "").replace("万", ",")) for _, name, spec, _ in Formatter().parse(text) if name is not None}


def test_no_sentence_hides_in_an_f_string() -> None:
    """The extractor does not look into f-strings before Python 3.12, so that a sentence in one would stay English."""
    hidden = [
        f"{file.name}:{call.lineno}"
        for package in ("llmops_audit", "llmops_audit.checks")
        for file in Path(str(resources.files(package))).rglob("*.py")
        for string in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in catalogue.KEYWORDS
    ]
    assert hidden == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    """Each translated message keeps the named places and formats of the English one."""
    for sentence, translation in i18n.read_catalogue(language).items():
        if "{" in sentence:
            assert places(translation) == places(sentence), sentence


def test_the_languages_are_those_with_a_catalogue() -> None:
    """English needs no catalogue; Chinese has one."""
    assert i18n.languages() == ("en", "zh")


@pytest.mark.parametrize(
    ("text", "values", "written"),
    [
        ("{rows:,} rows", {"rows": 12345}, "12,345 rows"),
        ("{share:.1%}", {"share": 0.1234}, "12.3%"),
        ("{x:.3f}", {"x": 0.5}, "0.500"),
        ("{x}", {"x": None}, "–"),
        ("{x:.3f}", {"x": None}, "–"),
        ("{x}", {"x": 0.1 + 0.2}, "0.3"),
        ("{x}", {"x": True}, "yes"),
        ("{labels}", {"labels": ("a", 1, None)}, "a, 1, –"),
        (
            "{metric} on {split}",
            {"metric": "balanced_accuracy", "split": "test"},
            "balanced accuracy on test",
        ),
        ("{a}: {why}", {"a": "x", "why": message("{rows} rows", rows=3)}, "x: 3 rows"),
        ("{{literal}}", {}, "{literal}"),
        ("{x}", {"x": "{y}"}, "{y}"),
    ],
)
def test_places_are_filled(text: str, values: dict[str, object], written: str) -> None:
    """Plain places and simple formats are filled, values are never read as formats."""
    assert i18n.render(Message.model_validate({"id": text, "values": values}), ENGLISH) == written


@pytest.mark.parametrize(
    "text",
    [
        "{x.__class__}",
        "{x[0]}",
        "{x!r}",
        "{}",
        "{0}",
        "{missing}",
        "{x:>99999999}",
        "{x:{y}}",
        "{x",
        "{x:.1%}}",
        "{x:d}",
    ],
)
def test_a_message_that_asks_for_more_is_shown_as_it_is(text: str) -> None:
    """Attributes, items, conversions, nested formats, missing places and broken braces give the raw id."""
    assert i18n.render(Message(id=text, values={"x": "word", "y": 3}), ENGLISH) == text


@pytest.mark.parametrize(
    ("sentence", "values", "written"),
    [
        (
            "按{attribute}的以 {group} 为准",
            {"attribute": "race", "group": "White"},
            "按 race 的以 White 为准",
        ),
        ("按{attribute}的以 {group} 为准", {"attribute": "地区", "group": "城市"}, "按地区的以城市为准"),
        ("有 {value} 的预测改变", {"value": "12%（10 至 15）"}, "有 12%（10 至 15）的预测改变"),
        ("约 {rows:万} 行", {"rows": 9_999}, "约 9,999 行"),
        ("约 {rows:万} 行", {"rows": 85_000}, "约 8.5 万行"),
        ("约 {rows:万} 行", {"rows": 131_000}, "约 13 万行"),
        ("{a} and {b}", {"a": "地区", "b": "x"}, "地区 and x"),
    ],
)
def test_a_chinese_sentence_has_a_blank_between_chinese_and_latin_alone(
    sentence: str, values: dict[str, object], written: str
) -> None:
    """Whatever fills a place, one rule says where a blank stands; counts are said in ten thousands."""
    assert i18n.render(Message.model_validate({"id": sentence, "values": values}), ENGLISH) == written


@given(
    st.text(),
    st.dictionaries(st.text(max_size=3), st.one_of(st.none(), st.booleans(), st.integers(), st.text())),
)
def test_rendering_never_raises(text: str, values: dict[str, object]) -> None:
    """Whatever a message holds, rendering gives a text."""
    assert isinstance(i18n.render(Message.model_validate({"id": text, "values": values}), ENGLISH), str)
