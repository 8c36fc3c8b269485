"""Intervals of any statistic of a table of counts, from tables like it that are drawn once.

Two kinds of tables are drawn: bootstrap tables, as often as rows were seen, and tables of a posterior, which knows that
what was not seen may occur. The wider of both percentile intervals counts. All statistics of a table, at all levels,
share its draws (those of a confusion table are kept); more are drawn only where a level asks for them.

References
----------
Efron, Tibshirani (1993). An Introduction to the Bootstrap, chapter 13 (percentile interval).
Gelman and others (2013). Bayesian Data Analysis, 3rd edition, section 3.4 (multinomial model with a Dirichlet prior);
Jeffreys' prior adds 1/2 to each of two cells.
Bagnoli, Bergstrom (2005). Log-concave probability and its applications. Economic Theory 26 (tails of log-concave
densities).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmops_audit.stats.count_tables import Margins
from llmops_audit.stats.intervals import Bounds, tail

__all__ = ["Resamples"]

FloatArray = NDArray[np.float64]
Statistic = Callable[[Any], FloatArray]
Draw = Callable[[np.random.Generator, int], FloatArray]

_UNBOUNDED: Bounds = (-math.inf, math.inf)
_PRIOR = 0.5
_FIRST = 2000
_TIMES = 4
# Draws of each kind, in all, and the numbers that they may take in memory.
_MOST = 128_000
_MOST_NUMBERS = 4_000_000
# Numbers that are drawn at once.
_AT_ONCE = 2_000_000
# A percentile rests on at least so many draws outside it; the slope of the tail beyond on so many times as many.
_OUTSIDE = 20
_SLOPE = 10


class Resamples:
    """Tables like one that was counted, by a multinomial bootstrap and from a Dirichlet posterior.

    Parameters
    ----------
    counts
        A confusion table (see `llmops_audit.stats.Margins`), or counts of any cells in one dimension: counts, or
        effective counts of weighted data; not negative. Leave out classes that have neither cases nor predictions.
    seed
        Of the draws, which depend on nothing else.

    Raises
    ------
    ValueError
        If the counts are not a table of finite numbers that are not negative.

    Notes
    -----
    The posterior of cells in one dimension adds 1/2 to each. That of a confusion table adds one row to each class:
    half right, and half shared by the wrong predictions that occur and one cell for all others, whose draws are spread
    evenly over the other columns. So what is added does not grow with the number of cells (with 300 labels, half a
    count in each would be 45,000 rows), and the recall of every class has Jeffreys' prior.

    The bootstrap alone gives [1, 1] for the accuracy of a small sample without errors; the posterior alone is pulled
    towards its prior. Where bootstrap samples are off on average (macro F1 of labels with few rows is lower in a sample
    than in truth), the sample is as well, and the interval reaches as far further (which may be beyond the largest
    value that the statistic can have). Only cells that occur are drawn: the others never come up.
    """

    def __init__(self, counts: ArrayLike, seed: int | Sequence[int]) -> None:
        self.counts = np.asarray(counts, dtype=np.float64)
        if self.counts.ndim not in (1, 2) or not np.all(np.isfinite(self.counts) & (self.counts >= 0.0)):
            raise ValueError("counts: not a table; expected finite numbers >= 0 in one or two dimensions; got others")
        self._seed = [seed] if isinstance(seed, int) else list(seed)
        self._rows = round(float(self.counts.sum()))
        self._kinds = [
            _Kind([*self._seed, number], self.counts.ndim == 2, *kind) for number, kind in enumerate(self._drawn())
        ]

    def _drawn(self) -> Iterator[tuple[int, int, Draw, Callable[[FloatArray], Any]]]:
        total, cells = float(self.counts.sum()), self.counts.ravel()
        occupied = np.flatnonzero(cells)
        chances, rows = cells[occupied] / max(total, 1.0), self._rows
        chances = chances / max(float(chances.sum()), 1.0)
        two = self.counts.ndim == 2
        numbers = 2 * self.counts.shape[0] + self.counts.shape[1] if two else cells.size

        def bootstrap(rng: np.random.Generator, size: int) -> FloatArray:
            return rng.multinomial(rows, chances, size=size).astype(np.float64)

        if not two:
            yield cells.size, occupied.size, bootstrap, lambda drawn: _spread(drawn, occupied, cells.size)
            yield cells.size, cells.size, _dirichlet(cells + _PRIOR, total), lambda drawn: drawn
            return
        seen = _Cells.of(self.counts, occupied)
        yield numbers, occupied.size, bootstrap, seen.margins
        weights, possible = _posterior(self.counts)
        yield numbers, weights.size, _dirichlet(weights, total), possible.margins

    def bounds(self, statistic: Statistic) -> Callable[[float], Bounds]:
        """Return the interval of a statistic as a function of the confidence.

        Parameters
        ----------
        statistic
            Maps tables, as their `Margins` of shape ``(b, ...)``, or cells of shape ``(b, m)``, to values of shape
            ``(b,)``, with NaN where undefined.

        Returns
        -------
        callable
            Two-sided confidence, strictly between 0 and 1, to the interval: the wider of both percentile intervals,
            and never without the statistic of the counts themselves. It grows with the confidence. ``(-inf, inf)``
            where that statistic is NaN, or where more than half of the draws of either kind are. Raises ValueError on
            an impossible confidence.

        Notes
        -----
        A percentile has twenty draws outside it. Beyond what 128,000 draws of each kind show (fewer for tables with
        very many labels), the tail is taken to fall exponentially, as fast as between the last 200 and the last 20
        draws. For a log-concave density, such as that of a sum of many counts or of a share, the tail falls at least as
        fast, so that the interval is rather too wide.
        """
        point = math.nan
        if self._rows:
            given = Margins.of(self.counts[np.newaxis]) if self.counts.ndim == 2 else self.counts[np.newaxis]
            point = float(statistic(given)[0])
        bootstrap, posterior = (_Values(kind, statistic) for kind in self._kinds)

        def bounds(confidence: float) -> Bounds:
            outside = tail(confidence)
            if math.isnan(point):
                return _UNBOUNDED
            low, high = bootstrap.ends(outside)
            # A sample is off by as much as its bootstrap samples are off from it: so the latter are off twice.
            off = 2.0 * bootstrap.shift(point)
            low, high = min(low, low - off), max(high, high - off)
            low_too, high_too = posterior.ends(outside)
            return min(point, low, low_too), max(point, high, high_too)

        return bounds


@dataclass
class _Kind:
    """Draws of one kind: in steps, each of which begins with those of the step before."""

    seed: list[int]
    shared: bool
    numbers: int
    cells: int
    draw: Draw
    tables: Callable[[FloatArray], Any]
    kept: dict[int, list[Any]] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> list[int]:
        """Draws after each step."""
        most = max(_FIRST, min(_MOST, _MOST_NUMBERS // max(1, self.numbers)))
        sizes = [_FIRST]
        while sizes[-1] * _TIMES <= most:
            sizes.append(sizes[-1] * _TIMES)
        return sizes

    def step(self, number: int) -> list[Any]:
        """Tables that a step adds, in blocks."""
        if number in self.kept:
            return self.kept[number]
        rng = np.random.default_rng([*self.seed, number])
        size = self.sizes[number] - (self.sizes[number - 1] if number else 0)
        at_once = max(1, _AT_ONCE // max(1, self.cells))
        sizes = [min(at_once, size - start) for start in range(0, size, at_once)]
        blocks = [self.tables(self.draw(rng, block)) for block in sizes]
        if self.shared:
            self.kept[number] = blocks
        return blocks


class _Values:
    """Values of a statistic of draws of one kind, sorted, by step."""

    def __init__(self, kind: _Kind, statistic: Statistic) -> None:
        self._kind, self._statistic = kind, statistic
        self._drawn: list[FloatArray] = []
        self._sorted: list[FloatArray | None] = []

    def ends(self, outside: float) -> Bounds:
        """Percentile interval that leaves a share outside on each side."""
        sizes = self._kind.sizes
        enough = (number for number, size in enumerate(sizes) if outside * size >= _OUTSIDE)
        return self._ends(next(enough, len(sizes) - 1), outside)

    def shift(self, point: float) -> float:
        """Mean of the first draws, less the value of the counts themselves; 0 where there is none."""
        values = self._at(0)
        mean = math.nan if values is None else float(values.mean())
        return mean - point if math.isfinite(mean) else 0.0

    def _ends(self, number: int, outside: float) -> Bounds:
        values = self._at(number)
        if values is None:
            return _UNBOUNDED
        least = _OUTSIDE / self._kind.sizes[number]
        low, high = _percentiles(values, max(outside, least))
        if outside < least:
            inner = _percentiles(values, least * _SLOPE)
            further = math.log(least / outside) / math.log(_SLOPE)
            low, high = _beyond(low, inner[0], further), _beyond(high, inner[1], further)
        if not number:
            return low, high
        # Draws of another step may lie closer by chance; more confidence never narrows an interval.
        before = self._ends(number - 1, _OUTSIDE / self._kind.sizes[number - 1])
        return min(low, before[0]), max(high, before[1])

    def _at(self, number: int) -> FloatArray | None:
        """Sorted values of the draws up to a step; None where most are undefined."""
        while len(self._sorted) <= number:
            blocks = self._kind.step(len(self._sorted))
            self._drawn.append(np.concatenate([np.asarray(self._statistic(block)) for block in blocks]))
            values = np.concatenate(self._drawn)
            defined = np.sort(values[~np.isnan(values)])
            self._sorted.append(defined if 2 * defined.size >= values.size else None)
        return self._sorted[number]


def _percentiles(values: FloatArray, outside: float) -> Bounds:
    # Outward, and without interpolation, which would make NaN of two infinities.
    at = math.floor(outside * (values.size - 1))
    return float(values[at]), float(values[values.size - 1 - at])


def _beyond(end: float, inner: float, further: float) -> float:
    return end + (end - inner) * further if math.isfinite(end) and end != inner else end


def _dirichlet(weights: FloatArray, total: float) -> Draw:
    def draw(rng: np.random.Generator, size: int) -> FloatArray:
        drawn = rng.standard_gamma(weights, size=(size, weights.size))
        drawn *= total / drawn.sum(axis=1, keepdims=True)
        return drawn

    return draw


def _spread(drawn: FloatArray, cells: NDArray[np.intp], size: int) -> FloatArray:
    whole = np.zeros((len(drawn), size))
    whole[:, cells] = drawn
    return whole


@dataclass(frozen=True)
class _Cells:
    """Cells of a confusion table that are drawn: row and column of each; column -1 stands for all others."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    shape: tuple[int, int]

    @classmethod
    def of(cls, counts: FloatArray, flat: NDArray[np.intp]) -> _Cells:
        k, c = counts.shape
        return cls(flat // c, flat % c, (k, c))

    def margins(self, drawn: FloatArray) -> Margins:
        """Margins of drawn cells, (b, m)."""
        k, c = self.shape
        rows, columns = _summed(drawn, self.row, k), _summed(drawn, np.where(self.column < 0, c, self.column), c + 1)
        hits = _spread(drawn[:, self.row == self.column], self.row[self.row == self.column], k)
        rest = _spread(drawn[:, self.column < 0], self.row[self.column < 0], c)
        others = (rest.sum(axis=1, keepdims=True) - rest) / max(1, c - 1)
        return Margins(hits, rows, columns[:, :c] + others)


def _summed(drawn: FloatArray, into: NDArray[np.intp], size: int) -> FloatArray:
    """Sums of columns by where they go."""
    order = np.argsort(into, kind="stable")
    groups, starts = np.unique(into[order], return_index=True)
    if not groups.size:
        return np.zeros((len(drawn), size))
    return _spread(np.add.reduceat(drawn[:, order], starts, axis=1), groups, size)


def _posterior(counts: FloatArray) -> tuple[FloatArray, _Cells]:
    """Parameters of the posterior, and the cells that they belong to."""
    k, c = counts.shape
    wrong = counts > 0.0
    wrong[np.arange(k), np.arange(k)] = False
    row, column = np.nonzero(wrong)
    shared = _PRIOR / (1.0 + wrong.sum(axis=1))
    labels = np.arange(k)
    weights = [np.diagonal(counts) + _PRIOR, counts[row, column] + shared[row]]
    rows, columns = [labels, row], [labels, column]
    if c > 1:
        weights.append(shared)
        rows.append(labels)
        columns.append(np.full(k, -1))
    return np.concatenate(weights), _Cells(np.concatenate(rows), np.concatenate(columns), (k, c))
