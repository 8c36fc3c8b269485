"""Distances between two samples, what chance makes of them, and how far they can be trusted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from llmops_audit.stats.resampling import permutation_tables

__all__ = ["bootstrap_error", "jensen_shannon", "permutation_test"]

RESAMPLES = 999
MOST_RESAMPLES = 99_999
SURE_ENOUGH = 10
"""Shuffles at least as far apart from which a p-value is no candidate for rejection, so that more are not needed."""

BLOCK = 2_000_000
ROUNDING = 1e-12


def jensen_shannon(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the Jensen-Shannon distance of the two rows of each table.

    Parameters
    ----------
    tables : numpy array of int, (r, 2, b)
        Counts of two samples in b bins.

    Returns
    -------
    numpy array of float64, (r,)
        Square root of the divergence, natural logarithm: 0 to 0.83 (Endres and Schindelin 2003, A new metric for
        probability distributions).
    """
    p, q = np.moveaxis(tables / tables.sum(axis=2, keepdims=True), 1, 0)
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / 2
    distances: npt.NDArray[np.float64] = np.sqrt(np.maximum(divergence, 0))
    return distances


def permutation_test(table: npt.NDArray[np.int64], observed: float, rng: np.random.Generator) -> tuple[float, float]:
    """Compare a Jensen-Shannon distance with those of rows shuffled between the two samples.

    Parameters
    ----------
    table : numpy array of int, (2, b)
        Counts of two samples in b bins.
    observed : float
        Its distance.
    rng : numpy.random.Generator

    Returns
    -------
    p_value : float
        Share of shuffles at least as far apart, the observed one counted in, so that it is valid and never 0 (Phipson
        and Smyth 2010). More shuffles are drawn where the first leave it small (Besag and Clifford 1991).
    expected : float
        Mean distance of the shuffles.
    """

    def at_least_as_far(distances: npt.NDArray[np.float64]) -> int:
        return int((distances >= observed - ROUNDING).sum())

    first = jensen_shannon(permutation_tables(table, RESAMPLES, rng))
    far, drawn = at_least_as_far(first), RESAMPLES
    size = max(1, BLOCK // table.shape[1])
    while far < SURE_ENOUGH and drawn < MOST_RESAMPLES:
        draws = min(size, MOST_RESAMPLES - drawn)
        far += at_least_as_far(jensen_shannon(permutation_tables(table, draws, rng)))
        drawn += draws
    return (far + 1) / (drawn + 1), float(first.mean())


def bootstrap_error(table: npt.NDArray[np.int64], rng: np.random.Generator) -> float:
    """Return the standard error of the distance of two samples, by a bootstrap of each.

    Parameters
    ----------
    table : numpy array of int, (2, b)
    rng : numpy.random.Generator
    """
    resampled = [rng.multinomial(row.sum(), row / row.sum(), size=RESAMPLES) for row in table]
    return float(jensen_shannon(np.stack(resampled, axis=1)).std())
