"""One hypothesis of drift: the distance between two samples, its distribution under chance, and its uncertainty.

Distances between values are Evidently's (0.7), which is imported where it is called. The effect is judged: the distance
minus its mean under permutation, since a distance is never below 0 and thus above it by chance alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
    "compare_categories",
    "compare_numbers",
    "difference_of_shares",
    "evidently_distance",
    "share_of_new",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

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
        """Distance minus its mean if there were no drift."""
        return self.distance - self.expected

    def bounds(self, confidence: float) -> Bounds:
        """Return the interval of the effect."""
        low, high = self.interval(confidence)
        return low - self.expected, high - self.expected

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
    reference: FloatArray, current: FloatArray, method: DistanceName, rng: np.random.Generator, level: float
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

    Notes
    -----
    Numbers further from the middle 99 % of the reference than its width are clipped: a single number could outweigh
    all others. The p-value is twice the smaller of two, at most 1: that of the two-sample Kolmogorov-Smirnov
    test, exact or (above a million pairs of rows) asymptotic, and that of shuffles.
    """
    # Everything below sorts again, which is fast on sorted values.
    reference, current = np.sort(reference), np.sort(current)
    p_exact = _kolmogorov_smirnov(reference, current)
    reference, current = clipped(reference, current)
    table, statistic = _cells(reference, current, method)
    distance = evidently_distance(method, pd.Series(reference), pd.Series(current), numeric=True)
    values = float(reference.mean()), float(current.mean())
    return _shuffled(method, table, statistic, distance, values, p_exact, rng, level, "Kolmogorov-Smirnov")


def compare_categories(
    reference: IntArray, current: IntArray, method: DistanceName, rng: np.random.Generator, level: float
) -> Measurement:
    """Compare the shares of categories.

    Parameters
    ----------
    reference, current : numpy array of int64, (n,) and (m,)
        Codes of categories, from 0.
    method : str
        One of `CATEGORY_METHODS`.
    rng, level
        As for `compare_numbers`.

    Notes
    -----
    All but the 50 most frequent categories of both samples together count as one. The p-value is twice the smaller of
    two, at most 1: that of Fisher's exact test of each category against the rest (Bonferroni), and that of shuffles.
    """
    reference, current = (_with_rare_pooled(codes, reference, current) for codes in (reference, current))
    table = np.stack([np.bincount(codes, minlength=MAX_CATEGORIES + 1) for codes in (reference, current)])
    table = table[:, table.sum(axis=0) > 0]
    n, m = table.sum(axis=1)
    tests = 1 if table.shape[1] == 2 else table.shape[1]
    p_exact = min(1.0, float(np.min(stats.fisher_exact(table[0], n, table[1], m))) * tests)
    distance = evidently_distance(method, pd.Series(reference), pd.Series(current), numeric=False)
    return _shuffled(method, table, _STATISTICS[method], distance, (None, None), p_exact, rng, level, "Fisher")


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


def _with_rare_pooled(codes: IntArray, reference: IntArray, current: IntArray) -> IntArray:
    pooled = np.bincount(np.concatenate([reference, current]))
    # The lower code first among equals.
    frequent = np.argsort(-pooled, kind="stable")[:MAX_CATEGORIES]
    recoded = np.full(len(pooled), MAX_CATEGORIES, dtype=np.int64)
    recoded[frequent] = np.arange(len(frequent))
    return recoded[codes]


Statistic = Callable[[npt.NDArray[np.int64]], FloatArray]

_STATISTICS: dict[str, Statistic] = {
    "total_variation": stats.total_variation,
    "jensenshannon": stats.jensen_shannon,
    "psi": stats.population_stability,
    "hellinger": stats.hellinger,
}


def _cells(reference: FloatArray, current: FloatArray, method: DistanceName) -> tuple[IntArray, Statistic]:
    """Counts by cell, and the distance of such counts."""
    pooled = np.concatenate([reference, current])
    distinct, inverse = np.unique(pooled, return_inverse=True)
    if method == "wasserstein":
        return _by_rank(distinct, inverse, len(reference))
    if method != "hellinger" and len(np.unique(reference)) <= FEW_VALUES:
        edges = None
    else:
        edges = np.histogram_bin_edges(distinct if method == "hellinger" else pooled, bins="sturges")
    if edges is None:
        counts = [np.bincount(part, minlength=len(distinct)) for part in np.split(inverse, [len(reference)])]
    else:
        counts = [np.histogram(part, edges)[0] for part in (reference, current)]
    table = np.stack(counts).astype(np.int64)
    return table[:, table.sum(axis=0) > 0], _STATISTICS[method]


def _by_rank(distinct: FloatArray, inverse: IntArray, n: int) -> tuple[IntArray, Statistic]:
    """Cells with about as many rows each, and the mean of each cell."""
    rows = np.bincount(inverse)
    if len(distinct) > MAX_CELLS:
        cell_of = ((np.cumsum(rows) - rows) * MAX_CELLS // rows.sum()).astype(np.int64)
        cell_of = np.unique(cell_of, return_inverse=True)[1]
    else:
        cell_of = np.arange(len(distinct))
    cells = int(cell_of[-1]) + 1
    values = np.bincount(cell_of, weights=distinct * rows) / np.bincount(cell_of, weights=rows)
    counts = [np.bincount(cell_of[part], minlength=cells) for part in np.split(inverse, [n])]
    return np.stack(counts), lambda tables: stats.wasserstein(tables, values)


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
    method: DistanceName, table: IntArray, statistic: Statistic, distance: float,
    values: tuple[float | None, float | None], p_exact: float, rng: np.random.Generator, level: float, test: str,
) -> Measurement:  # fmt: skip
    # Shuffles are compared with the distance of the same cells.
    observed = float(statistic(table[np.newaxis])[0])
    shuffled = stats.permutation_test(table, observed, statistic, rng, _most_shuffles(p_exact, level))
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
