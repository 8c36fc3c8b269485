"""Two scores of the same rows: how much better the new one ranks, from tables of rows by both scores.

`positives` and `negatives` are float64 arrays of shape ``(..., m, m)``: rows (or effective rows) of the class, and of
all others, by bin of the old score and bin of the new one, both ascending. Rows that share a bin count as tied.

References
----------
DeLong, DeLong, Clarke-Pearson (1988). Comparing the areas under two or more correlated receiver operating
characteristic curves: a nonparametric approach. Biometrics 44.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from llmops_audit.stats.intervals import Bounds, tail
from llmops_audit.stats.ranking import roc_auc
from llmops_audit.stats.reliability import score_reach

__all__ = ["ranking_gain", "ranking_gain_interval"]

FloatArray = NDArray[np.float64]
Influence = tuple[FloatArray, FloatArray]
"""How much a positive, and a negative, of each bin moves the value, (m,) each, times the rows of its mean."""

_OLD, _NEW = -1, -2
"""The axis to sum over, so that the bins of the old score, or of the new one, remain."""


def ranking_gain(
    value_of: Callable[[FloatArray, FloatArray], FloatArray], positives: FloatArray, negatives: FloatArray
) -> FloatArray:
    """Return the value of the new score less that of the old one, (...).

    Parameters
    ----------
    value_of : callable
        `roc_auc` or `average_precision`.
    positives, negatives : numpy array of float64, (..., m, m)
    """
    new, old = (value_of(positives.sum(axis=axis), negatives.sum(axis=axis)) for axis in (_NEW, _OLD))
    return np.asarray(new - old)


def ranking_gain_interval(
    value_of: Callable[[FloatArray, FloatArray], FloatArray],
    positives: FloatArray,
    negatives: FloatArray,
    confidence: float,
) -> Bounds:
    """Return an interval of the new value less the old one.

    Parameters
    ----------
    value_of : callable
        `roc_auc` or `average_precision`.
    positives, negatives : numpy array of float64, (m, m)
    confidence : float
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    Bounds
        Within [-1, 1]; ``(-1, 1)`` without positives or without negatives.

    Notes
    -----
    The variance is that of the differences of each row's influence on both values: for the area under the ROC curve,
    DeLong's. The sums of positives and of negatives have the reach of a score interval each, whose variance may be
    larger at the bound, since a row that the new score moves far may not have been seen: where no row moved, the
    interval is about as wide as Tango's without a flip. Both reaches are squared and added.
    """
    z = float(-ndtri(tail(confidence)))
    rows = float(positives.sum()), float(negatives.sum())
    if not all(rows):
        return -1.0, 1.0
    influence, over = (_of_area, rows) if value_of is roc_auc else (_of_precision, (rows[0], rows[0]))
    old, new = (influence(positives.sum(axis=axis), negatives.sum(axis=axis)) for axis in (_OLD, _NEW))
    reaches = []
    for side, table in enumerate((positives, negatives)):
        moved = new[side][np.newaxis, :] - old[side][:, np.newaxis]
        mean = float((table * moved).sum()) / rows[side]
        spread = float((table * (moved - mean) ** 2).sum())
        reaches.append(score_reach(z, spread) / over[side])
    value, reach = float(ranking_gain(value_of, positives, negatives)), math.hypot(*reaches)
    return max(-1.0, value - reach), min(1.0, value + reach)


def _from_top(counts: FloatArray) -> FloatArray:
    return np.asarray(np.cumsum(counts[::-1])[::-1])


def _of_area(pos: FloatArray, neg: FloatArray) -> Influence:
    below = (np.cumsum(neg) - neg / 2.0) / neg.sum()
    above = (_from_top(pos) - pos / 2.0) / pos.sum()
    return below, above


def _of_precision(pos: FloatArray, neg: FloatArray) -> Influence:
    """Influence on the average precision: derivatives by a row of each bin, see `average_precision_interval`."""
    hits, predicted = _from_top(pos), _from_top(pos + neg)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0.0)
    squared = np.where(predicted > 0.0, predicted, 1.0) ** 2
    by_hit, by_miss = np.cumsum(pos * (predicted - hits) / squared), np.cumsum(pos * hits / squared)
    return precision + by_hit, -by_miss
