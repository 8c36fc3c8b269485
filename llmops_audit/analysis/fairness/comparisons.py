"""What a limit on groups is held against: pairs of groups, or single groups, and which of them decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import SMALLEST_P, at_limit
from llmops_audit.record import Op, Requirement
from llmops_audit.stats import Bounds

__all__ = ["Comparisons", "GroupComparison", "differences", "minima", "ratios"]

Floats = npt.NDArray[np.float64]

_Direction = Literal["as it is", "turned", "lower over higher"]

_HALVINGS = 30

MOST_EXACT = 80
"""Of more comparisons than this, exact intervals are computed of those alone that rough ones put first."""


@dataclass(frozen=True)
class GroupComparison:
    """A group, and the one that it is compared with.

    Attributes
    ----------
    metric : MetricKey
    group : GroupValues
    rate : float
        Of the group.
    other : GroupValues, optional
        None where the group is held against the limit alone.
    other_rate : float, optional
    """

    metric: MetricKey
    group: GroupValues
    rate: float
    other: GroupValues | None = None
    other_rate: float | None = None


class Comparisons:
    """All that a limit is held against.

    Attributes
    ----------
    found : list of GroupComparison
    values : numpy array of float64, (c,)
        Infinite where a rate is compared with a rate of 0.
    bounds : callable
        Number of a comparison, and confidence, to its interval.
    rough : callable, optional
        Confidence to about the same intervals of all, (c, 2), at a small part of the cost; see `MOST_EXACT`.
    """

    def __init__(
        self,
        found: Sequence[GroupComparison],
        values: Sequence[float],
        bounds: Callable[[int, float], Bounds],
        rough: Callable[[float], Floats] | None = None,
    ) -> None:
        self.found = list(found)
        self.values = np.array(values, dtype=np.float64)
        self.bounds = cache(bounds)
        self._rough = rough

    def __len__(self) -> int:
        return len(self.found)

    def bounds_of(self, at: int) -> Callable[[float], Bounds]:
        """Return the interval of a comparison, by confidence."""
        return lambda confidence: self.bounds(at, confidence)

    def extreme(self, requirement: Requirement) -> int:
        """Return the number of the comparison that is furthest on the wrong side by value."""
        return int(_worst(requirement)(self.values))

    def extreme_bounds(self, requirement: Requirement, confidence: float) -> Bounds:
        """Return the interval of the most extreme of all values.

        Its upper end is the largest upper end of all, its lower end the largest lower end (the smallest ones, where the
        limit is a minimum): it meets the limit where each interval does, and misses it where one does.
        """
        worst = _worst(requirement)
        low, high = (ends[worst(ends)] for ends in self._ends(self._worth_it(requirement, confidence), confidence).T)
        return float(low), float(high)

    def deciding(self, requirement: Requirement, policy: Policy) -> int:
        """Return the number of the comparison that the verdict rests on.

        That is the one with the smallest p-value; where every value meets the limit, the one whose interval is furthest
        on the wrong side; where every interval does, the one with the most extreme value.
        """
        worth_it = self._worth_it(requirement, policy.confidence)
        missed = [at for at in worth_it if not at_limit(float(self.values[at]), requirement)]
        if policy.decide == "point" or len(missed) == 1:
            return self.extreme(requirement)
        near, far = (0, 1) if requirement.op in (Op.AT_LEAST, Op.ABOVE) else (1, 0)
        worst = _worst(requirement)
        if not missed:
            ends = self._ends(worth_it, policy.confidence)[:, near]
            at = int(worst(ends))
            return self.extreme(requirement) if at_limit(float(ends[at]), requirement) else worth_it[at]
        # Halve the logarithm of alpha; of comparisons that still miss the limit, only one is left in the end.
        low, high = math.log(SMALLEST_P), 0.0
        for _ in range(_HALVINGS):
            if len(missed) == 1:
                break
            middle = (low + high) / 2
            ends = self._ends(missed, 1 - math.exp(middle))[:, far]
            still = [at for at, end in zip(missed, ends, strict=True) if not at_limit(float(end), requirement)]
            low, high = (low, middle) if still else (middle, high)
            missed = still or missed
        ends = self._ends(missed, 1 - math.exp(low))[:, far]
        return missed[int(worst(ends))]

    def _worth_it(self, requirement: Requirement, confidence: float) -> list[int]:
        """Return the numbers of the comparisons that may decide, by the rough intervals where there are many."""
        if self._rough is None or len(self) <= MOST_EXACT:
            return list(range(len(self)))
        low, high = self._rough(confidence).T
        above = self.values - requirement.limit
        # How many times the reach of its interval a difference is above the limit says how certain that is.
        orders = (-self.values, -high, -low, -above / np.maximum(self.values - low, SMALLEST_P))
        return sorted({int(at) for order in orders for at in np.argsort(order, kind="stable")[: MOST_EXACT // 4]})

    def _ends(self, which: Sequence[int], confidence: float) -> Floats:
        """Ends of the intervals of some comparisons, (c, 2)."""
        return np.array([self.bounds(at, confidence) for at in which], dtype=np.float64).reshape(-1, 2)


def _worst(requirement: Requirement) -> Callable[[Floats], np.intp]:
    return np.argmin if requirement.op in (Op.AT_LEAST, Op.ABOVE) else np.argmax


def differences(pairwise: Sequence[PairwiseGaps]) -> Comparisons:
    """Return every pair of each metric, the group with the higher value first."""
    places = [(one, at) for one in pairwise for at in range(len(one.pairs))]
    found = [
        GroupComparison(
            one.metric, one.pairs[at][1], float(one.values[1, at]), one.pairs[at][0], float(one.values[0, at])
        )
        for one, at in places
    ]

    def bounds(number: int, confidence: float) -> Bounds:
        one, at = places[number]
        low, high = one.difference(at, confidence)
        # The rule is about the size of the difference, whichever of the two groups has the higher rate.
        return max(low, 0.0), max(high, -low)

    def rough(confidence: float) -> Floats:
        ends = np.concatenate([np.stack(one.rough_differences(confidence), axis=1) for one in pairwise])
        return np.stack([np.maximum(ends[:, 0], 0.0), np.maximum(ends[:, 1], -ends[:, 0])], axis=1)

    values = [float(one.values[1, at] - one.values[0, at]) for one, at in places]
    return Comparisons(found, values, bounds, rough)


def ratios(
    pairwise: Sequence[PairwiseGaps], *, both_ways: bool = False
) -> tuple[Comparisons, list[tuple[MetricKey, GroupValues]]]:
    """Return each group's rate over that of its comparator, or the lower rate of both over the higher one.

    Parameters
    ----------
    pairwise : sequence of PairwiseGaps
    both_ways : bool
        Whether the lower rate is divided by the higher one, whichever the comparator has, so that a comparator which is
        worse off is seen as well. Of a rate of errors it always is.

    Returns
    -------
    Comparisons
    undefined : list of (MetricKey, GroupValues)
        Those that are 0 over 0.

    Notes
    -----
    Both directions are one comparison. The ratio r of a pair has one interval, and min(r, 1 / r) has the image of that
    interval, which holds it whenever the interval holds r: with the same confidence, although the data chose the
    direction. The image is at or above a limit L exactly where the interval lies within L and 1 / L, and below it where
    the interval lies wholly outside of these. So the p-value, 1 less the highest confidence at which it lies outside,
    is valid, and doubling it for two directions would count twice what the two ends already share.
    """
    found: list[GroupComparison] = []
    values: list[float] = []
    places: list[tuple[PairwiseGaps, int, _Direction]] = []
    undefined: list[tuple[MetricKey, GroupValues]] = []
    for one in pairwise:
        folded = both_ways or GROUP_METRICS[one.metric[0]].of_errors
        for at, (pair, *both) in enumerate(zip(one.pairs, *one.values.tolist(), strict=True)):
            if one.comparator not in pair:
                continue
            # The comparator may have the lower rate, and stands first then.
            turned = pair[0] == one.comparator
            group, other = pair[::-1] if turned else pair
            rate, other_rate = both[::-1] if turned else both
            if not max(both):
                undefined.append((one.metric, group))
                continue
            above, below = both if folded else (rate, other_rate)
            found.append(GroupComparison(one.metric, group, rate, other, other_rate))
            values.append(above / below if below else math.inf)
            places.append((one, at, "lower over higher" if folded else "turned" if turned else "as it is"))

    def bounds(number: int, confidence: float) -> Bounds:
        one, at, direction = places[number]
        low, high = one.ratio(at, confidence)
        if direction == "as it is":
            return low, high
        inverse = (1 / high if high else math.inf, 1 / low if low else math.inf)
        return inverse if direction == "turned" else _folded((low, high), inverse)

    return Comparisons(found, values, bounds), undefined


def _folded(interval: Bounds, inverse: Bounds) -> Bounds:
    """Return the range of min(r, 1 / r) for r in an interval: up to 1 where the interval holds 1."""
    return min(interval[0], inverse[0]), min(interval[1], inverse[1], 1.0)


def minima(rates: Mapping[MetricKey, Mapping[GroupValues, GroupEstimate]]) -> Comparisons:
    """Return each group where a metric is defined, by itself."""
    known = [
        (GroupComparison(metric, group, rate.value), rate)
        for metric, by_group in rates.items()
        for group, rate in by_group.items()
        if rate.value is not None
    ]
    return Comparisons(
        [one for one, _ in known],
        [one.rate for one, _ in known],
        lambda number, confidence: known[number][1].bounds(confidence),
    )
