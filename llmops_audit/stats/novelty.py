"""What one sample holds and another does not: values outside its range, and categories that it lacks.

Two samples of one population never hold quite the same, so that what is new in one is compared with what shuffling
rows between the two would make new.

References
----------
Phipson, Smyth (2010). Permutation p-values should never be zero. Statistical Applications in Genetics and Molecular
Biology 9.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from llmops_audit.stats.distances import BLOCK, MOST_RESAMPLES, RESAMPLES, SURE_ENOUGH

__all__ = ["Novelty", "absent_categories", "outside_range"]


class Novelty(NamedTuple):
    """Rows of a sample that hold something new.

    Attributes
    ----------
    rows : int
    expected : float
        The share of rows that would, on average, if rows were shuffled between the samples.
    p_value : float
        Of the hypothesis that both are samples of one population.
    """

    rows: int
    expected: float
    p_value: float


def outside_range(reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64]) -> Novelty:
    """Count current values outside the range of the reference.

    Parameters
    ----------
    reference : numpy array of float64, (n,)
    current : numpy array of float64, (m,)
        Neither holds NaN; both hold something.

    Returns
    -------
    Novelty
        Its p-value is exact: that the j most extreme values of both all stand in the current sample has the
        probability C(n + m - j, n) / C(n + m, n); twice the smaller one of both ends, since there are two.
    """
    n, m = len(reference), len(current)
    below, above = int((current < reference.min()).sum()), int((current > reference.max()).sum())
    p = 2.0 * min(_none_of(below, n, m), _none_of(above, n, m))
    return Novelty(below + above, 2.0 / (n + 1.0), min(1.0, p))


def absent_categories(
    reference: npt.NDArray[np.int64], current: npt.NDArray[np.int64], rng: np.random.Generator, level: float
) -> Novelty:
    """Count current rows of categories that the reference lacks.

    Parameters
    ----------
    reference, current : numpy array of int, (k,)
        Rows by category.
    rng : numpy.random.Generator
    level : float
        A p-value up to which nothing is left to find out, so that fewer shuffles are drawn.

    Returns
    -------
    Novelty
        Its p-value is twice the smaller of two valid ones, at most 1. One is that of shuffles, drawn as in
        `llmops_audit.stats.permutation_test`. One is exact and bounds the probability that so large a category stands
        in the current sample alone: for each that does, C(N - c, n) / C(N, n), times the categories at least as large.
    """
    n, m = int(reference.sum()), int(current.sum())
    pooled = reference + current
    new = int(current[reference == 0].sum())
    sizes, kinds = np.unique(pooled[pooled > 0], return_counts=True)
    alone = np.array([_none_of(int(size), n, m) for size in sizes])
    expected = float((sizes * kinds * alone).sum() / m)
    if new == 0:
        return Novelty(0, expected, 1.0)
    at_least_as_large = kinds[::-1].cumsum()[::-1]
    found = np.isin(sizes, current[reference == 0])
    exact = float((alone * at_least_as_large)[found].min())
    # Only categories that could be absent by chance can be new in a shuffle; the others are taken together.
    can = pooled[np.isin(pooled, sizes[alone > 0.0])]
    bins = np.append(can, n + m - can.sum())
    p = 1.0 if 2.0 * exact <= level else _shuffled(bins, n, new, rng)
    return Novelty(new, expected, min(1.0, 2.0 * min(exact, p)))


def _shuffled(bins: npt.NDArray[np.int64], n: int, new: int, rng: np.random.Generator) -> float:
    far, drawn, draws = 0, 0, RESAMPLES
    while True:
        drawn_counts = rng.multivariate_hypergeometric(bins, n, size=draws, method="marginals")[:, :-1]
        far += int(((drawn_counts == 0) @ bins[:-1] >= new).sum())
        drawn += draws
        if far >= SURE_ENOUGH or drawn >= MOST_RESAMPLES // 10:
            return (far + 1) / (drawn + 1)
        draws = max(1, min(BLOCK // len(bins), 9 * drawn, MOST_RESAMPLES // 10 - drawn))


def _none_of(count: int, n: int, m: int) -> float:
    """Probability that none of so many rows is among the n that are drawn of n + m."""
    if count > m:
        return 0.0
    log = gammaln(n + m - count + 1.0) - gammaln(m - count + 1.0) - gammaln(n + m + 1.0) + gammaln(m + 1.0)
    return float(np.exp(log))
