"""One term for one thing: the page of terms, the Chinese catalogue and the chapter of the report agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmops_audit.render import i18n
from llmops_audit.render.glossary import GLOSSARY

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
HEADER = ["English", "Chinese", "never", "in sentences", "remark"]


@dataclass(frozen=True)
class Entry:
    """A line of the page."""

    english: str
    chinese: str
    never: tuple[str, ...]
    always: bool

    def found_in(self, sentence: str) -> bool:
        """Whether a sentence holds the English term as words, in the singular or the plural."""
        # A code name such as `max_interval`, a place such as {interval}, and the title of a paper hold no term.
        plain = re.sub(r"``.*?``|`[^`]*`|\{[^}]*\}|\([0-9]{4}\).*", "", sentence)
        return re.search(rf"(?<![\w-]){re.escape(self.english)}s?(?![\w-])", plain, re.IGNORECASE) is not None


def entries(text: str) -> list[Entry]:
    """Return the lines of all tables of a page."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert [row for row in rows if row[0] == HEADER[0]] == [HEADER] * text.count("## ")
    return [
        Entry(english, chinese, tuple(filter(None, never.split(", "))), sentences == "always")
        for english, chinese, never, sentences, _remark in rows
        if english != HEADER[0] and not english.startswith("---")
    ]


TERMS = entries(PAGE.read_text(encoding="utf-8"))
CHINESE = i18n.read_catalogue("zh")


def without_longer(entry: Entry, sentence: str) -> str:
    """Return a sentence without the longer terms of the page that hold the term."""
    longer = [other.english for other in TERMS if entry.english in other.english and other != entry]
    for term in sorted(longer, key=len, reverse=True):
        sentence = re.sub(re.escape(term), "", sentence, flags=re.IGNORECASE)
    return sentence


def test_a_term_stands_on_the_page_once() -> None:
    """One English term has one line, and no line forbids what another prescribes."""
    names = [entry.english.lower() for entry in TERMS]
    assert len(names) == len(set(names)) > 60
    forbidden = {variant for entry in TERMS for variant in entry.never}
    assert [entry.chinese for entry in TERMS if any(variant in entry.chinese for variant in forbidden)] == []


@pytest.mark.parametrize("entry", TERMS, ids=lambda entry: entry.english)
def test_a_sentence_that_is_a_term_has_its_chinese(entry: Entry) -> None:
    """Names of metrics, verdicts, columns and chapters are those of the page."""
    spelled = {text: chinese for text, chinese in CHINESE.items() if text.lower() == entry.english.lower()}
    assert {text: chinese for text, chinese in spelled.items() if chinese != entry.chinese} == {}


@pytest.mark.parametrize("entry", [entry for entry in TERMS if entry.always], ids=lambda entry: entry.english)
def test_a_term_in_a_sentence_has_its_chinese(entry: Entry) -> None:
    """A term of the field is called the same in every sentence."""
    assert {
        text: chinese
        for text, chinese in CHINESE.items()
        if entry.found_in(without_longer(entry, text)) and entry.chinese not in chinese
    } == {}


@pytest.mark.parametrize("entry", [entry for entry in TERMS if entry.never], ids=lambda entry: entry.english)
def test_a_forbidden_variant_occurs_nowhere(entry: Entry) -> None:
    """No translation, template or document uses a variant that the page rules out."""
    sources = [*(ROOT / "templates").glob("*.j2"), ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    texts = {str(path): path.read_text(encoding="utf-8") for path in sources if path != PAGE} | CHINESE
    assert {
        text: chinese for text, chinese in texts.items() if any(variant in chinese for variant in entry.never)
    } == {}


def test_the_report_explains_terms_of_the_page() -> None:
    """Every word of the report's own glossary stands on the page, with the Chinese that the report shows."""
    names = {entry.english.lower(): entry.chinese for entry in TERMS}
    assert {term.word.id: CHINESE[term.word.id] for term in GLOSSARY} == {
        term.word.id: names[term.word.id.lower()] for term in GLOSSARY
    }


def test_the_page_is_read_strictly() -> None:
    """A table with another header, or without one, is refused."""
    with pytest.raises(AssertionError):
        entries("## A\n\n| English | Chinese |\n|---|---|\n| a | b |\n")
