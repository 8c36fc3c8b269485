"""Two classifiers on the same rows: which is right where the other is wrong.

`lost` rows are those that the old one predicts rightly and the new one wrongly, `won` rows the other way round. Rows
that both predict alike say nothing about which is better.

References
----------
McNemar (1947). Note on the sampling error of the difference between correlated proportions or percentages.
Psychometrika 12.
Tango (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample design.
Statistics in Medicine 17.
Fagerland, Lydersen, Laake (2014). Recommended tests and confidence intervals for paired binomial proportions.
Statistics in Medicine 33.
"""

from __future__ import annotations

import math

from scipy.special import bdtr, ndtri

from llmops_audit.stats.intervals import Bounds, last_inside, tail

__all__ = ["mcnemar", "paired_difference"]

_ROUNDING = 1e-9


def mcnemar(lost: float, won: float) -> float:
    """Return the exact p-value of the hypothesis that rows are lost as often as won.

    Parameters
    ----------
    lost, won : float
        Whole numbers of rows that only the old, and only the new classifier predicts rightly.

    Returns
    -------
    float
        Two-sided, conditional on the discordant rows (binomial with 1/2, the smaller tail twice, at most 1); 1 without
        any.

    Raises
    ------
    ValueError
        If a count is not a whole number >= 0.

    Notes
    -----
    McNemar (1947) in its exact form. It never rejects too often; `paired_difference` may disagree at the edge.
    """
    for count in (lost, won):
        if not (count >= 0 and float(count).is_integer()):
            raise ValueError(f"discordant rows: not a count; expected a whole number >= 0; got {count!r}")
    return min(1.0, 2.0 * float(bdtr(min(lost, won), int(lost + won), 0.5)))


def paired_difference(lost: float, won: float, n: float, confidence: float) -> Bounds:
    """Return an interval of the difference of two dependent proportions, new minus old: ``(won - lost) / n``.

    Parameters
    ----------
    lost, won : float
        Rows, or effective rows, that only the old, and only the new classifier predicts rightly.
    n : float
        All rows, or effective rows; ``lost + won <= n``.
    confidence : float
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    Bounds
        Within [-1, 1]; ``(-1, 1)`` without rows. Without a discordant row it is as wide as Wilson's interval of a share
        of 0, on both sides.

    Raises
    ------
    ValueError
        On impossible counts or an impossible confidence.

    Notes
    -----
    Tango (1998): the differences that a score test does not reject. Summed over every outcome, it covers at least
    93 % at 95 %; few discordant rows make it cautious. One bound alone may miss in up to 5 %.
    """
    z = float(-ndtri(tail(confidence)))
    slack = _ROUNDING * max(1.0, n)
    if not (math.isfinite(n) and lost >= 0.0 and won >= 0.0 and lost + won <= n + slack):
        raise ValueError(
            f"counts: impossible; expected lost, won >= 0 and lost + won <= n < inf; got {lost!r}, {won!r} of {n!r}"
        )
    if n == 0.0:
        return -1.0, 1.0
    return -_upper(won, lost, n, z), _upper(lost, won, n, z)


def _upper(lost: float, won: float, n: float, z: float) -> float:
    observed = min(max((won - lost) / n, -1.0), 1.0)

    def not_rejected(difference: float) -> bool:
        return n * (observed - difference) ** 2 <= z * z * _variance(difference, lost, won, n)

    return last_inside(not_rejected, observed, 1.0)


def _variance(difference: float, lost: float, won: float, n: float) -> float:
    """Variance of one row's contribution, where the share of lost rows is the most likely one under the hypothesis."""
    a = 2.0 * n
    b = (2.0 * n - won + lost) * difference - won - lost
    c = -lost * difference * (1.0 - difference)
    root = math.sqrt(max(b * b - 4.0 * a * c, 0.0))
    # The larger root of a*q*q + b*q + c, written so that nothing cancels.
    larger = (root - b) / (2.0 * a) if b <= 0.0 else -2.0 * c / (root + b)
    return max(2.0 * max(larger, 0.0) + difference * (1.0 - difference), 0.0)
