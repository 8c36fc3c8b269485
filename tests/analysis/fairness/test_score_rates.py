"""Scores by group: against the rows, and how often their intervals miss the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from llmops_audit.analysis.fairness.score_rates import score_rates, standardized_differences
from llmops_audit.evidence.scores import Scores
from llmops_audit.testing import batch, inputs

GROUPS = [("F",), ("M",)]


def _scores(sex: Any, label: Any, score: Any, **more: Any) -> Scores:
    one = batch(
        "test", {"sex": list(sex)}, label=list(map(int, label)), prediction=list(map(int, label)),
        scores={1: list(map(float, score))}, **more,
    )  # fmt: skip
    found: Scores = inputs(one, groups=["sex"])["scores"]["test"]
    return found


def _drawn(n: int = 600) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1)
    sex, score = np.array(["F", "M"])[rng.integers(0, 2, n)], rng.beta(2, 3, n)
    return sex, rng.random(n) < np.where(sex == "F", score, score / 2), score


def test_metrics_are_those_of_the_rows() -> None:
    """Area, mean score and calibration gap of a group are those of its rows, within the width of a bin."""
    sex, label, score = _drawn()
    rates, _ = score_rates(_scores(sex, label, score), ("sex",), GROUPS, (0, 1), 1)
    for (group,) in GROUPS:
        y, s = label[sex == group], score[sex == group]
        wanted = {"roc_auc": roc_auc_score(y, s), "mean_score": s.mean(), "calibration_gap": s.mean() - y.mean()}
        found = {name: rates[(group,)][name, 1].value for name in wanted}
        assert found == pytest.approx(wanted, abs=2e-3)
        for name in wanted:
            low, high = rates[(group,)][name, 1].bounds(0.95)
            assert low < wanted[name] < high


def test_the_other_label_has_the_complement() -> None:
    """Asked for the label that was not scored, the mean score is what the other leaves."""
    sex, label, score = _drawn()
    scores = _scores(sex, label, score)
    one, _ = score_rates(scores, ("sex",), GROUPS, (0, 1), 1)
    other, _ = score_rates(scores, ("sex",), GROUPS, (0, 1), 0)
    for group in GROUPS:
        value, complement = one[group]["mean_score", 1].value, other[group]["mean_score", 0].value
        assert value is not None
        assert complement == pytest.approx(1 - value)
        assert other[group]["roc_auc", 0].value == pytest.approx(one[group]["roc_auc", 1].value)


def test_the_standardised_difference_is_hedges_and_olkin_s() -> None:
    """Difference of means over the pooled deviation, with the textbook's large-sample variance."""
    sex, label, score = _drawn()
    score = np.where(sex == "F", score * 0.8, score)
    _, sums = score_rates(_scores(sex, label, score), ("sex",), GROUPS, (0, 1), 1)
    (gap,) = standardized_differences(sums, 1, 0.95)
    women, men = score[sex == "F"], score[sex == "M"]
    n1, n2 = len(women), len(men)
    pooled = math.sqrt(((n1 - 1) * women.var(ddof=1) + (n2 - 1) * men.var(ddof=1)) / (n1 + n2 - 2))
    wanted = (men.mean() - women.mean()) / pooled
    reach = 1.959964 * math.sqrt(1 / n1 + 1 / n2 + wanted**2 / (2 * (n1 + n2)))
    assert (gap.group, gap.compared_with) == (("F",), ("M",))
    assert [gap.difference, gap.low, gap.high] == pytest.approx([wanted, wanted - reach, wanted + reach], abs=2e-3)


def test_a_missing_score_leaves_its_group_out() -> None:
    """Doubt is never a number: one row without a score takes its group's metrics away, not the other's."""
    sex, label, score = _drawn()
    score[np.flatnonzero(sex == "F")[0]] = np.nan
    rates, sums = score_rates(_scores(sex, label, score), ("sex",), GROUPS, (0, 1), 1)
    assert (set(rates), set(sums)) == ({("M",)}, {("M",)})


def test_margins_have_an_area_and_no_mean() -> None:
    """Decision values order the rows; a mean of them is no probability."""
    sex, label, score = _drawn()
    rates, sums = score_rates(_scores(sex, label, 10 * score - 5), ("sex",), GROUPS, (0, 1), 1)
    assert {name for name, _ in rates[("F",)]} == {"roc_auc"}
    assert sums == {}


def test_rows_of_one_unit_widen_the_intervals() -> None:
    """Ten copies of a person's row tell little more than one."""
    sex, label, score = (np.repeat(column, 10) for column in _drawn(200))
    unit = np.repeat(np.arange(200), 10).tolist()

    def width(name: str, **more: Any) -> float:
        rates, _ = score_rates(_scores(sex, label, score, **more), ("sex",), GROUPS, (0, 1), 1)
        low, high = rates[("F",)][name, 1].bounds(0.95)
        return high - low

    for name in ("roc_auc", "mean_score", "calibration_gap"):
        assert width(name, unit=unit) > 2 * width(name)


@pytest.mark.parametrize(("n", "share"), [(30, 0.02), (30, 0.3), (300, 0.3)])
def test_intervals_of_the_calibration_gap_cover(n: int, share: float) -> None:
    """Of calibrated scores the gap is 0, and 95 % intervals hold it in at least about 95 of 100 samples."""
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(200):
        score = rng.beta(8 * share, 8 * (1 - share), n)
        label = rng.random(n) < score
        rates, _ = score_rates(_scores(["F"] * n, label, score), ("sex",), [("F",)], (0, 1), 1)
        low, high = rates[("F",)]["calibration_gap", 1].bounds(0.95)
        held += low <= 0.0 <= high
    assert held >= 0.92 * 200
