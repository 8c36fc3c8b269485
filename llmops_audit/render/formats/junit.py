"""JUnit XML for any CI, such as Jenkins and GitLab: a test case for each requirement.

A check is a suite. Three choices keep a CI from showing green where the gate does not approve:

* What is inconclusive is a failure of type ``inconclusive``, because the gate never approves it. Only what does not
  apply is skipped.
* What stands out though no limit is set on it, and a check that did not finish, is a case of its own.
* A suite ``gate`` holds the decision as a case of its own, which fails wherever the exit code is not 0, even where
  every requirement is skipped. Its time is that of the whole audit: the record knows no time of a single requirement.

What is found, and only reported, passes: its output says so. The numbers of a case stand in its output, since the
schema of Jenkins' xUnit plugin admits no properties of cases.

Sentences are in the language of the report. Names of suites, cases, types and properties are keys of the record in any
language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from xml.etree.ElementTree import canonicalize

from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser.junitparser import FinalResult
from junitparser.xunit2 import TestCase, TestSuite

from llmops_audit.record import JudgedRequirement, Record, Status, Verdict
from llmops_audit.render.facts import deciding
from llmops_audit.render.items import ASIDE, MAX_NAME, Item, bounded, items, one_line
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
_MILLISECONDS = 3


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render a record as JUnit XML."""
    wording = Wording(record, language)
    name = one_line(f"{record.audit.name} {record.audit.version}", MAX_NAME)
    suites = [_gate(record, wording)]
    found = items(record, root)
    for check in record.checks:
        own = [item for item in found if item.check is check]
        required = [one for one in record.requirements if one.check == check.name]
        judged = {id for one in required for id in one.findings}
        cases = [_required(one, own, record, wording) for one in required]
        cases += [_loose(item, record, wording) for item in own if _is_case(item, judged)]
        if cases:
            suites.append(_suite(check.name, cases))
    whole = JUnitXml(name)
    whole.extend(suites)  # type: ignore[no-untyped-call] # it is typed in part
    whole.update_statistics()  # type: ignore[no-untyped-call] # likewise
    # Jenkins' xUnit plugin refuses a file that counts here what was skipped; the suites count it.
    del whole._elem.attrib["skipped"]
    # The parser behind it depends on what is installed; the canonical form does not.
    written: bytes = whole.tostring()  # type: ignore[no-untyped-call] # likewise
    return _DECLARATION + canonicalize(written.decode()).encode() + b"\n"


def _gate(record: Record, wording: Wording) -> TestSuite:
    decision = record.decision
    case = _named("decision", GATE, record)
    case.time = round(sum(record.run.seconds.values()), _MILLISECONDS)
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


def _required(one: JudgedRequirement, own: Sequence[Item], record: Record, wording: Wording) -> TestCase:
    decides = deciding(record, one)
    findings = [item for item in own if item.finding is not None and item.finding.id in one.findings]
    first = next((item for item in findings if decides is not None and item.finding == decides), None)
    others = [item for item in findings if item is not first and item.verdict in _RESULTS]
    lines = [wording.labelled(wording.title(item), wording.reason(item)) for item in others[:_MAX_REASONS]]
    sentence = wording.word(one.verdict) if first is None else wording.sentence(first)
    title = one_line(one.id, MAX_NAME) if first is None else wording.title(first)
    case = _named(bounded(one.id), one.check, record)
    case.result = _results(one.verdict, one.gate == "report", sentence, [title, *lines], wording)
    case.system_out = _told(_facts(one, first))
    return case


def _is_case(item: Item, judged: Set[str]) -> bool:
    """Whether an item that no requirement rests on stands out, or is a check whose verdict no finding has."""
    return item.finding is None or (item.finding.id not in judged and (item.waits or item.aside))


def _loose(item: Item, record: Record, wording: Wording) -> TestCase:
    case = _named(item.id, item.check.name, record)
    case.result = _results(item.verdict, item.aside, wording.sentence(item), [wording.title(item)], wording)
    case.system_out = _told([("verdict", item.verdict.value)])
    return case


def _results(verdict: Verdict, aside: bool, sentence: str, lines: Iterable[str], wording: Wording) -> list[FinalResult]:
    kind = _RESULTS.get(verdict)
    if kind is None:
        return []
    if aside:
        # A test that fails would fail the build, and the gate lets it through.
        kind, sentence = Skipped, wording.labelled(wording.say(ASIDE), sentence)
    return [_result(kind, verdict.value, sentence, lines)]


def _named(name: str, check: str, record: Record) -> TestCase:
    # Readers take what stands before the last dot for a package.
    case = TestCase(name=name, classname=f"{one_line(record.audit.name, MAX_NAME)}.{one_line(check, MAX_NAME)}")
    case.time = 0.0
    return case


def _result(kind: type[FinalResult], type_: str, sentence: str, lines: Iterable[str]) -> FinalResult:
    result = kind(message=sentence, type_=type_)
    result.text = "\n".join(lines)
    return result


def _told(facts: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"{key}: {one_line(str(value), MAX_NAME)}" for key, value in facts if value is not None)


def _facts(one: JudgedRequirement, first: Item | None) -> Iterator[tuple[str, object]]:
    low, high = (None, None) if one.interval is None else one.interval
    yield "verdict", one.verdict.value
    if first is not None and first.severity is not None:
        yield "severity", first.severity.value
    yield "value", one.value
    yield "interval_low", low
    yield "interval_high", high
    if first is not None and first.finding is not None:
        yield "confidence", first.finding.confidence
        yield "n", first.finding.n
    yield "op", one.op.value
    yield "limit", one.limit
    yield "source", one.source
    yield "reason", one.reason
    yield "p_adjusted", one.p_adjusted
    yield "findings", len(one.findings)
    if first is not None:
        yield "location", f"{first.location.file}:{first.location.line}"
