"""What a limit is held against: of many pairs, those that decide are found without every exact interval."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_audit.analysis.fairness import comparisons
from llmops_audit.analysis.fairness.comparisons import Comparisons, differences
from llmops_audit.analysis.fairness.gaps import PairwiseGaps
from llmops_audit.analysis.fairness.rates import GroupEstimate, GroupValues
from llmops_audit.check.inputs import Policy
from llmops_audit.record import Op, Requirement
from llmops_audit.stats import clopper_pearson

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
