"""Areas under curves: scikit-learn on rows, a published example, structural components, bounds and curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from sklearn import metrics as sk

from llmops_audit import stats

Counts = NDArray[np.float64]

# Hanley and McNeil (1982), table I: 109 tomograms, rated from definitely normal to definitely abnormal.
NORMAL, ABNORMAL = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]


@st.composite
def histograms(draw: st.DrawFn) -> tuple[Counts, Counts]:
    """Two histograms of 1 to 12 bins, with many empty bins and at least one row each."""
    bins = draw(st.integers(1, 12))
    cells = st.one_of(st.just(0.0), st.integers(0, 9).map(float))
    both = [draw(arrays(np.float64, bins, elements=cells)) for _ in range(2)]
    for counts in both:
        counts[draw(st.integers(0, bins - 1))] += 1.0
    return both[0], both[1]


def as_rows(positives: Counts, negatives: Counts) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Labels and scores of the rows."""
    bins = np.arange(len(positives))
    scores = np.concatenate([np.repeat(bins, counts.astype(int)) for counts in (positives, negatives)])
    return np.repeat([1, 0], [int(positives.sum()), int(negatives.sum())]), scores


@given(histograms())
def test_areas_equal_scikit_learn_on_the_rows(both: tuple[Counts, Counts]) -> None:
    """ROC AUC and average precision are those of rows whose score is their bin, ties included."""
    labels, scores = as_rows(*both)
    assert float(stats.roc_auc(*both)) == pytest.approx(sk.roc_auc_score(labels, scores))
    assert float(stats.average_precision(*both)) == pytest.approx(sk.average_precision_score(labels, scores))


@given(histograms(), st.integers(2, 4))
def test_binning_changes_the_area_by_no_more_than_its_error(both: tuple[Counts, Counts], width: int) -> None:
    """Merging bins moves the area by at most what the merged histogram itself states."""
    merged = tuple(np.add.reduceat(counts, np.arange(0, len(counts), width)) for counts in both)
    moved = abs(float(stats.roc_auc(*merged)) - float(stats.roc_auc(*both)))
    assert moved <= float(stats.binning_error(*merged)) + 1e-12


def test_the_binning_error_is_reached() -> None:
    """One bin for two rows in right order loses exactly the half that is stated."""
    assert float(stats.binning_error([1.0], [1.0])) == 0.5
    assert float(stats.binning_error([0, 1], [1, 0])) == 0.0


def test_the_published_tomograms() -> None:
    """Area and DeLong's standard error are those of Stata's roctab on Hanley and McNeil's ratings."""
    assert float(stats.roc_auc(ABNORMAL, NORMAL)) == pytest.approx(0.8932, abs=5e-5)
    error = math.sqrt(float(stats.delong_variance(ABNORMAL, NORMAL)))
    assert error == pytest.approx(0.0307, abs=5e-5)
    normal_interval = [0.893171 - 1.959964 * error, 0.893171 + 1.959964 * error]
    assert normal_interval == pytest.approx([0.83295, 0.95339], abs=1e-5)


@given(histograms())
def test_the_variance_is_that_of_the_structural_components(both: tuple[Counts, Counts]) -> None:
    """On rows, DeLong's variances of the mean comparisons of each row give the same number."""
    labels, scores = as_rows(*both)
    positives, negatives = scores[labels == 1], scores[labels == 0]
    if min(len(positives), len(negatives)) < 2:
        assert np.isnan(stats.delong_variance(*both))
        return
    comparisons = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    expected = comparisons.mean(axis=1).var(ddof=1) / len(positives)
    expected += comparisons.mean(axis=0).var(ddof=1) / len(negatives)
    assert float(stats.delong_variance(*both)) == pytest.approx(expected, abs=1e-15)


def test_a_small_sample_in_perfect_order_is_no_certainty() -> None:
    """Ten against ten leave room below an area of 1, and a hundred times as many leave less."""
    for interval in (stats.roc_auc_interval, stats.average_precision_interval):
        few, many = interval([0, 10], [10, 0], 0.95), interval([0, 1000], [1000, 0], 0.95)
        assert 0.5 < few[0] < 0.85
        assert few[0] < many[0] < 1.0
        assert few[1] == many[1] == 1.0
    worst = stats.roc_auc_interval([10, 0], [0, 10], 0.95)
    assert worst[0] == 0.0
    assert worst[1] == pytest.approx(1 - stats.roc_auc_interval([0, 10], [10, 0], 0.95)[0])


@given(histograms(), st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_interval_laws(both: tuple[Counts, Counts], a: float, b: float) -> None:
    """The value is inside, and more confidence widens."""
    for value, interval in (
        (stats.roc_auc, stats.roc_auc_interval),
        (stats.average_precision, stats.average_precision_interval),
    ):
        narrow, wide = interval(*both, min(a, b)), interval(*both, max(a, b))
        assert 0.0 <= wide[0] <= narrow[0] + 1e-12
        assert narrow[0] - 1e-12 <= float(value(*both)) <= narrow[1] + 1e-12
        assert narrow[1] - 1e-12 <= wide[1] <= 1.0


@given(histograms())
def test_the_classes_are_alike_to_the_area(both: tuple[Counts, Counts]) -> None:
    """Swapping the classes turns the area and its interval round."""
    swapped = stats.roc_auc_interval(*both[::-1], 0.95)
    assert (1 - swapped[1], 1 - swapped[0]) == pytest.approx(stats.roc_auc_interval(*both, 0.95), abs=1e-12)


@pytest.mark.parametrize(("rows_pos", "rows_neg"), [(3000, 300), (2000, 2000)])
def test_the_average_precision_interval_is_that_of_a_bootstrap(rows_pos: int, rows_neg: int) -> None:
    """With many positives its bounds are about, and its width is, those of resampled counts: negatives vary too."""
    rng = np.random.default_rng(6)
    shape = np.linspace(0.5, 1.5, 20)
    counts = np.concatenate([shape * rows_pos / 20, shape[::-1] * rows_neg / 20]).round()
    drawn = rng.multinomial(int(counts.sum()), counts / counts.sum(), size=20_000)
    values = stats.average_precision(drawn[:, :20], drawn[:, 20:])
    low, high = stats.average_precision_interval(counts[:20], counts[20:], 0.95)
    expected = np.quantile(values, [0.025, 0.975])
    assert high - low == pytest.approx(np.ptp(expected), rel=0.04)
    assert [low, high] == pytest.approx(expected.tolist(), abs=0.06 * (high - low))


def test_what_has_no_value_is_undefined_and_unbounded() -> None:
    """Without positives or negatives there is no area, and with one row of a class no bound."""
    rows, none = [1.0, 2.0], [0.0, 0.0]
    for undefined in (stats.roc_auc, stats.binning_error, stats.delong_variance):
        assert np.isnan(undefined(rows, none))
        assert np.isnan(undefined(none, rows))
    assert np.isnan(stats.average_precision(none, rows))
    assert float(stats.average_precision(rows, none)) == 1.0
    assert stats.roc_auc_interval([0, 1], [100, 0], 0.95) == (0.0, 1.0)
    assert stats.roc_auc_interval(none, none, 0.95) == (0.0, 1.0)
    assert stats.average_precision_interval(none, rows, 0.95) == (0.0, 1.0)


@pytest.mark.parametrize("metric", [stats.roc_auc, stats.binning_error, stats.delong_variance, stats.average_precision])
def test_many_histograms_at_once_give_the_value_of_each(metric: Callable[[Any, Any], Counts]) -> None:
    """Leading axes are kept, and each place holds what it would alone."""
    rng = np.random.default_rng(1)
    positives, negatives = rng.poisson(1.0, (2, 3, 4, 5))
    positives[0, 0] = 0
    values = metric(positives, negatives)
    assert values.shape == (3, 4)
    for index in np.ndindex(3, 4):
        assert float(metric(positives[index], negatives[index])) == pytest.approx(float(values[index]), nan_ok=True)


@given(histograms())
def test_curves_are_those_of_scikit_learn(both: tuple[Counts, Counts]) -> None:
    """With room for every point the curves hold scikit-learn's, and the area under the first is the AUC."""
    labels, scores = as_rows(*both)
    false, true = stats.roc_curve(*both)
    expected = sk.roc_curve(labels, scores, drop_intermediate=False)
    assert false == pytest.approx(expected[0])
    assert true == pytest.approx(expected[1])
    assert trapezoid(true, false) == pytest.approx(float(stats.roc_auc(*both)))
    recall, precision = stats.precision_recall_curve(*both)
    theirs = sk.precision_recall_curve(labels, scores)
    points = set(zip(theirs[1].round(9), theirs[0].round(9), strict=True))
    assert set(zip(recall.round(9), precision.round(9), strict=True)) <= points
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    assert area == pytest.approx(float(stats.average_precision(*both)))


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    """Ten thousand bins become at most fifty points from corner to corner, whose area is nearly the same."""
    rng = np.random.default_rng(0)
    bins = np.arange(10_000)
    positives, negatives = rng.poisson(bins / 1000), rng.poisson(bins[::-1] / 1000)
    false, true = stats.roc_curve(positives, negatives, points=50)
    assert 40 <= len(false) == len(true) <= 50
    assert (false[0], true[0], false[-1], true[-1]) == pytest.approx((0, 0, 1, 1))
    assert trapezoid(true, false) == pytest.approx(float(stats.roc_auc(positives, negatives)), abs=1e-3)
    recall, precision = stats.precision_recall_curve(positives, negatives, points=50)
    assert 40 <= len(recall) == len(precision) <= 50
    assert recall[-1] == pytest.approx(1.0)
    answers = (positives + negatives)[np.flatnonzero(positives)[0] :]
    assert precision[-1] == pytest.approx(positives.sum() / answers.sum())
    assert np.all(np.diff(recall) > 0)


def test_there_is_no_curve_without_rows() -> None:
    """A class without rows gives no points instead of invented ones."""
    assert [len(axis) for axis in stats.roc_curve([0, 0], [1, 2])] == [0, 0]
    assert [len(axis) for axis in stats.roc_curve([1, 2], [0, 0])] == [0, 0]
    assert [len(axis) for axis in stats.precision_recall_curve([0, 0], [1, 2])] == [0, 0]


@pytest.mark.parametrize("both", [([1.0], [1.0, 2.0]), (1.0, 1.0), ([-1.0], [1.0]), ([1.0], [math.nan])])
def test_what_is_no_pair_of_histograms_is_refused(both: tuple[Any, Any]) -> None:
    """Other shapes, negative counts and NaN raise."""
    with pytest.raises(ValueError, match="histograms"):
        stats.roc_auc(*both)
    with pytest.raises(ValueError, match="histograms"):
        stats.average_precision_interval(*both, 0.95)


@given(st.integers(0, 2**32), st.lists(st.floats(1e-12, 0.999), min_size=2, max_size=12))
@settings(max_examples=30, deadline=None)
def test_more_confidence_never_narrows_an_interval(seed: int, alphas: list[float]) -> None:
    """At levels from 50 % to far out, as p-values ask for them, both areas' intervals grow with the confidence."""
    rng = np.random.default_rng(seed)
    positives, negatives = rng.poisson(0.5, (2, 40)).astype(float)
    positives[-1] += 1.0
    for interval, value in (
        (stats.roc_auc_interval, stats.roc_auc(positives, negatives)),
        (stats.average_precision_interval, stats.average_precision(positives, negatives)),
    ):
        found = [interval(positives, negatives, 1 - alpha) for alpha in sorted(alphas, reverse=True)]
        assert all(wide[0] <= narrow[0] and narrow[1] <= wide[1] for narrow, wide in pairwise(found))
        if not np.isnan(value):
            assert all(low <= value + 1e-12 and value - 1e-12 <= high for low, high in found)
