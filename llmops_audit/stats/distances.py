"""Distances between two samples by counts in cells, what chance makes of them, and how far they can be trusted.

Tables are counts of two samples in b cells, (r, 2, b): reference first. Every distance equals that of Evidently on the
rows that the table counts, so that shuffles can be compared with what Evidently measured.

References
----------
Endres, Schindelin (2003). A new metric for probability distributions. IEEE Transactions on Information Theory 49.
Siddiqi (2006). Credit Risk Scorecards, chapter 6 (population stability index).
Phipson, Smyth (2010). Permutation p-values should never be zero. Statistical Applications in Genetics and Molecular
Biology 9.
Besag, Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from llmops_audit.stats.resampling import permutation_tables

__all__ = [
    "MAX_RESAMPLES",
    "RESAMPLES",
    "Shuffled",
    "bootstrap_error",
    "hellinger",
    "jensen_shannon",
    "permutation_test",
    "population_stability",
    "total_variation",
    "wasserstein",
]

Tables = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Statistic = Callable[[Tables], FloatArray]

RESAMPLES = 99
MAX_RESAMPLES = 99_999
SURE_ENOUGH = 10
"""Shuffles at least as far apart from which a p-value is no candidate for rejection, so that more are not needed."""

SMALLEST_SPREAD = 0.001
SMALLEST_SHARE = 0.0001
SMALLER_YET = 10**6
"""Evidently's stand-ins: for the standard deviation of a constant, and for empty cells."""

BLOCK = 2_000_000
ROUNDING = 1e-12


class Shuffled(NamedTuple):
    """A distance beside those of rows shuffled between the two samples.

    Attributes
    ----------
    p_value : float
        Share of shuffles at least as far apart, the observed one counted in, so that it is valid and never 0.
    mean, spread : float
        Of the shuffles' distances; the spread is their standard deviation.
    """

    p_value: float
    mean: float
    spread: float


def _shares(tables: Tables) -> tuple[FloatArray, FloatArray]:
    shares = tables / tables.sum(axis=2, keepdims=True)
    return shares[:, 0], shares[:, 1]


def total_variation(tables: Tables) -> FloatArray:
    """Return the total variation distance, (r,): the share of rows that would have to change; 0 to 1."""
    p, q = _shares(tables)
    return np.asarray(np.abs(p - q).sum(axis=1) / 2, dtype=np.float64)


def jensen_shannon(tables: Tables) -> FloatArray:
    """Return the Jensen-Shannon distance, (r,): root of the divergence, natural logarithm; 0 to 0.83."""
    p, q = _shares(tables)
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / 2
    return np.asarray(np.sqrt(np.maximum(divergence, 0)), dtype=np.float64)


def hellinger(tables: Tables) -> FloatArray:
    """Return the Hellinger distance, (r,); 0 to 1."""
    p, q = _shares(tables)
    return np.asarray(np.sqrt(1.0 - np.minimum(np.sqrt(p * q).sum(axis=1), 1.0)), dtype=np.float64)


def population_stability(tables: Tables) -> FloatArray:
    """Return the population stability index, (r,), with Evidently's stand-in for empty cells; 0 and more."""
    p, q = (_without_zeros(shares) for shares in _shares(tables))
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=1), dtype=np.float64)


def _without_zeros(shares: FloatArray) -> FloatArray:
    least = np.where(shares > 0.0, shares, np.inf).min(axis=1, keepdims=True)
    stand_in = np.where(least <= SMALLEST_SHARE, least / SMALLER_YET, SMALLEST_SHARE)
    return np.where(shares > 0.0, shares, stand_in)


def wasserstein(tables: Tables, values: FloatArray) -> FloatArray:
    """Return the first Wasserstein distance in standard deviations of the reference.

    Parameters
    ----------
    tables : numpy array of int, (r, 2, b)
    values : numpy array of float64, (b,)
        What the rows of each cell measure, ascending.

    Returns
    -------
    numpy array of float64, (r,)
        Area between the two distribution functions over the standard deviation, at least 0.001, of the reference.
    """
    p, q = _shares(tables)
    apart = np.abs(np.cumsum(p - q, axis=1)[:, :-1]) @ np.diff(values)
    mean = p @ values
    spread = np.sqrt(np.maximum(p @ values**2 - mean**2, 0.0))
    return np.asarray(apart / np.maximum(spread, SMALLEST_SPREAD), dtype=np.float64)


def permutation_test(
    table: Tables, observed: float, statistic: Statistic, rng: np.random.Generator, most: int = MAX_RESAMPLES
) -> Shuffled:
    """Compare a distance with those of rows shuffled between the two samples.

    Parameters
    ----------
    table : numpy array of int, (2, b) or (s, 2, b)
        Of several, rows are shuffled within each, and their sum is compared.
    observed : float
        Its distance.
    statistic : callable
        Tables, (r, 2, b), to distances, (r,).
    rng : numpy.random.Generator
    most : int
        Shuffles at most: after the first 99 more are drawn where these leave the p-value small.
    """
    strata = table.reshape(-1, 2, table.shape[-1])

    def shuffles(draws: int) -> FloatArray:
        drawn = permutation_tables(strata[0], draws, rng)
        for one in strata[1:]:
            drawn += permutation_tables(one, draws, rng)
        return statistic(drawn)

    def at_least_as_far(distances: FloatArray) -> int:
        return int((distances >= observed - ROUNDING).sum())

    first = shuffles(RESAMPLES)
    far, drawn = at_least_as_far(first), RESAMPLES
    size = max(1, BLOCK // table.shape[-1])
    while far < SURE_ENOUGH and drawn < most:
        # Ten times as many each time, so that few are drawn where few are needed.
        draws = min(size, 9 * drawn, most - drawn)
        far += at_least_as_far(shuffles(draws))
        drawn += draws
    return Shuffled((far + 1) / (drawn + 1), float(first.mean()), float(first.std()))


def bootstrap_error(table: Tables, statistic: Statistic, rng: np.random.Generator) -> float:
    """Return the standard error of the distance of two samples, by a bootstrap of each.

    Parameters
    ----------
    table : numpy array of int, (2, b)
    statistic : callable
        Tables, (r, 2, b), to distances, (r,).
    rng : numpy.random.Generator
    """
    resampled = [rng.multinomial(row.sum(), row / row.sum(), size=RESAMPLES) for row in table]
    return float(statistic(np.stack(resampled, axis=1)).std())
