"""`Scores`: fine bins that keep the order, exact sums, groups, weights and units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from llmops_audit import stats
from llmops_audit.evidence._gather import evidence_type, gather
from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.scores import ScoreHistogram, Scores, score_bins
from llmops_audit.testing import batch

PLAN = Plan(None, ("sex",), 7, 8)


def scores_of(plan: Plan = PLAN, **given: Any) -> Scores:
    """Evidence of one batch."""
    return Scores.of(batch("test", given.pop("columns", {"sex": ["F"] * len(given["label"])}), **given), plan)


def test_it_is_the_evidence_of_its_name() -> None:
    """A check that names `scores` gets `Scores`."""
    assert evidence_type("scores") is Scores


@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=50))
def test_bins_keep_the_order(values: list[float]) -> None:
    """A higher score is never in a lower bin, for probabilities and for margins of any size."""
    bins = score_bins(np.sort(np.array(values)))
    assert (np.diff(bins) >= 0).all()


@given(st.floats(1e-300, 0.5), st.floats(1.003, 2.0))
def test_bins_are_fine_at_both_ends(distance: float, factor: float) -> None:
    """Distances from 0, and from 1, that differ by 3 in 1,000 are told apart."""
    near, far = distance, min(0.5, distance * factor)
    if far / near < 1.003:
        return
    assert score_bins(np.array([near]))[0] < score_bins(np.array([far]))[0]
    if near > 1e-13:
        assert score_bins(np.array([1 - far]))[0] < score_bins(np.array([1 - near]))[0]


def test_negative_zero_is_zero() -> None:
    """The sign of zero makes no difference."""
    assert score_bins(np.array([-0.0]))[0] == score_bins(np.array([0.0]))[0] == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_a_histogram_gives_back_the_rows(rows: list[tuple[float, bool]]) -> None:
    """Counts by side are right, and means are those of the rows to what a bin can tell."""
    values, labels = np.array([score for score, _ in rows]), [int(hit) for _, hit in rows]
    found = scores_of(label=labels, scores={1: values.tolist()}).histogram(1)
    bins = score_bins(values)
    assert found.bins.tolist() == sorted(set(bins.tolist()))
    for place, one in enumerate(found.bins):
        here = (bins == one) & (np.array(labels) == 1)
        assert found.positive_rows[place] == found.positives[place] == here.sum()
        if here.any():
            expected = values[here].mean()
            assert found.positive_score[place] == pytest.approx(expected, rel=2e-3)
            assert found.positive_score[place] == pytest.approx(expected, abs=1e-9)
            assert 1 - found.positive_score[place] == pytest.approx(1 - expected, rel=2e-3)


def test_the_fine_bins_change_nothing_that_is_judged() -> None:
    """Brier score, log loss and ROC AUC of 5,000 rows equal scikit-learn's on the rows."""
    rng = np.random.default_rng(1)
    values = rng.beta(0.3, 0.3, 5000)
    labels = (rng.random(5000) < values).astype(int)
    found = scores_of(label=labels.tolist(), scores={1: values.tolist()}).histogram(1)
    assert stats.brier_score(found).value == pytest.approx(sk.brier_score_loss(labels, values), abs=1e-6)
    assert stats.log_loss(found) == pytest.approx(sk.log_loss(labels, values), rel=1e-3)
    area = float(stats.roc_auc(found.positives, found.negatives))
    assert area == pytest.approx(sk.roc_auc_score(labels, values), abs=1e-4)


def test_rows_without_score_or_label() -> None:
    """A row without a label is left out; one without a score is counted as missing."""
    nan = math.nan
    evidence = scores_of(label=[1, 0, None, 1, None], scores={1: [0.9, nan, 0.2, nan, nan]})
    assert evidence.missing(1) == 2
    assert evidence.histogram(1).positive_rows.sum() == 1
    assert scores_of(label=[1, 0]).missing(1) == 2
    assert scores_of(label=[1, 0]).labels() == ()
    assert not scores_of(label=[1, 0]).histogram(1).probabilities


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 1.0], True), ([0.0, 1.0 + 1e-7], True), ([-1e-7, 0.5], True), ([0.0, 1.1], False), ([-0.1, 0.5], False)],
)
def test_margins_are_told_from_probabilities(values: list[float], expected: bool) -> None:
    """Scores outside of 0 and 1 are margins; what single precision adds to 1 is not outside."""
    assert scores_of(label=[0, 1], scores={1: values}).histogram(1).probabilities is expected


def test_margins_of_any_size_keep_their_order() -> None:
    """Margins from -1e300 to infinity stay finite sums and ascending."""
    found = scores_of(label=[0, 0, 1, 1, 1], scores={1: [-1e300, -2.0, 0.3, 700.0, math.inf]}).histogram(1)
    assert len(found.bins) == 5
    assert float(stats.roc_auc(found.positives, found.negatives)) == 1.0


def test_groups_are_kept_apart_and_add_up() -> None:
    """Histograms of groups hold their rows, and together all rows."""
    columns = {"sex": ["F", "M", None, "M"]}
    evidence = scores_of(columns=columns, label=[1, 0, 1, 1], scores={1: [0.1, 0.2, 0.3, math.nan]})
    rows = {
        group: evidence.histogram(1, {"sex": group}).positive_rows.sum()
        + evidence.histogram(1, {"sex": group}).negative_rows.sum()
        for group in ("F", "M", "(missing)")
    }
    assert rows == {"F": 1, "M": 1, "(missing)": 1}
    assert evidence.missing(1, {"sex": "M"}) == 1
    assert evidence.missing(1, {"sex": "F"}) == 0
    assert len(evidence.histogram(1).bins) == 3


def test_each_label_stands_against_all_others() -> None:
    """Of three labels, rows of the two others are the negatives of the third."""
    evidence = scores_of(label=["a", "b", "c", "c"], scores={"c": [0.1, 0.2, 0.7, 0.8], "a": [0.8, 0.1, 0.1, 0.1]})
    assert evidence.labels() == ("a", "c")
    assert evidence.histogram("c").positive_rows.sum() == 2
    assert evidence.histogram("c").negative_rows.sum() == 2
    assert evidence.histogram("a").positive_rows.sum() == 1


def test_weights_count_as_effective_rows() -> None:
    """No side counts more than Kish's effective number of its rows, and shares are those of the weights."""
    found = scores_of(label=[1, 1, 0, 0], scores={1: [0.8, 0.8, 0.8, 0.2]}, weight=[3.0, 1.0, 2.0, 2.0]).histogram(1)
    assert found.positives.sum() == pytest.approx(16 / 10)
    assert found.negatives.sum() == pytest.approx(16 / 10)
    assert found.positives[-1] / found.negatives[-1] == pytest.approx(2.0)
    assert found.positive_rows.sum() == 2
    even = scores_of(label=[1, 1, 0, 0], scores={1: [0.8, 0.8, 0.8, 0.2]}, weight=[7.0] * 4).histogram(1)
    assert even.positives.sum() == pytest.approx(2.0)


def test_means_are_weighted() -> None:
    """The mean score of a bin is that of the weighted rows."""
    low, high = 0.3001, 0.3002
    found = scores_of(label=[1, 1], scores={1: [low, high]}, weight=[3.0, 1.0]).histogram(1)
    assert len(found.bins) == 1
    assert found.positive_score[0] == pytest.approx((3 * low + high) / 4, abs=1e-9)


def test_units_add_up_to_the_rows() -> None:
    """Sums by random group of units, over all of them, are the rows; bins are coarser, in the same order."""
    rng = np.random.default_rng(2)
    values = rng.random(400)
    labels = rng.integers(0, 2, 400)
    unit = rng.integers(0, 40, 400)
    found = scores_of(label=labels.tolist(), scores={1: values.tolist()}, unit=unit.tolist()).histogram(1)
    assert found.by_unit is not None
    assert found.unit_score is not None
    assert len(found.by_unit) <= 40
    assert found.by_unit.sum(axis=(0, 2)).tolist() == [found.positives.sum(), found.negatives.sum()]
    assert (np.diff(found.unit_score) > 0).all()
    weights = found.by_unit.sum(axis=(0, 1))
    assert float(weights @ found.unit_score) == pytest.approx(values.sum(), abs=1e-6)
    assert scores_of(label=[0, 1], scores={1: [0.1, 0.2]}).histogram(1).by_unit is None


def test_the_complement_is_the_other_of_two_labels() -> None:
    """Half of 1 less the score of one label equals the histogram of the other's own scores."""
    values = np.array([0.0, 0.125, 0.5, 0.75, 1.0])
    labels, unit = [0, 1, 1, 0, 1], [1, 2, 3, 4, 5]
    evidence = scores_of(label=labels, scores={1: values.tolist(), 0: (1 - values).tolist()}, unit=unit)
    turned, own = evidence.histogram(1).complement(), evidence.histogram(0)
    for name in ("positives", "negatives", "bins", "positive_rows", "negative_rows", "by_unit"):
        np.testing.assert_array_equal(getattr(turned, name), getattr(own, name))
    assert stats.brier_score(turned).value == pytest.approx(stats.brier_score(own).value)
    assert isinstance(turned, ScoreHistogram)


def test_the_answer_does_not_depend_on_the_cut() -> None:
    """Weighted and unweighted batches with units give one histogram, bit by bit, in any order and cut."""
    rng = np.random.default_rng(3)
    parts = [
        batch(
            "test", {"sex": rng.choice(["F", "M"], 50).tolist()},
            label=rng.integers(0, 2, 50).tolist(), scores={1: rng.random(50).tolist()},
            weight=rng.random(50).tolist() if part % 2 else None, unit=rng.integers(0, 9, 50).tolist(),
        )
        for part in range(4)
    ]  # fmt: skip
    cut = [half for part in parts for half in (part[30:50], part[0:30])]
    one, other = (gather(order, PLAN, ["scores"])["scores"] for order in (parts, cut[::-1]))
    assert one == other
    assert isinstance(one, Scores)
    assert isinstance(other, Scores)
    for a, b in zip(vars(one.histogram(1)).values(), vars(other.histogram(1)).values(), strict=True):
        np.testing.assert_array_equal(a, b)
