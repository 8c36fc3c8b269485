"""Two independent values: the interval of their difference, whether proportions differ, and what sample sizes detect.

Counts are numbers or arrays of them, which broadcast; numbers give floats, arrays arrays of float64. They may be real
numbers: weighted data enter as effective counts, see `llmops_audit.stats.clopper_pearson`.

References
----------
Zou, Donner (2008). Construction of confidence limits about effect measures: a general approach. Statistics in
Medicine 27.
Fisher (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98.
Fay (2010). Confidence intervals that match Fisher's exact or Blaker's exact tests. Biostatistics 11.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import hypergeom

from llmops_audit.stats.intervals import checked_counts, last_inside, tail

Floats = NDArray[np.float64]


def square_and_add(first: Any, ends1: tuple[Any, Any], second: Any, ends2: tuple[Any, Any]) -> tuple[Any, Any]:
    """Interval of a difference of two independent values, ``first - second``, from the interval of each.

    Parameters
    ----------
    first, second
        Values.
    ends1, ends2
        Lower and upper end of the interval of each, at the same confidence.

    Returns
    -------
    tuple of float or ndarray
        Not cut off where the difference has bounds.

    Notes
    -----
    Zou and Donner (2008): the step by which Newcombe makes his interval of Wilson's, for intervals of any kind.
    """
    difference = first - second
    below, above = np.hypot(first - ends1[0], ends2[1] - second), np.hypot(ends1[1] - first, second - ends2[0])
    return difference - below, difference + above


def fisher_exact(x1: Any, n1: Any, x2: Any, n2: Any) -> Any:
    """Exact test of the hypothesis that two independent proportions are equal.

    Parameters
    ----------
    x1, n1, x2, n2
        Successes and trials of both samples; effective counts are rounded to whole rows.

    Returns
    -------
    float or ndarray
        Two-sided p-value; 1 if either sample is empty.

    Raises
    ------
    ValueError
        On impossible counts.

    Notes
    -----
    Twice the smaller of Fisher's one-sided p-values, at most 1 (the central test: Fay 2010). Where the
    proportions are equal, whatever they are, it is under a level in no more than this share of samples.
    """
    (x1, n1), (x2, n2) = checked_counts(x1, n1), checked_counts(x2, n2)
    x1, y1, x2, y2 = (np.rint(count).astype(np.int64) for count in (x1, n1 - x1, x2, n2 - x2))
    rows, successes, drawn = x1 + y1 + x2 + y2, x1 + x2, x1 + y1
    # Each side is taken as a lower tail, which is exact where it is small.
    fewer = hypergeom.cdf(x1, rows, successes, drawn)
    more = hypergeom.cdf(x2, rows, successes, x2 + y2)
    p = np.minimum(1.0, 2.0 * np.minimum(fewer, more))
    return _plain(np.where((x1 + y1 == 0) | (x2 + y2 == 0), 1.0, p))


def detectable_difference(share: float, n1: float, n2: float, alpha: float, power: float = 0.8) -> float:
    """Smallest difference between two independent proportions that so many rows would find.

    Parameters
    ----------
    share
        Proportion in the first sample; the second is higher or lower by the difference.
    n1, n2
        Rows, or effective rows, of both samples.
    alpha
        Level of the two-sided test.
    power
        Probability of finding the difference, strictly between 0 and 1.

    Returns
    -------
    float
        The larger of the differences upwards and downwards, as a size; the other one where one would leave [0, 1].
        NaN where neither can be found, a sample is empty or the share is NaN.

    Raises
    ------
    ValueError
        If alpha or power is not strictly between 0 and 1.

    Notes
    -----
    Normal approximation of the pooled z-test, each variance at its own hypothesis: Fleiss, Levin and Paik (2003),
    Statistical Methods for Rates and Proportions, 3rd edition, chapter 4.
    """
    critical, reserve = float(-ndtri(tail(1.0 - alpha))), float(ndtri(1.0 - 2.0 * tail(power)))
    if not (0.0 <= share <= 1.0 and n1 > 0.0 and n2 > 0.0):
        return math.nan

    def is_missed(difference: float) -> bool:
        other = min(max(share + difference, 0.0), 1.0)
        pooled = (n1 * share + n2 * other) / (n1 + n2)
        null = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2))
        alternative = math.sqrt(share * (1.0 - share) / n1 + other * (1.0 - other) / n2)
        return abs(difference) < critical * null + reserve * alternative

    ends = [end for end in (1.0 - share, -share) if end != 0.0 and not is_missed(end)]
    sizes = [abs(last_inside(is_missed, 0.0, end)) for end in ends]
    return max(sizes, default=math.nan)


def _plain(values: Floats) -> Any:
    return float(values) if values.ndim == 0 else values
