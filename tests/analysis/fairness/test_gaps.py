"""Gaps between groups: how often they are found where there are some, and where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from llmops_audit.analysis.fairness.gaps import PairwiseGaps, gaps
from llmops_audit.analysis.fairness.rates import GroupEstimate, MetricKey
from llmops_audit.stats import clopper_pearson, melded_difference

SELECTION: MetricKey = ("selection_rate", 1)
TRUE_POSITIVE: MetricKey = ("true_positive_rate", 1)
ALPHA = 0.05
MOST_SURPRISE = 1e-3
"""Probability of a count as high, at 5 %, from which on nobody believes the 5 %."""


def _rate(hits: float, trials: float) -> GroupEstimate:
    return GroupEstimate(hits / trials, hits, trials, lambda confidence: clopper_pearson(hits, trials, confidence))


def _found(rng: np.random.Generator, groups: int, rows: int, gap: float) -> bool:
    """Whether a corrected p-value tells two groups apart; the last group is selected less often."""
    rates = [0.5] * (groups - 1) + [0.5 - gap]
    comparisons = []
    for metric, trials in ((SELECTION, rows), (TRUE_POSITIVE, rows // 2)):
        drawn = {(f"g{i:02}",): _rate(int(rng.binomial(trials, p)), trials) for i, p in enumerate(rates)}
        comparisons.append(PairwiseGaps(metric, drawn))
    ((_, found),) = gaps({("group",): comparisons}, 0.95, ALPHA)
    return any(one.p_adjusted is not None and one.p_adjusted <= ALPHA for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [2, 5, 12])
def test_a_gap_of_a_fifth_is_found_with_500_rows_a_group(groups: int) -> None:
    """A true gap of 0.2 is significant, corrected over all pairs and metrics, in at least 95 % of audits."""
    rng = np.random.default_rng(groups)
    assert np.mean([_found(rng, groups, 500, 0.2) for _ in range(60)]) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "rows"), [(2, 50), (5, 50), (12, 50), (2, 500)])
def test_no_gap_is_rarely_found(groups: int, rows: int) -> None:
    """Where groups are alike, a corrected p-value under 5 % turns up in at most 5 % of audits."""
    rng = np.random.default_rng(100 * groups + rows)
    found = sum(_found(rng, groups, rows, 0.0) for _ in range(100))
    assert binomtest(found, 100, 0.05, "greater").pvalue > MOST_SURPRISE


def test_a_metric_that_is_no_share_is_compared_by_both_intervals() -> None:
    """Square-and-add of the ends of two intervals."""
    ends = {0.6: (0.5, 0.68), 0.8: (0.7, 0.86)}
    rates = {
        (name,): GroupEstimate(value, math.nan, 100.0, lambda confidence, at=value: ends[at])  # type: ignore[misc]
        for name, value in (("a", 0.8), ("b", 0.6))
    }
    one = PairwiseGaps(("roc_auc", 1), rates)
    low, high = one.differences(0.95)
    assert one.pairs == [(("b",), ("a",))]
    assert low[0] == pytest.approx(0.2 - math.hypot(0.1, 0.08))
    assert high[0] == pytest.approx(0.2 + math.hypot(0.06, 0.1))


def test_a_share_is_compared_by_melding_and_has_a_detectable_gap() -> None:
    """The lower share stands first; the interval is that of the higher less the lower."""
    one = PairwiseGaps(SELECTION, {("a",): _rate(60, 100), ("b",): _rate(30, 90)})
    wanted = melded_difference(60, 100, 30, 90, 0.95)
    assert [float(ends[0]) for ends in one.differences(0.95)] == pytest.approx(wanted)
    detectable = one.detectable(0, 0.05)
    assert detectable is not None
    assert 0.15 < detectable < 0.25


def test_every_group_keeps_its_pair_with_the_highest() -> None:
    """Of many pairs the record keeps the widest, and each group beside the highest, whose ratio the report shows."""
    rates = {(f"g{i:02}",): _rate(100 + 10 * i, 1000) for i in range(40)}
    ((_, found),) = gaps({("group",): [PairwiseGaps(SELECTION, rates)]}, 0.95, ALPHA)
    assert {gap.group for gap in found if gap.compared_with == ("g39",)} == set(rates) - {("g39",)}
    assert 100 <= len(found) < 150
    assert max(gap.difference or 0.0 for gap in found) == pytest.approx(0.39)


def test_groups_without_a_value_are_told() -> None:
    """An undefined rate makes no pair and is named."""
    none = GroupEstimate(None, 0.0, 0.0, lambda confidence: (0.0, 1.0))
    one = PairwiseGaps(SELECTION, {("a",): _rate(60, 100), ("b",): none})
    assert (one.pairs, one.undefined) == ([], (("b",),))
    assert list(gaps({("group",): [one]}, 0.95, ALPHA)) == [(("group",), ())]


@pytest.mark.parametrize("metric", [SELECTION, ("roc_auc", 1)])
def test_a_pair_alone_has_the_interval_that_it_has_among_all(metric: MetricKey) -> None:
    """One pair is asked for at many confidences; it costs the others nothing, and its interval is the same."""
    rates = {("a",): _rate(60, 100), ("b",): _rate(30, 90), ("c",): _rate(5, 40)}
    one = PairwiseGaps(metric, rates)
    lows, highs = one.differences(0.99)
    assert [one.difference(pair, 0.99) for pair in range(3)] == [
        pytest.approx(ends) for ends in zip(lows, highs, strict=True)
    ]
    if one.share:
        lows, highs = one.ratios(0.99)
        assert [one.ratio(pair, 0.99) for pair in range(3)] == [
            pytest.approx(ends) for ends in zip(lows, highs, strict=True)
        ]
