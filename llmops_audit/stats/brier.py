"""Brier score and log loss: the quality of probabilities as forecasts, from fine histograms of scores.

References
----------
Brier (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78.
Murphy (1973). A new vector partition of the probability score. Journal of Applied Meteorology 12.
Stephenson, Coelho, Jolliffe (2008). Two extra components in the Brier score decomposition. Weather and Forecasting 23.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri, xlogy

from llmops_audit.stats.intervals import Bounds, tail
from llmops_audit.stats.reliability import Forecasts, equal_mass_bins, merged_bins, score_reach

__all__ = ["BrierScore", "brier_score", "log_loss"]


@dataclass(frozen=True)
class BrierScore:
    """Mean squared distance between score and what happened, and its parts.

    ``value == reliability - resolution + uncertainty + within_variance - within_covariance``, exactly.

    Attributes
    ----------
    value : float
    reliability, resolution, uncertainty : float
        Murphy's (1973) parts over bins.
    within_variance, within_covariance : float
        What the bins hide (Stephenson, Coelho and Jolliffe 2008).
    rows : float
        Effective rows.
    variance : float
        Of the squared distance of one row.
    """

    value: float
    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float
    rows: float
    variance: float

    @property
    def skill(self) -> float:
        """How much of the score of always giving the base rate is gained; NaN where that is 0."""
        return 1.0 - self.value / self.uncertainty if self.uncertainty else math.nan

    def bounds(self, confidence: float) -> Bounds:
        """Return the interval: a score interval of a mean of numbers between 0 and 1; ``(0, 1)`` without rows."""
        z = float(-ndtri(tail(confidence)))
        if not self.rows:
            return 0.0, 1.0
        reach = score_reach(z, self.rows * self.variance) / self.rows
        return max(0.0, self.value - reach), min(1.0, self.value + reach)


def brier_score(forecasts: Forecasts, bins: int = 15, design_effect: float = 1.0) -> BrierScore:
    """Return the Brier score and its decomposition over bins of equally many rows.

    Parameters
    ----------
    forecasts, bins, design_effect
        See `calibration_error`.

    Returns
    -------
    BrierScore
        NaN throughout without rows.
    """
    bin_of = equal_mass_bins(forecasts, bins, design_effect)
    merged = merged_bins(forecasts, bin_of)
    total = float(merged.rows.sum())
    if not total:
        nan = math.nan
        return BrierScore(nan, nan, nan, nan, nan, nan, rows=0.0, variance=nan)
    weights, share, mean = merged.rows / total, merged.positives / merged.rows, merged.scores / merged.rows
    base = float(merged.positives.sum()) / total
    squares = forecasts.positives * forecasts.positive_score**2 + forecasts.negatives * forecasts.negative_score**2
    value = float(merged.errors.sum()) / total
    fourth = forecasts.positives * (1.0 - forecasts.positive_score) ** 4 + forecasts.negatives * (
        forecasts.negative_score**4
    )
    of_positives = float(forecasts.positives @ forecasts.positive_score) / total
    return BrierScore(
        value=value,
        reliability=float(weights @ (mean - share) ** 2),
        resolution=float(weights @ (share - base) ** 2),
        uncertainty=base * (1.0 - base),
        within_variance=float(squares.sum()) / total - float(weights @ mean**2),
        within_covariance=2.0 * (of_positives - float(weights @ (share * mean))),
        rows=total / design_effect,
        variance=max(0.0, float(fourth.sum()) / total - value**2),
    )


def log_loss(forecasts: Forecasts) -> float:
    """Return the mean negative logarithm of the score of what happened.

    Parameters
    ----------
    forecasts : Forecasts, (m,)
        Every row counts with the mean score of its bin and class.

    Returns
    -------
    float
        NaN without rows; infinite where what happened had a score of 0.
    """
    total = float(forecasts.rows.sum())
    if not total:
        return math.nan
    hits = xlogy(forecasts.positives, forecasts.positive_score)
    return -float((hits + xlogy(forecasts.negatives, 1.0 - forecasts.negative_score)).sum()) / total
