"""One hypothesis of drift: the distance between two samples, its distribution under chance, and its uncertainty.

Distances between values are Evidently's (0.7), which is imported where it is called. The effect is judged: the distance
minus its mean under permutation, since a distance is never below 0 and thus above it by chance alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ks_2samp

from llmops_audit import stats
from llmops_audit.stats import Bounds

__all__ = [
    "CATEGORY_METHODS",
    "FLOORS",
    "NUMBER_METHODS",
    "ONE_SPREAD",
    "DistanceName",
    "Measurement",
    "Strata",
    "compare_categories",
    "compare_counts",
    "compare_numbers",
    "difference_of_shares",
    "evidently_distance",
    "share_of_new",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Strata = tuple[IntArray, IntArray]
"""The stratum of each row of the reference, (n,), and of the current sample, (m,)."""

DistanceName = Literal["wasserstein", "total_variation", "jensenshannon", "psi", "hellinger"]
NUMBER_METHODS: tuple[DistanceName, ...] = ("wasserstein", "jensenshannon", "psi", "hellinger")
CATEGORY_METHODS: tuple[DistanceName, ...] = ("total_variation", "jensenshannon", "psi", "hellinger")

FLOORS = {
    "wasserstein": 0.1,
    "total_variation": 0.05,
    "jensenshannon": 0.1,
    "psi": 0.1,
    "hellinger": 0.1,
    "difference": 0.05,
    "roc_auc": 0.1,
}
"""Effects from which drift matters. Those of Evidently's distances but total variation are its own thresholds."""

ONE_SPREAD = 2.0 * NormalDist().cdf(1.0) - 1.0
"""Confidence of an interval of one standard error each way."""

POWER = 0.8
MAX_CELLS = 64
MAX_CATEGORIES = 50
TAIL = 0.005
FEW_VALUES = 20
"""Distinct reference values up to which Evidently takes numbers as categories."""

NEARLY_CERTAIN = 0.001

LARGEST_EXACT = 1_000_000
"""Product of both numbers of rows up to which the exact distribution of Kolmogorov and Smirnov's statistic is used."""


@dataclass(frozen=True)
class Measurement:
    """The measurement of one hypothesis of no drift on two samples.

    Attributes
    ----------
    method : str
        Name of the distance, a key of `FLOORS`.
    rows : tuple of int
        Rows of the reference and of the current sample.
    values : tuple of float or None
        The compared values of both: means, or shares of rows; None for categories.
    distance, expected : float
        Between the samples, and its mean if there were no drift.
    spread : float
        Standard error of the distance if the samples clearly differ.
    null_spread : float
        Standard deviation of the distance if there were no drift.
    p_value : float
        Valid for any numbers of rows.
    interval : callable
        Confidence to the interval of the distance.
    procedure : str
        Names of the test and the interval.
    """

    method: str
    rows: tuple[int, int]
    values: tuple[float | None, float | None]
    distance: float
    expected: float
    spread: float
    null_spread: float
    p_value: float
    interval: Callable[[float], Bounds]
    procedure: str

    @property
    def effect(self) -> float:
        """Distance minus its mean if there were no drift; 0 where that is larger."""
        return max(0.0, self.distance - self.expected)

    def bounds(self, confidence: float) -> Bounds:
        """Return the interval of the effect."""
        low, high = self.interval(confidence)
        return max(0.0, low - self.expected), max(0.0, high - self.expected)

    def cautious_bounds(self, confidence: float) -> Bounds:
        """Return an interval of the effect whose upper end may prove that the effect is small.

        Above 0 a distance is hardly biased, so that nothing is subtracted from its upper end.
        """
        upper = max(self.interval(confidence)[1], self.distance + _two_sided(confidence) * self.spread)
        return self.bounds(confidence)[0], upper

    def detectable(self, floor: float, confidence: float, level: float) -> float:
        """Return the smallest effect that would fail with a probability of 80 %.

        It would have to be significant at the corrected level, with an interval above the floor; normal approximation
        with the spreads of these samples.
        """
        reserve = NormalDist().inv_cdf(POWER)
        found = _two_sided(1.0 - level) * self.null_spread + reserve * self.spread
        return max(found, floor + (_two_sided(confidence) + reserve) * self.spread)


def _two_sided(confidence: float) -> float:
    return -NormalDist().inv_cdf(max((1.0 - confidence) / 2.0, 1e-300))


def evidently_distance(method: DistanceName, reference: pd.Series, current: pd.Series, *, numeric: bool) -> float:
    """Return Evidently's distance of two samples.

    Parameters
    ----------
    method : str
    reference, current : pandas.Series, (n,) and (m,)
        Numbers, or categories; nothing is missing.
    numeric : bool
    """
    from evidently.legacy.calculations.stattests import get_stattest, tvd_stattest
    from evidently.legacy.core import ColumnType

    if method == "total_variation":
        # The statistic of that name is a p-value by shuffling rows one by one, with numpy's global generator.
        return float(tvd_stattest._total_variation_distance(reference, current))
    kind = ColumnType.Numerical if numeric else ColumnType.Categorical
    statistic = get_stattest(reference, current, kind, method)
    # Evidently may drop rows in place.
    return float(statistic(reference.copy(), current.copy(), kind, None).drift_score)


def compare_numbers(
    reference: FloatArray,
    current: FloatArray,
    method: DistanceName,
    rng: np.random.Generator,
    level: float,
    strata: Strata | None = None,
) -> Measurement:
    """Compare the distributions of numbers.

    Parameters
    ----------
    reference, current : numpy array of float64, (n,) and (m,)
        Without NaN.
    method : str
        One of `NUMBER_METHODS`.
    rng : numpy.random.Generator
    level : float
        P-values up to this are small enough: shuffling stops early.
    strata : tuple of numpy array of int, (n,) and (m,), optional
        Rows are shuffled within strata only, where rows of different strata cannot be compared.

    Notes
    -----
    Numbers further from the middle 99 % of the reference than its width are clipped: a single number could outweigh
    all others. The p-value is twice the smaller of two, at most 1: that of the two-sample Kolmogorov-Smirnov
    test, exact or (above a million pairs of rows) asymptotic, and that of shuffles. Of strata, the first is the
    smallest of all strata's times their number (Bonferroni).
    """
    # Everything below sorts again, which is fast on sorted values.
    orders = np.argsort(reference, kind="stable"), np.argsort(current, kind="stable")
    reference, current = reference[orders[0]], current[orders[1]]
    if strata is not None:
        strata = strata[0][orders[0]], strata[1][orders[1]]
    p_exact = _bonferroni(
        [_kolmogorov_smirnov(reference[old], current[new]) for old, new in _parts(strata, reference, current)]
    )
    reference, current = clipped(reference, current)
    codes, statistic = _cells(reference, current, method)
    tables = _tables(*codes, strata)
    distance = evidently_distance(method, pd.Series(reference), pd.Series(current), numeric=True)
    values = float(reference.mean()), float(current.mean())
    return _shuffled(method, tables, statistic, distance, values, p_exact, rng, level, "Kolmogorov-Smirnov")


def compare_categories(
    reference: IntArray,
    current: IntArray,
    method: DistanceName,
    rng: np.random.Generator,
    level: float,
    strata: Strata | None = None,
) -> Measurement:
    """Compare the shares of categories in two samples of rows.

    Parameters
    ----------
    reference, current : numpy array of int64, (n,) and (m,)
        Codes of categories, from 0.
    method, rng, level, strata
        As for `compare_counts` and `compare_numbers`.
    """
    return compare_counts(_tables(reference, current, strata), method, rng, level)


def compare_counts(tables: IntArray, method: DistanceName, rng: np.random.Generator, level: float) -> Measurement:
    """Compare the shares of categories that were counted.

    Parameters
    ----------
    tables : numpy array of int64, (2, c) or (s, 2, c)
        Rows of each category in the reference and in the current sample; of several strata, rows are shuffled within
        each.
    method : str
        One of `CATEGORY_METHODS`.
    rng, level
        As for `compare_numbers`.

    Notes
    -----
    All but the 50 most frequent categories of both samples together count as one. The p-value is twice the smaller of
    two, at most 1: that of Fisher's exact test of each category against the rest (Bonferroni), and that of shuffles.
    """
    strata = _with_rare_pooled(tables.reshape(-1, 2, tables.shape[-1]))
    p_exact = _bonferroni([_fisher(one) for one in strata if one.sum(axis=1).all()])
    statistic = _STATISTICS[method]
    distance = float(statistic(strata.sum(axis=0)[np.newaxis])[0])
    return _shuffled(method, strata, statistic, distance, (None, None), p_exact, rng, level, "Fisher")


def _fisher(table: IntArray) -> float:
    table = table[:, table.sum(axis=0) > 0]
    n, m = table.sum(axis=1)
    tests = 1 if table.shape[1] == 2 else table.shape[1]
    return float(np.min(stats.fisher_exact(table[0], n, table[1], m))) * tests


def _bonferroni(found: Sequence[float]) -> float:
    return min(1.0, min(found) * len(found)) if found else 1.0


def _parts(
    strata: Strata | None, reference: FloatArray, current: FloatArray
) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Return the rows of each stratum that holds rows of both samples."""
    if strata is None:
        return [(np.ones(len(reference), dtype=bool), np.ones(len(current), dtype=bool))]
    return [(strata[0] == one, strata[1] == one) for one in np.intersect1d(*strata)]


def _tables(reference: IntArray, current: IntArray, strata: Strata | None) -> IntArray:
    cells = 1 + int(max(reference.max(), current.max()))
    if strata is None:
        strata = np.zeros(len(reference), dtype=np.int64), np.zeros(len(current), dtype=np.int64)
    known = np.unique(np.concatenate(strata))
    tables = [
        [
            np.bincount(codes[of_row == one], minlength=cells)
            for codes, of_row in zip((reference, current), strata, strict=True)
        ]
        for one in known
    ]
    return np.array(tables, dtype=np.int64)


def difference_of_shares(x: int, n: int, y: int, m: int, per_unit: float = 1.0) -> Measurement:
    """Compare the shares of rows with something, x of n in the reference and y of m in the current sample.

    Parameters
    ----------
    x, n, y, m : int
    per_unit : float
        Rows of a dependent set, which counts as one for interval and p-value; 1 where rows are independent.

    Notes
    -----
    Fisher's exact test; melded interval of the difference, of which the size is the distance. Its mean and spread
    were there no drift are those of the size of a normal deviation.
    """
    counts = [count / per_unit for count in (x, n, y, m)]
    pooled = (x + y) / (n + m)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / counts[1] + 1.0 / counts[3]))
    expected = error * math.sqrt(2.0 / math.pi)

    def interval(confidence: float) -> Bounds:
        low, high = stats.melded_difference(counts[2], counts[3], counts[0], counts[1], confidence)
        return max(low, -high, 0.0), max(abs(low), abs(high))

    low, high = stats.melded_difference(counts[2], counts[3], counts[0], counts[1], ONE_SPREAD)
    return Measurement(
        "difference", (n, m), (x / n, y / m), abs(y / m - x / n), expected, (high - low) / 2.0,
        error * math.sqrt(1.0 - 2.0 / math.pi), float(stats.fisher_exact(*counts)), interval,
        "Fisher's exact test (Holm), melded Clopper-Pearson intervals",
    )  # fmt: skip


def share_of_new(novelty: stats.Novelty, n: int, m: int) -> Measurement:
    """Measure the share of m current rows with a value that is new to n reference rows.

    Notes
    -----
    The interval is that of Clopper and Pearson.
    """
    share, expected = novelty.rows / m, min(1.0, novelty.expected)

    def interval(confidence: float) -> Bounds:
        return stats.clopper_pearson(novelty.rows, m, confidence)

    low, high = interval(ONE_SPREAD)
    null_spread = math.sqrt(expected * (1.0 - expected) * (1.0 / m + 1.0 / n))
    return Measurement(
        "difference", (n, m), (None, share), share, expected, (high - low) / 2.0, null_spread, novelty.p_value,
        interval, "permutation test (Holm), Clopper-Pearson interval",
    )  # fmt: skip


def _kolmogorov_smirnov(reference: FloatArray, current: FloatArray) -> float:
    exact = len(reference) * len(current) <= LARGEST_EXACT
    return float(ks_2samp(reference, current, method="exact" if exact else "asymp").pvalue)


def clipped(reference: FloatArray, current: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Clip numbers, see `compare_numbers`; where the middle has no width, infinite values only."""
    low, high = np.quantile(reference, [TAIL, 1.0 - TAIL], method="closest_observation")
    width = high - low
    if not (np.isfinite(width) and width > 0.0):
        finite = np.concatenate([values[np.isfinite(values)] for values in (reference, current)])
        low, high, width = finite.min(initial=0.0), finite.max(initial=0.0), 1.0
    return np.clip(reference, low - width, high + width), np.clip(current, low - width, high + width)


def _with_rare_pooled(tables: IntArray) -> IntArray:
    pooled = tables.sum(axis=(0, 1))
    # The lower code first among equals.
    order = np.argsort(-pooled, kind="stable")
    frequent, rare = np.sort(order[:MAX_CATEGORIES]), order[MAX_CATEGORIES:]
    joined = np.concatenate([tables[..., frequent], tables[..., rare].sum(axis=2, keepdims=True)], axis=2)
    return joined[..., joined.sum(axis=(0, 1)) > 0]


Statistic = Callable[[npt.NDArray[np.int64]], FloatArray]

_STATISTICS: dict[str, Statistic] = {
    "total_variation": stats.total_variation,
    "jensenshannon": stats.jensen_shannon,
    "psi": stats.population_stability,
    "hellinger": stats.hellinger,
}


def _cells(
    reference: FloatArray, current: FloatArray, method: DistanceName
) -> tuple[tuple[IntArray, IntArray], Statistic]:
    """Return the cell of each row, (n,) and (m,), and the distance of counts by cell."""
    pooled = np.concatenate([reference, current])
    distinct, inverse = np.unique(pooled, return_inverse=True)
    if method == "wasserstein":
        codes, statistic = _by_rank(distinct, inverse)
    else:
        statistic = _STATISTICS[method]
        if method != "hellinger" and len(np.unique(reference)) <= FEW_VALUES:
            codes = inverse
        else:
            edges = np.histogram_bin_edges(distinct if method == "hellinger" else pooled, bins="sturges")
            found = np.searchsorted(edges, pooled, side="right") - 1
            codes = np.unique(np.minimum(found, len(edges) - 2), return_inverse=True)[1]
    return (codes[: len(reference)], codes[len(reference) :]), statistic


def _by_rank(distinct: FloatArray, inverse: IntArray) -> tuple[IntArray, Statistic]:
    """Cells with about as many rows each, and the mean of each cell."""
    rows = np.bincount(inverse)
    if len(distinct) > MAX_CELLS:
        cell_of = ((np.cumsum(rows) - rows) * MAX_CELLS // rows.sum()).astype(np.int64)
        cell_of = np.unique(cell_of, return_inverse=True)[1]
    else:
        cell_of = np.arange(len(distinct))
    values = np.bincount(cell_of, weights=distinct * rows) / np.bincount(cell_of, weights=rows)
    return cell_of[inverse], lambda tables: stats.wasserstein(tables, values)


def _most_shuffles(p_exact: float, level: float) -> int:
    """Shuffle less where the exact test has already decided, or nearly so."""
    if 2.0 * p_exact <= level:
        return stats.RESAMPLES
    return stats.MAX_RESAMPLES // 10 if p_exact <= NEARLY_CERTAIN else stats.MAX_RESAMPLES


_LARGEST_SPREADS = {"wasserstein": 1.0, "total_variation": 0.5}
"""Of one row: standard error of a mean in standard deviations, and of a share."""


def _spread_apart(method: DistanceName, shuffled: stats.Shuffled, n: int, m: int) -> float:
    """Return the standard error of the distance if the samples clearly differ.

    Near 0 a distance is a folded error, whose spread is too small; the root of its mean square is unfolded.
    """
    unfolded = math.hypot(shuffled.mean, shuffled.spread)
    return min(unfolded, _LARGEST_SPREADS.get(method, math.inf) * math.sqrt(1.0 / n + 1.0 / m))


def _shuffled(
    method: DistanceName, strata: IntArray, statistic: Statistic, distance: float,
    values: tuple[float | None, float | None], p_exact: float, rng: np.random.Generator, level: float, test: str,
) -> Measurement:  # fmt: skip
    # Shuffles are compared with the distance of the same cells.
    table = strata.sum(axis=0)
    observed = float(statistic(table[np.newaxis])[0])
    shuffled = stats.permutation_test(strata, observed, statistic, rng, _most_shuffles(p_exact, level))
    error = stats.bootstrap_error(table, statistic, rng)

    def interval(confidence: float) -> Bounds:
        half = _two_sided(confidence) * error
        return distance - half, distance + half

    n, m = (int(rows) for rows in table.sum(axis=1))
    return Measurement(
        method, (n, m), values, distance, shuffled.mean, max(error, _spread_apart(method, shuffled, n, m)),
        shuffled.spread,
        min(1.0, 2.0 * min(p_exact, shuffled.p_value)), interval,
        f"{test} and permutation tests (Holm), bootstrap standard error",
    )  # fmt: skip
