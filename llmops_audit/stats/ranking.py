"""How well scores rank: areas under the ROC and the precision-recall curve, from histograms of scores.

`positives` and `negatives` are float64 arrays of shape ``(..., m)``: rows (or effective rows) of the class, and of all
others, in m bins of ascending score. Rows that share a bin count as tied.

References
----------
DeLong, DeLong, Clarke-Pearson (1988). Comparing the areas under two or more correlated receiver operating
characteristic curves: a nonparametric approach. Biometrics 44.
Hanley, McNeil (1982). The meaning and use of the area under a receiver operating characteristic curve. Radiology 143.
Newcombe (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2: asymptotic
methods and evaluation. Statistics in Medicine 25.
Boyd, Eng, Page (2013). Area under the precision-recall curve: point estimates and confidence intervals. ECML PKDD.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtri

from llmops_audit.stats.intervals import Bounds, clopper_pearson, last_inside, tail

__all__ = [
    "average_precision",
    "average_precision_interval",
    "binning_error",
    "delong_variance",
    "precision_recall_curve",
    "roc_auc",
    "roc_auc_interval",
    "roc_curve",
]

FloatArray = NDArray[np.float64]


def _histograms(positives: ArrayLike, negatives: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Both histograms as floats.

    Raises
    ------
    ValueError
        If they differ in shape, or are not finite numbers >= 0.
    """
    both = np.asarray(positives, dtype=np.float64), np.asarray(negatives, dtype=np.float64)
    if both[0].ndim == 0 or both[0].shape != both[1].shape:
        raise ValueError(f"histograms: wrong shapes; expected (..., m) twice; got {both[0].shape}, {both[1].shape}")
    if not all(np.all(np.isfinite(counts) & (counts >= 0.0)) for counts in both):
        raise ValueError("histograms: not counts; expected finite numbers >= 0; got others")
    return both


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotient with NaN where the denominator is not above 0."""
    quotient = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.broadcast_to(denominator > 0.0, quotient.shape))
    return quotient


def _from_top(counts: FloatArray) -> FloatArray:
    """Rows in each bin or above it."""
    return np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]


def roc_auc(positives: ArrayLike, negatives: ArrayLike) -> FloatArray:
    """Return the share of pairs of a positive and a negative that are ranked rightly, ties half.

    Parameters
    ----------
    positives, negatives : array_like, (..., m)
        Rows by ascending score bin.

    Returns
    -------
    numpy array of float64, (...)
        NaN without positives or without negatives.
    """
    pos, neg = _histograms(positives, negatives)
    right = (pos * (np.cumsum(neg, axis=-1) - neg / 2.0)).sum(axis=-1)
    return np.minimum(_ratio(right, pos.sum(axis=-1) * neg.sum(axis=-1)), 1.0)


def binning_error(positives: ArrayLike, negatives: ArrayLike) -> FloatArray:
    """Return the largest amount by which binning can have changed the area under the ROC curve.

    Parameters
    ----------
    positives, negatives : array_like, (..., m)
        Rows by ascending score bin.

    Returns
    -------
    numpy array of float64, (...)
        Half of the pairs that share a bin, over all pairs: each is counted as a tie and may be in right or in wrong
        order. NaN without positives or without negatives.
    """
    pos, neg = _histograms(positives, negatives)
    return _ratio((pos * neg).sum(axis=-1) / 2.0, pos.sum(axis=-1) * neg.sum(axis=-1))


def delong_variance(positives: ArrayLike, negatives: ArrayLike) -> FloatArray:
    """Return the variance of the area under the ROC curve.

    Parameters
    ----------
    positives, negatives : array_like, (..., m)
        Rows by ascending score bin.

    Returns
    -------
    numpy array of float64, (...)
        NaN with one row or less on either side.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson (1988): the variances of the rows' structural components, which rows of one bin
    have in common.
    """
    pos, neg = _histograms(positives, negatives)
    rows_pos, rows_neg = pos.sum(axis=-1, keepdims=True), neg.sum(axis=-1, keepdims=True)
    area = roc_auc(pos, neg)[..., np.newaxis]
    below = _ratio(np.cumsum(neg, axis=-1) - neg / 2.0, rows_neg)
    above = _ratio(_from_top(pos) - pos / 2.0, rows_pos)
    of_positives = _ratio((pos * (below - area) ** 2).sum(axis=-1, keepdims=True), rows_pos - 1.0)
    of_negatives = _ratio((neg * (above - area) ** 2).sum(axis=-1, keepdims=True), rows_neg - 1.0)
    return (_ratio(of_positives, rows_pos) + _ratio(of_negatives, rows_neg))[..., 0]


def _logit_interval(value: float, variance: float, z: float) -> Bounds:
    """Interval that is symmetric on the logit scale; the value alone at 0 and 1, where it has no width."""
    if not 0.0 < value < 1.0:
        return value, value
    reach = z * math.sqrt(variance) / (value * (1.0 - value))
    return float(expit(logit(value) - reach)), float(expit(logit(value) + reach))


def _score_variance(area: float, rows_pos: float, rows_neg: float) -> float:
    """Variance that the area would have if it were the truth and both classes' scores were exponential.

    Hanley and McNeil's formula, with the larger class where it adds the most: the classes' roles are unknown, and a
    share of wrong labels in the smaller one widens the spread as much.
    """
    terms = sorted([(1.0 - area) / (2.0 - area), area / (1.0 + area)])
    rows = sorted([rows_pos - 1.0, rows_neg - 1.0])
    inflation = 1.0 + terms[0] * rows[0] + terms[1] * rows[1]
    return area * (1.0 - area) * inflation / (rows_pos * rows_neg)


def roc_auc_interval(positives: ArrayLike, negatives: ArrayLike, confidence: float) -> Bounds:
    """Return an interval of the area under the ROC curve.

    Parameters
    ----------
    positives, negatives : array_like, (m,)
        Rows, or effective rows, by ascending score bin.
    confidence : float
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    Bounds
        ``(0, 1)`` with one row or less on either side.

    Raises
    ------
    ValueError
        If the histograms are none, or on an impossible confidence.

    Notes
    -----
    The wider of two. DeLong's on the logit scale needs no model, but has no width for a sample in perfect order, and
    misses often near it. A score interval in the manner of Newcombe (2006, method 5) takes its variance at the bound,
    from Hanley and McNeil's model; where Newcombe puts the mean of both classes' sizes, which is too narrow for very
    unequal ones, the larger one stands in the larger term.

    Measured at 95 %, for binormal and exponential scores and for wrong labels: the lower bound misses in at most 4 %.
    The upper bound misses in 6 % where a class has ten rows or fewer and the area is 0.99, else in at most about 4 %.
    """
    z = float(-ndtri(tail(confidence)))
    area = float(roc_auc(positives, negatives))
    variance = float(delong_variance(positives, negatives))
    if not math.isfinite(variance):
        return 0.0, 1.0
    rows_pos, rows_neg = float(np.sum(positives)), float(np.sum(negatives))

    def not_rejected(truth: float) -> bool:
        return (area - truth) ** 2 <= z * z * _score_variance(truth, rows_pos, rows_neg)

    low, high = _logit_interval(area, variance, z)
    return min(low, last_inside(not_rejected, area, 0.0)), max(high, last_inside(not_rejected, area, 1.0))


def average_precision(positives: ArrayLike, negatives: ArrayLike) -> FloatArray:
    """Return the mean precision at the positives, each judged with all rows of its bin or above.

    Parameters
    ----------
    positives, negatives : array_like, (..., m)
        Rows by ascending score bin.

    Returns
    -------
    numpy array of float64, (...)
        NaN without positives.
    """
    pos, neg = _histograms(positives, negatives)
    hits = _from_top(pos)
    precision = np.where(pos > 0.0, _ratio(hits, hits + _from_top(neg)), 0.0)
    return np.minimum(_ratio((pos * precision).sum(axis=-1), pos.sum(axis=-1)), 1.0)


def _average_precision_variance(pos: FloatArray, neg: FloatArray) -> float:
    """Delta-method variance of the average precision: squared derivatives by cell, weighted with the rows."""
    total = pos.sum()
    hits, predicted = _from_top(pos), _from_top(pos + neg)
    precision = hits / predicted
    own = (precision - float(average_precision(pos, neg))) / total
    by_hit = np.cumsum(pos * (predicted - hits) / predicted**2) / total
    by_miss = np.cumsum(pos * hits / predicted**2) / total
    return float((pos * (own + by_hit) ** 2 + neg * by_miss**2).sum())


def average_precision_interval(positives: ArrayLike, negatives: ArrayLike, confidence: float) -> Bounds:
    """Return an interval of the average precision.

    Parameters
    ----------
    positives, negatives : array_like, (m,)
        Rows, or effective rows, by ascending score bin.
    confidence : float
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    Bounds
        ``(0, 1)`` without positives.

    Raises
    ------
    ValueError
        If the histograms are none, or on an impossible confidence.

    Notes
    -----
    The wider of two. Boyd, Eng and Page (2013) treat the average precision as a share of the positives: right for few
    positives, for which it is made exact here (Clopper and Pearson), but too narrow where the spread among the
    negatives matters. The delta method on the logit scale sees all spread, but misses often for small samples, in
    which the average precision is itself biased upwards. Measured at 95 %: each bound misses in at most about 4 %.
    """
    z = float(-ndtri(tail(confidence)))
    value = float(average_precision(positives, negatives))
    if math.isnan(value):
        return 0.0, 1.0
    pos, neg = _histograms(positives, negatives)
    occupied = pos + neg > 0.0
    rows = float(pos.sum())
    binomial = clopper_pearson(value * rows, rows, confidence)
    low, high = _logit_interval(value, _average_precision_variance(pos[occupied], neg[occupied]), z)
    return min(low, binomial[0]), max(high, binomial[1])


def _thinned(along: FloatArray, points: int) -> NDArray[np.intp]:
    """Indices of about evenly spaced points of a rising sequence, first and last included."""
    if along.size <= points:
        return np.arange(along.size)
    return np.unique(np.searchsorted(along, np.linspace(along[0], along[-1], points)))


def roc_curve(positives: ArrayLike, negatives: ArrayLike, points: int = 200) -> tuple[FloatArray, FloatArray]:
    """Return points of the ROC curve.

    Parameters
    ----------
    positives, negatives : array_like, (m,)
        Rows by ascending score bin.
    points : int
        At most so many points, at least 2, evenly spaced along the curve.

    Returns
    -------
    false_positive_rate, true_positive_rate : numpy array of float64, (p,)
        From (0, 0) to (1, 1), falling thresholds. Empty without positives or without negatives.
    """
    pos, neg = _histograms(positives, negatives)
    if pos.sum() == 0.0 or neg.sum() == 0.0:
        return np.empty(0), np.empty(0)
    occupied = (pos + neg > 0.0)[::-1]
    true, false = (
        np.concatenate([[0.0], np.cumsum(counts[::-1][occupied]) / counts.sum()]).clip(0.0, 1.0)
        for counts in (pos, neg)
    )
    kept = _thinned(true + false, points)
    return false[kept], true[kept]


def precision_recall_curve(
    positives: ArrayLike, negatives: ArrayLike, points: int = 200
) -> tuple[FloatArray, FloatArray]:
    """Return points of the precision-recall curve.

    Parameters
    ----------
    positives, negatives : array_like, (m,)
        Rows by ascending score bin.
    points : int
        At most so many points, at least 2, evenly spaced in recall.

    Returns
    -------
    recall, precision : numpy array of float64, (p,)
        Rising recall, falling thresholds, up to recall 1. Empty without positives.
    """
    pos, neg = _histograms(positives, negatives)
    if pos.sum() == 0.0:
        return np.empty(0), np.empty(0)
    found = (pos > 0.0)[::-1]
    hits, predicted = np.cumsum(pos[::-1])[found], np.cumsum((pos + neg)[::-1])[found]
    recall = np.minimum(hits / pos.sum(), 1.0)
    kept = _thinned(recall, points)
    return recall[kept], (hits / predicted)[kept]
