"""How often predictions are right at a given confidence, learned from labelled rows, for rows without labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from llmops_audit import stats

__all__ = ["MIN_ROWS", "Calibration", "Estimated", "calibration", "isotonic", "with_bounds"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MIN_ROWS = 50
"""Labelled rows that a calibration, and effective rows that a weighted mean, need."""

MAX_MISSING_SHARE = 0.05
"""Largest share of rows without a score: scores are seldom missing at random."""

MIN_ROWS_PER_LABEL = 100
"""Labelled rows that calibrating one predicted label needs: many small calibrations would add up their optimism."""

MAX_BINS = 50
ROWS_A_BIN = 25
RESAMPLES = 200

Predictions = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class Estimated:
    """An estimated share.

    Attributes
    ----------
    value : float
    centre : float
        The value, pulled a little towards 0.5 where it is 0 or 1.
    error : float
        Mean squared error.
    """

    value: float
    centre: float
    error: float

    def bounds(self, confidence: float) -> stats.Bounds:
        """Return Clopper and Pearson's interval for as many rows as have this error, with the value inside."""
        spread = self.centre * (1.0 - self.centre)
        low, high = with_bounds(self.value, spread / self.error, confidence)[1:] if self.error > 0.0 else (0.0, 1.0)
        return min(low, self.value), max(high, self.value)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The probabilities that predictions of current rows are right.

    Attributes
    ----------
    labelled : int
        Labelled rows with a score.
    bin : numpy array of int64, (m,)
        Bin of predicted label and confidence of each current row; -1 where it has no score.
    right, shrunk : numpy array of float64, (b,)
        Probability by bin, and the same shrunk by one right and one wrong row of its label.
    resampled : numpy array of float64, (r, b)
        `right`, learned from resamples of the labelled rows.
    rows : numpy array of float64, (b,)
        Labelled rows of the predicted label of each bin.
    """

    labelled: int
    bin: IntArray
    right: FloatArray
    shrunk: FloatArray
    resampled: FloatArray
    rows: FloatArray

    def accuracy(self, within: BoolArray | None = None) -> Estimated:
        """Estimate the accuracy on the current rows that have a score, or on some of them.

        Parameters
        ----------
        within : numpy array of bool, (m,), optional
            Rows that count.

        Notes
        -----
        The error is that on these rows and on their population: the mean squared error of the calibration over the
        resamples, plus the variance of m rows: of their outcomes given their confidence, or of their confidence,
        whichever is larger. For it, probabilities are shrunk by one row of each kind, since a sample without an error
        has no variance.
        """
        bins = self.bin if within is None else self.bin[within]
        current = np.bincount(bins[bins >= 0], minlength=len(self.right)).astype(np.float64)
        m = float(current.sum())
        value, mean, inside = (
            float(current @ x / m) for x in (self.right, self.shrunk, self.shrunk * (1.0 - self.shrunk))
        )
        between = mean * (1.0 - mean) - inside
        learned = float(np.mean((self.resampled @ current / m - value) ** 2))
        error = max(learned, inside / self.labelled) + max(inside, between) / m
        return Estimated(min(value, 1.0), mean, error)


def calibration(
    correct: BoolArray, confidence: FloatArray, current: FloatArray, seed: int, predictions: Predictions | None = None
) -> Calibration | None:
    """Learn from labelled rows how often predictions are right at a given confidence.

    Parameters
    ----------
    correct : numpy array of bool, (n,)
        Of the labelled rows, which the classifier did not learn from.
    confidence, current : numpy array of float64, (n,) and (m,)
        Score of the predicted label: a probability, or a margin. Only its order counts.
    seed : int
    predictions : pair of numpy array, (n,) and (m,), optional
        Predicted labels, to calibrate each separately, and those with fewer than `MIN_ROWS_PER_LABEL` rows together.

    Returns
    -------
    Calibration, or None
        None where fewer than `MIN_ROWS` labelled rows have a score, no current row has one, or more than
        `MAX_MISSING_SHARE` of either sample have none (NaN or infinite).

    Notes
    -----
    Isotonic, on at most `MAX_BINS` bins of equal mass of at least `ROWS_A_BIN` rows, since single rows at the ends of
    the scale would weigh too much. Calibrated together, a model whose threshold is off by a logit seemed 0.014 too good
    at 5,000 rows, and the 95 % interval covered the truth in 57 % of 100 draws; label by label, 0.001 and 95 %.
    Isotonic regression finds a trend even in uninformative scores: where current rows have much higher ones, the
    estimate is 0.01 to 0.02 too good, and the 95 % interval covers the truth in 82 to 97 %.
    """
    known, seen = np.isfinite(confidence), np.isfinite(current)
    if known.sum() < MIN_ROWS or not seen.any() or min(known.mean(), seen.mean()) < 1.0 - MAX_MISSING_SHARE:
        return None
    first, second = predictions or (np.zeros(len(known)), np.zeros(len(seen)))
    one, other = _groups(first[known], second[seen])
    right_rows, sure, now = correct[known], confidence[known], current[seen]
    bins = np.full(len(current), -1, dtype=np.int64)
    place = np.flatnonzero(seen)
    rng = np.random.default_rng(seed)
    right, shrunk, resampled, rows = [], [], [], []
    first_bin = 0
    for group in np.unique(one):
        mine, theirs = one == group, other == group
        edges = _edges(sure[mine])
        counts = [
            np.bincount(np.searchsorted(edges, sure[mine & hits], side="right"), minlength=len(edges) + 1)
            for hits in (right_rows, ~right_rows)
        ]
        bins[place[theirs]] = first_bin + np.searchsorted(edges, now[theirs], side="right")
        first_bin += len(edges) + 1
        cells, n = np.concatenate(counts).astype(np.float64), float(mine.sum())
        right.append(isotonic(*np.split(cells, 2)))
        shrunk.append((right[-1] * n + 1.0) / (n + 2.0))
        draws = rng.multinomial(int(n), cells / n, size=RESAMPLES).astype(np.float64)
        resampled.append(np.array([isotonic(*np.split(draw, 2)) for draw in draws]))
        rows.append(np.full(len(edges) + 1, n))
    return Calibration(
        int(known.sum()), bins, np.concatenate(right), np.concatenate(shrunk), np.concatenate(resampled, axis=1),
        np.concatenate(rows),
    )  # fmt: skip


def _edges(confidence: FloatArray) -> FloatArray:
    bins = min(MAX_BINS, max(1, len(confidence) // ROWS_A_BIN))
    return np.unique(np.quantile(confidence, np.arange(1, bins) / bins, method="higher"))


def _groups(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Return the predictions as groups: the rarest labels share a group that has enough rows."""
    codes, inverse = np.unique(np.concatenate([first, second]), return_inverse=True)
    rows = np.bincount(inverse[: len(first)], minlength=len(codes))
    order = np.argsort(rows, kind="stable")
    rare = max(
        int(np.searchsorted(np.cumsum(rows[order]), MIN_ROWS_PER_LABEL)) + 1, int((rows < MIN_ROWS_PER_LABEL).sum())
    )
    group = np.empty(len(codes), dtype=np.int64)
    group[order] = np.maximum(np.arange(len(codes)) - rare + 1, 0)
    return group[inverse[: len(first)]], group[inverse[len(first) :]]


def isotonic(right: FloatArray, wrong: FloatArray) -> FloatArray:
    """Return the probability of a right prediction by bin, non-decreasing; empty bins are interpolated."""
    rows = right + wrong
    filled = np.flatnonzero(rows)
    steps = isotonic_regression(right[filled] / rows[filled], weights=rows[filled]).x
    return np.interp(np.arange(len(rows)), filled, steps)


def with_bounds(value: float, rows: float, level: float) -> tuple[float, float, float]:
    """Return a share with Clopper and Pearson's interval for effective rows."""
    share = min(value, 1.0)  # rounding may make a share more than one
    return share, *stats.clopper_pearson(share * rows, rows, level)
