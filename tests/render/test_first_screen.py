"""The first screen: the result in words, at most three reasons as facts, three boxes, and who does what."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

from llmops_audit.check.family import decided
from llmops_audit.record import (
    Changes,
    Finding,
    Message,
    Op,
    Record,
    ReportSettings,
    Requirement,
    Status,
    Verdict,
    VerdictChange,
    message,
)
from llmops_audit.render import i18n
from llmops_audit.render.first_screen import DISCLAIMER, MOST_REASONS, ROLES, first_screen
from llmops_audit.render.formats import render_files


def _finding(id: str, metric: str, verdict: Verdict, **given: Any) -> Finding:
    source = given.pop("source", "audit.toml:17")
    limit = Requirement(op=given.pop("op", Op.AT_LEAST), limit=0.8, source=source, about=given.pop("about", ""))
    fields: dict[str, Any] = {"scope": {"split": "test"}, "value": 0.5, "message": message("Sentence.")}
    return Finding(id=id, metric=metric, verdict=verdict, requirement=limit, **(fields | given))


def _record(sample: ModuleType, status: Status, *checks: tuple[str, Verdict, list[Finding]], **audit: Any) -> Record:
    results = [sample.check_result(name, verdict, findings) for name, verdict, findings in checks]
    _, required = decided(results, 0.95)
    verdicts = {id: one.verdict for result in results for one in result.findings for id in [one.id]}
    reasons = [
        message(f"{verdict.value.capitalize()}: {{finding}}.", finding=id)
        for id, verdict in verdicts.items()
        if verdict is not Verdict.PASSED
    ]
    record: Record = sample.record(status, checks=results, figures={}, reasons=reasons, **audit)
    fixed = (one.model_copy(update={"verdict": verdicts[one.findings[0]]}) for one in required)
    return record.model_copy(update={"requirements": tuple(fixed)})


def _said(record: Record, text: Message | None) -> str:
    return "" if text is None else i18n.render(text, i18n.translator("en", record))


FAILED, PASSED, INCONCLUSIVE = Verdict.FAILED, Verdict.PASSED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.APPROVED, "Meets every criterion of audit.toml"),
        (Status.REJECTED, "Does not meet its criteria"),
        (Status.NEEDS_REVIEW, "Undecided: a person must review"),
        (Status.NOT_JUDGED, "Not judged: the audit did not finish"),
    ],
)
def test_the_result_is_said_for_what_it_is(sample: ModuleType, status: Status, said: str) -> None:
    """Each decision has a sentence of its own, that of an approval with the name of the spec."""
    record = sample.approved() if status is Status.APPROVED else sample.record(status)
    assert _said(record, first_screen(record).result) == said
    assert DISCLAIMER.id.startswith("Automated test result. It is no release approval")


def test_the_gravest_reasons_of_many_kinds_stand_first(sample: ModuleType) -> None:
    """What failed comes before what is undecided, and three reasons are of as many kinds as there are."""
    ratios = [
        _finding(f"fairness.ratio{i}", "ratio", FAILED, about=f"a{i}", scope={"attribute": f"a{i}"}) for i in range(9)
    ]
    record = _record(
        sample, Status.REJECTED,
        ("fairness", FAILED, [*ratios, _finding("fairness.gap", "gap", FAILED)]),
        ("accuracy", INCONCLUSIVE, [_finding("accuracy.f1", "f1", INCONCLUSIVE)]),
        ("drift", FAILED, [_finding("drift.psi", "psi", FAILED)]),
    )  # fmt: skip
    screen = first_screen(record)
    assert [line.finding for line in screen.reasons] == ["fairness.ratio0", "fairness.gap", "drift.psi"]
    assert all(line.source == "audit.toml:17" for line in screen.reasons)
    assert _said(record, screen.more) == "and 9 more"


def test_more_of_the_same_kind_is_said_so(sample: ModuleType) -> None:
    """Where all other reasons are alike to those shown, the line says it; a requirement counts once."""
    ratios = [
        _finding(f"fairness.ratio{i}", "ratio", FAILED, about=f"a{i % 5}", scope={"g": f"v{i}"}) for i in range(10)
    ]
    record = _record(sample, Status.REJECTED, ("fairness", FAILED, ratios))
    screen = first_screen(record)
    assert len(screen.reasons) == MOST_REASONS
    assert _said(record, screen.more) == "and 2 more of the same kind"
    ratios = [one.model_copy(update={"verdict": INCONCLUSIVE if i == 4 else FAILED}) for i, one in enumerate(ratios)]
    record = _record(sample, Status.REJECTED, ("fairness", FAILED, ratios[:5]))
    assert _said(record, first_screen(record).more) == "and 2 more"


def test_an_approval_says_what_was_met(sample: ModuleType) -> None:
    """Limits of the spec come before defaults, and different checks before one check twice; the checks are named."""
    record = _record(
        sample, Status.APPROVED,
        ("accuracy", PASSED, [
            _finding("a.0", "balanced_accuracy", PASSED, source="default"),
            *(_finding(f"a.{name}", name, PASSED, value=0.9, interval=(0.85, 0.95)) for name in ("accuracy", "f1")),
        ]),
        ("pii", PASSED, [_finding("p.1", "personal_data_rows", PASSED, source="default")]),
    )  # fmt: skip
    screen = first_screen(record)
    assert [line.finding for line in screen.reasons] == ["a.accuracy", "a.f1", "p.1"]
    assert _said(record, screen.reasons[0].text) == "Accuracy 90% (85 to 95); at least 80% required"
    assert _said(record, screen.more) == "and 1 more that are met"
    assert _said(record, screen.checks) == "Checks that ran: accuracy, pii"
    assert screen.met is None
    assert [box.lines for box in screen.boxes[:2]] == [(), ()]


def test_boxes_count_requirements_by_check(sample: ModuleType) -> None:
    """What failed and what is undecided stand apart; what nobody looked at is never empty."""
    record = _record(
        sample, Status.REJECTED,
        ("accuracy", FAILED, [
            _finding("a.1", "accuracy", FAILED), _finding("a.2", "f1", INCONCLUSIVE), _finding("a.3", "mcc", PASSED),
        ]),
    )  # fmt: skip
    failed, undecided, nobody = first_screen(record).boxes
    assert [_said(record, line) for line in failed.lines] == ["accuracy: accuracy (requirements: 1 of 3)"]
    assert [_said(record, line) for line in undecided.lines] == ["accuracy: F1 (requirements: 1 of 3)"]
    assert nobody.lines
    assert first_screen(record).met is not None
    reported = [check.model_copy(update={"gate": "report"}) for check in record.checks]
    assert [box.lines for box in first_screen(record.model_copy(update={"checks": tuple(reported)})).boxes[:2]] == [
        (), (),
    ], "what is only reported decides nothing"  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (
            _finding("x", "balanced_accuracy", FAILED, message=message("Predicts {only}.", only="1")),
            "find out why every row is predicted “1”",
        ),
        (_finding("x", "balanced_accuracy", FAILED, details={"swapped": 0.9}), "labels or scores are swapped"),
        (_finding("x", "invalid_outputs", FAILED), "make every output one of the labels"),
        (_finding("x", "accuracy", FAILED), "which labels fail"),
        (_finding("x", "accuracy", INCONCLUSIVE, rows_to_decide=130_000), "about 130,000 rows tested"),
        (
            _finding("x", "group_rows", INCONCLUSIVE, details={"first_screen": True},
                     scope={"split": "test", "g": "a"}),
            "for the groups of few rows",
        ),
    ],
)  # fmt: skip
def test_advice_fits_the_cause(sample: ModuleType, finding: Finding, said: str) -> None:
    """A constant prediction, swapped labels, outputs off the list, few rows and small groups have their own advice."""
    record = _record(sample, Status.REJECTED, ("accuracy", finding.verdict, [finding]))
    lines = first_screen(record).to_do
    assert sum(said in _said(record, line.what) for line in lines) == 1
    assert {_said(record, line.who) for line in lines} <= {"Owner (Trust)", "Reviewer"}


def test_who_set_the_limits_is_named(sample: ModuleType) -> None:
    """The owner stands beside the limits; where there is none, that is said; nothing claims a lock."""
    found = ("accuracy", PASSED, [_finding("a", "accuracy", PASSED), _finding("b", "f1", PASSED, source="default")])
    named = _record(sample, Status.APPROVED, found)
    assert _said(named, first_screen(named).limits) == (
        "Limits: 2 (1 set by audit.toml; owner: Trust); the criteria were not locked."
    )
    nobody = _record(sample, Status.APPROVED, found, owner=None)
    assert "which names no owner" in _said(nobody, first_screen(nobody).limits)


def test_what_changed_takes_one_line(sample: ModuleType) -> None:
    """Against an earlier record: classifier, test data, verdicts and loosened limits; without one, nothing."""
    record: Record = sample.record()
    assert first_screen(record).since is None
    changes = Changes(
        name="x", version="0.9.0", digest="ab", status=Status.APPROVED, verdicts=(), limits=(), data={"test": True},
        same_model=False, same_spec=True,
    )  # fmt: skip
    later = record.model_copy(update={"changes": changes})
    assert _said(later, first_screen(later).since) == (
        "Since 0.9.0: classifier another one; test data the same; verdicts changed: 0, for the worse: 0; new "
        "verdicts: 0, of them not passed: 0; limits loosened: 0."
    )


def test_what_is_new_and_did_not_pass_is_counted(sample: ModuleType) -> None:
    """A requirement that the earlier record did not have has not changed, and where it failed, the line says so."""
    record: Record = sample.record()
    verdicts = tuple(
        VerdictChange(id=str(number), before=before, now=now)
        for number, (before, now) in enumerate(
            [(PASSED, FAILED), (FAILED, PASSED), (PASSED, None), (None, FAILED), (None, INCONCLUSIVE), (None, PASSED)]
        )
    )
    changes = Changes(
        name="x", version="1", digest="ab", status=Status.APPROVED, verdicts=verdicts, limits=(), data={"test": True},
        same_model=True, same_spec=False,
    )  # fmt: skip
    later = record.model_copy(update={"changes": changes})
    assert "verdicts changed: 3, for the worse: 1; new verdicts: 3, of them not passed: 2; limits" in _said(
        later, first_screen(later).since
    )


def test_long_names_are_cut_on_the_first_screen(sample: ModuleType) -> None:
    """A name of 200 characters takes 80 columns with an ellipsis; the whole of it stands further below."""
    name, group, cut = "n" * 200, "g" * 200, "…"
    found = _finding("a", "recall", FAILED, scope={"split": "test", "label": group}, source=f"{'s' * 190}.toml:17")
    record = _record(sample, Status.REJECTED, ("accuracy", FAILED, [found]), name=name, version="1" * 200, owner=name)
    screen = first_screen(record)
    assert (screen.name, screen.version) == ("n" * 79 + cut, "1" * 79 + cut)
    assert "g" * 79 + cut in _said(record, screen.reasons[0].text)
    assert screen.reasons[0].source == "s" * 79 + cut
    assert "n" * 79 + cut in _said(record, screen.limits)
    page = render_files(record, ["html"])["report.html"].decode()
    cover = page[page.index("<h1") : page.index('id="content"')]
    assert re.findall("n{81}|g{81}|s{81}|1{81}", cover) == []
    assert name in page


def test_the_roles_of_the_spec_sign(sample: ModuleType) -> None:
    """Owner and reviewer sign, unless the spec names others; each has a line on the cover."""
    assert first_screen(sample.record()).roles == ROLES
    report = ReportSettings(roles=("Head of <credit>", "Data protection officer"))
    record = sample.record().model_copy(update={"report": report})
    page = render_files(record, ["html"])["report.html"].decode()
    assert page.count("do not release") == 2
    assert '<th scope="row">Head of &lt;credit&gt;</th>' in page
    assert '<th scope="row">Reviewer</th>' not in page
