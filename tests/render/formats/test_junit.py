"""JUnit XML: legal, countable, and never greener than the gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from junitparser import JUnitXml
from lxml import etree

from llmops_audit.record import Record, Status, Verdict, message
from llmops_audit.render.formats import render_files

SHAPE = etree.XMLSchema(etree.parse(Path(__file__).parents[2] / "schemas" / "junit.xsd"))


def _junit(record: Record, language: str | None = None, root: str = "") -> bytes:
    return render_files(record, ["junit"], language=language, root=root)["junit.xml"]


def _read(content: bytes) -> etree._Element:
    tree = etree.fromstring(content)
    SHAPE.assertValid(tree)
    return tree


def _cases(record: Record, language: str | None = None) -> dict[str, etree._Element]:
    cases = _read(_junit(record, language)).xpath("testsuite[@name != 'gate']/testcase")
    return {case.get("name", ""): case for case in cases}


def _facts(case: etree._Element) -> dict[str, str]:
    lines = (case.findtext("system-out") or "").splitlines()
    return {key: value for key, _, value in (line.partition(": ") for line in lines)}


def test_a_suite_is_a_check_and_a_case_a_requirement(sample: ModuleType) -> None:
    """Each check is a suite in the record's order, after the gate's; each requirement a case with what became of it."""
    tree = _read(_junit(sample.record()))
    names = [suite.get("name") for suite in tree]
    assert names == ["gate", "accuracy", "drift", "fairness", "pii", "robustness", "odd"]
    found = {
        name: [(r.tag, r.get("type")) for r in case if r.tag != "system-out"]
        for name, case in _cases(sample.record()).items()
    }
    assert found == {
        "accuracy.balanced_accuracy": [("failure", "failed")],
        "accuracy.accuracy": [],
        "drift": [("error", "error")],
        "fairness.selection_rate_ratio": [("failure", "inconclusive")],
        "fairness.equalized_odds_difference": [("skipped", "not_applicable")],
        "pii.personal_data@train": [("failure", "failed")],
        "robustness": [("skipped", "not_applicable")],
        "odd.own_metric": [("error", "error")],
    }


def test_its_reader_counts_the_same(sample: ModuleType) -> None:
    """The library reads its file back, and the counts of suites and whole are those of the cases."""
    read = JUnitXml.fromstring(_junit(sample.record()))
    for suite in read:
        cases = list(suite)
        assert suite.tests == len(cases)
        assert suite.failures == sum(case.is_failure for case in cases)
        assert suite.errors == sum(case.is_error for case in cases)
        assert suite.skipped == sum(case.is_skipped for case in cases)
    assert read.tests == sum(suite.tests for suite in read) == 9
    assert (read.failures, read.errors) == (4, 2)
    assert sum(suite.skipped for suite in read) == 2


def test_what_jenkins_refuses_is_not_written(sample: ModuleType) -> None:
    """Test cases have no properties and the whole no count of skipped ones; the audit's time stands at the decision."""
    tree = _read(_junit(sample.record()))
    assert tree.xpath("//testcase/properties") == []
    assert "skipped" not in tree.attrib
    times = {case.get("classname"): case.get("time") for case in tree.iterfind(".//testcase")}
    assert times.pop("sms-spam-filter.gate") == tree.get("time") == "0.512"
    assert set(times.values()) == {"0.0"}


def test_a_requirement_tells_of_all_that_missed_it(sample: ModuleType) -> None:
    """The case of a requirement with many findings names those that did not pass, and the others by their number."""
    findings = [
        sample.finding(verdict, "drift", id=f"drift.drift[column={name}]", scope={"split": "test", "column": name})
        for name, verdict in (("age", Verdict.FAILED), ("city", Verdict.INCONCLUSIVE), ("job", Verdict.PASSED))
    ]
    (case,) = _cases(sample.record(checks=[sample.check_result("drift", Verdict.FAILED, findings)])).values()
    assert case.get("name") == "drift.drift"
    text = case.findtext("failure") or ""
    assert "age" in text
    assert "city" in text
    assert "job" not in text
    assert _facts(case)["findings"] == "3"


def test_what_stands_out_without_a_limit_is_a_case(sample: ModuleType) -> None:
    """A finding that no requirement rests on fails its case where the gate holds it against the subject."""
    doubt, calm = (
        sample.finding(verdict, "groups", id=f"fairness.groups[{verdict.value}]", requirement=None)
        for verdict in (Verdict.INCONCLUSIVE, Verdict.PASSED)
    )
    cases = _cases(sample.record(checks=[sample.check_result("fairness", Verdict.INCONCLUSIVE, [doubt, calm])]))
    assert [(name, case.find("failure") is None) for name, case in cases.items()] == [
        ("fairness.groups[inconclusive]", False)
    ]


@pytest.mark.parametrize("status", list(Status))
def test_the_gate_is_green_for_an_approval_alone(sample: ModuleType, status: Status) -> None:
    """The decision is a case that fails or errs unless the gate approves, even where all findings were skipped."""
    record = sample.record(status, checks=[sample.check_result("drift", Verdict.NOT_APPLICABLE)])
    gate = _read(_junit(record)).find("testsuite[@name='gate']")
    assert gate is not None
    facts = {one.get("name"): one.get("value") for one in gate.iterfind("properties/property")}
    assert facts == {"status": status.value, "exit_code": str(status.exit_code), "record_sha256": record.digest}
    results = [(one.tag, one.get("type")) for one in gate.iterfind("testcase/*")]
    expected = {
        Status.APPROVED: [],
        Status.REJECTED: [("failure", "rejected")],
        Status.NEEDS_REVIEW: [("failure", "needs_review")],
        Status.NOT_JUDGED: [("error", "not_judged")],
    }
    assert results == expected[status]


def test_a_case_holds_the_numbers_and_the_place_of_the_limit(sample: ModuleType) -> None:
    """Value, interval and limit are properties in full; a default is told as one, in the sentence too."""
    cases = _cases(sample.record())
    facts = _facts(cases["accuracy.balanced_accuracy"])
    assert {
        key: facts[key] for key in ("value", "interval_low", "interval_high", "op", "limit", "source", "location")
    } == {
        "value": "0.5",
        "interval_low": "0.4312",
        "interval_high": "0.5688",
        "op": ">=",
        "limit": "0.8",
        "source": "audit.toml:17",
        "location": "audit.toml:17",
    }
    undecided = cases["fairness.selection_rate_ratio"]
    facts = _facts(undecided)
    assert "interval_high" not in facts
    assert (facts["source"], facts["location"]) == ("default", "audit.toml:1")
    assert "required: ≥ 0.8 (default of the check)" in (undecided.find("failure").get("message") or "")


def test_the_folder_of_the_spec_starts_a_location(sample: ModuleType) -> None:
    """In a subfolder of a repository the location leads there."""
    tree = _read(_junit(sample.record(), None, "audits/sms"))
    assert "location: audits/sms/audit.toml:17" in (tree.findtext(".//system-out") or "")


def test_sentences_come_in_the_language(sample: ModuleType) -> None:
    """A Chinese record has Chinese sentences; names, types and properties stay keys."""
    cases = _cases(sample.record(language="zh"))
    failure = cases["accuracy.balanced_accuracy"].find("failure")
    assert failure is not None
    assert "限值" in (failure.get("message") or "")
    assert failure.get("type") == "failed"
    assert set(cases) == set(_cases(sample.record()))


@pytest.mark.parametrize(
    "text", ["\x00\x08\x1b", "\ud800\udfff", "\ufffe\uffff", "]]>&<\"'", "w" * 1_000_000, "\u202e\r\n\t"]
)
def test_any_text_is_legal_xml(sample: ModuleType, text: str) -> None:
    """Controls, lone surrogates, noncharacters and 1 MB words give legal XML of bounded size."""
    finding = sample.finding(Verdict.FAILED).model_copy(update={"id": text, "message": message(text), "method": text})
    check = sample.check_result("accuracy", Verdict.FAILED, []).model_copy(update={"findings": (finding,)})
    record = sample.record(checks=[check], reasons=[message("{x}", x="y")])
    broken = record.model_copy(
        update={
            "audit": record.audit.model_copy(update={"name": text}),
            "decision": record.decision.model_copy(update={"reasons": (message(text),)}),
        }
    )
    content = _junit(broken)
    _read(content)
    assert len(content) < 20_000


def test_many_requirements_are_all_told(sample: ModuleType) -> None:
    """As many requirements are as many cases."""
    limit = sample.Requirement(op=sample.Op.AT_LEAST, limit=0.8)
    many = [
        sample.finding(
            Verdict.FAILED, id=f"accuracy.accuracy[column={i}]", requirement=limit.model_copy(update={"about": str(i)})
        )
        for i in range(500)
    ]
    tree = _read(_junit(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, many)])))
    assert tree.get("tests") == "501"


def test_bytes_depend_on_the_record_alone(sample: ModuleType) -> None:
    """Another parser behind the library, and scopes in another order, change no byte."""
    record = sample.record()
    content = _junit(record)
    assert _junit(Record.model_validate_json(record.model_dump_json(by_alias=True))) == content
    code = (
        "import sys; sys.modules['lxml'] = None\n"
        "from llmops_audit.record import Record\nfrom llmops_audit.render.formats import junit\n"
        "record = Record.model_validate_json(sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write(junit.render(record, language='en', root=''))"
    )
    given = record.model_dump_json(by_alias=True).encode()
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, check=True)
    assert done.stdout == content
