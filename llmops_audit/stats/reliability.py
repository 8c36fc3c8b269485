"""How far probabilities are from what happens on average: expected calibration error, from fine histograms of scores.

The calibration error is that of bins of equally many rows, which see less than there is within them: it is a lower
bound of the error of the scores themselves (Kumar, Liang and Ma 2019).

References
----------
Naeini, Cooper, Hauskrecht (2015). Obtaining well calibrated probabilities using Bayesian binning. AAAI.
Kumar, Liang, Ma (2019). Verified uncertainty calibration. NeurIPS.
Kull et al. (2019). Beyond temperature scaling: obtaining well-calibrated multi-class probabilities with Dirichlet
calibration. NeurIPS (class-wise calibration error).
Leone, Nelson, Nottingham (1961). The folded normal distribution. Technometrics 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from llmops_audit.stats.clusters import design_effect
from llmops_audit.stats.intervals import Bounds, clopper_pearson, tail

__all__ = [
    "CalibrationError",
    "Forecasts",
    "calibration_design_effect",
    "calibration_error",
    "equal_mass_bins",
    "merged_bins",
    "reliability_curve",
    "score_reach",
]

FloatArray = NDArray[np.float64]

ROWS_PER_BIN = 20
"""Fewer say little of a bin; with fewer than two bins' worth of rows there is one bin."""

_MEAN_DEVIATION = math.sqrt(2.0 / math.pi)

_LOWERING = _MEAN_DEVIATION * math.sqrt(3.0)
"""Times exp(-x * x), of x standard errors: its mean is no smaller than the bias of a distance, whatever the truth."""

_LOWERED_VARIANCE = 1.4
"""Of the lowered distance over that of the deviation: 1.12 where there is no error, 1 where it is large; where it is
up to 1.7 between, the mean is 0.3 standard errors and more below the truth."""


@dataclass(frozen=True)
class Forecasts:
    """Rows in m bins of ascending score.

    Attributes
    ----------
    positives, negatives : numpy array of float64, (m,)
        Rows, or effective rows, of the class and of all others.
    positive_score, negative_score : numpy array of float64, (m,)
        Mean score of either; any number where there are none.
    """

    positives: FloatArray
    negatives: FloatArray
    positive_score: FloatArray
    negative_score: FloatArray

    @property
    def rows(self) -> FloatArray:
        """Rows by bin."""
        return self.positives + self.negatives

    @property
    def scores(self) -> FloatArray:
        """Sum of scores by bin."""
        return self.positives * self.positive_score + self.negatives * self.negative_score

    @property
    def squared_errors(self) -> FloatArray:
        """Sum of squared distances from what happened, by bin."""
        return self.positives * (1.0 - self.positive_score) ** 2 + self.negatives * self.negative_score**2


def equal_mass_bins(forecasts: Forecasts, bins: int, design_effect: float = 1.0) -> NDArray[np.intp]:
    """Merge bins into fewer with about equally many rows.

    Parameters
    ----------
    forecasts : Forecasts, (m,)
    bins : int
        At most so many, and no more than leave 20 effective rows for each.
    design_effect : float
        Rows that are worth one.

    Returns
    -------
    numpy array of intp, (m,)
        The merged bin of each bin, without gaps from 0. Rows of equal score stay together.
    """
    rows = forecasts.rows
    total = float(rows.sum())
    if not total:
        return np.zeros(len(rows), dtype=np.intp)
    most = max(1, min(bins, math.floor(total / design_effect / ROWS_PER_BIN)))
    bin_of = np.floor((np.cumsum(rows) - rows / 2.0) / total * most).astype(np.intp)
    return np.unique(np.clip(bin_of, 0, most - 1), return_inverse=True)[1]


@dataclass(frozen=True)
class MergedBins:
    """Rows, positives, and sums of scores and of squared errors by merged bin, (b,)."""

    rows: FloatArray
    positives: FloatArray
    scores: FloatArray
    errors: FloatArray


def merged_bins(forecasts: Forecasts, bin_of: NDArray[np.intp]) -> MergedBins:
    """Sum up over merged bins; bins without rows are left out."""
    sums = [
        np.bincount(bin_of, values).astype(np.float64)
        for values in (forecasts.rows, forecasts.positives, forecasts.scores, forecasts.squared_errors)
    ]
    occupied = sums[0] > 0.0
    return MergedBins(*(values[occupied] for values in sums))


def _folded_mean(x: FloatArray) -> FloatArray:
    """Mean distance from 0 of a normal variable with mean x and variance 1."""
    return _MEAN_DEVIATION * np.exp(-x * x / 2.0) + x * (2.0 * ndtr(x) - 1.0)


def score_reach(z: float, variance: float) -> float:
    """Return the distance between a sum of terms of at most 1 and its mean at the bound.

    That of a score interval of a Poisson count: the variance at the bound may be larger by the distance itself, since
    what is rare may not have been seen.
    """
    return z * z / 2.0 + z * math.sqrt(max(0.0, variance) + z * z / 4.0)


@dataclass(frozen=True)
class _ClassError:
    """The calibration error of one class: the estimates, and what its bounds need, in effective rows."""

    plug_in: float
    corrected: float
    lowered: float
    rows: float
    lower_variance: float
    upper_variance: float

    def ends(self, z: float) -> Bounds:
        low = self.lowered - score_reach(z, self.lower_variance) / self.rows
        return low, self.plug_in + score_reach(z, self.upper_variance) / self.rows


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error of one class, or its mean over classes.

    Attributes
    ----------
    classes : tuple
        Of one class each.
    """

    classes: tuple[_ClassError, ...]

    @property
    def plug_in(self) -> float:
        """Mean distance between score and share as observed, which noise makes too large; NaN without rows."""
        return sum(one.plug_in for one in self.classes) / len(self.classes) if self.classes else math.nan

    @property
    def corrected(self) -> float:
        """The plug-in estimate less its bias as resampling would estimate it; at least 0, and NaN without rows."""
        if not self.classes:
            return math.nan
        return max(0.0, sum(one.corrected for one in self.classes) / len(self.classes))

    def bounds(self, confidence: float) -> Bounds:
        """Return the interval.

        Parameters
        ----------
        confidence : float
            Two-sided confidence, strictly between 0 and 1.

        Returns
        -------
        Bounds
            ``(0, 1)`` without rows.
        """
        z = float(-ndtri(tail(confidence)))
        if not self.classes:
            return 0.0, 1.0
        ends = [one.ends(z) for one in self.classes]
        low, high = (sum(end[i] for end in ends) / len(ends) for i in (0, 1))
        return max(0.0, low), min(1.0, high)

    @classmethod
    def mean(cls, errors: Sequence[CalibrationError]) -> CalibrationError:
        """Return the mean over classes; its ends are the means of theirs, however they depend on each other."""
        known = all(error.classes for error in errors)
        return cls(tuple(one for error in errors for one in error.classes) if known else ())


def calibration_error(forecasts: Forecasts, bins: int = 15, design_effect: float = 1.0) -> CalibrationError:
    """Return the expected calibration error over bins of equally many rows.

    Parameters
    ----------
    forecasts : Forecasts, (m,)
        Of probabilities.
    bins : int
        At most so many; fewer with few rows, see `equal_mass_bins`.
    design_effect : float
        Rows that are worth one.

    Returns
    -------
    CalibrationError

    Notes
    -----
    With d the deviation of mean score from share in a bin, s its standard error, w the bin's share of rows, and g(x)
    the mean of a folded normal variable, the plug-in estimate is the sum of w |d|. Were the data drawn again around d,
    its mean would be the sum of w s g(d/s); twice the former less the latter is the corrected estimate (Kumar, Liang
    and Ma's estimator for the first norm, without their simulation).

    The lower bound rests on the sum of w (|d| - 1.38 s exp(-(d/s)**2)). With a true distance of m standard errors, the
    mean of |d| exceeds it by at most 0.80 s exp(-m**2 / 2); what is taken off has the mean 0.80 s exp(-m**2 / 3), which
    is no less. From that sum go z standard errors. s is that of the binomial with the observed share or the mean
    score, whichever has the larger variance.

    The upper bound adds z standard errors to the plug-in estimate, whose mean is no smaller than the truth because
    distances are convex; with the signs of the true deviations it is at least a mean of signed differences, whose
    squares sum up to the Brier score.
    """
    merged = merged_bins(forecasts, equal_mass_bins(forecasts, bins, design_effect))
    total = float(merged.rows.sum())
    rows = total / design_effect
    if not rows:
        return CalibrationError(())
    share, mean = merged.positives / merged.rows, merged.scores / merged.rows
    # The variance of the binomial is largest at a half.
    nearest = np.clip(0.5, np.minimum(share, mean), np.maximum(share, mean))
    variance = np.maximum(nearest * (1.0 - nearest), merged.errors / merged.rows - (mean - share) ** 2)
    errors = np.sqrt(variance / merged.rows * design_effect)
    distances, weights = np.abs(mean - share), merged.rows / total
    standard = np.divide(distances, errors, out=np.zeros_like(errors), where=errors > 0.0)
    plug_in = float(weights @ distances)
    corrected = 2.0 * plug_in - float(weights @ np.where(errors > 0.0, errors * _folded_mean(standard), distances))
    between = float(weights @ (distances - plug_in) ** 2)
    return CalibrationError(
        (
            _ClassError(
                plug_in,
                corrected,
                plug_in - _LOWERING * float(weights @ np.where(errors > 0.0, errors * np.exp(-(standard**2)), 0.0)),
                rows,
                rows * (_LOWERED_VARIANCE * float(weights @ variance) + between),
                rows * (float(merged.errors.sum()) / total - plug_in**2),
            ),
        )
    )


def reliability_curve(
    forecasts: Forecasts, confidence: float, bins: int = 15, design_effect: float = 1.0
) -> list[tuple[float, float, Bounds, float]]:
    """Return mean score, observed share, its Clopper-Pearson interval, and rows by bin of equally many rows.

    Parameters
    ----------
    forecasts, bins, design_effect
        See `calibration_error`.
    confidence : float
        Of the intervals, one by one.
    """
    merged = merged_bins(forecasts, equal_mass_bins(forecasts, bins, design_effect))
    return [
        (
            float(score / rows),
            float(positives / rows),
            clopper_pearson(positives / design_effect, rows / design_effect, confidence),
            float(rows),
        )
        for rows, positives, score in zip(merged.rows, merged.positives, merged.scores, strict=True)
    ]


def calibration_design_effect(by_unit: FloatArray, score: FloatArray, bins: int = 15) -> float:
    """Return how many dependent rows are worth one, where rows of one unit depend on each other.

    Parameters
    ----------
    by_unit : numpy array of float64, (u, 2, c)
        Effective rows, positives and negatives, by random group of units and bin of ascending score.
    score : numpy array of float64, (c,)
        Mean score of each bin.
    bins : int
        See `calibration_error`.

    Returns
    -------
    float
        At least 1; the largest of the design effects of the mean of score less outcome, of the same with the signs
        that the calibration error gives it, and of the Brier score.
    """
    table = by_unit.sum(axis=0)
    forecasts = Forecasts(table[0], table[1], score, score)
    bin_of = equal_mass_bins(forecasts, bins)
    deviations = np.bincount(bin_of, forecasts.scores - forecasts.positives)
    by_row = np.stack([score - 1.0, score])

    def mean(tables: FloatArray, values: FloatArray) -> FloatArray:
        rows = tables.sum(axis=(1, 2))
        sums = (tables * values).sum(axis=(1, 2))
        means: FloatArray = np.divide(sums, rows, out=np.full(len(rows), np.nan), where=rows > 0.0)
        return means

    by_statistic = (by_row, by_row * np.sign(deviations)[bin_of], by_row**2)
    return max(design_effect(by_unit, table, partial(mean, values=values)) for values in by_statistic)
