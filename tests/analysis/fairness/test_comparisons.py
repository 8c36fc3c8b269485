"""What a limit is held against: of many pairs, those that decide are found without every exact interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from llmops_audit.analysis.fairness import comparisons
from llmops_audit.analysis.fairness.comparisons import Comparisons, differences, ratios
from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues
from llmops_audit.check.inputs import Policy
from llmops_audit.record import Op, Requirement
from llmops_audit.stats import clopper_pearson, melded_ratio

POLICY = Policy(confidence=0.95)


def _pairs(seed: int, groups: int) -> Comparisons:
    rng = np.random.default_rng(seed)
    rates: dict[GroupValues, GroupEstimate] = {}
    for number in range(groups):
        trials = int(rng.integers(30, 900))
        hits = int(rng.binomial(trials, rng.uniform(0.4, 0.6)))
        bounds = lambda confidence, x=hits, n=trials: clopper_pearson(x, n, confidence)  # noqa: E731
        rates[f"g{number:02}",] = GroupEstimate(hits / trials, hits, trials, bounds)
    return differences([PairwiseGaps(("selection_rate", 1), rates)])


@pytest.mark.parametrize("limit", [0.02, 0.1, 0.4])
def test_of_many_pairs_the_same_one_decides(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rough intervals put first what exact ones would have found, at a part of the cost."""
    requirement = Requirement(op=Op.AT_MOST, limit=limit)
    for seed in range(3):
        found = _pairs(seed, 14)
        chosen = found.deciding(requirement, POLICY), found.extreme_bounds(requirement, 0.95)
        assert found.bounds.cache_info().currsize < 1_000
        monkeypatch.setattr(comparisons, "MOST_EXACT", 1_000)
        every = _pairs(seed, 14)
        assert (every.deciding(requirement, POLICY), every.extreme_bounds(requirement, 0.95)) == chosen
        monkeypatch.undo()


def test_the_pair_that_decides_has_the_smallest_p_value() -> None:
    """At the confidence at which only one interval still misses the limit, it is that of the pair that decides."""
    requirement = Requirement(op=Op.AT_MOST, limit=0.05)
    found = _pairs(7, 8)
    at = found.deciding(requirement, POLICY)
    for confidence in (0.9, 0.99, 0.999, 0.99999):
        missing = [i for i in range(len(found)) if found.bounds(i, confidence)[0] > 0.05]
        assert at in missing or not missing


def _both_ways(x: int, n: int, x_of_reference: int, n_of_reference: int) -> Comparisons:
    counts = {"group": (x, n), "reference": (x_of_reference, n_of_reference)}
    rates: dict[GroupValues, GroupEstimate] = {
        (name,): GroupEstimate(x / n, x, n, lambda confidence: (0.0, 1.0)) for name, (x, n) in counts.items()
    }
    return ratios([PairwiseGaps(("selection_rate", 1), rates, ("reference",))], both_ways=True)[0]


@pytest.mark.parametrize("counts", [(30, 100), (60, 100), (45, 100), (0, 100), (100, 100), (1, 30)])
def test_a_ratio_in_both_directions_meets_the_limit_where_both_ratios_do(counts: tuple[int, int]) -> None:
    """By the intervals of both ratios: the lower end is that of the worse one, the upper end misses as either does."""
    for confidence in (0.8, 0.95, 0.999):
        low, high = _both_ways(*counts, 45, 100).bounds(0, confidence)
        one, other = melded_ratio(*counts, 45, 100, confidence), melded_ratio(45, 100, *counts, confidence)
        assert low == pytest.approx(min(one[0], other[0]))
        for limit in (0.3, 0.5, 0.8, 0.95, 1.0):
            assert (high < limit) is (one[1] < limit or other[1] < limit)
        assert low <= _both_ways(*counts, 45, 100).values[0] <= high <= 1


@pytest.mark.parametrize(("rate", "limit"), [(0.4 * 0.8, 0.8), (0.4 / 0.8, 0.8), (0.4, 1.0)])
def test_two_directions_share_one_error_rate(rate: float, limit: float) -> None:
    """Summed over all tables: where the true ratio is at the limit, an interval lies beyond it in at most 1 of 5."""
    n, n_of_reference, confidence = 25, 30, 0.8
    wrong = 0.0
    for x in range(n + 1):
        for y in range(n_of_reference + 1):
            found = _both_ways(x, n, y, n_of_reference)
            if len(found) and found.bounds(0, confidence)[1] < limit:
                wrong += binom.pmf(x, n, rate) * binom.pmf(y, n_of_reference, 0.4)
    assert 0.02 < wrong <= 1 - confidence


def _rows_needed() -> list[tuple[float, int, int]]:
    page = (Path(__file__).parents[3] / "docs" / "limits.md").read_text(encoding="utf-8")
    lines = page.split("<!-- rows a group needs -->")[1].split("<!-- /rows")[0].strip().splitlines()[2:]
    return [
        (float(rate), *(int(rows.replace(",", "")) for rows in needed))  # type: ignore[misc]
        for rate, *needed in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    ]


@pytest.mark.parametrize(("rate", "half", "most"), _rows_needed())
def test_the_page_says_how_many_rows_a_group_needs(rate: float, half: int, most: int) -> None:
    """By simulated groups that are treated alike: how often the lower rate over the higher one passes four fifths."""
    for rows, often in ((half, 0.5), (most, 0.9)):
        rng = np.random.default_rng(1)
        x, y = rng.binomial(rows, rate, 400), rng.binomial(4950, rate, 400)
        low, high = melded_ratio(x, rows, y, 4950, 0.95)
        passed = np.mean(np.where(x / rows <= y / 4950, low, 1 / high) >= 0.8)
        assert passed == pytest.approx(often, abs=0.08)
