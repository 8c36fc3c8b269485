"""Distances that equal Evidently's, p-values valid for any numbers of rows, and effects that can be trusted."""

from __future__ import annotations

import math
import warnings
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact, ks_2samp

from llmops_audit import stats
from llmops_audit.analysis.drift import measures
from llmops_audit.analysis.drift.measures import (
    CATEGORY_METHODS,
    FLOORS,
    NUMBER_METHODS,
    DistanceName,
    Measurement,
    clipped,
    compare_categories,
    compare_numbers,
    difference_of_shares,
    share_of_new,
)

LEVEL = 1e-5


@pytest.fixture(scope="module", autouse=True)
def evidently() -> None:
    """Import it once: some of the names that it uses are deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evidently.legacy.calculations.stattests  # noqa: F401


def _numbers(seed: int, n: int, m: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=m) + shift


def _codes(seed: int, n: int, m: int, kinds: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, kinds, n), rng.integers(0, kinds, m)


def _by_hand(method: DistanceName, old: np.ndarray, new: np.ndarray, numeric: bool) -> float:
    from evidently.legacy.calculations import stattests
    from evidently.legacy.core import ColumnType

    given = pd.Series(old), pd.Series(new)
    if method == "total_variation":
        return float(stattests.tvd_stattest._total_variation_distance(*given))
    statistic = {
        "wasserstein": stattests.wasserstein_stat_test,
        "jensenshannon": stattests.jensenshannon_stat_test,
        "psi": stattests.psi_stat_test,
        "hellinger": stattests.hellinger_stat_test,
    }[method]
    kind = ColumnType.Numerical if numeric else ColumnType.Categorical
    return float(statistic(*given, kind, None).drift_score)


@pytest.mark.parametrize("method", NUMBER_METHODS)
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_distances_of_numbers_are_evidently_s(method: DistanceName, shift: float) -> None:
    """The distance of numbers equals Evidently called by hand on the same rows, for every method."""
    old, new = clipped(*_numbers(1, 500, 200, shift))
    found = compare_numbers(old, new, method, np.random.default_rng(0), LEVEL)
    assert found.distance == pytest.approx(_by_hand(method, old, new, True), abs=1e-12)


@pytest.mark.parametrize("method", NUMBER_METHODS)
def test_distances_of_a_few_whole_numbers_are_evidently_s(method: DistanceName) -> None:
    """So it does for whole numbers of few values, which Evidently bins in another way."""
    old, new = (codes.astype(float) for codes in _codes(2, 300, 100))
    found = compare_numbers(old, new, method, np.random.default_rng(0), LEVEL)
    assert found.distance == pytest.approx(_by_hand(method, old, new, True), abs=1e-12)


@pytest.mark.parametrize("method", CATEGORY_METHODS)
def test_distances_of_categories_are_evidently_s(method: DistanceName) -> None:
    """The distance of categories equals Evidently called by hand on the same rows, for every method."""
    old, new = _codes(3, 300, 150)
    new = np.where(new == 4, 7, new)
    found = compare_categories(old, new, method, np.random.default_rng(0), LEVEL)
    assert found.distance == pytest.approx(_by_hand(method, old, new, False), abs=1e-12)


@pytest.mark.parametrize("method", NUMBER_METHODS)
@pytest.mark.parametrize("distinct", [5, 100, 10_000])
def test_shuffled_cells_have_the_distance_of_the_rows(method: DistanceName, distinct: int) -> None:
    """The cells that are shuffled are at the distance that Evidently gives for the rows, or nearly (Wasserstein)."""
    rng = np.random.default_rng(4)
    old, new = (np.round(values * distinct / 6) for values in _numbers(5, 900, 400, 0.4))
    table, statistic = measures._cells(old, new, method)
    assert table.sum(axis=1).tolist() == [900, 400]
    found = float(statistic(table[np.newaxis])[0])
    wanted = compare_numbers(old, new, method, rng, LEVEL).distance
    assert found == pytest.approx(_by_hand(method, old, new, True), rel=0.03 if method == "wasserstein" else 1e-9)
    assert found == pytest.approx(wanted, rel=0.03)


def test_evidently_changes_no_rows() -> None:
    """Rows are as before, though Evidently's Hellinger distance drops missing ones in place."""
    old, new = pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 5.0])
    before = old.copy(), new.copy()
    measures.evidently_distance("hellinger", old, new, numeric=True)
    assert old.equals(before[0])
    assert new.equals(before[1])


@pytest.mark.parametrize("method", ["wasserstein", "total_variation"])
@pytest.mark.parametrize("sizes", [(50, 50), (300, 50)])
@pytest.mark.slow
def test_p_values_are_valid_and_effects_unbiased(method: DistanceName, sizes: tuple[int, int]) -> None:
    """Without drift at most about 5 % of p-values are at most 0.05, and the mean effect is about 0."""
    rng = np.random.default_rng(6)
    p_values, effects = [], []
    for seed in range(100):
        numeric = method in NUMBER_METHODS
        old, new = _numbers(seed, *sizes) if numeric else _codes(seed, *sizes)
        compare = compare_numbers if numeric else compare_categories
        found: Measurement = compare(old, new, method, rng, LEVEL)
        p_values.append(found.p_value)
        effects.append(found.effect)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1
    assert abs(np.mean(effects)) < 4 * np.std(effects) / math.sqrt(len(effects))


@pytest.mark.slow
def test_the_interval_covers_the_distance_of_populations() -> None:
    """At 95 %, the interval holds the true distance of shifted populations about so often, or more."""
    rng = np.random.default_rng(7)
    covered = []
    for seed in range(100):
        low, high = compare_numbers(*_numbers(seed, 400, 300, 0.5), "wasserstein", rng, LEVEL).interval(0.95)
        covered.append(low <= 0.5 <= high)
    assert np.mean(covered) >= 0.9


def test_p_values_are_twice_the_smaller_of_two() -> None:
    """They are twice the smaller of SciPy's exact test and of shuffles, which a certain difference does not need."""
    old, new = _numbers(8, 200, 100, 1.0)
    found = compare_numbers(old, new, "wasserstein", np.random.default_rng(0), LEVEL)
    assert found.p_value == pytest.approx(2 * ks_2samp(old, new, method="exact").pvalue)
    codes = np.repeat([0, 1], 50), np.repeat([0, 1], [10, 90])
    found = compare_categories(*codes, "total_variation", np.random.default_rng(0), LEVEL)
    one_sided = fisher_exact([[50, 50], [10, 90]], alternative="greater").pvalue
    assert found.p_value == pytest.approx(2 * 2 * one_sided)


def test_many_pairs_of_rows_are_tested_asymptotically() -> None:
    """Above a million pairs of rows the asymptotic test stands in, and gives nearly the exact p-value."""
    old, new = _numbers(9, 2_000, 600, 0.08)
    assert measures._kolmogorov_smirnov(old, new) == pytest.approx(ks_2samp(old, new, method="exact").pvalue, rel=0.1)


def test_far_values_do_not_outweigh_all_others() -> None:
    """One broken value changes the distance by little, infinity as well, and constants stay as they are."""
    old, new = _numbers(10, 500, 500)
    plain = compare_numbers(old, new, "wasserstein", np.random.default_rng(0), LEVEL).distance
    for broken in (1e12, math.inf):
        found = compare_numbers(old, np.append(new, broken), "wasserstein", np.random.default_rng(0), LEVEL)
        assert found.distance == pytest.approx(plain, abs=0.05)
    constant, jump = np.zeros(100), np.append(np.zeros(99), 3.0)
    assert [part.tolist() for part in clipped(constant, jump)] == [constant.tolist(), jump.tolist()]
    assert np.isfinite(np.concatenate(clipped(constant, np.array([1.0, math.inf, -math.inf])))).all()


def test_rare_categories_count_as_one() -> None:
    """Beyond the fifty most frequent categories the rest is pooled, whichever sample it stands in."""
    old = np.concatenate([np.repeat(np.arange(50), 10), np.arange(50, 80)])
    new = np.concatenate([np.repeat(np.arange(50), 10), np.arange(80, 110)])
    found = compare_categories(old, new, "total_variation", np.random.default_rng(0), LEVEL)
    assert found.distance == 0.0


def test_shares_are_compared_by_a_second_implementation() -> None:
    """A difference of shares has Fisher's p-value and the melded interval, and its mean under no drift is simulated."""
    found = difference_of_shares(10, 200, 45, 300)
    assert found.distance == pytest.approx(0.1)
    assert found.p_value == pytest.approx(stats.fisher_exact(10, 200, 45, 300))
    assert found.interval(0.95) == pytest.approx(stats.melded_difference(45, 300, 10, 200, 0.95))
    rng = np.random.default_rng(11)
    x, y = rng.binomial(200, 0.11, 4_000), rng.binomial(300, 0.11, 4_000)
    assert found.expected == pytest.approx(np.mean(np.abs(x / 200 - y / 300)), rel=0.05)
    assert found.null_spread == pytest.approx(np.std(np.abs(x / 200 - y / 300)), rel=0.05)


def test_a_fall_is_as_far_as_a_rise() -> None:
    """The distance of shares has no direction, and an interval that holds 0 begins at 0."""
    rise, fall = difference_of_shares(10, 200, 45, 300), difference_of_shares(45, 300, 10, 200)
    assert rise.bounds(0.95) == pytest.approx(fall.bounds(0.95))
    assert difference_of_shares(10, 100, 11, 100).interval(0.95)[0] == 0.0


def test_the_share_of_new_has_an_exact_interval() -> None:
    """Its interval is Clopper and Pearson's, less what shuffles make new."""
    found = share_of_new(stats.Novelty(20, 0.01, 0.001), 500, 100)
    low, high = stats.clopper_pearson(20, 100, 0.95)
    assert found.bounds(0.95) == pytest.approx((low - 0.01, high - 0.01))


@pytest.mark.slow
def test_the_detectable_effect_is_found_four_times_in_five() -> None:
    """A shift of the detectable size fails in about 80 % of samples, by both of its conditions."""
    level, floor, rng = 0.01, FLOORS["wasserstein"], np.random.default_rng(12)
    wanted = compare_numbers(*_numbers(0, 400, 400), "wasserstein", rng, LEVEL).detectable(floor, 0.95, level)
    hits = []
    for seed in range(1, 100):
        found = compare_numbers(*_numbers(seed, 400, 400, wanted + 0.07), "wasserstein", rng, level)
        # Without drift the distance is about 0.07; the effect is what goes beyond it.
        hits.append(found.p_value <= level and found.bounds(0.95)[0] > floor)
    assert 0.65 < np.mean(hits) <= 0.97


def test_every_method_has_a_floor() -> None:
    """Whatever is measured has an effect from which it matters."""
    assert {*get_args(DistanceName), "difference", "roc_auc"} == set(FLOORS)
