"""Effective numbers of rows where rows of one unit (a person, a document) depend on each other.

Units are put into random groups by a hash; their sums stand in for the units. Variances are delete-one-group jackknife
variances over these groups, and a count of n rows is worth n over the design effect.

References
----------
Wolter (2007). Introduction to Variance Estimation, 2nd edition, chapters 2 (random groups) and 4 (jackknife).
Kish (1965). Survey Sampling, section 8.2 (design effect).
Korn, Graubard (1998). Confidence intervals for proportions with small expected number of positive counts estimated
from survey data. Survey Methodology 24 (effective counts with the ratio of t quantiles).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["design_effect", "effective_trials", "jackknife_variance"]

FloatArray = NDArray[np.float64]

_TAIL = 0.975
"""The quantiles whose ratio allows for the few groups that the variance is estimated from, as Korn and Graubard do."""

_NORMAL = 1.959963984540054
_NORMAL_KURTOSIS = 3.0
_ROUNDING = 1e-15


def jackknife_variance(sums: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> float:
    """Return the delete-one-group jackknife variance of a statistic.

    Parameters
    ----------
    sums : numpy array of float64, (u, ...)
        Sums by group.
    statistic : callable
        Arrays of shape (b, ...) to values (b,).

    Returns
    -------
    float
        (u - 1) / u times the sum of squared deviations from the mean; infinite with fewer than two groups, or where
        leaving a group out leaves the statistic undefined.
    """
    groups = len(sums)
    if groups < 2:
        return math.inf
    variance = (groups - 1) / groups * float((_deviations(sums, statistic) ** 2).sum())
    return variance if math.isfinite(variance) else math.inf


def _deviations(sums: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> FloatArray:
    left = statistic(sums.sum(axis=0) - sums)
    deviations: FloatArray = left - left.mean()
    return deviations


def effective_trials(hits: FloatArray, trials: FloatArray, effective: float) -> float:
    """Return the number of independent rows that would know a share as well.

    Parameters
    ----------
    hits, trials : numpy array of float64, (u,)
        Weighted rows that count, and that the share is taken over, by random group of units.
    effective : float
        Rows by Kish's formula, were they independent.

    Returns
    -------
    float
        At most `effective`, and about as many as there are groups at least: a group that agrees on everything is one
        row. The t quantiles are those of the groups that hold a hit (or a miss, whichever are fewer).
    """
    inside = trials > 0
    hits, trials = hits[inside], trials[inside]
    groups = len(trials)
    if groups < 2:
        return 0.0
    share = float(hits.sum() / trials.sum())
    least = min(effective, float(groups)) / _few_groups(groups)
    # Where few units hold all the hits, or all the misses, the variance rests on these few.
    informative = int(min((hits > 0).sum(), (hits < trials).sum()))
    if not informative:
        return least
    variance = jackknife_variance(np.column_stack([hits, trials]), lambda sums: sums[:, 0] / sums[:, 1])
    found = min(effective, share * (1 - share) / max(variance, _ROUNDING)) / _few_groups(informative + 1)
    return max(found, least)


def design_effect(by_unit: FloatArray, table: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> float:
    """Return how many times too few independent rows are counted, for a statistic of a table.

    Parameters
    ----------
    by_unit : numpy array of float64, (u, ...)
        Weighted rows by random group of units.
    table : numpy array of float64, (...)
        Effective rows, were they independent.
    statistic : callable
        Tables of shape (b, ...) to values (b,).

    Returns
    -------
    float
        At least 1: the jackknife variance over groups, over the variance that independent rows would give (the
        jackknife over rows). At most what leaves about as many rows as there are groups.
    """
    groups = int((by_unit.reshape(len(by_unit), -1).sum(axis=1) > 0).sum())
    if groups < 2:
        return math.inf
    most = max(1.0, float(table.sum()) / groups) * _few_groups(groups)
    deviations = _deviations(by_unit, statistic)
    between = (groups - 1) / groups * float((deviations**2).sum())
    within = _independent_variance(table, statistic)
    if not math.isfinite(between) or between <= _ROUNDING:
        return most
    # Where few units make all the difference, the variance rests on these few.
    informative = _NORMAL_KURTOSIS * float((deviations**2).sum()) ** 2 / float((deviations**4).sum())
    found = max(1.0, between / max(within, _ROUNDING)) * _few_groups(min(informative + 1, groups))
    return min(found, most)


def _independent_variance(table: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> float:
    occupied = np.flatnonzero(table.ravel() > 0)
    left = np.repeat(table.ravel()[np.newaxis], len(occupied), axis=0)
    left[np.arange(len(occupied)), occupied] -= np.minimum(1.0, table.ravel()[occupied])
    values = statistic(left.reshape(len(occupied), *table.shape))
    rows = table.ravel()[occupied]
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    mean = float((rows * values)[known].sum() / rows[known].sum())
    return float((rows * (values - mean) ** 2)[known].sum())


def _few_groups(groups: float) -> float:
    return float((stdtrit(groups - 1, _TAIL) / _NORMAL) ** 2)
