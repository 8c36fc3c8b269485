"""JUnit XML for any CI, such as Jenkins and GitLab: a test case for each finding.

A check is a suite. Two choices keep a CI from showing green where the gate does not approve:

* What is inconclusive is a failure of type ``inconclusive``, because the gate never approves it. Only what does not
  apply is skipped.
* A suite ``gate`` holds the decision as a case of its own, which fails wherever the exit code is not 0, even where
  every finding is skipped.

What is found, and only reported, passes: its property ``verdict`` says so.

Sentences are in the language of the report. Names of suites, cases, types and properties are keys of the record in any
language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from xml.etree.ElementTree import canonicalize

from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser.junitparser import FinalResult
from junitparser.xunit2 import TestCase, TestSuite

from llmops_audit.record import Finding, Record, Status, Verdict
from llmops_audit.render.items import ASIDE, MAX_NAME, Item, items, one_line
from llmops_audit.render.wording import Wording

__all__ = ["FILE", "GATE", "WRITTEN", "render"]

FILE = "junit.xml"
WRITTEN = "default"

GATE = "gate"
"""Name of the suite that holds the decision."""

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_RESULTS: dict[Verdict, type[FinalResult]] = {
    Verdict.FAILED: Failure,
    Verdict.INCONCLUSIVE: Failure,
    Verdict.ERROR: Error,
    Verdict.NOT_APPLICABLE: Skipped,
}
_MAX_REASONS = 100


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render a record as JUnit XML."""
    wording = Wording(record, language)
    name = one_line(f"{record.audit.name} {record.audit.version}", MAX_NAME)
    suites = [_gate(record, wording)]
    for check, found in groupby(items(record, root), key=lambda item: item.check):
        suites.append(_suite(check.name, [_case(item, record, wording) for item in found]))
    whole = JUnitXml(name)
    whole.extend(suites)  # type: ignore[no-untyped-call] # it is typed in part
    whole.update_statistics()  # type: ignore[no-untyped-call] # likewise
    # The parser behind it depends on what is installed; the canonical form does not.
    written: bytes = whole.tostring()  # type: ignore[no-untyped-call] # likewise
    return _DECLARATION + canonicalize(written.decode()).encode() + b"\n"


def _gate(record: Record, wording: Wording) -> TestSuite:
    decision = record.decision
    case = _named("decision", GATE, record)
    if decision.status is not Status.APPROVED:
        kind = Error if decision.status is Status.NOT_JUDGED else Failure
        reasons = [wording.say(reason) for reason in decision.reasons[:_MAX_REASONS]]
        case.result = [_result(kind, decision.status.value, wording.word(decision.status), reasons)]
    facts = {
        "status": decision.status.value,
        "exit_code": str(decision.exit_code),
        "record_sha256": one_line(record.digest, MAX_NAME),
    }
    return _suite(GATE, [case], facts)


def _suite(name: str, cases: Sequence[TestCase], facts: Mapping[str, str] = MappingProxyType({})) -> TestSuite:
    suite = TestSuite(one_line(name, MAX_NAME))  # type: ignore[no-untyped-call] # likewise
    for key, value in facts.items():
        suite.add_property(key, value)
    suite.add_testcases(list(cases))
    return suite


def _case(item: Item, record: Record, wording: Wording) -> TestCase:
    case = _named(item.id, item.check.name, record)
    for key, value in _facts(item):
        case.add_property(key, one_line(value, MAX_NAME))
    kind = _RESULTS.get(item.verdict)
    if kind is not None:
        sentence = wording.sentence(item)
        if item.aside:
            # A test that fails would fail the build, and the gate lets it through.
            kind, sentence = Skipped, wording.labelled(wording.say(ASIDE), sentence)
        case.result = [_result(kind, item.verdict.value, sentence, [wording.title(item)])]
    return case


def _named(name: str, check: str, record: Record) -> TestCase:
    # Readers take what stands before the last dot for a package.
    return TestCase(name=name, classname=f"{one_line(record.audit.name, MAX_NAME)}.{one_line(check, MAX_NAME)}")


def _result(kind: type[FinalResult], type_: str, sentence: str, lines: Iterable[str]) -> FinalResult:
    result = kind(message=sentence, type_=type_)
    result.text = "\n".join(lines)
    return result


def _facts(item: Item) -> Iterator[tuple[str, str]]:
    yield "verdict", item.verdict.value
    if item.severity is not None:
        yield "severity", item.severity.value
    if item.finding is not None:
        yield from _measured(item.finding)
    yield "location", f"{item.location.file}:{item.location.line}"


def _measured(finding: Finding) -> Iterator[tuple[str, str]]:
    low, high = (None, None) if finding.interval is None else finding.interval
    required = finding.requirement
    for key, value in (
        ("value", finding.value),
        ("interval_low", low),
        ("interval_high", high),
        ("confidence", finding.confidence),
        ("n", finding.n),
        ("op", None if required is None else required.op.value),
        ("limit", None if required is None else required.limit),
        ("source", None if required is None else required.source),
    ):
        if value is not None:
            yield key, str(value)
