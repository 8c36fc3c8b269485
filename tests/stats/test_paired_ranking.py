"""Two scores of the same rows: value, width and coverage of the gain in ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llmops_audit import stats

VALUES = {"roc_auc": stats.roc_auc, "average_precision": stats.average_precision}
M = 101


def _tables(old: Any, new: Any, label: Any) -> tuple[Any, Any]:
    sides = []
    for hit in (1, 0):
        table = np.zeros((M, M))
        np.add.at(table, (old[label == hit], new[label == hit]), 1.0)
        sides.append(table)
    return sides[0], sides[1]


def _drawn(rng: np.random.Generator, n: int, noise: float, loss: float = 0.0, share: float = 0.5) -> tuple[Any, Any]:
    label = (rng.random(n) < share).astype(int)
    latent = label * 1.5 + rng.normal(size=n)
    scores = [latent + noise * rng.normal(size=n), latent - loss * label + noise * rng.normal(size=n)]
    binned = [np.clip(np.rint(100 / (1 + np.exp(-(one - 0.75)))), 0, 100).astype(int) for one in scores]
    return _tables(*binned, label)


@pytest.mark.parametrize("name", VALUES)
def test_the_gain_is_the_difference_of_both_values(name: str) -> None:
    """New less old, each from its own bins."""
    pos, neg = _drawn(np.random.default_rng(1), 400, 0.5, 0.5)
    value_of = VALUES[name]
    expected = value_of(pos.sum(axis=0), neg.sum(axis=0)) - value_of(pos.sum(axis=1), neg.sum(axis=1))
    assert stats.ranking_gain(value_of, pos, neg) == pytest.approx(expected)
    assert expected < -0.01


@pytest.mark.parametrize("name", VALUES)
def test_the_spread_is_that_of_a_bootstrap(name: str) -> None:
    """With many rows the interval is about 1.96 standard deviations of resampled gains, and never less."""
    rng = np.random.default_rng(2)
    pos, neg = _drawn(rng, 6000, 0.6)
    value_of = VALUES[name]
    cells = np.concatenate([pos.ravel(), neg.ravel()])
    drawn = rng.multinomial(int(cells.sum()), cells / cells.sum(), size=300).reshape(300, 2, M, M).astype(float)
    spread = float(np.std(stats.ranking_gain(value_of, drawn[:, 0], drawn[:, 1])))
    low, high = stats.ranking_gain_interval(value_of, pos, neg, 0.95)
    assert 0.95 < (high - low) / 2 / (1.96 * spread) < 1.3


@pytest.mark.parametrize("name", VALUES)
def test_equal_scores_leave_room_for_rows_that_were_not_seen(name: str) -> None:
    """Where no row moved the gain is 0, and the interval about as wide as Tango's without a flip."""
    pos, neg = _drawn(np.random.default_rng(3), 1000, 0.0)
    low, high = stats.ranking_gain_interval(VALUES[name], pos, neg, 0.95)
    assert low == pytest.approx(-high)
    tango = stats.paired_difference(0, 0, min(pos.sum(), neg.sum()), 0.95)
    assert tango[1] < high < 2 * tango[1]


def test_without_rows_of_a_side_nothing_is_known() -> None:
    """Only positives have no area."""
    pos, neg = _drawn(np.random.default_rng(4), 100, 0.5)
    assert stats.ranking_gain_interval(stats.roc_auc, pos, neg * 0, 0.95) == (-1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize(
    ("n", "share", "noise", "loss"), [(150, 0.5, 0.5, 0.0), (400, 0.1, 0.3, 0.4), (400, 0.5, 1, 1)]
)
def test_it_covers(name: str, n: int, share: float, noise: float, loss: float) -> None:
    """At 95 % each end misses in at most 4 % of samples, small ones and rare labels included."""
    rng = np.random.default_rng(6)
    value_of = VALUES[name]
    truth = float(stats.ranking_gain(value_of, *_drawn(rng, 400_000, noise, loss, share)))
    ends = [stats.ranking_gain_interval(value_of, *_drawn(rng, n, noise, loss, share), 0.95) for _ in range(400)]
    assert np.mean([low > truth for low, _ in ends]) <= 0.04
    assert np.mean([high < truth for _, high in ends]) <= 0.04
