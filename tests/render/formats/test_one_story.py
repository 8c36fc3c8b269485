"""Every file tells the story of the record: the same findings, verdicts and decision, whatever the record holds."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from lxml import etree, html
from markdown_it import MarkdownIt

from llmops_audit.audit.gate import decide
from llmops_audit.check.verdicts import combined
from llmops_audit.record import (
    CheckGate,
    Finding,
    GatePolicy,
    Message,
    Op,
    Record,
    Requirement,
    Severity,
    Status,
    Verdict,
    message,
)
from llmops_audit.render.formats import known, render_files
from llmops_audit.render.github import workflow_commands
from llmops_audit.render.items import bounded
from llmops_audit.render.wording import Wording

SCHEMAS = Path(__file__).parents[2] / "schemas"
JUNIT = etree.XMLSchema(etree.parse(SCHEMAS / "junit.xsd"))
SARIF = Draft202012Validator(json.loads((SCHEMAS / "sarif.schema.json").read_text(encoding="utf-8")))
GITLAB = Draft202012Validator(json.loads((SCHEMAS / "gitlab-code-quality.schema.json").read_text(encoding="utf-8")))
MACHINES = tuple(
    format.id for format in known().values() if format.written != "page" and format.id not in ("html", "pdf")
)
KINDS = {
    "passed": "pass",
    "failed": "fail",
    "inconclusive": "open",
    "found": "informational",
    "error": "review",
    "not_applicable": "notApplicable",
}
OPEN = (Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE)
POLICY = GatePolicy(confidence=0.95, decide="bound", on_inconclusive="review")

# A message may hold lone surrogates as well.
texts = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Po", "Sm")), max_size=12),
    st.sampled_from(
        ("=1+1", "@user", "a|b", "](x", "{0}", "::error::x", "%0A::x", "\n::set-env::", "```", "<!--", "]]>")
    ),
)
numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
limits = st.builds(
    Requirement,
    op=st.sampled_from(Op),
    limit=st.floats(allow_nan=False, allow_infinity=False),
    source=st.one_of(st.sampled_from((None, "default", "audit.toml:17")), texts),
)
findings = st.builds(
    Finding,
    metric=texts,
    scope=st.dictionaries(st.sampled_from(("split", "column", "kind", "sex")), st.text(max_size=8), max_size=3),
    value=numbers,
    interval=st.one_of(st.none(), st.tuples(numbers, numbers)),
    n=st.one_of(st.none(), st.integers(0, 10**9)),
    requirement=st.one_of(st.none(), limits),
    verdict=st.sampled_from([verdict for verdict in Verdict if verdict is not Verdict.UNDECIDED]),
    severity=st.one_of(st.none(), st.sampled_from(Severity)),
    message=st.builds(Message, id=texts),
)
checks = st.lists(
    st.tuples(st.sampled_from(get_args(CheckGate)), st.lists(findings, max_size=4)), min_size=1, max_size=4
)


def judged(sample: ModuleType, found: Sequence[tuple[CheckGate, Sequence[Finding]]]) -> Record:
    """A record of these findings: ids and verdicts as the runner gives them, the decision the gate's."""
    results = []
    for number, (gate, given_) in enumerate(found):
        name = f"check_{number}"
        named = [f.model_copy(update={"id": f"{name}.{f.metric}[{place}]"}) for place, f in enumerate(given_)]
        reason = None if given_ else message("The check found nothing to judge.")
        verdict = combined(f.verdict for f in given_)
        result = sample.check_result(name, verdict, reason=reason, gate=gate)
        results.append(result.model_copy(update={"findings": tuple(named)}))
    decision = decide(results, POLICY)
    record: Record = sample.record(decision.status, checks=results, figures={}, reasons=decision.reasons)
    return record


class Story(NamedTuple):
    """What a record says: each finding with its verdict, and each check whose verdict no finding tells.

    `waiting` are the indices of what stands between the subject and an approval, `aside` those of what did not pass in
    checks that have no bearing, and `alarms` those of what was found in the other checks.
    """

    listed: list[tuple[str, str]]
    waiting: list[int]
    aside: list[int]
    alarms: list[int]


def story(record: Record) -> Story:
    """Tell the story of a record."""
    told = Story([], [], [], [])
    for check in record.checks:
        aside = check.gate == "report"
        stands_out = told.aside if aside else told.waiting
        nothing = check.verdict is Verdict.NOT_APPLICABLE
        if nothing or all(finding.verdict is not check.verdict for finding in check.findings):
            if check.verdict is not Verdict.PASSED:
                stands_out.append(len(told.listed))
            told.listed.append((bounded(check.name), check.verdict.value))
        for finding in check.findings:
            if finding.verdict in OPEN:
                stands_out.append(len(told.listed))
            if finding.verdict is Verdict.FOUND:
                (told.aside if aside else told.alarms).append(len(told.listed))
            told.listed.append((bounded(finding.id), finding.verdict.value))
    return told


def assert_one_story(record: Record, language: str | None = None) -> None:
    """Read every file as its consumers do, and compare it with the record."""
    files = render_files(record, MACHINES, language=language)
    assert set(files) == {known()[id].file for id in MACHINES}
    told = story(record)
    listed, waiting = told.listed, told.waiting
    _junit(files["junit.xml"], record)
    prints = _sarif(files["findings.sarif"], record, told)
    _github(files["github.sarif"], [listed[place] for place in waiting])
    _gitlab(files["gl-code-quality-report.json"], [prints[item] for item in waiting])
    _csv(files["findings.csv"], listed, Wording(record, language or record.audit.language))
    assert etree.fromstring(files["badge.svg"]).tag.endswith("}svg")
    _markdown(files["summary.md"].decode(), record, told)
    commands = workflow_commands(record, language=language or record.audit.language, root="")
    assert len(commands) == min(10, len(waiting))
    assert all(re.fullmatch(r"::(error|warning) [^\r\n]*::[^\r\n]*", command) for command in commands)


def _expected_cases(record: Record) -> Iterator[tuple[str, str]]:
    """Yield each requirement, and what stands out without one, with what a build makes of it."""
    for check in record.checks:
        required = [one for one in record.requirements if one.check == check.name]
        judged = {id for one in required for id in one.findings}
        listed = [(one.id, one.verdict) for one in required]
        nothing = check.verdict is Verdict.NOT_APPLICABLE
        if nothing or all(finding.verdict is not check.verdict for finding in check.findings):
            listed.append((check.name, check.verdict))
        standing = (*OPEN, Verdict.FOUND) if check.gate == "report" else OPEN
        listed += [(one.id, one.verdict) for one in check.findings if one.id not in judged and one.verdict in standing]
        for id, verdict in listed:
            # Nothing that the gate lets through fails a build.
            passes = verdict in (Verdict.PASSED, Verdict.FOUND)
            told = "passed" if passes else "not_applicable" if check.gate == "report" else verdict.value
            yield bounded(id), told


def _junit(content: bytes, record: Record) -> None:
    JUNIT.assertValid(etree.fromstring(content))
    gate, *suites = JUnitXml.fromstring(content)
    cases = [case for suite in suites for case in suite]
    verdicts = {"Failure": None, "Error": "error", "Skipped": "not_applicable"}
    found = []
    for case in cases:
        kinds = [verdicts[type(one).__name__] or one.type for one in case.result]
        found.append((case.name, kinds[0] if kinds else "passed"))
    assert found == list(_expected_cases(record))
    (decision,) = gate
    assert [one.type for one in decision.result] == (
        [] if record.decision.status is Status.APPROVED else [record.decision.status.value]
    )
    whole = JUnitXml.fromstring(content)
    assert (whole.failures + whole.errors == 0) == (record.decision.status is Status.APPROVED)


def _sarif(content: bytes, record: Record, told: Story) -> list[str]:
    log = json.loads(content)
    SARIF.validate(log)
    run = log["runs"][0]
    assert [(r["properties"]["id"], r["properties"]["verdict"]) for r in run["results"]] == told.listed
    assert [r["kind"] for r in run["results"]] == [
        "informational" if place in told.aside else KINDS[verdict] for place, (_, verdict) in enumerate(told.listed)
    ]
    assert all(r["level"] == "error" if r["kind"] == "fail" else r["level"] == "none" for r in run["results"])
    assert run["properties"]["decision"] == record.decision.status.value
    assert run["invocations"][0]["exitCode"] == record.decision.exit_code
    return [r["partialFingerprints"]["findingId/v1"] for r in run["results"]]


def _github(content: bytes, waiting: list[tuple[str, str]]) -> None:
    log = json.loads(content)
    SARIF.validate(log)
    found = Counter((r["properties"]["id"], r["properties"]["verdict"]) for r in log["runs"][0]["results"])
    assert found == Counter(waiting)


def _gitlab(content: bytes, prints: list[str]) -> None:
    issues = json.loads(content)
    GITLAB.validate(issues)
    found = [issue["fingerprint"] for issue in issues]
    assert len(set(found)) == len(found)
    assert sorted(found) == sorted(prints)


def _csv(content: bytes, listed: list[tuple[str, str]], wording: Wording) -> None:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    verdict_of = str if wording.language == "en" else wording.word
    assert [(row[1].removeprefix("'"), row[-3]) for row in rows[1:]] == [
        (id.removeprefix("'"), verdict_of(verdict)) for id, verdict in listed
    ]
    assert all(len(row) == len(rows[0]) for row in rows)


def _markdown(text: str, record: Record, told: Story) -> None:
    tree = html.fromstring(f"<main>{MarkdownIt('commonmark').enable('table').render(text)}</main>")
    assert {e.tag for e in tree.iter() if isinstance(e.tag, str)} <= {
        "main", "h1", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    }  # fmt: skip
    sizes = [[len(row) for row in table.iter("tr")] for table in tree.iter("table")]
    assert all(len(set(size)) == 1 for size in sizes)
    assert list(tree.iter("td"))[-1].text_content() == str(record.decision.exit_code)
    attention = [table for table in tree.iter("table") if len(table.find(".//tr")) == 8]
    lines = [len(list(table.iter("tr"))) - 1 for table in attention]
    assert sum(lines) == min(50, len(told.waiting) + len(told.alarms)) + min(50, len(told.aside))
    assert len(lines) == bool(told.waiting or told.alarms) + bool(told.aside)


@settings(max_examples=30)
@given(checks)
def test_every_file_tells_the_story_of_the_record(
    sample: ModuleType, found: list[tuple[CheckGate, list[Finding]]]
) -> None:
    """Any findings, with any texts and numbers: the same ids with the same verdicts and one decision, well-formed."""
    assert_one_story(judged(sample, found))


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sample_records_are_listed_alike(sample: ModuleType, status: Status, language: str) -> None:
    """Each decision in either language."""
    record = sample.approved(language) if status is Status.APPROVED else sample.record(status, language=language)
    assert_one_story(record)


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_texts_survive_in_every_file(sample: ModuleType, place: int, language: str) -> None:
    """A hostile text in every text field, names and ids included, leaves every file well-formed and complete."""
    assert len(sample.HOSTILE) == 9
    assert_one_story(sample.hostile(sample.HOSTILE[place]), language)


def test_a_mebibyte_in_every_text_stays_bounded(sample: ModuleType) -> None:
    """Words of 1 MB give files of an ordinary size."""
    record = sample.hostile("w" * 1_000_000)
    assert_one_story(record, "en")
    assert all(len(content) < 200_000 for content in render_files(record, MACHINES, language="en").values())


def test_the_texts_of_a_record_stand_in_every_file(sample: ModuleType) -> None:
    """A harmless name that a record quotes is found in each file as it was written."""
    record = sample.hostile("Ümläut 审计")
    for name, content in render_files(record, MACHINES, language="en").items():
        assert "Ümläut 审计" in content.decode(), name


def test_a_check_without_a_finding_of_its_verdict_does_not_vanish(sample: ModuleType) -> None:
    """Where no finding bears the verdict of its check, the check is listed beside them."""
    odd = sample.check_result("odd", Verdict.ERROR, [sample.finding(Verdict.PASSED)], reason=None)
    record = sample.record(Status.NOT_JUDGED, checks=[odd])
    assert_one_story(record)
    assert "The check ended with the verdict error." in render_files(record, ["csv"])["findings.csv"].decode()


def test_long_names_stay_different(sample: ModuleType) -> None:
    """Two ids that differ far beyond what is shown stay different."""
    assert bounded("x" * 5_000 + "a") != bounded("x" * 5_000 + "b")
    assert bounded("a\x00") != bounded("a\x01")
    assert bounded("accuracy.f1[split=test]") == "accuracy.f1[split=test]"
