"""No English stands in a Chinese page, but for what the data, the spec and the names of things bring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llmops_audit.record import Record
from llmops_audit.record.canonical import parse
from llmops_audit.render import i18n
from llmops_audit.render.formats import render_files
from llmops_audit.render.formats.markdown import REPORT
from llmops_audit.render.items import spec_of
from llmops_audit.render.names import SHORT_DIGEST

SAMPLES = Path(__file__).parents[2] / "reports" / "samples"
FORMATS = ("html", "markdown", "card")
NAMES = tuple(sorted(path.parent.name for path in SAMPLES.glob("*/record.json")))

WORD = re.compile(r"[A-Za-z]{2,}")
CLAUSE = re.compile(r"\([ivx]+\)")
CODE = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)
PLACE = re.compile(r"\{[^}]*\}")
ESCAPED = re.compile(r"\\([\\`*_\[\]{}|~#!$+=.)-])")
DIGEST = re.compile(r"[0-9a-f]{64}")
FOLD = re.compile(r"</?(?:details|summary)>")
PRINTED_DIGEST = 16
"""Digits of the record's digest on the cover that is printed."""
CITATION = re.compile(r"[（(]\d{4}[)）]")

THINGS = frozenset({"python", "utc"})
"""Names that are the same in every language."""

OURS = frozenset(
    {"caption", "heading", "id", "key", "kind", "method", "metric", "page", "severity", "status", "verdict", "words"}
)
"""Fields of a record that hold keys and sentences of ours; every other text comes from the data or from the spec."""

OURS_IN_SCOPES = frozenset({"against", "confidence", "feature", "from", "identity", "kinds", "split", "to", "windows"})
"""Keys of a scope whose values are keys of ours."""


class Visible(HTMLParser):
    """What a reader sees, or hears, of a page: texts and labels, without code and ids."""

    SKIPPED = ("code", "script", "style", "title")
    VOID = frozenset(
        {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "line", "rect", "source"}
    )

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Skip what stands in code style, and take the label that is read aloud."""
        given = dict(attrs)
        self.texts += [value for name, value in attrs if name in ("aria-label", "alt") and value]
        if tag not in self.VOID:
            style = (given.get("class") or "").split()
            self._open.append((tag, tag in self.SKIPPED or "identifier" in style or self._skips))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element of this name."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if not self._skips:
            self.texts.append(data)

    @property
    def _skips(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def pages(record: Record) -> dict[str, str]:
    """The visible texts of each Chinese page of a record."""
    files = {name: content.decode() for name, content in render_files(record, FORMATS, language="zh").items()}
    return {
        name: "\n".join(" ".join(part.split()) for part in Visible(text).texts)
        if name.endswith(".html")
        else ESCAPED.sub(r"\1", unescape(FOLD.sub("", CODE.sub("", body(text)))))
        for name, text in files.items()
    }


def body(markdown: str) -> str:
    """A Markdown file without the front matter that a hub reads."""
    return re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)


def texts_of_the_data(value: object, key: str = "") -> Iterator[str]:
    """Yield every text of a record that is none of ours."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "en" and "zh" in value:
                continue
            if key == "scope" and name in OURS_IN_SCOPES:
                continue
            if name not in OURS or key in ("groups", "parameters", "settings"):
                yield from texts_of_the_data(item, str(name))
            # Names of columns, labels and packages are keys at times.
            if key in ("groups", "packages", "scope", "importance"):
                yield str(name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of_the_data(item, key)
    elif isinstance(value, str):
        yield value


def words_of(text: str) -> set[str]:
    """The Latin words of a text."""
    return {word.lower() for word in WORD.findall(text)}


def kept(catalogue: Mapping[str, str]) -> set[str]:
    """The Latin words that translators chose to keep; titles of papers are no choice."""
    texts = [PLACE.sub("", CODE.sub("", chinese)) for chinese in catalogue.values() if not CITATION.search(chinese)]
    return {word for text in texts for word in words_of(text)}


def english(record: Record) -> dict[str, list[str]]:
    """By page, the Latin words that neither the data nor a translation explains."""
    catalogue = i18n.read_catalogue("zh")
    references = {
        catalogue.get(paragraph, paragraph)
        for check in record.checks
        for section in check.page.sections
        if section.heading == "References"
        for paragraph in section.paragraphs
    }
    data = {" ".join(text.split()) for text in texts_of_the_data(record.model_dump())}
    # The first screen shows the beginning of a digest, and the names of the spec and of the report.
    data |= {text[:digits] for text in data if DIGEST.fullmatch(text) for digits in (SHORT_DIGEST, PRINTED_DIGEST)}
    data |= {spec_of(record), REPORT}
    # What is one word may stand in any sentence; a longer text of the data is looked for as a whole.
    allowed = THINGS | kept(catalogue) | {text.lower() for text in data if WORD.fullmatch(text)}
    phrases = sorted(
        (text for text in {*references, *data} if words_of(text) and not WORD.fullmatch(text)), key=len, reverse=True
    )
    found = {}
    for name, text in pages(record).items():
        for phrase in phrases:
            text = text.replace(phrase, "")
        found[name] = sorted(words_of(CLAUSE.sub("", text)) - allowed)
    return {name: words for name, words in found.items() if words}


@pytest.fixture(scope="module", params=NAMES)
def record(request: pytest.FixtureRequest) -> Record:
    """The record of a sample."""
    path = SAMPLES / request.param / "record.json"
    return parse(path.read_bytes(), str(path))


def test_there_are_samples() -> None:
    """The pages of all three samples are looked at."""
    assert len(NAMES) == 3


def test_no_english_stands_in_a_chinese_page(record: Record) -> None:
    """Metrics, scopes, tables, captions, kinds, verdicts, methods and sentences are Chinese."""
    assert english(record) == {}


@pytest.mark.parametrize("missing", ["Contents", "Interval", "Checks"])
def test_a_missing_translation_is_seen(record: Record, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Chinese of a sentence that stands in every report, the test above fails."""
    whole = i18n.read_catalogue("zh")
    less = {text: chinese for text, chinese in whole.items() if text != missing}
    assert len(less) == len(whole) - 1
    monkeypatch.setattr(i18n, "_cached_catalogue", lambda _: less)
    monkeypatch.setattr(i18n, "read_catalogue", lambda _: less)
    assert "report.html" in english(record)


def test_a_missing_word_is_seen(record: Record) -> None:
    """A check that brings no word for its metric leaves English behind."""
    checks = tuple(check.model_copy(update={"words": {}}) for check in record.checks)
    assert "report.html" in english(record.model_copy(update={"checks": checks}))


@pytest.mark.parametrize("name", NAMES)
def test_colons_after_chinese_are_chinese(name: str) -> None:
    """A heading of two words is joined as Chinese is written, with a wide colon."""
    record = parse((SAMPLES / name / "record.json").read_bytes(), name)
    page = render_files(record, ["html"], language="zh")["report.html"].decode()
    assert [text for text in Visible(page).texts if re.search("[\u4e00-\u9fff]: ", text)] == []
