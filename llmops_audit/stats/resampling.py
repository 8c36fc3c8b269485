"""Null distributions by resampling counts, never rows.

References
----------
Phipson, Smyth (2010). Permutation p-values should never be zero. Statistical Applications
in Genetics and Molecular Biology 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import random_table

from llmops_audit.stats.count_tables import Margins

FloatArray = NDArray[np.float64]

# Cells of the tables that are kept in memory at once.
_CELLS_AT_ONCE = 2_000_000
# Statistics that differ by less are rounding errors of the same value.
_EQUAL = 1e-12


def _whole(counts: ArrayLike) -> NDArray[np.int64]:
    """The table as whole numbers.

    Raises
    ------
    ValueError
        If it is no table of whole numbers >= 0.
    """
    given = np.asarray(counts, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"counts: wrong shape; expected two dimensions; got {given.shape}")
    if not np.all(np.isfinite(given) & (given >= 0.0) & (given == np.floor(given))):
        raise ValueError("counts: not counts; expected whole numbers >= 0; got others")
    return given.astype(np.int64)


def permutation_tables(counts: ArrayLike, resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random tables with the margins of a 2 x B table: the null of a permutation test.

    Shuffling which sample each row belongs to, and counting by bin again, gives
    exactly these tables, at a cost that does not depend on the number of rows.

    Parameters
    ----------
    counts
        Whole counts of two samples in B bins, shape ``(2, B)``; fewer than 10**9 in all.
    resamples
        Number R of tables.
    rng
        Source of randomness.

    Returns
    -------
    ndarray of int64, shape ``(R, 2, B)``

    Raises
    ------
    ValueError
        If the counts are not whole numbers of that shape and size.

    Notes
    -----
    Given both margins, the first row is multivariate hypergeometric (numpy's method
    ``"marginals"``: one hypergeometric number per bin).
    """
    table = _whole(counts)
    if table.shape[0] != 2:
        raise ValueError(f"counts: wrong shape; expected (2, bins); got {table.shape}")
    bins = table.sum(axis=0)
    first = rng.multivariate_hypergeometric(bins, int(table[0].sum()), size=resamples, method="marginals")
    return np.stack([first, bins - first], axis=1)


def independence_test(
    counts: ArrayLike, statistic: Callable[[Margins], FloatArray], rng: np.random.Generator, resamples: int = 1999
) -> float:
    """Permutation p-value of a statistic of a table, were rows and columns unrelated.

    Parameters
    ----------
    counts
        Whole counts, shape ``(k, c)``.
    statistic
        Maps tables of shape ``(b, k, c)``, as their `llmops_audit.stats.Margins`, to values of
        shape ``(b,)``, with NaN where undefined; large where rows and columns agree.
    rng
        Source of randomness.
    resamples
        Number of random tables.

    Returns
    -------
    float
        Share of tables with both margins of the given one whose statistic is at least
        as large, the given one counted in, so that it is valid and never 0 (Phipson and
        Smyth 2010). NaN where the statistic of the given table is.

    Raises
    ------
    ValueError
        If the counts are not whole numbers >= 0 in two dimensions.

    Notes
    -----
    Shuffling the predictions among the rows, and counting again, gives exactly these
    tables.
    """
    table = _whole(counts)
    given = Margins.of(table[np.newaxis])
    observed = float(statistic(given)[0])
    if math.isnan(observed):
        return math.nan
    # Then there is one such table only, and random_table (SciPy 1.17) gives others.
    if min(table.any(axis=0).sum(), table.any(axis=1).sum()) < 2:
        return 1.0
    drawn = _hits_of_shuffled_rows if table.sum() < table.size else _hits_of_random_tables
    as_large = 0
    for hits in drawn(table, resamples, rng):
        as_large += int((~(statistic(Margins(hits, given.rows, given.columns)) < observed - _EQUAL)).sum())
    return (as_large + 1) / (resamples + 1)


def _hits_of_random_tables(
    table: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    null = random_table(table.sum(axis=1), table.sum(axis=0))
    at_once = max(1, _CELLS_AT_ONCE // table.size)
    for start in range(0, resamples, at_once):
        tables = null.rvs(min(at_once, resamples - start), random_state=rng).astype(np.float64)
        yield np.diagonal(tables, axis1=-2, axis2=-1)


def _hits_of_shuffled_rows(
    table: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    # Where there are more cells than rows.
    k, c = table.shape
    labels, predictions = np.repeat(np.arange(k), table.sum(axis=1)), np.repeat(np.arange(c), table.sum(axis=0))
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(labels)))
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        right = rng.permuted(np.tile(predictions, (size, 1)), axis=1) == labels
        draw, row = np.nonzero(right)
        yield np.bincount(draw * k + labels[row], minlength=size * k).reshape(size, k).astype(np.float64)
