"""What a limit on groups is held against: pairs of groups, or single groups, and which of them decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.check.inputs import Policy
from llmops_audit.check.verdicts import at_limit, p_value
from llmops_audit.record import Op, Requirement
from llmops_audit.stats import Bounds

__all__ = ["Comparison", "Comparisons", "differences", "minima", "ratios"]

Floats = npt.NDArray[np.float64]
Ends = tuple[Floats, Floats]


@dataclass(frozen=True)
class Comparison:
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
    found : list of Comparison
    values : numpy array of float64, (c,)
        Infinite where a rate is compared with a rate of 0.
    bounds : callable
        Confidence to the lower and the upper ends of the intervals, (c,) each.
    """

    def __init__(self, found: Sequence[Comparison], values: Floats, bounds: Callable[[float], Ends]) -> None:
        self.found = list(found)
        self.values = values
        self.bounds = cache(bounds)

    def __len__(self) -> int:
        return len(self.found)

    def bounds_of(self, at: int) -> Callable[[float], Bounds]:
        """Return the interval of a comparison, by confidence."""
        return lambda confidence: tuple(float(ends[at]) for ends in self.bounds(confidence))  # type: ignore[return-value]

    def bounds_of_all(self, requirement: Requirement) -> Callable[[float], Bounds]:
        """Return the interval of the most extreme of all values, by confidence.

        Its upper end is the largest upper end of all, its lower end the largest lower end (the smallest ones, where the
        limit is a minimum): it meets the limit where each interval does, and misses it where one does.
        """
        worst = _worst(requirement)

        def bounds(confidence: float) -> Bounds:
            low, high = self.bounds(confidence)
            return float(low[worst(low)]), float(high[worst(high)])

        return bounds

    def extreme(self, requirement: Requirement) -> int:
        """Return the number of the comparison that is furthest on the wrong side by value."""
        return _worst(requirement)(self.values)

    def deciding(self, requirement: Requirement, policy: Policy) -> int:
        """Return the number of the comparison that the verdict rests on.

        That is the one with the smallest p-value; where every value meets the limit, the one whose interval is furthest
        on the wrong side.
        """
        extreme = self.extreme(requirement)
        if policy.decide == "point":
            return extreme
        misses = not at_limit(float(self.values[extreme]), requirement)
        confidence = 1 - p_value(self.bounds_of_all(requirement), requirement) if misses else policy.confidence
        near, far = self._ends(requirement, confidence if confidence > 0 else policy.confidence)
        # At the confidence of the smallest p-value, only the interval that it belongs to just misses the limit.
        return _worst(requirement)(far if misses and confidence > 0 else near)

    def _ends(self, requirement: Requirement, confidence: float) -> Ends:
        low, high = self.bounds(confidence)
        return (low, high) if requirement.op in (Op.AT_LEAST, Op.ABOVE) else (high, low)


def _worst(requirement: Requirement) -> Callable[[Floats], int]:
    if requirement.op in (Op.AT_LEAST, Op.ABOVE):
        return lambda values: int(values.argmin())
    return lambda values: int(values.argmax())


def differences(pairwise: Sequence[PairwiseGaps]) -> Comparisons:
    """Return every pair of each metric, the group with the higher value first."""
    found = [
        Comparison(one.metric, second, float(above), first, float(below))
        for one in pairwise
        for (first, second), below, above in zip(one.pairs, *one.values, strict=True)
    ]

    def bounds(confidence: float) -> Ends:
        ends = [one.differences(confidence) for one in pairwise]
        low, high = (np.concatenate([side[i] for side in ends] or [np.empty(0)]) for i in (0, 1))
        # The rule is about the size of the difference, whichever of the two groups has the higher rate.
        return np.maximum(low, 0.0), np.maximum(high, -low)

    values = np.array([one.rate - (one.other_rate or 0.0) for one in found], dtype=np.float64)
    return Comparisons(found, values, bounds)


def ratios(pairwise: Sequence[PairwiseGaps]) -> tuple[Comparisons, list[tuple[MetricKey, GroupValues]]]:
    """Return each group's rate over that of its comparator; of a rate of errors the lower over the higher.

    Returns
    -------
    Comparisons
    undefined : list of (MetricKey, GroupValues)
        Those that are 0 over 0.
    """
    found: list[Comparison] = []
    places: list[tuple[PairwiseGaps, int, bool]] = []
    undefined: list[tuple[MetricKey, GroupValues]] = []
    for one in pairwise:
        for at, (pair, below, above) in enumerate(zip(one.pairs, *one.values, strict=True)):
            if one.comparator not in pair:
                continue
            # Turned over: the group has the higher rate, and that is no better for it where the rate is one of errors.
            turned = pair[0] == one.comparator
            group, other = pair[::-1] if turned else pair
            rate, other_rate = (above, below) if turned else (below, above)
            if not above:
                undefined.append((one.metric, group))
                continue
            found.append(Comparison(one.metric, group, float(rate), other, float(other_rate)))
            places.append((one, at, turned and not GROUP_METRICS[one.metric[0]].of_errors))

    def bounds(confidence: float) -> Ends:
        low, high = np.empty(len(places)), np.empty(len(places))
        for i, (one, at, turned) in enumerate(places):
            ends = float(one.ratios(confidence)[0][at]), float(one.ratios(confidence)[1][at])
            low[i], high[i] = [1 / end if end else math.inf for end in ends[::-1]] if turned else ends
        return low, high

    values = np.empty(len(places))
    for i, (one, at, turned) in enumerate(places):
        below, above = one.values[:, at]
        values[i] = (above / below if below else math.inf) if turned else below / above
    return Comparisons(found, values, bounds), undefined


def minima(rates: Mapping[MetricKey, Mapping[GroupValues, GroupEstimate]]) -> Comparisons:
    """Return each group where a metric is defined, by itself."""
    known = [
        (Comparison(metric, group, rate.value), rate)
        for metric, by_group in rates.items()
        for group, rate in by_group.items()
        if rate.value is not None
    ]

    def bounds(confidence: float) -> Ends:
        ends = np.array([rate.bounds(confidence) for _, rate in known], dtype=np.float64).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]

    return Comparisons([one for one, _ in known], np.array([one.rate for one, _ in known], dtype=np.float64), bounds)
