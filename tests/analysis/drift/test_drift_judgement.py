"""Verdicts of drift: certain and large is left to the gate, perhaps large is reported, everything else passes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from llmops_audit.analysis.drift.drift_limits import DriftLimits
from llmops_audit.analysis.drift.hypotheses import Hypothesis
from llmops_audit.analysis.drift.judgement import (
    described,
    detectable_findings,
    drifted_columns,
    findings,
    judge_hypotheses,
)
from llmops_audit.analysis.drift.measures import FLOORS, Measurement
from llmops_audit.analysis.drift.timelines import shifts, timeline, window_findings, without_time
from llmops_audit.analysis.drift.unjudged import not_judged, small_split
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.check.inputs import Policy
from llmops_audit.record import Finding, Verdict
from llmops_audit.record.drift_figure import Window

POLICY = Policy(confidence=0.95)
CUT = Windows(
    "day",
    tuple(Window(start=f"2024-01-0{i}", end=f"2024-01-0{i}", rows=9) for i in (1, 2, 3)),
    np.array([-1, -1, *([0] * 9), *([1] * 9), *([2] * 9)]),
)


def _hypothesis(
    effect: float,
    p: float,
    column: str = "x",
    feature: str | None = None,
    window: int | None = None,
    half: float = 0.02,
) -> Hypothesis:
    measurement = Measurement(
        "total_variation", (100, 50), (None, None), effect + 0.03, 0.03, half / 1.96, half / 1.96, p,
        lambda confidence: (effect + 0.03 - half, effect + 0.03 + half), "by hand",
    )  # fmt: skip
    return Hypothesis("test", column, feature, measurement, window)


@pytest.mark.parametrize(
    ("effect", "p", "verdict", "said"),
    [
        (0.20, 0.001, Verdict.UNDECIDED, "whole interval of the effect is above the floor"),
        (0.06, 0.001, Verdict.FOUND, "may be chance"),
        (0.20, 0.09, Verdict.FOUND, "drift is not shown"),
        (0.02, 0.001, Verdict.PASSED, "smaller than the floor"),
        (0.20, 0.2, Verdict.PASSED, "No drift found"),
        (-0.02, 1.0, Verdict.PASSED, "No drift found"),
    ],
)
def test_both_certainty_and_size_decide(effect: float, p: float, verdict: Verdict, said: str) -> None:
    """Only a difference that a test shows and whose interval is above the floor of 0.05 may fail."""
    (one,) = judge_hypotheses([_hypothesis(effect, p)], DriftLimits(), POLICY)
    (finding,) = findings([one], POLICY)
    assert (one.verdict, finding.verdict) == (verdict, verdict)
    assert said in finding.message.id
    assert finding.value == pytest.approx(max(0.0, effect))
    assert finding.interval == pytest.approx((max(0.0, effect - 0.02), effect + 0.02))
    assert finding.requirement is not None
    assert (finding.requirement.limit, finding.requirement.alarm) == (0.05, True)
    assert effect > 0.05 or finding.p_value == 1.0


def test_the_p_value_is_that_of_the_floor_too() -> None:
    """The gate gets the larger of two p-values: of no difference, and of an effect that only reaches the floor."""
    far, near = (
        next(findings(judge_hypotheses([_normal_hypothesis(effect)], DriftLimits(), POLICY), POLICY))
        for effect in (0.4, 0.08)
    )
    assert far.p_value == pytest.approx(1e-6)
    assert near.p_value == pytest.approx(2 * norm.sf(0.03 / 0.02), rel=1e-3)


def _normal_hypothesis(effect: float) -> Hypothesis:
    measurement = Measurement(
        "total_variation", (100, 50), (None, None), effect, 0.0, 0.02, 0.02, 1e-6,
        lambda confidence: (effect - norm.isf((1 - confidence) / 2) * 0.02, 1.0), "by hand",
    )  # fmt: skip
    return Hypothesis("test", "x", None, measurement)


def test_p_values_are_corrected_over_everything() -> None:
    """Columns, features and windows are one family, corrected as statsmodels' Holm does."""
    raw = [0.001, 0.02, 0.013, 0.4, 0.9]
    every = [_hypothesis(0.2, p, f"x{i}", window=None if i < 3 else i - 3) for i, p in enumerate(raw)]
    found = judge_hypotheses(every, DriftLimits(), POLICY)
    assert [one.p_adjusted for one in found] == pytest.approx(multipletests(raw, method="holm")[1].tolist())
    assert [one.verdict for one in found[:3]] == [Verdict.UNDECIDED, Verdict.FOUND, Verdict.FOUND]
    assert {finding.tests for finding in findings(found, POLICY)} == {1}
    (other,) = judge_hypotheses([every[0]], DriftLimits({"x0": 0.1}), POLICY)
    assert other.p_adjusted == raw[0], "a limit that the spec sets on a column is a requirement of its own"


def test_floors_can_be_set_by_method_and_by_column() -> None:
    """A column's own floor goes before its distance's, and one number is that of all."""
    every = [_hypothesis(0.2, 0.001), _hypothesis(0.2, 0.001, "y")]
    by_both = judge_hypotheses(every, DriftLimits({"x": 0.5, "total_variation": 0.1}), POLICY)
    assert [one.floor for one in by_both] == [0.5, 0.1]
    assert [one.requirement.about for one in by_both] == ["x", "total_variation"]
    assert [one.verdict for one in by_both] == [Verdict.PASSED, Verdict.UNDECIDED]
    assert [one.floor for one in judge_hypotheses(every, DriftLimits(0.3), POLICY)] == [0.3, 0.3]


def test_what_must_be_detected_must_not_stay_unseen() -> None:
    """Where so few rows could have missed what matters, the limit on it is in doubt; drift is judged apart."""
    few = _hypothesis(0.0, 1.0, half=0.2)
    many = _hypothesis(0.0, 1.0, "y", half=0.01)
    window = _hypothesis(0.0, 1.0, "z", half=0.2, window=0)

    def doubts(limit: float | dict[str, float], *given: Hypothesis) -> list[tuple[str, Verdict]]:
        limits = DriftLimits(max_detectable_effect=limit)
        judged = judge_hypotheses(given, limits, POLICY)
        assert {one.verdict for one in judged} == {Verdict.PASSED}
        found = list(detectable_findings(judged, limits, POLICY))
        return [(one.requirement.about, one.verdict) for one in found if one.requirement is not None]

    assert doubts(0.1, few, many) == [("", Verdict.INCONCLUSIVE)]
    assert doubts(0.1, many, window) == [("", Verdict.PASSED)], "windows hold few rows by their nature"
    assert doubts({"y": 0.001}, few, many) == [("y", Verdict.PASSED)], "an effect that is surely small is known"
    assert doubts({"x": 0.001, "y": 0.1}, few, many) == [("x", Verdict.INCONCLUSIVE), ("y", Verdict.PASSED)]


def test_a_limit_on_a_column_that_cannot_be_compared_is_in_doubt() -> None:
    """What the spec limits is judged or inconclusive, never left out."""
    limits = DriftLimits({"x": 0.1, "gone": 0.1, "psi": 0.3})
    judged = judge_hypotheses([_hypothesis(0.0, 1.0)], limits, POLICY)
    found = list(not_judged("test", judged, findings(judged, POLICY), limits))
    assert [(one.requirement.metric, one.requirement.about, one.verdict) for one in found if one.requirement] == [
        ("effect", "gone", Verdict.INCONCLUSIVE),
        ("effect", "psi", Verdict.NOT_APPLICABLE),
        ("drift", "", Verdict.NOT_APPLICABLE),
    ]
    assert found[0].scope == {"split": "test", "column": "gone"}


def test_a_column_that_may_drift_and_cannot_be_compared_is_in_doubt() -> None:
    """Its limit serves to count the columns, and is no requirement of its own."""
    limits = DriftLimits({"x": 0.1, "gone": 0.1}, max_drifted_columns=1)
    judged = judge_hypotheses([_hypothesis(0.0, 1.0)], limits, POLICY)
    counted = drifted_columns("test", judged, 1, POLICY)
    (doubt,) = not_judged("test", judged, [counted], limits)
    assert (doubt.scope["column"], doubt.verdict, doubt.requirement) == ("gone", Verdict.INCONCLUSIVE, None)


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE])
def test_each_requirement_of_a_small_split_is_told(verdict: Verdict) -> None:
    """All of them get the verdict that the rows of the split leave."""
    limits = DriftLimits({"x": 0.1}, max_detectable_effect={"x": 0.2, "psi": 0.3})
    found = list(small_split("live", 9, 30, limits, verdict))
    assert [(one.metric, one.scope) for one in found] == [
        ("effect", {"split": "live", "column": "x"}),
        ("drift", {"split": "live"}),
        ("detectable_effect", {"split": "live", "of": "x"}),
        ("detectable_effect", {"split": "live", "of": "psi"}),
    ]
    assert {(one.verdict, one.n, one.value) for one in found} == {(verdict, 9, None)}


def test_whoever_limits_all_that_is_compared_has_no_alarm() -> None:
    """One limit for all, one for each distance, or one for each column that is compared."""
    every = dict.fromkeys(FLOORS, 0.1)
    for limits in (DriftLimits(0.1), DriftLimits(every), DriftLimits({"x": 0.1}, columns=("x",))):
        assert "drift" not in [metric for metric, _ in limits.of_split()]
    assert "drift" in [metric for metric, _ in DriftLimits({"x": 0.1}).of_split()]


def test_a_pass_says_what_could_have_been_seen() -> None:
    """The detectable effect stands in the finding, and more rows, that is a smaller spread, make it smaller."""
    wide, narrow = judge_hypotheses(
        [_hypothesis(0.0, 1.0, half=0.2), _hypothesis(0.0, 1.0, "y", half=0.02)], DriftLimits(), POLICY
    )
    assert wide.detectable > narrow.detectable > 0.05
    assert wide.text.values["detectable"] == wide.detectable


def test_values_decide_where_the_spec_asks_for_it() -> None:
    """With `decide = "point"` the effect itself is compared with the floor."""
    point = Policy(confidence=0.95, decide="point")
    found = judge_hypotheses([_hypothesis(0.06, 0.9), _hypothesis(0.04, 0.001, "y")], DriftLimits(), point)
    assert [one.verdict for one in found] == [Verdict.FAILED, Verdict.PASSED]
    assert next(findings(found, point)).tests is None


@pytest.mark.parametrize(
    ("most", "verdict"),
    [(0, Verdict.NOT_APPLICABLE), (1, Verdict.INCONCLUSIVE), (2, Verdict.PASSED)],
)
def test_a_data_set_drifts_by_the_number_of_its_columns(most: int, verdict: Verdict) -> None:
    """A column counts once, however many of its features drift; whole rows and scores are none."""
    every = [
        _hypothesis(0.2, 0.0001),
        _hypothesis(0.2, 0.0001, "x", "missing"),
        _hypothesis(0.06, 0.0001, "y"),
        _hypothesis(0.0, 1.0, "z"),
        _hypothesis(0.2, 0.0001, "(rows)"),
        _hypothesis(0.2, 0.0001, "(score)"),
    ]
    found = drifted_columns("test", judge_hypotheses(every, DriftLimits(), POLICY), most, POLICY)
    assert (found.value, found.interval, found.verdict) == (1, (1, 2), verdict)
    assert found.details["compared_columns"] == 3


def test_nothing_compared_is_no_pass() -> None:
    """Where not one column could be compared, the data set is not judged."""
    found = drifted_columns("live", judge_hypotheses([_hypothesis(0.2, 0.0001)], DriftLimits(), POLICY), 0, POLICY)
    assert (found.verdict, found.value) == (Verdict.NOT_APPLICABLE, None)


def _time_series() -> list[Hypothesis]:
    return [_hypothesis(0.01, 1.0, window=0), _hypothesis(0.4, 0.0001, window=1), _hypothesis(0.3, 0.0001, window=2)]


def test_a_series_is_one_finding_with_the_window_that_broke() -> None:
    """The worst window stands in the finding, the first that failed in its sentence."""
    every = judge_hypotheses([*_time_series(), _hypothesis(0.0, 1.0, "y", window=0)], DriftLimits(), POLICY)
    broken, calm = window_findings(every, {"test": CUT}, POLICY)
    assert (broken.value, broken.verdict, broken.message.values["start"]) == (
        pytest.approx(0.4), Verdict.UNDECIDED, "2024-01-02",
    )  # fmt: skip
    assert broken.scope == {"split": "test", "column": "x", "windows": "day"}
    assert (broken.tests, calm.tests) == (3, 1)
    assert (calm.verdict, "No drift found" in calm.message.id) == (Verdict.PASSED, True)
    assert not list(findings(every, POLICY))


def test_a_timeline_keeps_gaps() -> None:
    """A window without enough rows is a gap, not a zero."""
    found = timeline("test", judge_hypotheses(_time_series()[1:], DriftLimits(), POLICY), CUT, None)
    (series,) = found.series
    assert series.effects == (None, pytest.approx(0.4), pytest.approx(0.3))
    assert series.verdicts == (None, "failed", "failed")
    assert (series.broke_in, series.verdict) == (1, "failed")


def test_what_failed_leads_a_timeline() -> None:
    """Failed columns stand first, then those with the largest effect times importance."""
    calm = [_hypothesis(0.3, 1.0, "calm", window=0), _hypothesis(0.01, 1.0, "calmer", window=0)]
    every = judge_hypotheses([*calm, *_time_series()], DriftLimits(), POLICY)
    assert [series.column for series in timeline("test", every, CUT, None).series] == ["x", "calm", "calmer"]
    importance = {"calm": 0.0, "calmer": 0.5}
    assert [series.column for series in timeline("test", every, CUT, importance).series] == ["x", "calmer", "calm"]


def test_rows_without_a_time_are_reported() -> None:
    """They are a finding of their own, which judges nothing."""
    found: Finding = without_time("live", CUT)
    assert (found.value, found.n, found.verdict) == (2, 29, Verdict.NOT_APPLICABLE)


def test_shifts_are_sorted_by_effect_times_importance() -> None:
    """What the classifier relies on comes first; what nobody knows the importance of counts as the highest."""
    every = [_hypothesis(0.5, 1.0, "unused"), _hypothesis(0.2, 1.0, "used"), _hypothesis(0.1, 1.0, "(label)")]
    found = judge_hypotheses(every, DriftLimits(), POLICY)
    order = [shift.column for shift in shifts(found, {"unused": 0.0, "used": 0.4})]
    assert order == ["used", "(label)", "unused"]
    assert [shift.column for shift in shifts(found, None)] == ["unused", "used", "(label)"]
    assert shifts(found, None)[0].importance is None


def test_what_is_only_described_has_no_verdict() -> None:
    """Differences of parts that were drawn at random keep their numbers, without a name of a verdict."""
    found = described([_hypothesis(0.5, 0.0001), *_time_series()], DriftLimits(), POLICY)
    assert {one.verdict for one in found} == {Verdict.NOT_APPLICABLE}
    (shift,) = shifts(found, None)
    assert (shift.verdict, shift.effect) == (None, pytest.approx(0.5))
    (series,) = timeline("test", found, CUT, None).series
    assert (series.verdict, series.verdicts, series.broke_in) == (None, (None, None, None), None)
