"""JUnit XML, as Jenkins, GitLab and others read it.

A check is a suite, a finding a case. Two choices keep a reader of it from seeing green where the gate is not:

* What is inconclusive is a failure of type ``inconclusive``, because the gate never approves it. Only what does not
  apply is skipped.
* A suite ``gate`` holds the decision as a case of its own, which fails wherever the exit code is not 0, even where all
  that was found is skipped.
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
from llmops_audit.render.machine import MAX_NAME, Item, Teller, items, one_line

__all__ = ["GATE", "render_junit"]

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


def render_junit(record: Record, language: str | None = None, folder: str = "") -> bytes:
    """Render a record as JUnit XML.

    Parameters
    ----------
    record : Record
    language : str, optional
        Of the sentences; by default the language of the audit. Names of suites, cases, types and properties are keys of
        the record in any language.
    folder : str
        Of the spec in the repository.

    Returns
    -------
    bytes
        UTF-8; the same record gives the same bytes.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    tell = Teller(record, language)
    name = one_line(f"{record.audit.name} {record.audit.version}", MAX_NAME)
    suites = [_gate(record, tell)]
    for check, found in groupby(items(record, folder), key=lambda item: item.check):
        suites.append(_suite(check.name, [_case(item, record, tell) for item in found]))
    whole = JUnitXml(name)
    whole.extend(suites)  # type: ignore[no-untyped-call] # it is typed in part
    whole.update_statistics()  # type: ignore[no-untyped-call] # likewise
    # The parser behind it depends on what is installed; the canonical form does not.
    written: bytes = whole.tostring()  # type: ignore[no-untyped-call] # likewise
    return _DECLARATION + canonicalize(written.decode()).encode() + b"\n"


def _gate(record: Record, tell: Teller) -> TestSuite:
    decision = record.decision
    case = _named("decision", GATE, record)
    if decision.status is not Status.APPROVED:
        kind = Error if decision.status is Status.NOT_JUDGED else Failure
        reasons = [tell.say(reason) for reason in decision.reasons[:_MAX_REASONS]]
        case.result = [_result(kind, decision.status.value, tell.word(decision.status), reasons)]
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


def _case(item: Item, record: Record, tell: Teller) -> TestCase:
    case = _named(item.id, item.check.name, record)
    for key, value in _facts(item):
        case.add_property(key, one_line(value, MAX_NAME))
    kind = _RESULTS.get(item.verdict)
    if kind is not None:
        case.result = [_result(kind, item.verdict.value, tell.sentence(item), [tell.title(item)])]
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
    yield "place", f"{item.place.file}:{item.place.line}"


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
