"""The page of the bias audit says what the law asks to publish, loads nothing, and runs nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from types import ModuleType

import pytest

from llmops_audit.errors import RecordError
from llmops_audit.record import Record
from llmops_audit.record.figures import BiasAudit, BiasTable, Category
from llmops_audit.render.formats import render_files
from llmops_audit.testing import catalogue

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _ll144(record: Record, language: str | None = None) -> str:
    return render_files(record, ["ll144"], language=language)["ll144.html"].decode()


class Page(HTMLParser):
    """A page with its tags, its visible words, and the cells of each row."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.styling = False
        self.in_cell = False
        self.feed(html)
        self.close()
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.styling = tag == "style"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.styling = False
        if tag in ("td", "th", "dt", "dd"):
            self.text += " "
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.styling:
            return
        self.text += data
        if self.in_cell:
            self.rows[-1][-1] = " ".join((self.rows[-1][-1] + data).split())


def _category(names: tuple[str, ...], individuals: int, selected: int, best: float, **changes: object) -> Category:
    rate = selected / individuals if individuals else None
    given = {
        "names": names,
        "individuals": individuals,
        "selected": selected,
        "rate": rate,
        "impact_ratio": None if rate is None else rate / best,
    }
    return Category.model_validate(given | changes)


def _audit(word: str = "", **changes: object) -> BiasAudit:
    """A bias audit; `word` stands in every text of the spec and of the data."""
    few = {"impact_ratio": None, "left_out": f"Nine people say nothing.{word}"}
    female, male = f"Female{word}", f"Male{word}"
    asian, white = f"Asian{word}", f"White{word}"
    tables = (
        BiasTable(
            attributes=("sex",), categories=(_category((female,), 509, 200, 0.5), _category((male,), 600, 300, 0.5))
        ),
        BiasTable(
            attributes=("race",),
            categories=(_category((asian,), 9, 9, 1, **few), _category((white,), 1100, 491, 491 / 1100)),
        ),
        BiasTable(
            attributes=("sex", "race"),
            categories=(
                _category((female, asian), 9, 9, 1, **few),
                _category((female, white), 500, 191, 0.5),
                _category((male, asian), 0, 0, 1),
                _category((male, white), 600, 300, 0.5),
            ),
        ),
    )
    given: dict[str, object] = {
        "name": "bias_audit",
        "split": "test",
        "rate": "selection",
        "favourable": f"advance{word}",
        "answers": 2,
        "median": None,
        "doubtful": 0,
        "individuals": 1359,
        "unknown": 250,
        "data_source": f"Applications of 2025.{word}",
        "data_kind": "historical",
        "test_data": None,
        "auditor": f"Example Auditors LLC{word}",
        "audit_date": "2026-11-02",
        "distribution_date": "2025-03-01",
        "expires": "2027-11-02",
        "tables": tables,
    }
    return BiasAudit.model_validate(given | changes)


def _record(sample: ModuleType, audit: BiasAudit, **changes: str) -> Record:
    record: Record = sample.record(figures={"bias_audit": audit, "confusion": sample.matrix()}, **changes)
    return record


def _assert_self_contained(page: Page) -> None:
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "object", "form", "input", "base"}
    for _, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "srcset", "data", "action")]
        assert (attrs.get("href") or "#").startswith("#")
    assert [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a] == [CSP]


def test_all_that_the_law_asks_to_publish_is_there(sample: ModuleType) -> None:
    """Dates, auditor, source and kind of data, numbers, the unknown, tool, version, purpose and digest are shown."""
    record = _record(sample, _audit())
    page = Page(_ll144(record))
    for part in (
        "sms-spam-filter 1.4.0", "Hold back unsolicited messages", "Date of the bias audit November 2, 2026",
        "May be relied on until November 2, 2027", "(distribution date) March 1, 2025", "Example Auditors LLC",
        "Applications of 2025.", "Historical data: collected while the tool was in use", "Applicants assessed 1,359",
        "Of unknown sex or race/ethnicity, in none of the tables 250", "In the tables 1,109",
        "the tool predicts advance", "no number here is a legal finding", record.digest,
    ):  # fmt: skip
        assert part in page.words
    assert ["Male", "600", "300", "50.0%", "1.000", ""] in page.rows
    assert ["Category", "Applicants", "Selected", "Selection rate", "Impact ratio", "0.8"] in page.rows


def test_ratios_under_four_fifths_are_marked_in_signs_and_words(sample: ModuleType) -> None:
    """Under 0.8 stand a sign, words for who hears the page, and another kind of bar; at 0.8 and above nothing."""
    html = _ll144(_record(sample, _audit()))
    page = Page(html)
    assert ["Female", "509", "200", "39.3%", "▼under 0.8 0.786", ""] in page.rows
    assert html.count('class="under"') == html.count('class="bar-under"') == 2
    exact = _audit(tables=(BiasTable(attributes=("sex",), categories=(_category(("F",), 10, 4, 0.5),)),))
    assert 'class="under"' not in _ll144(_record(sample, exact))


def test_intersections_stand_under_their_sex(sample: ModuleType) -> None:
    """Each sex heads its rows; a combination that nobody belongs to is listed with undefined rate and ratio."""
    rows = Page(_ll144(_record(sample, _audit()))).rows
    at = rows.index(["Male"])
    assert rows.index(["Female"]) < at
    assert rows[at + 1 : at + 3] == [["Asian", "0", "0", "–", "–", ""], ["White", "600", "300", "50.0%", "1.000", ""]]


def test_categories_left_out_keep_number_and_rate_and_say_why(sample: ModuleType) -> None:
    """What is left out of the ratios has the auditor's justification, its number, share and rate; else no section."""
    page = Page(_ll144(_record(sample, _audit())))
    assert ["Asian", "9", "9", "100.0%", "left out", ""] in page.rows
    assert ["Female / Asian", "90.8%", "100.0%", "Nine people say nothing."] in page.rows
    one = _audit(tables=_audit().tables[:1])
    assert "Categories left out" not in Page(_ll144(_record(sample, one))).words


def test_scoring_rates_say_what_is_in_doubt(sample: ModuleType) -> None:
    """Scoring rates come with the median, the number that ties with it, and the highest rate that this allows."""
    close = _category(("Female",), 100, 40, 0.5, highest_rate=0.45)
    table = BiasTable(attributes=("sex",), categories=(close, _category(("Male",), 100, 50, 0.5, highest_rate=0.5)))
    audit = _audit(rate="scoring", median=0.53125, doubtful=5, tables=(table,))
    page = Page(_ll144(_record(sample, audit)))
    assert ["Female", "100", "40", "40.0%up to 45.0%", "0.800", ""] in page.rows
    assert ["Male", "100", "50", "50.0%", "1.000", ""] in page.rows
    assert "Median score about 0.5312" in page.words
    assert "5 applicants have the median score" in page.words
    assert "Selection rate" not in page.words
    certain = _audit(rate="scoring", median=0.53125)
    assert "have the median score" not in Page(_ll144(_record(sample, certain))).words


def test_test_data_and_many_answers_are_explained(sample: ModuleType) -> None:
    """Test data comes with its explanation; a tool of more than two answers with what the page leaves out."""
    words = Page(_ll144(_record(sample, _audit(data_kind="test", test_data="Written by us.", answers=4)))).words
    assert "Why test data, and how it was had Written by us." in words
    assert "The tool predicts one of 4 labels." in words
    plain = Page(_ll144(_record(sample, _audit()))).words
    assert "Why test data" not in plain
    assert "The tool predicts one of" not in plain


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", range(9))
def test_hostile_names_are_shown_and_do_nothing(sample: ModuleType, number: int, language: str) -> None:
    """Markup, templates, controls and huge words as categories, auditor or source change no tag and load nothing."""
    text = sample.HOSTILE[number]
    hostile = _record(sample, _audit(text), name=text, purpose=text)
    html = _ll144(hostile, language)
    page, plain = Page(html), Page(_ll144(_record(sample, _audit("word")), language))
    _assert_self_contained(page)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert len(html.encode()) < 500_000


def test_links_and_labels_lead_somewhere(sample: ModuleType) -> None:
    """Every anchor and every label names an id of the page, and ids are unique."""
    page = Page(_ll144(_record(sample, _audit())))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = {(a.get("href") or "#")[1:] for _, a in page.tags} | {a.get("aria-labelledby") or "" for _, a in page.tags}
    assert named - {""} <= set(ids)


def test_the_chinese_page_is_chinese(sample: ModuleType) -> None:
    """No translatable sentence of more than one word is left in English, and dates are written as Chinese does."""
    audits = (
        _audit(data_kind="test", test_data="无", answers=4),
        _audit(rate="scoring", median=0.5, doubtful=5),
    )
    for audit in audits:
        page = Page(_ll144(_record(sample, audit), "zh"))
        assert ("html", {"lang": "zh-CN"}) in page.tags
        assert "2026年11月2日" in page.words
        sentences = [re.sub(r"\{.*?\}", "", text).strip() for text in catalogue.sentences()]
        assert [text for text in sentences if " " in text and re.search("[a-z]", text) and text in page.words] == []


def test_a_record_read_back_gives_the_same_page(sample: ModuleType) -> None:
    """Whatever the order of its keys, a record gives one page."""
    record = _record(sample, _audit())
    text = json.dumps(json.loads(record.model_dump_json(by_alias=True)), sort_keys=True)
    assert _ll144(Record.model_validate_json(text)) == _ll144(record)


def test_a_record_without_a_bias_audit_has_no_page(sample: ModuleType) -> None:
    """There is an error that says what would have been needed."""
    with pytest.raises(RecordError, match=r"no bias audit .*\[checks.fairness.ll144\]"):
        _ll144(sample.record())
