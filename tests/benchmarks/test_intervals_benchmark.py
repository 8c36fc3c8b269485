"""The study of intervals: its sums are those over every outcome, and it tells a bold interval from an honest one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks import intervals
from llmops_audit import stats
from llmops_audit.stats import clopper_pearson


def test_the_sums_are_those_over_every_outcome() -> None:
    """Leaving out rare outcomes, and taking each once, changes nothing that counts."""
    truth, equal, _ = intervals.KINDS["difference"]
    near, far = intervals.worst(stats.melded_difference, truth, equal, (8, 12), (0.1, 0.5), 0.05)
    x1, x2 = np.arange(9)[:, np.newaxis], np.arange(13)
    low, high = stats.melded_difference(x1, 8, x2, 12, 0.95)
    chances = {(p, q): np.outer(binom.pmf(x1, 8, p), binom.pmf(x2, 12, q)) for p in (0.1, 0.5) for q in (0.1, 0.5)}
    towards = [chances[0.1, 0.5][high < -0.4].sum(), chances[0.5, 0.1][low > 0.4].sum()]
    equals = [chances[p, p][missed].sum() for p in (0.1, 0.5) for missed in (low > 1e-9, high < -1e-9)]
    away = [chances[0.1, 0.5][low > -0.4].sum(), chances[0.5, 0.1][high < 0.4].sum()]
    assert near == pytest.approx(max(*towards, *equals) / 0.025, rel=1e-3)
    assert far == pytest.approx(max(away) / 0.025, rel=1e-3)


@pytest.mark.parametrize("kind", list(intervals.KINDS))
def test_melded_intervals_are_honest_and_others_are_not_always(kind: str) -> None:
    """Far out, and for unequal samples, melded intervals keep what they promise; another one does not."""
    truth, equal, methods = intervals.KINDS[kind]
    errors = {
        name: max(intervals.worst(method, truth, equal, (30, 200), (0.01, 0.1, 0.9, 0.99), 0.001))
        for name, method in methods.items()
    }
    assert errors.pop("melded") <= 1.0
    assert max(errors.values()) > 1.0


def test_limits_of_arrays_are_clopper_and_pearson_s() -> None:
    """The other intervals are made of the limits that the audit shows for one share."""
    low, high = intervals.exact_ends(np.array([0, 3, 9]), 9, 0.025)
    assert [(a, b) for a, b in zip(low, high, strict=True)] == [
        pytest.approx(clopper_pearson(x, 9, 0.95)) for x in (0, 3, 9)
    ]


def test_a_table_has_one_number_a_metric() -> None:
    """Errors of whole tables are multiples of what is allowed: 20 runs give multiples of 2."""
    found = intervals.table_errors(intervals.even(3), 60, 20)
    assert len(found) == len(intervals.METRICS)
    assert all(error == pytest.approx(round(error / 2) * 2) for error in found)
