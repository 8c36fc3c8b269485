"""Words of a record's keys: those of its checks, then the record's own; data are never translated."""

from __future__ import annotations

from types import ModuleType

import pytest

from llmops_audit.check.methods import METHODS
from llmops_audit.check.registry import provided
from llmops_audit.record import Message, Record, Severity, Status, Verdict, message, values_at
from llmops_audit.record.labels import MISSING
from llmops_audit.render import i18n
from llmops_audit.render.formats import render_files
from llmops_audit.render.words import FIXED


@pytest.fixture
def worded(sample: ModuleType) -> Record:
    """A record whose two checks bring words."""
    first = {"recall": message("recall"), "own_metric": message("recall"), **values_at({"a": message("label")}, "kind")}
    second = {"own_metric": message("precision"), "passed": message("failed"), "rows": message("precision")}
    record: Record = sample.record(
        checks=[
            sample.check_result(name, Verdict.PASSED, [sample.finding(Verdict.PASSED)], words=words)
            for name, words in (("one", first), ("two", second))
        ]
    )
    return record


def test_words_are_translated_in_their_places(worded: Record) -> None:
    """Names of metrics and splits come in the language; a place for data does not."""
    text = Message(id="{metric} {label} {split} {kind}", values=dict.fromkeys(("metric", "label"), "recall"))
    text = text.model_copy(update={"values": {**text.values, "split": "test", "kind": "a"}})
    assert i18n.render(text, i18n.translator("zh", worded)) == "召回率 recall 测试集 标签"
    assert i18n.render(text, i18n.translator("en", worded)) == "recall recall test label"


def test_the_first_check_names_a_key_that_two_name(worded: Record) -> None:
    """One key has one name in a report, whatever its order of checks in memory."""
    assert i18n.translator("zh", worded).word("own_metric") == "召回率"


def test_a_check_names_its_own_keys_but_renames_no_verdict(worded: Record) -> None:
    """A general name gives way to that of a check; what the record itself defines does not."""
    translate = i18n.translator("zh", worded)
    assert translate.word("rows") == "精确率"
    assert translate.word("passed") == "通过"
    assert i18n.translator("zh").word("rows") == "行数"


def test_a_value_has_its_word_at_its_place_only(worded: Record) -> None:
    """What the data call `a` stays `a`, and so does what no check names."""
    translate = i18n.translator("zh", worded)
    assert [translate.value(place, "a") for place in ("kind", "group", "column")] == ["标签", "a", "a"]
    assert translate.value("kind", "b") == "b"


def test_an_unknown_key_is_shown_with_its_underscores_opened() -> None:
    """A check without words is read nevertheless."""
    assert i18n.translator("zh").word("own_metric") == "own metric"


def test_every_verdict_severity_and_decision_has_a_word() -> None:
    """What a record may hold has a word in the record's own table."""
    assert {*Verdict, *Severity, *Status} - {Verdict.UNDECIDED} <= FIXED.keys()


def test_words_of_checks_are_in_the_catalogue() -> None:
    """Every word of our checks and of the methods has a Chinese one."""
    known = i18n.read_catalogue("zh")
    words = [word for found in provided().values() for word in found.check.vocabulary.values()]
    assert [word.id for word in (*words, *METHODS.values()) if word.id not in known] == []


def test_a_page_shows_the_words_of_its_record(worded: Record) -> None:
    """The same finding is called what the check calls it, in both languages."""
    finding = worded.checks[0].findings[0].model_copy(update={"metric": "own_metric", "scope": {"kind": "a"}})
    check = worded.checks[0].model_copy(update={"findings": (finding,)})
    page = render_files(worded.model_copy(update={"checks": (check,)}), ["html"], language="zh")["report.html"].decode()
    assert "召回率" in page
    assert "own metric" not in page.lower()


def test_the_group_without_a_value_has_a_name(sample: ModuleType) -> None:
    """Alone and in an intersection, in tables as in scopes, it is called what the language calls it."""
    finding = sample.finding(Verdict.FAILED, scope={"sex": MISSING}, details={"compared_with": f"F × {MISSING}"})
    record = sample.record(checks=[sample.check_result("own", Verdict.FAILED, [finding])])
    chinese, english = (render_files(record, ["html"], language=each)["report.html"].decode() for each in ("zh", "en"))
    assert "F × （未填写）" in chinese
    assert MISSING not in chinese
    assert f"F × {MISSING}" in english
