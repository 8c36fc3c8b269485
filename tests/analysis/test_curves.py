"""The points of the curves are those of the rows themselves, few, and the same however the numbers are drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from sklearn import metrics as sk

from llmops_audit.analysis.curves import MAX_CURVES
from llmops_audit.check.registry import provided
from llmops_audit.record.figures import FALSE_POSITIVE_RATES, RECALLS, Curve, Curves
from llmops_audit.testing import batch, inputs, run

ACCURACY = provided()["accuracy"].check
CALIBRATION = provided()["calibration"].check
DECIMALS = 2e-5


def sampled(n: int, seed: int, steps: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Scores that tell the labels apart to some degree, on a grid of so many steps, and labels."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.4).astype(int)
    labels[:2] = 0, 1
    scores = np.clip(0.3 * labels + 0.7 * rng.random(n), 0, 1)
    return (scores if steps is None else np.round(scores * steps) / steps), labels


def figures(check: Any, values: Any, labels: Any, **more: Any) -> dict[str, Curves]:
    """The curves that a check draws, by kind."""
    answers = (np.asarray(values) >= 0.5).astype(int)
    rows = inputs(batch("test", {}, label=labels.tolist(), prediction=answers.tolist(), scores={1: values.tolist()}))
    return {item.curve: item for item in run(check, rows, **more) if isinstance(item, Curves)}


def only(found: Curves) -> Curve:
    """The one curve of a figure."""
    (curve,) = found.curves
    return curve


@given(st.integers(2, 3000), st.integers(0, 99), st.sampled_from([4, 10, 100]))
def test_roc_points_are_points_of_the_rows(n: int, seed: int, steps: int) -> None:
    """On scores that no bin puts together, every point is one of scikit-learn's, ends and read-off points included."""
    values, labels = sampled(n, seed, steps)
    curve = only(figures(ACCURACY, values, labels)["roc"])
    false, true, _ = sk.roc_curve(labels, values, drop_intermediate=False)
    points = np.stack([false, true], axis=1)
    for x, y in zip(curve.x, curve.y, strict=True):
        assert np.abs(points - [x, y]).max(axis=1).min() < DECIMALS
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    for rate in FALSE_POSITIVE_RATES:
        wanted = true[false <= rate + 1e-9].max()
        assert max(y for x, y in zip(curve.x, curve.y, strict=True) if x <= rate + 1e-5) == pytest.approx(
            wanted, abs=1e-4
        )


@given(st.integers(2, 3000), st.integers(0, 99), st.sampled_from([4, 10, 100]))
def test_precision_recall_points_are_points_of_the_rows(n: int, seed: int, steps: int) -> None:
    """Every pair of recall and precision is one of scikit-learn's, those where the curve is read off included."""
    values, labels = sampled(n, seed, steps)
    curve = only(figures(ACCURACY, values, labels)["precision_recall"])
    precision, recall, _ = sk.precision_recall_curve(labels, values)
    points = np.stack([recall, precision], axis=1)[:-1]
    for x, y in zip(curve.x, curve.y, strict=True):
        assert np.abs(points - [x, y]).max(axis=1).min() < DECIMALS
    assert curve.x[-1] == 1
    for least in RECALLS:
        assert any(x >= least - 1e-5 for x in curve.x)


def test_many_different_scores_keep_the_shape_in_few_points() -> None:
    """50,000 scores become at most 61 points, whose area is that of all rows to a hundredth."""
    values, labels = sampled(50_000, 3)
    curve = only(figures(ACCURACY, values, labels)["roc"])
    assert len(curve.x) <= 61
    assert all(left <= right for left, right in pairwise(curve.x))
    assert trapezoid(curve.y, curve.x) == pytest.approx(sk.roc_auc_score(labels, values), abs=0.01)
    assert curve.value == pytest.approx(sk.roc_auc_score(labels, values), abs=1e-3)
    assert curve.low is not None
    assert curve.high is not None
    assert curve.low < curve.value < curve.high


def test_reliability_points_are_means_and_shares_of_bins() -> None:
    """Ten bins of equally many rows: mean score and share as numpy finds them on the sorted rows."""
    values, labels = sampled(2000, 5)
    curve = only(figures(CALIBRATION, values, labels, bins=10)["reliability"])
    order = np.argsort(values, kind="stable")
    wanted = [(values[part].mean(), labels[part].mean()) for part in np.array_split(order, 10)]
    assert curve.x == pytest.approx([score for score, _ in wanted], abs=0.005)
    assert curve.y == pytest.approx([share for _, share in wanted], abs=0.02)
    assert sum(curve.rows) == 2000


def test_without_scores_there_are_no_curves() -> None:
    """Answers alone draw nothing."""
    rows = inputs(batch("test", {}, label=[0, 1] * 50, prediction=[0, 1] * 50))
    assert not [item for item in run(ACCURACY, rows) if isinstance(item, Curves)]


def test_of_many_labels_those_with_the_most_rows_are_drawn() -> None:
    """Eight labels: five curves, each of its label against all others, and the figure says that there were eight."""
    rng = np.random.default_rng(2)
    labels = rng.choice(8, 4000, p=np.arange(1, 9) / 36)
    scores = {label: np.clip(0.5 * (labels == label) + 0.5 * rng.random(4000), 0, 1).tolist() for label in range(8)}
    given = batch("test", {}, label=labels.tolist(), prediction=labels.tolist(), scores=scores)
    rows = inputs(given, labels=range(8), positive=None)
    (roc,) = [item for item in run(ACCURACY, rows) if isinstance(item, Curves) and item.curve == "roc"]
    assert [curve.label for curve in roc.curves] == [7, 6, 5, 4, 3]
    assert (len(roc.curves), roc.labels) == (MAX_CURVES, 8)
    for curve in roc.curves:
        assert curve.positives == (labels == curve.label).sum()
        assert curve.positives + curve.negatives == 4000
