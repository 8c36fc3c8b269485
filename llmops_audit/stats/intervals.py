"""The exact interval of a proportion, and what sample sizes detect and decide.

Counts may be real numbers. Weighted data enter as *effective* counts: Kish's effective sample size
``n = (sum w)**2 / sum(w**2)`` and ``x = n * weighted share``, as Korn and Graubard (1998) propose.

Every ``confidence`` is that of the two-sided interval: each side misses with probability ``(1 - confidence) / 2``.

References
----------
Clopper, Pearson (1934). The use of confidence or fiducial limits illustrated in the case of the binomial.
Biometrika 26.
Korn, Graubard (1998). Confidence intervals for proportions with small expected number of positive counts estimated
from survey data. Survey Methodology 24.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betainccinv, betaincinv

Bounds = tuple[float, float]
Floats = NDArray[np.float64]

# Sums of weights in another order may leave successes this much above trials.
_ROUNDING = 1e-9
_HALVINGS = 60  # of at most 2: to 1e-18, finer than any rounding of counts


def tail(confidence: float) -> float:
    """Probability outside a two-sided interval, on one side.

    Parameters
    ----------
    confidence
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    float
        ``(1 - confidence) / 2``.

    Raises
    ------
    ValueError
        If the confidence is not strictly between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence: out of range; expected a number between 0 and 1; got {confidence!r}")
    return (1.0 - confidence) / 2.0


def checked_counts(successes: Any, trials: Any) -> tuple[Floats, Floats]:
    """Both counts as arrays, with rounding errors at the edges removed.

    Parameters
    ----------
    successes, trials
        Counts, or effective counts, or arrays of them.

    Returns
    -------
    tuple of ndarray

    Raises
    ------
    ValueError
        On counts that no sample can have.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    slack = _ROUNDING * np.maximum(1.0, n)
    if not np.all(np.isfinite(n) & (x >= -slack) & (x <= n + slack) & (n >= 0.0)):
        raise ValueError(
            f"counts: impossible; expected 0 <= successes <= trials < inf; got {successes!r} of {trials!r}"
        )
    return np.clip(x, 0.0, n), n


def last_inside(inside: Callable[[float], bool], start: float, end: float) -> float:
    """Where a condition that holds at the start ceases on the way to the end, by bisection.

    Parameters
    ----------
    inside
        Whether a value belongs to the interval; changes once at most, and is true at the start.
    start, end
        Finite.

    Returns
    -------
    float
        The last value that is known to be inside; the end if that is.
    """
    if inside(end):
        return end
    for _ in range(_HALVINGS):
        middle = (start + end) / 2.0
        start, end = (middle, end) if inside(middle) else (start, middle)
    return start


def clopper_pearson(successes: float, trials: float, confidence: float) -> Bounds:
    """Exact interval of one proportion.

    Parameters
    ----------
    successes, trials
        Counts, or effective counts of weighted data; ``0 <= successes <= trials``.
    confidence
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    Bounds
        ``(0, 1)`` without trials; the lower bound is exactly 0 without successes
        and the upper bound exactly 1 without failures.

    Raises
    ------
    ValueError
        On impossible counts or an impossible confidence.

    Notes
    -----
    Clopper and Pearson (1934) in its beta form: the lower bound is the quantile of
    Beta(x, n - x + 1), the upper that of Beta(x + 1, n - x). Korn and Graubard
    (1998) put effective, real-valued counts into the same quantiles.
    """
    outside = tail(confidence)
    x, n = (float(count) for count in checked_counts(float(successes), float(trials)))
    lower = float(betaincinv(x, n - x + 1.0, outside)) if x > 0.0 else 0.0
    upper = float(betainccinv(x + 1.0, n - x, outside)) if x < n else 1.0
    return lower, upper


def rows_to_decide(value: float, interval: Bounds, limit: float, rows: int) -> int | None:
    """Estimated number of rows at which the interval would no longer reach the limit.

    Parameters
    ----------
    value
        Point estimate.
    interval
        Its interval at the present number of rows.
    limit
        What the requirement compares with.
    rows
        Present number of rows.

    Returns
    -------
    int or None
        ``ceil(rows * (half-width towards the limit / distance to it)**2)``, since a
        half-width shrinks with the square root of the rows; None where the value
        equals the limit, where there are no rows, or where a number is not finite.
    """
    if not all(math.isfinite(number) for number in (value, *interval, limit)) or value == limit or rows <= 0:
        return None
    towards = interval[0] if value > limit else interval[1]
    try:
        needed = rows * ((value - towards) / (value - limit)) ** 2
    except OverflowError:
        return None
    return math.ceil(needed) if math.isfinite(needed) else None


def detectable_share(limit: float, n: float, alpha: float, power: float = 0.8, *, above: bool = False) -> float:
    """Nearest true proportion under a limit that so many rows would show to miss it.

    Parameters
    ----------
    limit
        A minimum; a maximum with `above`.
    n
        Rows, or effective rows (rounded down).
    alpha
        The bound is that of ``clopper_pearson(x, n, 1 - alpha)``, which misses with ``alpha / 2`` on each side.
    power
        Probability that the bound falls short of the limit, strictly between 0 and 1.
    above
        Look for the nearest proportion over the limit instead.

    Returns
    -------
    float
        NaN where not even a sample without successes (`above`: failures) would show it.

    Raises
    ------
    ValueError
        If alpha or power is not strictly between 0 and 1.

    Notes
    -----
    Exact: the most successes whose upper bound is under the limit, then the share with so many or fewer at that power.
    """
    if above:
        return 1.0 - detectable_share(1.0 - limit, n, alpha, power)
    outside, missed = tail(1.0 - alpha), 2.0 * tail(power)
    rows = math.floor(n) if math.isfinite(n) else 0
    if not (rows > 0 and 0.0 < limit <= 1.0):
        return math.nan
    most, too_many = -1, rows
    while too_many - most > 1:
        middle = (most + too_many) // 2
        most, too_many = (middle, too_many) if bdtr(middle, rows, limit) < outside else (most, middle)
    return float(betaincinv(most + 1.0, rows - most, missed)) if most >= 0 else math.nan
