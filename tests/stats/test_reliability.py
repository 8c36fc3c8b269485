"""Calibration error, Brier score and log loss: against other implementations and simulated truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from llmops_audit import stats

Floats = NDArray[np.float64]
Rng = np.random.Generator


def forecasts(scores: Floats, labels: Floats) -> stats.Forecasts:
    """Rows with one bin for each score."""
    values, place = np.unique(scores, return_inverse=True)
    return stats.Forecasts(np.bincount(place, labels), np.bincount(place, 1.0 - labels), values, values)


def sample(n: int, seed: int, kind: str = "uniform") -> tuple[Floats, Floats]:
    """Scores and outcomes that do not quite follow them."""
    rng = np.random.default_rng(seed)
    scores = rng.random(n) if kind == "uniform" else rng.beta(0.3, 0.8, n)
    return scores, (rng.random(n) < scores**1.3).astype(float)


rows = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=120)


@given(rows)
def test_brier_score_is_that_of_scikit_learn_and_its_parts_add_up(drawn: list[tuple[float, bool]]) -> None:
    """The value equals scikit-learn's, and the five parts add up to it exactly."""
    scores, labels = np.array(drawn, dtype=float).T
    found = stats.brier_score(forecasts(scores, labels))
    assert found.value == pytest.approx(sk.brier_score_loss(labels, scores, pos_label=1), abs=1e-12)
    parts = found.reliability - found.resolution + found.uncertainty
    assert parts + found.within_variance - found.within_covariance == pytest.approx(found.value, abs=1e-12)
    assert min(found.reliability, found.resolution, found.uncertainty, found.within_variance) >= -1e-12


def test_murphy_s_parts_alone_add_up_where_bins_hold_one_score() -> None:
    """With a score for each bin nothing is hidden within, as in Murphy (1973)."""
    scores = np.repeat([0.1, 0.4, 0.8], 100)
    labels = np.tile([1.0] + [0.0] * 4, 60)
    found = stats.brier_score(forecasts(scores, labels), 3)
    assert found.within_variance == pytest.approx(0.0, abs=1e-12)
    assert found.within_covariance == pytest.approx(0.0, abs=1e-12)
    assert found.reliability == pytest.approx(np.mean((np.array([0.1, 0.4, 0.8]) - 0.2) ** 2))
    assert found.resolution == pytest.approx(0.0, abs=1e-12)
    assert found.uncertainty == pytest.approx(0.2 * 0.8)
    assert found.skill == pytest.approx(1 - found.value / (0.2 * 0.8))


def test_log_loss_is_that_of_scikit_learn() -> None:
    """The value equals scikit-learn's, and being sure and wrong is infinite."""
    scores, labels = sample(500, 1)
    assert stats.log_loss(forecasts(scores, labels)) == pytest.approx(sk.log_loss(labels, scores))
    assert stats.log_loss(forecasts(np.array([0.0, 1.0]), np.array([0.0, 1.0]))) == 0.0
    assert stats.log_loss(forecasts(np.array([0.0, 1.0]), np.array([1.0, 1.0]))) == math.inf


@pytest.mark.parametrize("kind", ["uniform", "skewed"])
def test_the_curve_is_that_of_scikit_learn(kind: str) -> None:
    """Mean scores and observed shares in 15 bins of equally many rows equal scikit-learn's quantile bins."""
    scores, labels = sample(1500, 2, kind)
    curve = stats.reliability_curve(forecasts(scores, labels), 0.95)
    shares, means = calibration_curve(labels, scores, n_bins=15, strategy="quantile")
    assert [score for score, *_ in curve] == pytest.approx(means.tolist(), abs=1e-9)
    assert [share for _, share, *_ in curve] == pytest.approx(shares.tolist(), abs=1e-9)
    assert [n for *_, n in curve] == [100.0] * 15
    assert curve[3][2] == stats.clopper_pearson(round(shares[3] * 100), 100, 0.95)


@given(rows, st.integers(1, 20))
def test_the_plug_in_error_is_that_of_a_loop(drawn: list[tuple[float, bool]], bins: int) -> None:
    """Walking over rows in order of score gives the same bins and the same mean distance."""
    drawn = sorted(drawn)
    used = max(1, min(bins, len(drawn) // 20))
    parts: dict[int, list[tuple[float, bool]]] = {}
    for score, label in drawn:
        places = [i for i, (other, _) in enumerate(drawn) if other == score]
        middle = (places[0] + places[-1] + 1) / 2
        parts.setdefault(min(used - 1, math.floor(middle / len(drawn) * used)), []).append((score, label))
    expected = 0.0
    for part in parts.values():
        expected += abs(sum(score for score, _ in part) - sum(label for _, label in part)) / len(drawn)
    scores, labels = np.array(drawn, dtype=float).T
    assert stats.calibration_error(forecasts(scores, labels), bins).plug_in == pytest.approx(expected, abs=1e-9)


def test_the_correction_is_what_resampling_gives() -> None:
    """Twice the plug-in error less its mean over normal draws around it, as Kumar, Liang and Ma simulate it."""
    rng = np.random.default_rng(3)
    means, shares, n = np.array([0.2, 0.5, 0.7]), np.array([0.16, 0.44, 0.7]), 200
    bins = forecasts(np.repeat(means, n), np.concatenate([np.arange(n) < round(n * share) for share in shares]) * 1.0)
    found = stats.calibration_error(bins, 3)
    nearest = np.where(abs(shares - 0.5) < abs(means - 0.5), shares, means)
    errors = np.sqrt(nearest * (1 - nearest) / n)
    drawn = np.abs(rng.normal(shares - means, errors, (400_000, 3))).mean()
    assert found.plug_in == pytest.approx(np.abs(shares - means).mean())
    assert found.corrected == pytest.approx(2 * found.plug_in - drawn, abs=1e-4)


def test_the_correction_takes_most_of_a_third_of_the_bias() -> None:
    """Of perfectly calibrated scores the corrected error is on average at most 0.62 of the observed one."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        scores = rng.random(1000)
        found.append(stats.calibration_error(forecasts(scores, (rng.random(1000) < scores).astype(float))))
    plug_in, corrected = np.mean([[one.plug_in, one.corrected] for one in found], axis=0)
    assert 0.5 * plug_in < corrected < 0.62 * plug_in


@given(
    rows, st.floats(0.5, 0.999), st.floats(0.5, 0.999), st.sampled_from([stats.calibration_error, stats.brier_score])
)
def test_interval_laws(
    drawn: list[tuple[float, bool]],
    a: float,
    b: float,
    measure: Callable[[stats.Forecasts], stats.CalibrationError | stats.BrierScore],
) -> None:
    """The value is inside, and more confidence widens."""
    scores, labels = np.array(drawn, dtype=float).T
    found = measure(forecasts(scores, labels))
    value = found.value if isinstance(found, stats.BrierScore) else found.corrected
    narrow, wide = found.bounds(min(a, b)), found.bounds(max(a, b))
    assert 0.0 <= wide[0] <= narrow[0] <= value + 1e-12
    assert value - 1e-12 <= narrow[1] <= wide[1] <= 1.0


def test_what_has_no_value_is_undefined_and_unbounded() -> None:
    """Without rows there is no error, no score and no bound."""
    none = forecasts(np.empty(0), np.empty(0))
    error, brier = stats.calibration_error(none), stats.brier_score(none)
    assert math.isnan(error.plug_in)
    assert math.isnan(error.corrected)
    assert math.isnan(brier.value)
    assert error.bounds(0.95) == brier.bounds(0.95) == (0.0, 1.0)
    assert math.isnan(stats.log_loss(none))
    assert stats.reliability_curve(none, 0.95) == []
    known = stats.calibration_error(forecasts(np.array([0.5]), np.array([1.0])))
    assert stats.CalibrationError.mean([known, error]).bounds(0.95) == (0.0, 1.0)


def test_a_design_effect_is_fewer_rows() -> None:
    """Every row four times, with a design effect of 4, has the interval of the rows once."""
    scores, labels = sample(900, 5)
    once, often = forecasts(scores, labels), forecasts(np.repeat(scores, 4), np.repeat(labels, 4))
    for measure in (stats.calibration_error, stats.brier_score):
        assert measure(often, 15, 4.0).bounds(0.95) == pytest.approx(measure(once).bounds(0.95))


def test_the_design_effect_of_copies_is_their_number() -> None:
    """Where every unit holds four equal rows, four rows are worth about one; of independent rows each is worth one."""
    rng = np.random.default_rng(6)
    scores = rng.integers(1, 20, 2000) / 20
    labels = rng.random(2000) < scores
    unit = rng.integers(0, 256, 2000)
    table = np.zeros((256, 2, 20))
    np.add.at(table, (unit, np.where(labels, 0, 1), (scores * 20).round().astype(int)), 1.0)
    grid = np.arange(20) / 20
    assert 1.0 <= stats.calibration_design_effect(table, grid) < 1.5
    assert 3.5 < stats.calibration_design_effect(4.0 * table, grid) < 6.0


Model = tuple[Callable[[Rng, int], Floats], Callable[[Floats], Floats]]
MODELS: dict[str, Model] = {
    "calibrated": (lambda rng, n: rng.random(n), lambda s: s),
    "calibrated, sure": (lambda rng, n: rng.beta(0.05, 0.05, n), lambda s: s),
    "calibrated, unsure": (lambda rng, n: rng.beta(50, 50, n), lambda s: s),
    "calibrated, rare": (lambda rng, n: rng.beta(1, 99, n), lambda s: s),
    "calibrated, constant": (lambda rng, n: np.full(n, 0.01), lambda s: s),
    "too high": (lambda rng, n: rng.random(n) * 0.8 + 0.1, lambda s: s - 0.1),
    "too high, rare": (lambda rng, n: rng.beta(1, 49, n) + 0.02, lambda s: s - 0.02),
    "rare and never expected": (lambda rng, n: rng.random(n) * 1e-4, lambda s: s * 0 + 0.03),
    "too sure": (lambda rng, n: rng.beta(0.5, 0.5, n), lambda s: 0.3 + 0.4 * s),
    "sure without doubt": (lambda rng, n: (rng.random(n) < 0.5) * 1.0, lambda s: 0.05 + 0.9 * s),
    "half of it not sure enough": (lambda rng, n: np.where(rng.random(n) < 0.5, 0.8, 0.999), lambda s: s * 0 + 0.999),
    "a tenth wrong": (lambda rng, n: np.where(rng.random(n) < 0.1, 0.02, 0.6), lambda s: np.where(s < 0.5, 0.9, s)),
}


def missed(name: str, n: int, confidence: float, runs: int) -> Floats:
    """How often the lower and the upper bound miss the truth: of the calibration error, then of the Brier score."""
    draw, chance = MODELS[name]
    rng = np.random.default_rng([n, len(name)])
    scores = draw(rng, 200_000)
    brier = float(((scores - chance(scores)) ** 2 + chance(scores) * (1 - chance(scores))).mean())
    found = np.zeros(4)
    for _ in range(runs):
        scores = draw(rng, n)
        chances = chance(scores)
        values, place = np.unique(scores, return_inverse=True)
        # The error in truth of the very bins: each row in part a positive and in part a negative.
        truth = stats.Forecasts(np.bincount(place, chances), np.bincount(place, 1 - chances), values, values)
        error = stats.calibration_error(truth).plug_in
        drawn = forecasts(scores, (rng.random(n) < chances).astype(float))
        bounds = stats.calibration_error(drawn).bounds(confidence), stats.brier_score(drawn).bounds(confidence)
        found[:2] += bounds[0][0] > error + 1e-12, bounds[0][1] < error - 1e-12
        found[2:] += bounds[1][0] > brier + 1e-9, bounds[1][1] < brier - 1e-9
    return found / runs


def at_most(share: float, runs: int) -> float:
    """What may be seen of so rare an event: three standard errors more."""
    return share + 3 * math.sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_bounds_hold(name: str) -> None:
    """At 95 % each bound misses in at most 2.5 % of runs with 200 rows, calibrated or not."""
    assert missed(name, 200, 0.95, 300).max() <= at_most(0.025, 300)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("n", [50, 100, 500, 1000, 5000, 20_000])
def test_the_bounds_hold_over_the_grid(name: str, n: int) -> None:
    """At 95 % each bound of the calibration error misses in at most 2.5 %, of the Brier score in at most 3.5 %."""
    runs = 2000 if n <= 1000 else 400
    found = missed(name, n, 0.95, runs)
    assert found[:2].max() <= at_most(0.025, runs)
    assert found[2:].max() <= at_most(0.035, runs)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MODELS))
def test_rejections_are_as_rare_as_asked(name: str) -> None:
    """At 99.9 % the lower bound of the calibration error exceeds the truth in at most 1 of 2,000 runs."""
    assert missed(name, 300, 0.999, 4000)[0] <= at_most(0.0005, 4000)


def test_a_good_classifier_is_not_inconclusive() -> None:
    """Of 1,000 rows of calibrated scores, the least sure ones included, 95 in 100 samples keep a limit of 0.1."""
    for name in ("calibrated", "calibrated, unsure"):
        draw, chance = MODELS[name]
        rng = np.random.default_rng(7)
        kept = 0
        for _ in range(200):
            scores = draw(rng, 1000)
            drawn = forecasts(scores, (rng.random(1000) < chance(scores)).astype(float))
            kept += stats.calibration_error(drawn).bounds(0.95)[1] <= 0.1
        assert kept >= 190, name


def test_a_bad_classifier_is_found_out() -> None:
    """An error of 0.19 is above a limit of 0.1 for over 9 in 10 samples of 1,000 rows, at a corrected 99 %."""
    draw, chance = MODELS["too sure"]
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(100):
        scores = draw(rng, 1000)
        drawn = forecasts(scores, (rng.random(1000) < chance(scores)).astype(float))
        found += stats.calibration_error(drawn).bounds(0.99)[0] > 0.1
    assert found > 90


def test_the_mean_over_classes_lies_within_its_ends() -> None:
    """The mean of class-wise errors has the means of their estimates and bounds."""
    parts = [stats.calibration_error(forecasts(*sample(800, seed))) for seed in (1, 2, 3)]
    mean = stats.CalibrationError.mean(parts)
    assert mean.plug_in == pytest.approx(np.mean([part.plug_in for part in parts]))
    assert mean.bounds(0.95)[1] == pytest.approx(np.mean([part.bounds(0.95)[1] for part in parts]))
