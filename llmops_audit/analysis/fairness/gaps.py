"""Gaps between groups: the differences and ratios of a metric, pair by pair, with intervals and exact tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, GroupMetric
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues, MetricKey
from llmops_audit.check.verdicts import finite
from llmops_audit.record.figures import Gap
from llmops_audit.stats import Bounds

__all__ = ["PairwiseGaps", "gaps"]

MOST_PAIRS = 100
"""Pairs of a metric that the record keeps: those with the widest gaps, and every group beside the highest one and the
one that others are compared with."""

Floats = npt.NDArray[np.float64]
Ends = tuple[Floats, Floats]


class PairwiseGaps:
    """One metric of the groups of one attribute, pair by pair.

    Attributes
    ----------
    metric : tuple of str and label
    comparator : GroupValues, optional
        The group that each other one is compared with.
    pairs : list of (GroupValues, GroupValues)
        Of groups where the metric is defined; the one with the lower value stands first.
    values : numpy array of float64, (2, p)
        Of both groups of each pair.
    undefined : tuple of GroupValues
        Groups that have no row to take the metric over.
    """

    def __init__(
        self,
        metric: MetricKey,
        rates: Mapping[GroupValues, GroupEstimate],
        comparator: GroupValues | None = None,
    ) -> None:
        self.metric, self.comparator = metric, comparator
        self.undefined = tuple(group for group, rate in rates.items() if rate.value is None)
        # Among equal values any order would do, as long as it is always the same.
        ordered = sorted((rate.value, group) for group, rate in rates.items() if rate.value is not None)
        self.pairs = list(combinations([group for _, group in ordered], 2))
        self._defined = {group: rates[group] for _, group in ordered}
        self.values = self._of_pairs({group: (value,) for value, group in ordered}, 1)[..., 0]
        counts = self._of_pairs({group: (rate.hits, rate.trials) for group, rate in self._defined.items()}, 2)
        self._x, self._n = counts[..., 0], counts[..., 1]
        self.differences = cache(self._differences)
        self.ratios = cache(self._ratios)
        self.exact = cache(self._exact)

    ratio_method = "melded Clopper-Pearson intervals"
    """What intervals of ratios are."""

    @staticmethod
    def difference_method(metric: GroupMetric) -> str:
        """Return what intervals of differences of a metric are."""
        return "melded Clopper-Pearson intervals" if metric.plain_share else "square-and-add of both intervals"

    @property
    def share(self) -> bool:
        """Whether the metric is a share of independent rows, which has a ratio and an exact test."""
        return GROUP_METRICS[self.metric[0]].plain_share

    def _of_pairs(self, values: Mapping[GroupValues, tuple[float, ...]], length: int) -> Floats:
        """Values of both groups of each pair, (2, p, length)."""
        sides = [[values[group] for group in side] for side in zip(*self.pairs, strict=True)]
        return np.array(sides, dtype=np.float64).reshape(2, len(self.pairs), length)

    def difference(self, pair: int, confidence: float) -> Bounds:
        """Return the interval of one pair alone, which costs little at any number of confidences."""
        if self.share:
            (x1, x2), (n1, n2) = self._x[:, pair].tolist(), self._n[:, pair].tolist()
            low, high = stats.melded_difference(x2, n2, x1, n1, confidence)
        else:
            lower, higher = (self._defined[group].bounds(confidence) for group in self.pairs[pair])
            low, high = stats.square_and_add(self.values[1, pair], higher, self.values[0, pair], lower)
        return float(low), float(high)

    def ratio(self, pair: int, confidence: float) -> Bounds:
        """Return the interval of the ratio of one pair alone."""
        (x1, x2), (n1, n2) = self._x[:, pair].tolist(), self._n[:, pair].tolist()
        low, high = stats.melded_ratio(x1, n1, x2, n2, confidence)
        return float(low), float(high)

    def _differences(self, confidence: float) -> Ends:
        """Intervals of the second value less the first, (p,) each: melded for shares, else square-and-add."""
        if self.share:
            return self._of_kept(lambda x, n: stats.melded_difference(x[1], n[1], x[0], n[0], confidence))
        return self.rough_differences(confidence)

    def rough_differences(self, confidence: float) -> Ends:
        """Return square-and-add intervals of all pairs, (p,) each, which cost little."""
        lower, higher = self._of_pairs({group: rate.bounds(confidence) for group, rate in self._defined.items()}, 2)
        return stats.square_and_add(self.values[1], tuple(higher.T), self.values[0], tuple(lower.T))

    def _ratios(self, confidence: float) -> Ends:
        """Melded intervals of the first share over the second, (p,) each."""
        return self._of_kept(lambda x, n: stats.melded_ratio(x[0], n[0], x[1], n[1], confidence))

    def _of_kept(self, interval: Callable[[Floats, Floats], Ends]) -> Ends:
        """Intervals of the pairs that the record keeps, since those of thousands would take a minute; NaN of others."""
        kept = _kept(self)
        ends = np.full((2, len(self.pairs)), np.nan)
        ends[:, kept] = interval(self._x[:, kept], self._n[:, kept])
        return ends[0], ends[1]

    def _exact(self) -> Floats:
        """Fisher's exact p-values of the hypotheses that both shares are equal, (p,)."""
        found: Floats = np.asarray(stats.fisher_exact(self._x[0], self._n[0], self._x[1], self._n[1]))
        return found

    def counts(self, pair: int) -> tuple[tuple[float, float], ...]:
        """Return the effective rows that count, and those that the metric is taken over, of both groups of a pair."""
        return tuple((float(x), float(n)) for x, n in zip(self._x[:, pair], self._n[:, pair], strict=True))

    def detectable(self, pair: int, alpha: float) -> float | None:
        """Return the smallest difference that the rows of a pair would find with a probability of 80 %."""
        n1, n2 = self._n[:, pair]
        pooled = float(self._x[:, pair].sum() / (n1 + n2))
        found = stats.detectable_difference(pooled, n1, n2, alpha)
        return None if math.isnan(found) else found


def gaps(
    groupings: Mapping[tuple[str, ...], Iterable[PairwiseGaps]], confidence: float, alpha: float
) -> Iterator[tuple[tuple[str, ...], tuple[Gap, ...]]]:
    """Describe every pair, with p-values adjusted over all of them.

    Parameters
    ----------
    groupings : mapping of attributes to comparisons
    confidence : float
    alpha : float
        Error rate that all the tests share.

    Yields
    ------
    attributes : tuple of str
    gaps : tuple of Gap
    """
    comparisons = {names: list(found) for names, found in groupings.items()}
    p_values = {
        _question(names, one, at): float(p)
        for names, found in comparisons.items()
        for one in found
        if one.share
        for at, p in enumerate(one.exact())
    }
    adjusted = dict(zip(p_values, stats.holm(list(p_values.values())).tolist(), strict=True))
    level = alpha / max(1, len(p_values))
    for names, found in comparisons.items():
        described = []
        for one in found:
            for at in _kept(one):
                key = _question(names, one, at)
                described.append(_gap(one, at, confidence, level, p_values.get(key), adjusted.get(key)))
        yield names, tuple(described)


def _question(names: tuple[str, ...], one: PairwiseGaps, at: int) -> tuple[object, ...]:
    # Whether one rate differs is the same question as whether its complement does, which has the other rows of each.
    metric, pair = one.metric, one.pairs[at]
    counts = zip(pair, one.counts(at), strict=True)
    rows = sorted((group, *sorted((round(x, 6), round(n - x, 6)))) for group, (x, n) in counts)
    return (names, GROUP_METRICS[metric[0]].complement_of or metric[0], metric[1], *rows)


def _kept(one: PairwiseGaps) -> list[int]:
    widest = np.argsort(one.values[0] - one.values[1], kind="stable")[:MOST_PAIRS]
    with_highest = np.flatnonzero(one.values[1] == one.values[1].max(initial=-np.inf))
    with_comparator = [at for at, pair in enumerate(one.pairs) if one.comparator in pair]
    return sorted({*widest.tolist(), *with_highest.tolist(), *with_comparator})


def _gap(
    one: PairwiseGaps, at: int, confidence: float, level: float, p_value: float | None, p_adjusted: float | None
) -> Gap:
    first, second = one.values[:, at].tolist()
    low, high = finite(ends[at] for ends in one.differences(confidence))
    ratio: float | None = None
    ratio_ends: tuple[float | None, float | None] = (None, None)
    if one.share:
        ratio = first / second if second > 0 else None
        ratio_ends = finite(ends[at] for ends in one.ratios(confidence))
    return Gap(
        group=one.pairs[at][0], compared_with=one.pairs[at][1], metric=one.metric[0], of=one.metric[1],
        difference=second - first, low=low, high=high,
        ratio=ratio, ratio_low=ratio_ends[0], ratio_high=ratio_ends[1], p_value=p_value, p_adjusted=p_adjusted,
        detectable=one.detectable(at, level) if one.share else None,
    )  # fmt: skip
