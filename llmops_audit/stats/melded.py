"""Intervals of the difference and of the ratio of two independent proportions that are honest far out in the tails.

Each limit melds the confidence distributions that Clopper and Pearson's limits belong to. The lower limit of a
difference is the quantile of ``Beta(x1, n1 - x1 + 1) - Beta(x2 + 1, n2 - x2)``, the lower limit of a ratio that of
their quotient; the upper limits follow by exchanging the samples. Whether zero lies inside is decided as by Fisher's
exact test, and where one proportion is known the interval is Clopper and Pearson's.

Counts are numbers or arrays of them, which broadcast; numbers give floats, arrays arrays of float64. They may be real
numbers: weighted data enter as effective counts, see `llmops_audit.stats.clopper_pearson`.

References
----------
Fay, Proschan, Brittain (2015). Combining one-sample confidence procedures for inference in the two-sample case.
Biometrics 71.
Dowell, Jarratt (1971). A modified regula falsi method for computing the root of an equation. BIT 11 (the Illinois
algorithm).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betainccinv, betaincinv, ndtr, ndtri

from llmops_audit.stats.intervals import checked_counts, tail

__all__ = ["melded_difference", "melded_ratio"]

Floats = NDArray[np.float64]

# The trapezoidal rule on the normal scale, on which quantiles of counts are smooth.
_STEP = 0.2
# What is rarer than this share of the level is left out.
_LEFT_OUT = 1e-5
# Pairs of samples whose nodes are in memory at once.
_PAIRS_AT_ONCE = 4096
_STEPS = 40
_NEAR = 1e-7  # on the normal scale: a level is met to a relative error of some 1e-6
_LEAST = 1e-300


@dataclass(frozen=True)
class _Beta:
    """Beta distributions, all mass at 0 where the first parameter is 0, and at 1 where the second is."""

    a: Floats
    b: Floats

    def quantile(self, below: Floats | float, above: Floats | float) -> Floats:
        """Quantiles, by the smaller of the probabilities below and above."""
        a, b = np.maximum(self.a, _LEAST), np.maximum(self.b, _LEAST)
        inside = np.where(np.less(below, 0.5), betaincinv(a, b, below), betainccinv(a, b, above))
        return self._with_edges(inside, 0.0, 1.0)

    def below(self, at: Floats) -> Floats:
        """Probability of so much or less."""
        inside = betainc(np.maximum(self.a, _LEAST), np.maximum(self.b, _LEAST), at.clip(0.0, 1.0))
        return self._with_edges(inside, np.greater_equal(at, 0.0), np.greater_equal(at, 1.0))

    def above(self, at: Floats) -> Floats:
        """Probability of so much or more."""
        inside = betaincc(np.maximum(self.a, _LEAST), np.maximum(self.b, _LEAST), at.clip(0.0, 1.0))
        return self._with_edges(inside, np.less_equal(at, 0.0), np.less_equal(at, 1.0))

    def spread(self, *, relative: bool) -> Floats:
        """Variance, relative to the squared mean where asked for."""
        n = self.a + self.b
        mean = self.a / n
        variance: Floats = mean * (1.0 - mean) / (n + 1.0)
        return variance / np.maximum(mean, _LEAST) ** 2 if relative else variance

    def _with_edges(self, inside: Any, at_zero: Any, at_one: Any) -> Floats:
        found: Floats = np.where(self.a <= 0.0, at_zero, np.where(self.b <= 0.0, at_one, inside)).astype(np.float64)
        return found

    def __getitem__(self, which: Any) -> _Beta:
        return _Beta(self.a[which], self.b[which])


Kind = Literal["difference", "ratio"]


def melded_difference(x1: Any, n1: Any, x2: Any, n2: Any, confidence: float) -> tuple[Any, Any]:
    """Interval of the difference of two independent proportions, ``x1/n1 - x2/n2``.

    Parameters
    ----------
    x1, n1, x2, n2
        Successes and trials of both samples, or effective counts.
    confidence
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    tuple of float or ndarray
        Within [-1, 1]; ``(-1, 1)`` if either sample is empty.

    Raises
    ------
    ValueError
        On impossible counts or an impossible confidence.

    Notes
    -----
    Fay, Proschan and Brittain (2015). Summed over every outcome, for shares from .01 to .99 and from 20 rows to 100
    beside 5,000, each bound misses in at most 0.94 of what is allowed, at 95 % as at 99.999 %. Of Newcombe's (1998)
    intervals it is up to 12,000 times as much at that confidence, and of square-and-add of Clopper-Pearson intervals
    (Zou and Donner 2008), whose bound away from zero is too near, 6,000 times.
    """
    samples, known = _samples(x1, n1, x2, n2)
    (x1, n1), (x2, n2) = samples
    value = x1 / n1 - x2 / n2
    lower = np.minimum(_lower("difference", *samples, confidence), value)
    upper = np.maximum(-_lower("difference", *samples[::-1], confidence), value)
    return _plain(np.where(known, lower, -1.0)), _plain(np.where(known, upper, 1.0))


def melded_ratio(x1: Any, n1: Any, x2: Any, n2: Any, confidence: float) -> tuple[Any, Any]:
    """Interval of the ratio of two independent proportions, ``(x1/n1) / (x2/n2)``.

    Parameters
    ----------
    x1, n1, x2, n2
        Successes and trials of both samples, or effective counts.
    confidence
        Two-sided confidence, strictly between 0 and 1.

    Returns
    -------
    tuple of float or ndarray
        The lower bound is 0 if ``x1 == 0``, the upper ``inf`` if ``x2 == 0``;
        ``(0, inf)`` without successes, or with an empty sample.

    Raises
    ------
    ValueError
        On impossible counts or an impossible confidence.

    Notes
    -----
    Fay, Proschan and Brittain (2015). As honest as `melded_difference`; of the score interval of Koopman, Miettinen
    and Nurminen a bound misses up to 3 times as often as it should at 95 %, and 760 times at 99.999 %.
    """
    samples, known = _samples(x1, n1, x2, n2)
    (x1, n1), (x2, n2) = samples
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(x1 + x2 > 0.0, x1 / n1 / (x2 / n2), np.nan)
        lower = np.fmin(_lower("ratio", *samples, confidence), value)
        upper = np.fmax(1.0 / _lower("ratio", *samples[::-1], confidence), value)
    return _plain(np.where(known, lower, 0.0)), _plain(np.where(known, upper, np.inf))


Sample = tuple[Floats, Floats]


def _samples(x1: Any, n1: Any, x2: Any, n2: Any) -> tuple[tuple[Sample, Sample], NDArray[np.bool_]]:
    """Both samples in one shape, and where neither is empty; anything stands in for an empty one."""
    x1, n1, x2, n2 = np.broadcast_arrays(*checked_counts(x1, n1), *checked_counts(x2, n2))
    known = (n1 > 0.0) & (n2 > 0.0)
    x1, n1, x2, n2 = (np.where(known, *counts) for counts in ((x1, 1.0), (n1, 2.0), (x2, 1.0), (n2, 2.0)))
    return ((x1, n1), (x2, n2)), known


def _plain(values: Floats) -> Any:
    return float(values) if values.ndim == 0 else values


def _lower(kind: Kind, first: Sample, second: Sample, confidence: float) -> Floats:
    """Lower limits of the first proportion less the second, or over it."""
    outside = tail(confidence)
    shape = first[0].shape
    (x1, n1), (x2, n2) = ([counts.ravel() for counts in sample] for sample in (first, second))
    one, other = _Beta(x1, n1 - x1 + 1.0), _Beta(x2 + 1.0, n2 - x2)
    parts = [slice(start, start + _PAIRS_AT_ONCE) for start in range(0, x1.size, _PAIRS_AT_ONCE)]
    found = [_quantile(kind, one[part], other[part], outside) for part in parts]
    return np.concatenate([np.empty(0), *found]).reshape(shape)


def _quantile(kind: Kind, one: _Beta, other: _Beta, outside: float) -> Floats:
    """Quantiles of one variable less another, or over it; both are independent."""

    def apart(share: float) -> Floats:
        low, high = one.quantile(share, 1.0 - share), other.quantile(1.0 - share, share)
        return low - high if kind == "difference" else low / high

    # Below the first, one of two events has happened whose probabilities add up to the level; at or below the second
    # there are all cases of two events whose probabilities multiply to it.
    least, most = apart(outside / 2.0), apart(math.sqrt(outside))
    level = float(ndtri(outside))
    # A difference of what is known is known; so is the ratio of nothing to anything.
    search = np.flatnonzero(least < most)
    limits = least.copy()
    if search.size:
        chance = _chances(kind, one[search], other[search], outside)
        scale = np.exp if kind == "ratio" else np.asarray
        ends = (np.log(ends[search]) if kind == "ratio" else ends[search] for ends in (least, most))
        limits[search] = scale(_root(lambda at, part: ndtri(chance(scale(at), part)) - level, *ends))
    return limits


def _chances(kind: Kind, one: _Beta, other: _Beta, outside: float) -> Callable[[Floats, Any], Floats]:
    """Probability that one variable less another, or over it, is at most a value, for the pairs that are asked for."""
    # The average over the narrower variable of the wider one's distribution, which is smooth beside it.
    by_other = other.spread(relative=kind == "ratio") <= one.spread(relative=kind == "ratio")
    narrow = _Beta(np.where(by_other, other.a, one.a), np.where(by_other, other.b, one.b))
    shapes, inverse = np.unique(np.stack([narrow.a, narrow.b]), axis=1, return_inverse=True)
    steps = math.ceil(-float(ndtri(outside * _LEFT_OUT)) / _STEP)
    at_nodes = np.arange(-steps, steps + 1) * _STEP
    weights = np.exp(-(at_nodes**2) / 2.0) * (_STEP / math.sqrt(2.0 * math.pi))
    nodes = _Beta(*shapes[..., np.newaxis]).quantile(ndtr(at_nodes), ndtr(-at_nodes))[inverse.ravel()]

    def chance(at: Floats, part: NDArray[np.intp]) -> Floats:
        values, inside = np.empty(part.size), by_other[part]
        for side in (True, False):
            mine = inside == side
            pairs, limit = part[mine], at[mine][:, np.newaxis]
            near = nodes[pairs]
            if side:
                moved = limit + near if kind == "difference" else limit * near
                terms = _Beta(one.a[pairs, np.newaxis], one.b[pairs, np.newaxis]).below(moved)
            else:
                moved = near - limit if kind == "difference" else near / limit
                terms = _Beta(other.a[pairs, np.newaxis], other.b[pairs, np.newaxis]).above(moved)
            values[mine] = terms @ weights
        return values.clip(_LEAST, 1.0 - 1e-16)

    return chance


def _root(function: Callable[[Floats, Any], Floats], low: Floats, high: Floats) -> Floats:
    """Where rising functions are 0, each in its bracket; the lower end of what is left of it."""
    everything = np.arange(low.size)
    below, above = function(low, everything), function(high, everything)
    low, high = low.copy(), high.copy()
    # Rounding may put an end on the wrong side: then it is the root.
    high[below >= 0.0] = low[below >= 0.0]
    at = np.where(below >= 0.0, low, high)
    open_ = np.flatnonzero((below < 0.0) & (above > 0.0))
    last = np.zeros(low.size)
    for _ in range(_STEPS):
        if not open_.size:
            break
        share = below[open_] / (below[open_] - above[open_])
        at[open_] = low[open_] + share * (high[open_] - low[open_])
        found = function(at[open_], open_)
        left, right = open_[found < 0.0], open_[found >= 0.0]
        low[left], below[left] = at[left], found[found < 0.0]
        high[right], above[right] = at[right], found[found >= 0.0]
        # An end that stays twice counts half (Illinois).
        above[left[last[left] < 0.0]] /= 2.0
        below[right[last[right] > 0.0]] /= 2.0
        last[left], last[right] = -1.0, 1.0
        open_ = open_[np.abs(found) > _NEAR]
    return at
