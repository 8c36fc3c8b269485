"""What one sample holds and another does not: values outside its range, and categories that it lacks.

Two samples of one population never hold quite the same, so that what is new in one is compared with what shuffling
rows between the two would make new.

References
----------
Joag-Dev, Proschan (1983). Negative association of random variables, with applications. Annals of Statistics 11.
Chernoff (1952). A measure of asymptotic efficiency for tests of a hypothesis based on the sum of observations. Annals
of Mathematical Statistics 23.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from llmops_audit.stats.distances import RESAMPLES, permutation_test

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
        Its p-value is twice the smaller of two valid ones, at most 1: that of shuffles, and a bound that needs none,
        so that it can be small where very many hypotheses are corrected for.

    Notes
    -----
    The bound: in shuffles the rows of a category in the reference are hypergeometric, and those of all categories
    negatively associated (Joag-Dev and Proschan 1983). A function of each that falls in it, such as
    ``exp(t * rows_if_absent)``, has then a mean of the product of at most the product of the means, so that Chernoff's
    bound of independent categories holds: ``P(S >= s) <= min over t of prod(1 + p * (exp(t * c) - 1)) / exp(t * s)``,
    with the probability p that a category of c rows is absent.
    """
    n, m = int(reference.sum()), int(current.sum())
    pooled = reference + current
    new = int(current[reference == 0].sum())
    sizes, kinds = np.unique(pooled[pooled > 0], return_counts=True)
    alone = np.array([_none_of(int(size), n, m) for size in sizes])
    expected = float((sizes * kinds * alone).sum() / m)
    if new == 0:
        return Novelty(0, expected, 1.0)
    bound = _chernoff(new, sizes, kinds, alone)
    # Only categories that could be absent by chance can be new in a shuffle; the others are taken together.
    can = np.isin(pooled, sizes[alone > 0.0])
    table = np.stack([np.append(rows[can], rows[~can].sum()) for rows in (reference, current)])
    most = {"most": RESAMPLES} if 2.0 * bound <= level else {}
    shuffled = permutation_test(table, float(new), _rows_of_absent, rng, **most)
    return Novelty(new, expected, min(1.0, 2.0 * min(bound, shuffled.p_value)))


def _rows_of_absent(tables: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Rows of the current sample in categories that the reference lacks, (r,), without those of the last column."""
    reference, current = tables[:, 0, :-1], tables[:, 1, :-1]
    return np.asarray(np.where(reference == 0, current, 0).sum(axis=1), dtype=np.float64)


def _chernoff(
    new: int, sizes: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64], alone: npt.NDArray[np.float64]
) -> float:
    """Bound the probability of so many new rows, over a grid of t: any t gives a valid bound."""
    largest = float(sizes[alone > 0.0].max())
    # Beyond exp(700) floats end.
    grid = np.geomspace(1e-3, 600.0, 200) / largest
    log = (kinds * np.log1p(alone * np.expm1(np.minimum(grid[:, np.newaxis] * sizes, 700.0)))).sum(axis=1)
    return float(np.exp(min(0.0, (log - grid * new).min())))


def _none_of(count: int, n: int, m: int) -> float:
    """Probability that none of so many rows is among the n that are drawn of n + m."""
    if count > m:
        return 0.0
    log = gammaln(n + m - count + 1.0) - gammaln(m - count + 1.0) - gammaln(n + m + 1.0) + gammaln(m + 1.0)
    return float(np.exp(log))
