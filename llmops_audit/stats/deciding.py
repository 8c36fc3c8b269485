"""How many rows it takes to decide what the present ones cannot."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom

from llmops_audit.stats.intervals import Bounds, clopper_pearson, tail

__all__ = ["rows_to_decide"]

# Ends that differ by less are those of the same interval.
_SAME = 1e-9
_DIGITS = 2
_SEARCHED = 40.0  # times the present rows


def rows_to_decide(
    value: float, interval: Bounds, limit: float, rows: float, confidence: float = 0.95, power: float = 0.8
) -> int | None:
    """Number of rows at which the interval would exclude the limit, were the measured value the true one.

    Parameters
    ----------
    value
        Point estimate.
    interval
        Its two-sided interval at the present number of rows.
    limit
        What the requirement compares with.
    rows
        Present number of rows.
    confidence
        Of the interval, strictly between 0 and 1.
    power
        Probability with which so many rows would decide, strictly between 0 and 1.

    Returns
    -------
    int or None
        More than the present rows, to two significant digits, rounded up. None where the value is practically at the
        limit, so that no number of rows promises a decision: nearer to it than the share
        ``z[power] / z[1 - (1 - confidence) / 2]`` (0.43 at the defaults) of the half-width on that side. None as well
        where there are no rows, or where a number is not finite.

    Raises
    ------
    ValueError
        If the confidence or the power is not strictly between 0 and 1.

    Notes
    -----
    Exact for a proportion with the interval of Clopper and Pearson: the smallest number of two digits at which so many
    successes as exclude the limit occur with this power. For other intervals the half-width is taken to shrink with the
    square root of the rows: ``rows * ((1 + z[power] / z[1 - alpha / 2]) * half-width / distance)**2``. Neither gives
    more than about eleven times the present rows at the defaults.
    """
    sure, reserve = float(-ndtri(tail(confidence))), float(ndtri(1.0 - 2.0 * tail(power)))
    if not (all(map(math.isfinite, (value, *interval, limit, rows))) and rows > 0 and value != limit):
        return None
    distance = abs(value - limit)
    half_width = abs(value - (interval[0] if value > limit else interval[1]))
    if distance * sure < max(reserve, 0.0) * half_width:
        return None
    if _is_exact(value, interval, rows, confidence):
        found = _exact(value, limit, rows, tail(confidence), power)
        if found is not None:
            return found
    return _rounded_up(max(rows * ((1.0 + reserve / sure) * half_width / distance) ** 2, rows + 1.0))


def _is_exact(value: float, interval: Bounds, rows: float, confidence: float) -> bool:
    if not 0.0 <= value <= 1.0:
        return False
    exact = clopper_pearson(value * rows, rows, confidence)
    return all(math.isclose(one, other, abs_tol=_SAME) for one, other in zip(exact, interval, strict=True))


def _exact(value: float, limit: float, rows: float, outside: float, power: float) -> int | None:
    if not 0.0 < limit < 1.0:
        return None
    if value < limit:  # the mirror image
        value, limit = 1.0 - value, 1.0 - limit
    first = _rounded_up(rows + 1.0)
    exponents = range(len(str(first)) - _DIGITS, len(str(math.ceil(first * _SEARCHED))) - _DIGITS + 1)
    sizes = np.unique([digits * 10 ** max(0, exponent) for exponent in exponents for digits in range(10, 100)])
    sizes = sizes[sizes >= first] if first >= 10 else np.concatenate([np.arange(first, 10), sizes])
    # The lower end reaches the limit from so many successes on that the limit makes them rarer than is allowed.
    too_few = binom.isf(outside, sizes, limit)
    enough = sizes[binom.sf(too_few, sizes, value) >= power]
    return int(enough[0]) if enough.size else None


def _rounded_up(number: float) -> int:
    unit = 10 ** max(0, len(str(math.ceil(number))) - _DIGITS)
    # A rounding error above a whole number is none more.
    return int(math.ceil(number / unit - 1e-9) * unit)
