"""Distances of counts: Evidently's and SciPy's numbers, shuffles that keep their level, and bootstrap errors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import wasserstein_distance

from llmops_audit.stats import (
    RESAMPLES,
    bootstrap_error,
    hellinger,
    jensen_shannon,
    permutation_test,
    population_stability,
    total_variation,
    wasserstein,
)

DISTANCES = (total_variation, jensen_shannon, hellinger, population_stability)
COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=8).filter(
    lambda cells: min(sum(cell[0] for cell in cells), sum(cell[1] for cell in cells)) > 0
)


def _table(cells: list[tuple[int, int]]) -> np.ndarray:
    return np.array(cells, dtype=np.int64).T


@given(COUNTS)
def test_distances_are_those_of_scipy(cells: list[tuple[int, int]]) -> None:
    """Jensen-Shannon, Hellinger and total variation equal a second implementation on the shares."""
    table = _table(cells)
    p, q = table / table.sum(axis=1, keepdims=True)
    assert jensen_shannon(table[None])[0] == pytest.approx(distance.jensenshannon(p, q), abs=1e-7)
    assert hellinger(table[None])[0] == pytest.approx(distance.euclidean(np.sqrt(p), np.sqrt(q)) / 2**0.5, abs=1e-7)
    assert total_variation(table[None])[0] == pytest.approx(distance.cityblock(p, q) / 2, abs=1e-12)


@given(COUNTS)
def test_wasserstein_is_that_of_scipy(cells: list[tuple[int, int]]) -> None:
    """The Wasserstein distance of cells equals SciPy's on the rows, over the reference's standard deviation."""
    table = _table(cells)
    values = np.cumsum(np.arange(1.0, len(cells) + 1.0))
    old, new = (np.repeat(values, counts) for counts in table)
    wanted = wasserstein_distance(old, new) / max(old.std(), 0.001)
    assert wasserstein(table[None], values)[0] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(COUNTS)
def test_equal_shares_have_no_distance(cells: list[tuple[int, int]]) -> None:
    """A sample and the same three times over are at distance 0, and another order of cells changes no distance."""
    old = np.array([cell[0] for cell in cells], dtype=np.int64)
    same, table = np.stack([old, 3 * old]), _table(cells)
    for measure in DISTANCES:
        assert measure(same[None])[0] == pytest.approx(0.0, abs=1e-7)
        assert measure(table[None, :, ::-1])[0] == pytest.approx(measure(table[None])[0], abs=1e-7)


@pytest.mark.parametrize("measure", DISTANCES)
@pytest.mark.parametrize("sizes", [(60, 60), (500, 40)])
def test_shuffles_keep_the_level(measure: object, sizes: tuple[int, int]) -> None:
    """Without drift about one p-value in ten is at most 0.1, and the mean of shuffles is the mean of distances."""
    rng = np.random.default_rng(3)
    shares = [0.4, 0.3, 0.2, 0.1]
    p_values, effects = [], []
    for _ in range(400):
        table = np.stack([rng.multinomial(n, shares) for n in sizes])
        observed = float(measure(table[None])[0])  # type: ignore[operator]
        shuffled = permutation_test(table, observed, measure, rng, RESAMPLES)  # type: ignore[arg-type]
        p_values.append(shuffled.p_value)
        effects.append(observed - shuffled.mean)
    assert 0.06 < np.mean(np.array(p_values) <= 0.1) < 0.14
    assert abs(np.mean(effects)) < 3 * np.std(effects) / 20


def test_more_shuffles_make_small_p_values_exact() -> None:
    """A difference that shuffles never reach gets the smallest p-value that all of them allow, and no smaller one."""
    table = np.array([[100, 0], [0, 100]])
    observed = float(total_variation(table[None])[0])
    few = permutation_test(table, observed, total_variation, np.random.default_rng(0), RESAMPLES)
    many = permutation_test(table, observed, total_variation, np.random.default_rng(0), 20_000)
    assert few.p_value == 1 / (RESAMPLES + 1)
    assert many.p_value == 1 / 20_001


def test_the_bootstrap_gives_the_standard_error() -> None:
    """Where samples differ, the bootstrap's standard error is that of repeated samples."""
    rng = np.random.default_rng(4)
    shares = [0.6, 0.3, 0.1], [0.3, 0.3, 0.4]
    tables = [np.stack([rng.multinomial(300, p) for p in shares]) for _ in range(600)]
    wanted = np.std([total_variation(table[None])[0] for table in tables])
    found = np.mean([bootstrap_error(table, total_variation, rng) for table in tables[:30]])
    assert found == pytest.approx(wanted, rel=0.1)


def test_the_same_generator_gives_the_same_numbers() -> None:
    """Shuffles and resamples hang on the generator alone."""
    table = np.array([[50, 20, 5], [20, 50, 9]])
    measure = partial(wasserstein, values=np.array([0.0, 1.0, 5.0]))
    first, second = (permutation_test(table, 0.3, measure, np.random.default_rng(1)) for _ in range(2))
    assert first == second
