"""Requirements of the whole audit: one family, by Holm's method, and what a check cannot decide by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from llmops_audit.audit import gate
from llmops_audit.check.family import decided
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import judged, p_value
from llmops_audit.record import (
    CheckResult,
    Finding,
    GatePolicy,
    Op,
    Page,
    Requirement,
    Status,
    Verdict,
    message,
)
from llmops_audit.stats import clopper_pearson

POLICY = Policy(confidence=0.95)
GATE = GatePolicy(confidence=0.95, decide="bound", on_inconclusive="review")
AT_LEAST = Requirement(op=Op.AT_LEAST, limit=0.9)


def _share(hits: int, n: int, requirement: Requirement = AT_LEAST, **more: Any) -> Finding:
    finding = judged(
        more.pop("metric", "accuracy"), hits / n, requirement, POLICY,
        bounds=lambda confidence: clopper_pearson(hits, n, confidence), method="Clopper-Pearson", n=n, **more,
    )  # fmt: skip
    return finding.model_copy(update={"id": f"a.{finding.metric}{finding.scope}"})


def _with_p(p: float, metric: str, *, tests: int = 1, scope: dict[str, str] | None = None, **limit: Any) -> Finding:
    return Finding(
        id=f"{metric}{scope}", metric=metric, scope=scope or {}, value=0.5, interval=(0.4, 0.6), tests=tests, p_value=p,
        requirement=AT_LEAST.model_copy(update=limit), verdict=Verdict.UNDECIDED, message=message("Misses."),
    )  # fmt: skip


def _result(findings: Sequence[Finding], name: str = "a", **more: Any) -> CheckResult:
    return CheckResult(
        name=name, distribution="d", version="1", page=Page(title="t", sections=()), settings={},
        verdict=Verdict.UNDECIDED, findings=tuple(findings), **more,
    )  # fmt: skip


@pytest.mark.parametrize("hits", [0, 120, 160, 170, 179])
def test_the_p_value_is_that_of_the_interval_that_is_shown(hits: int) -> None:
    """It is twice the exact tail, by a second implementation."""
    expected = min(1.0, 2 * float(binom.cdf(hits, 200, 0.9)))
    assert _share(hits, 200).p_value == pytest.approx(max(expected, 1e-12), rel=1e-6)


def test_a_value_that_meets_its_limit_has_a_p_value_of_one() -> None:
    """In both directions of a limit; a value that misses has that of its tail."""
    assert _share(180, 200).p_value == 1.0
    at_most = Requirement(op=Op.AT_MOST, limit=0.1)
    assert _share(20, 200, at_most).p_value == 1.0
    assert _share(40, 200, at_most).p_value == pytest.approx(2 * float(binom.sf(39, 200, 0.1)), rel=1e-6)


def test_an_interval_that_never_misses_has_a_p_value_of_one() -> None:
    """An unbounded interval says nothing."""
    assert p_value(lambda confidence: (0.0, 1.0), AT_LEAST) == 1.0


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [(200, Verdict.PASSED), (185, Verdict.INCONCLUSIVE), (175, Verdict.INCONCLUSIVE), (160, Verdict.UNDECIDED)],
)
def test_a_check_decides_by_its_own_bound_alone(hits: int, verdict: Verdict) -> None:
    """Passed by the lower end, inconclusive where the limit lies inside, undecided where the whole interval misses."""
    assert _share(hits, 200).verdict is verdict


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [(185, Verdict.PASSED), (175, Verdict.FOUND), (160, Verdict.UNDECIDED)],
)
def test_an_alarm_needs_no_bound_to_pass(hits: int, verdict: Verdict) -> None:
    """Above its limit by value alone it is found."""
    assert _share(hits, 200, AT_LEAST.model_copy(update={"alarm": True})).verdict is verdict


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=30))
def test_requirements_of_all_checks_are_rejected_by_holm(p_values: list[float]) -> None:
    """Against statsmodels, for any p-values in any number of checks."""
    results = [_result([_with_p(p, f"m{i}")], name=f"c{i % 3}{i}") for i, p in enumerate(p_values)]
    after, requirements = decided(results, 0.95)
    rejected, adjusted, *_ = multipletests(p_values, alpha=0.05, method="holm")
    assert [one.p_adjusted for one in requirements] == pytest.approx(adjusted.tolist())
    # At the very level either answer is right.
    sure = np.abs(adjusted - 0.05) > 1e-12
    verdicts = np.array([result.findings[0].verdict is Verdict.FAILED for result in after])
    assert verdicts[sure].tolist() == rejected[sure].tolist()
    assert sorted(one.rank or 0 for one in requirements) == list(range(1, len(p_values) + 1))
    assert Verdict.UNDECIDED not in {finding.verdict for result in after for finding in result.findings}


def test_a_requirement_takes_its_smallest_p_value_times_its_comparisons() -> None:
    """Of its pairs only those fail that reject it by themselves."""
    pairs = [_with_p(0.004, "ratio", tests=3, scope={"g": "x"}, about="g"), _with_p(0.2, "ratio", tests=2, about="g")]
    other = [_with_p(0.5, "ratio", about="h")]
    after, requirements = decided([_result([*pairs, *other])], 0.95)
    first, second = requirements
    assert (first.id, second.id) == ("a.ratio[g]", "a.ratio[h]")
    assert first.p_value == pytest.approx(0.02)
    assert first.p_adjusted == pytest.approx(0.04)
    assert (first.verdict, first.rank, second.rank) == (Verdict.FAILED, 1, 2)
    # The other pair does not reject it by itself.
    assert [finding.verdict for finding in after[0].findings] == [
        Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE,
    ]  # fmt: skip


def test_splits_are_requirements_of_their_own() -> None:
    """The test split is not named in the id."""
    _, requirements = decided([_result([_with_p(0.5, "f1"), _with_p(0.5, "f1", scope={"split": "live"})])], 0.95)
    assert [one.id for one in requirements] == ["a.f1", "a.f1@live"]


def test_a_requirement_may_have_another_name_than_what_is_measured() -> None:
    """Columns with several distances are one requirement, with the limit of the one that decides."""
    columns = _with_p(0.5, "wasserstein", limit=0.1), _with_p(0.1, "total_variation", limit=0.05)
    named = [one.model_copy(update={"requirement": one.requirement.model_copy(update={"metric": "drift"})})
             for one in columns if one.requirement is not None]  # fmt: skip
    _, (one,) = decided([_result(named)], 0.95)
    assert (one.id, one.p_value, one.limit) == ("a.drift", 0.2, 0.05)


def test_what_cannot_be_computed_counts_and_a_census_does_not() -> None:
    """An undefined value counts with p = 1; a count of all rows is in no family."""
    undefined = judged("f1", None, AT_LEAST, POLICY, bounds=None, method="census", n=3)
    census = judged("rows", 1.0, Requirement(op=Op.AT_MOST, limit=0), POLICY, bounds=None, method="census", n=3)
    (after,), requirements = decided([_result([_with_p(0.02, "mcc"), undefined, census])], 0.95)
    by_id = {one.id: one for one in requirements}
    assert by_id["a.f1"].p_value == 1.0
    assert (by_id["a.rows"].p_value, by_id["a.rows"].rank, by_id["a.rows"].verdict) == (None, None, Verdict.FAILED)
    assert by_id["a.mcc"].p_adjusted == pytest.approx(0.04)
    assert after.verdict is Verdict.FAILED


def test_an_alarm_that_is_not_certain_is_found_and_asks_for_nothing() -> None:
    """The audit is approved and names it; a certain one rejects."""
    alarm = _with_p(0.04, "loss", alarm=True)
    (after,), (one, _) = decided([_result([alarm, _share(200, 200)])], 0.95)
    assert (after.verdict, one.verdict, one.alarm) == (Verdict.FOUND, Verdict.FOUND, True)
    decision = gate.decide([after], GATE)
    assert decision.status is Status.APPROVED
    assert "loss" in str(decision.reasons[-1].values["finding"])
    (certain,), _ = decided([_result([_with_p(1e-9, "loss", alarm=True), _share(200, 200)])], 0.95)
    assert gate.decide([certain], GATE).status is Status.REJECTED


@pytest.mark.parametrize(
    ("how", "status"),
    [("block", Status.REJECTED), ("review", Status.NEEDS_REVIEW), ("report", Status.APPROVED)],
)
def test_what_a_failed_check_does(how: str, status: Status) -> None:
    """It rejects, asks for a review, or has no bearing, as the spec says."""
    failing = _result([_with_p(1e-9, "f1")], gate=how)
    after, requirements = decided([failing, _result([_share(200, 200)], name="b")], 0.95)
    assert after[0].verdict is Verdict.FAILED
    assert gate.decide(after, GATE).status is status
    assert requirements[0].gate == how
    # What is only reported is a family of its own.
    assert [one.rank for one in requirements] == ([1, 1] if how == "report" else [1, 2])


def test_where_every_check_is_only_reported_nothing_is_judged() -> None:
    """An audit without a bearing check is never approved."""
    after, _ = decided([_result([_share(200, 200)], gate="report")], 0.95)
    assert gate.decide(after, GATE).status is Status.NOT_JUDGED


def test_a_sentence_names_what_its_verdict_was_corrected_for() -> None:
    """One requirement is corrected for its comparisons; checks that are only reported, for their own requirements."""
    alone = _result([_with_p(0.001, "ratio", tests=4)])
    ((finding,),) = [one.findings for one in decided([alone], 0.95)[0]]
    assert finding.message.values["family"] == message("its {comparisons} comparisons", comparisons=4)
    several = [_with_p(0.001, "one"), _with_p(0.5, "two")]
    both = [_result(several, gate="report"), _result([*several, _with_p(0.3, "three")], name="b")]
    reported, counted = (one.findings[0] for one in decided(both, 0.95)[0])
    assert reported.message.values["family"] == message(
        "the {requirements} requirements that are only reported", requirements=2
    )
    assert counted.message.values["requirements"] == 3


def test_reported_requirements_are_corrected_in_both_places() -> None:
    """A finding and its requirement have the same corrected p-value, that of the family of what is only reported."""
    reported = _result([_with_p(0.01, "one"), _with_p(0.02, "two")], gate="report")
    blocking = _result([_with_p(0.03, f"m{i}") for i in range(5)], name="b")
    after, requirements = decided([reported, blocking], 0.95)
    one, two = requirements[:2]
    assert [(each.gate, each.rank, each.p_adjusted) for each in (one, two)] == [
        ("report", 1, pytest.approx(0.02)), ("report", 2, pytest.approx(0.02)),
    ]  # fmt: skip
    found = [finding.p_adjusted for result in after for finding in result.findings]
    assert found == [each.p_adjusted for each in requirements]
    assert sorted(each.rank or 0 for each in requirements[2:]) == [1, 2, 3, 4, 5]


def test_reported_checks_take_no_power_from_the_others() -> None:
    """Twenty requirements that are only reported correct nothing of the one that blocks."""
    blocking = _result([_with_p(0.03, "f1")])
    noise = _result([_with_p(0.9, f"m{i}") for i in range(20)], name="b", gate="report")
    after, _ = decided([blocking, noise], 0.95)
    assert after[0].verdict is Verdict.FAILED


@pytest.mark.parametrize("true", [0.9, 0.93])
def test_false_rejections_stay_under_their_rate(true: float) -> None:
    """Twelve requirements whose limit is met, exactly or with room."""
    rng = np.random.default_rng(1)
    rejected = 0
    for hits in rng.binomial(400, true, size=(400, 12)):
        after, _ = decided([_result([_share(int(x), 400, metric=f"m{i}") for i, x in enumerate(hits)])], 0.95)
        rejected += after[0].verdict is Verdict.FAILED
    assert rejected / 400 <= 0.05


def test_holm_finds_what_sharing_the_rate_does_not() -> None:
    """One of twelve misses its limit by two and a half half-widths."""
    rng = np.random.default_rng(2)
    found = shared = 0
    for bad in rng.binomial(400, 0.827, size=200):
        findings = [_share(372, 400, metric=f"m{i}") for i in range(11)]
        one = _share(int(bad), 400, metric="bad")
        after, _ = decided([_result([*findings, one])], 0.95)
        found += after[0].verdict is Verdict.FAILED
        shared += one.p_value is not None and one.p_value <= 0.05 / 4 / 12
    assert found > shared
