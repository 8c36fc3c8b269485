"""The chapter on clauses: where to look, what was found there, and never that a clause is fulfilled."""

from __future__ import annotations

import re
from types import ModuleType, SimpleNamespace

import lxml.html
import pytest

from llmops_audit.record import Record, Verdict, frameworks, message
from llmops_audit.record.governance import Card, Clause, Framework
from llmops_audit.render import i18n
from llmops_audit.render.clauses import PARTS, ClauseView, FrameworkView, clause_view
from llmops_audit.render.formats._page import environment_of
from llmops_audit.render.judged import Judged
from llmops_audit.render.text import Numbers

PAGE = '{% import "clauses.html.j2" as clauses with context %}{{ clauses.chapter(view) }}'


def judged(record: Record) -> list[Judged]:
    """All findings with anchors, as the report numbers them."""
    found = [(check, finding) for check in record.checks for finding in check.findings]
    return [Judged(finding, check, f"finding-{place}") for place, (check, finding) in enumerate(found, 1)]


def chapter(record: Record, language: str = "en", listed: frozenset[str] | None = None) -> str:
    """The chapter alone, as HTML."""
    own = judged(record)
    environment = environment_of(record, i18n.translator(language), Numbers(language))
    view = SimpleNamespace(
        clauses=clause_view(record, own),
        listed=frozenset(one.anchor for one in own) if listed is None else listed,
    )
    name = {"zh": "zh-CN"}.get(language, language)
    return environment.from_string(PAGE).render(view=view, language=name, record=record)


def law(*clauses: Clause, **changes: object) -> Framework:
    """A framework of few clauses."""
    given = {
        "id": "law",
        "title": {"en": "The law", "zh": "某法"},
        "version": "1",
        "source": {"en": "Its text", "zh": "其文本"},
        "effective": "2026-01-31",
        "clauses": clauses,
    }
    return Framework.model_validate(given | changes)


def clause(**changes: object) -> Clause:
    """A clause that points to nothing."""
    given = {
        "id": "art-1",
        "reference": {"en": "Article 1", "zh": "第一条"},
        "asks": {"en": "To be right.", "zh": "应当正确。"},
    }
    return Clause.model_validate(given | changes)


def of(record: Record, *chosen: Framework, card: Card | None = None) -> Record:
    """The record with frameworks and a card."""
    return record.model_copy(update={"frameworks": chosen, "card": card})


def only(record: Record, one: Clause) -> ClauseView:
    """The view of a single clause."""
    return clause_view(of(record, law(one), card=record.card), judged(record))[0].clauses[0]


def test_every_part_of_the_collection_has_a_name_and_a_section() -> None:
    """Each path that a clause points to is a part that the report shows."""
    named = {part for one in frameworks.known().values() for clause in one.clauses for part in clause.parts}
    assert named <= set(PARTS)


def test_a_failed_check_is_shown_as_failed(sample: ModuleType) -> None:
    """The verdict stands beside the check, with its findings by verdict and the one to look at first."""
    findings = (sample.finding(Verdict.PASSED), sample.finding(Verdict.INCONCLUSIVE), sample.finding(Verdict.FAILED))
    record = sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, findings)])
    ran = only(record, clause(checks=["accuracy"])).ran[0]
    assert ran.check.verdict is Verdict.FAILED
    assert ran.counts == ((Verdict.FAILED, 1), (Verdict.INCONCLUSIVE, 1), (Verdict.PASSED, 1))
    assert ran.first is not None
    assert ran.first.anchor == "finding-3"
    page = chapter(of(record, law(clause(checks=["accuracy"]))))
    assert 'href="#check-1"' in page
    assert 'href="#finding-3"' in page
    assert 'class="badge is-failed"' in page


def test_a_finding_that_the_page_does_not_show_is_not_linked(sample: ModuleType) -> None:
    """Where the page lists a finding no more, the link leads to the chapter of findings."""
    record = sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, [sample.finding(Verdict.FAILED)])])
    page = chapter(of(record, law(clause(checks=["accuracy"]))), listed=frozenset())
    assert "finding-1" not in page
    assert 'href="#findings"' in page


def test_what_did_not_run_is_no_answer(sample: ModuleType) -> None:
    """A check that the spec left out, and one that did not apply, show nothing for a clause."""
    quiet = sample.check_result("drift", Verdict.NOT_APPLICABLE, reason=message("There are no live rows."))
    record = sample.record(checks=[quiet])
    one = only(record, clause(checks=["drift", "fairness"]))
    assert one.left_out == ("fairness",)
    assert one.covered
    assert not one.shown
    page = chapter(of(record, law(clause(checks=["drift", "fairness"]))))
    assert "the spec does not enable this check" in page
    assert "There are no live rows." in page


def test_what_the_spec_does_not_say_is_said(sample: ModuleType) -> None:
    """An empty field of the card is unstated, a figure that nobody made is absent; neither is linked."""
    record = sample.record(figures={})
    both = clause(parts=["card.misuse", "figures.drift"])
    assert [part.state for part in only(record, both).parts] == ["unstated", "absent"]
    page = chapter(of(record, law(both)))
    assert "the spec does not say" in page
    assert "not part of this audit" in page
    assert 'href="#drift"' not in page
    told = of(record, law(both), card=Card(misuse="Diagnosis"))
    assert clause_view(told, [])[0].clauses[0].parts[0].state == "shown"


def test_settings_that_a_table_lacks_are_named(sample: ModuleType) -> None:
    """A clause whose table was not made names the keys that the spec would have to set, and no others."""
    keys = ("checks.fairness.ll144.sex", "checks.fairness.ll144.auditor")
    fairness = sample.check_result("fairness", Verdict.PASSED, settings={"ll144": {"sex": "sex"}})
    record = sample.record(checks=[fairness], figures={})
    tables, other = clause(id="1", parts=["figures.bias_audit"]), clause(id="2", parts=["digest"])
    view = clause_view(of(record, law(tables, other, settings=keys)), [])[0]
    assert [one.lacking for one in view.clauses] == [keys[1:], ()]
    page = chapter(of(record, law(tables, settings=keys)))
    assert "The spec would have to set:" in page
    assert f"<code>{keys[1]}</code>" in page
    assert keys[0] not in page
    none = clause_view(of(sample.record(checks=[], figures={}), law(tables, settings=keys)), [])[0]
    assert none.clauses[0].lacking == keys


def test_what_the_tool_cannot_show_is_said(sample: ModuleType) -> None:
    """A clause that points to nothing is not covered, and its note says why."""
    page = chapter(of(sample.record(), law(clause(note={"en": "Persons must.", "zh": "应由人员完成。"}))))
    assert "Not covered by this tool." in page
    assert "Persons must." in page


def test_clauses_are_counted_apart(sample: ModuleType) -> None:
    """Shown, could have been shown and not covered add up to all clauses."""
    record = of(
        sample.record(),
        law(
            clause(id="1", parts=["digest"]),
            clause(id="2", parts=["card.misuse"]),
            clause(id="3", checks=["no_such_check"]),
            clause(id="4"),
        ),
    )
    view = clause_view(record, judged(record))[0]
    assert (view.shown, view.empty, view.uncovered) == (1, 2, 1)


@pytest.mark.parametrize(("effective", "later"), [("2026-11-24", False), ("2026-11-25", True), ("", False)])
def test_a_law_to_come_is_marked(sample: ModuleType, effective: str, later: bool) -> None:
    """A framework that applies from a day after the audit says so."""
    view: FrameworkView = clause_view(of(sample.record(), law(clause(), effective=effective)), [])[0]
    assert view.begins_later is later


def test_a_replaced_framework_names_its_successor(sample: ModuleType) -> None:
    """By its title where the record holds it, by its id otherwise."""
    old, new = frameworks.framework("sr-11-7"), frameworks.framework("sr-26-2")
    assert "<code>sr-26-2</code>" in chapter(of(sample.record(), old)).split("no longer")[0]
    assert f"<b>{new.title['en']}" in chapter(of(sample.record(), old, new)).replace("\n", "")


def test_the_table_says_that_it_is_no_judgement(sample: ModuleType) -> None:
    """A sentence above the tables says what they are not; no word of the page says fulfilled but that one."""
    page = chapter(of(sample.record(), *frameworks.known().values()))
    assert "They are not a legal judgement" in page
    assert page.count("fulfilled") == 1
    assert not re.search(r"compliant|complies|conforms", page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_is_in_the_language_of_the_page(sample: ModuleType, language: str) -> None:
    """Every title, reference and question of the collection stands in the page's language."""
    chosen = tuple(frameworks.known().values())
    text = lxml.html.fromstring(chapter(of(sample.record(), *chosen), language)).text_content()
    for one in chosen:
        for given in (one.title, one.note, one.source, *(text for c in one.clauses for text in (c.reference, c.asks))):
            assert given[language] in text


def test_a_language_that_is_missing_falls_back_to_english(sample: ModuleType) -> None:
    """A framework without Chinese is shown in English."""
    page = chapter(of(sample.record(), law(clause(), title={"en": "Only English"})), "zh")
    assert "Only English" in page


def test_hostile_frameworks_are_text(sample: ModuleType) -> None:
    """Whatever a record's framework holds, it makes no element and no attribute."""
    for hostile in sample.HOSTILE:
        bad = {"en": hostile, "zh": hostile}
        own = law(
            clause(id=hostile, reference=bad, asks=bad, note=bad, checks=[hostile], parts=[hostile]),
            id=hostile,
            title=bad,
            note=bad,
            source=bad,
            version=hostile,
            effective=hostile,
            superseded_by=hostile,
        )
        tree = lxml.html.fromstring(chapter(of(sample.record(), own)))
        assert not tree.xpath("//script | //img | //style | //*[@onload or @onerror]")


def test_every_link_leads_to_a_section_of_the_report(sample: ModuleType) -> None:
    """Links lead to a check, a finding, a clause or a section that the report has."""
    record = of(sample.record(), *frameworks.known().values())
    ids = {section for _, section in PARTS.values()} | {"findings"}
    ids |= {f"check-{n}" for n in range(1, len(record.checks) + 1)} | {one.anchor for one in judged(record)}
    page = lxml.html.fromstring(chapter(record))
    ids |= set(page.xpath("//@id"))
    links = page.xpath("//a/@href")
    assert links
    assert {link.removeprefix("#") for link in links} <= ids


def test_a_framework_opens_with_what_is_failed_and_uncovered(sample: ModuleType) -> None:
    """Above the fold stand the numbers of its clauses, and links to those that failed or that no check covers."""
    record = of(sample.record(), frameworks.framework("eu-ai-act"))
    page = lxml.html.fromstring(chapter(record))
    (view,) = clause_view(record, judged(record))
    line = page.xpath("//p[@class='coverage-line']")[0].text_content().strip()
    assert line == f"{view.shown} shown, {view.empty} could be, {view.uncovered} not covered"
    linked = page.xpath("//p[contains(@class, 'clauses-standing')]/a/@href")
    assert len(linked) >= view.uncovered
    assert {link.removeprefix("#") for link in linked} <= set(page.xpath("//details//tr/@id"))
