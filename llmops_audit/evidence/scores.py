"""`Scores`: a fine histogram of the scores of each label, among rows with the label and among all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence._tallies import SQUARE_UNIT, WEIGHT_UNIT, group_codes
from llmops_audit.evidence.base import Batch, Plan, ScoreMatrix
from llmops_audit.record.labels import MISSING, Label, label_order
from llmops_audit.stats.reliability import Forecasts

__all__ = ["ScoreHistogram", "Scores", "Sums", "score_bins"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MANTISSA_BITS = 10
"""Scores are distinguished to 1 part in 1,024 of their distance from 0 or from 1, whichever is nearer."""

SCORE_UNIT = 2.0**-32
"""Scores between 0 and 1 are summed as whole multiples of this: 2**31 rows of a bin fit into 64 bits."""

ROUNDING = 1e-6
"""Sums of single-precision probabilities miss 0 and 1 by so much; what lies further out is a margin."""

_UNIT_SHIFT = 6
"""By so many bits are bins coarser where they are kept by random group of units."""

_DROPPED = 52 - MANTISSA_BITS
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_SPAN = np.int64(1 << 24)
"""More than there are bins, so that a cell and a bin fit into one number."""

Cell = tuple[Label, bool, tuple[str, ...], bool]
"""Scored label, whether the row has it, group values, and whether the row has a weight."""


def _code(values: Floats) -> Ints:
    bits = values.view(np.int64)
    magnitude = (bits & _MAGNITUDE) >> _DROPPED
    return np.where(bits < 0, -magnitude, magnitude)


_HALF = int(_code(np.array([0.5]))[0])


def score_bins(values: Floats) -> Ints:
    """Return the bin of each score.

    Parameters
    ----------
    values : numpy array of float64, (n,)
        Any numbers but NaN.

    Returns
    -------
    numpy array of int64, (n,)
        Never falling with the score. Probabilities near 0 and near 1 are distinguished by their distance from there,
        and so are margins, which have no bounds.
    """
    # The bits of a float are in the order of its size; near 1 those of the distance from 1 are finer.
    return np.where(values < 0.5, _code(values), 2 * _HALF - _code(1.0 - values))


def _floors(codes: Ints) -> Floats:
    """Smallest magnitude with each code, with its sign."""
    bits: Floats = (np.abs(codes) << _DROPPED).view(np.float64)
    return np.copysign(bits, codes)


def _edges(bins: Ints) -> tuple[Floats, Floats]:
    """Ends of bins of scores between 0 and 1; for a bin of margins, one of its scores twice."""
    below = bins < _HALF
    codes = np.where(below, bins, 2 * _HALF - bins)
    inside = (codes >= 0) & (codes <= _HALF)
    near, far = _floors(codes), _floors(np.where(inside, codes + 1, codes))
    return np.where(below, near, 1.0 - far), np.where(below, far, 1.0 - near)


@dataclass(frozen=True, eq=False)
class Sums:
    """Exact sums by key, ascending.

    Attributes
    ----------
    keys : numpy array of int64, (m,)
        Bins; by unit, coarser bins and the random group.
    values : numpy array of int64 or of int, (c, m)
        Rows and scores (in units of `SCORE_UNIT`); with weights also weights (in units of
        `WEIGHT_UNIT`) and their squares (in units of `SQUARE_UNIT`), and weights times scores instead of scores.
    """

    keys: Ints
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, keys: Ints, values: npt.NDArray[Any]) -> Self:
        """Sum the columns, (c, n), of rows with the same key, (n,)."""
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        return cls(keys[starts], np.add.reduceat(values[:, order], starts, axis=1))

    def __add__(self, other: Self) -> Self:
        keys = np.concatenate([self.keys, other.keys])
        return self.of(keys, np.concatenate([self.values, other.values], axis=1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sums):
            return NotImplemented
        return np.array_equal(self.keys, other.keys) and np.array_equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]

    def floats(self) -> Floats:
        """Return rows, weights, their squares, and weights times scores, (4, m)."""
        if self.values.dtype == np.int64:
            rows = self.values[0].astype(np.float64)
            return np.stack([rows, rows, rows, self.values[1] * SCORE_UNIT])
        rows, weights, squares, scores = self.values.astype(np.float64)
        return np.stack([rows, weights * WEIGHT_UNIT, squares * SQUARE_UNIT, scores * (WEIGHT_UNIT * SCORE_UNIT)])


@dataclass(frozen=True)
class ScoreHistogram(Forecasts):
    """Scores of one label in m fine bins, ascending.

    `positives` and `negatives` are weights, scaled so that no side counts more than its effective number of rows.

    Attributes
    ----------
    bins : numpy array of int64, (m,)
        See `score_bins`.
    positive_rows, negative_rows : numpy array of int64, (m,)
        Rows that carry the label, and that carry another.
    by_unit : numpy array of float64, (u, 2, c), optional
        The same weights, positives and negatives, by random group of units in c coarser bins.
    unit_score : numpy array of float64, (c,), optional
        Mean score of each of these.
    """

    bins: Ints
    positive_rows: Ints
    negative_rows: Ints
    by_unit: Floats | None = None
    unit_score: Floats | None = None

    @property
    def probabilities(self) -> bool:
        """Whether there are scores and all lie between 0 and 1."""
        low, high = score_bins(np.array([-ROUNDING, 1.0 + ROUNDING]))
        return bool(len(self.bins)) and bool(low <= self.bins[0] and self.bins[-1] <= high)

    def complement(self) -> Self:
        """Return the histogram of the other of two labels: each score is 1 less this one."""
        return type(self)(
            self.negatives[::-1], self.positives[::-1],
            1.0 - self.negative_score[::-1], 1.0 - self.positive_score[::-1],
            2 * _HALF - self.bins[::-1], self.negative_rows[::-1], self.positive_rows[::-1],
            None if self.by_unit is None else self.by_unit[:, ::-1, ::-1],
            None if self.unit_score is None else 1.0 - self.unit_score[::-1],
        )  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """Histograms of the scores of labelled rows.

    Attributes
    ----------
    groups : tuple of str
        Names of the group columns.
    cells : mapping of cell to Sums
        By fine bin.
    by_unit : mapping of cell to Sums
        By coarser bin and random group of units, of the rows that belong to units.
    labelled : mapping of group values to int
        Labelled rows, with scores or without.
    """

    groups: tuple[str, ...] = ()
    cells: Mapping[Cell, Sums] = field(default_factory=dict)
    by_unit: Mapping[Cell, Sums] = field(default_factory=dict)
    labelled: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the histograms without rows."""
        return cls(groups=plan.groups)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Sum up one batch; rows without a label are left out."""
        if batch.label is None or not len(batch):
            return cls.empty(plan)
        combinations, index = _combinations(batch, plan.groups)
        rows = np.bincount(index[batch.label.index >= 0], minlength=len(combinations)).tolist()
        cells: dict[Cell, Sums] = {}
        by_unit: dict[Cell, Sums] = {}
        if batch.scores is not None:
            for column, label in enumerate(batch.scores.labels):
                _sum_up(batch, batch.scores, column, label, combinations, index, cells, by_unit)
        return cls(plan.groups, cells, by_unit, {group: n for group, n in zip(combinations, rows, strict=True) if n})

    def __add__(self, other: Self) -> Self:
        labelled = dict(self.labelled)
        for group, rows in other.labelled.items():
            labelled[group] = labelled.get(group, 0) + rows
        cells, by_unit = _added(self.cells, other.cells), _added(self.by_unit, other.by_unit)
        return type(self)(self.groups or other.groups, cells, by_unit, labelled)

    def labels(self) -> tuple[Label, ...]:
        """Return the labels that have scores, in order."""
        return label_order(cell[0] for cell in self.cells)

    def missing(self, label: Label, group: Mapping[str, str] | None = None) -> int:
        """Return how many labelled rows have no score of this label."""
        wanted = self._wanted(group)
        rows = sum(n for values, n in self.labelled.items() if _matches(values, wanted))
        return rows - sum(int(sums.values[0].sum()) for _, sums in self._found(self.cells, label, group))

    def histogram(self, label: Label, group: Mapping[str, str] | None = None) -> ScoreHistogram:
        """Return the scores of one label.

        Parameters
        ----------
        label : label
            Rows with this label are the positives, all other labelled rows the negatives.
        group : mapping of str to str, optional
            Keep only rows with these group values.
        """
        bins, sums = _on_grid(self._found(self.cells, label, group))
        rows, weights, squares, scores = sums
        low, high = _edges(bins)
        # A sum of scores is too coarse for the smallest ones, and none for margins, but the bin is known.
        means = np.clip(_ratio(scores, weights), low, high)
        factor = _effective(weights.sum(axis=1), squares.sum(axis=1))
        units, by_unit, unit_score = self._by_unit(label, group)
        return ScoreHistogram(
            weights[1] * factor, weights[0] * factor, means[1], means[0],
            bins, rows[1].astype(np.int64), rows[0].astype(np.int64),
            by_unit * factor if units else None, unit_score if units else None,
        )  # fmt: skip

    def _by_unit(self, label: Label, group: Mapping[str, str] | None) -> tuple[int, Floats, Floats]:
        keys, sums = _on_grid(self._found(self.by_unit, label, group))
        units, unit = np.unique(keys // _SPAN, return_inverse=True)
        bins, index = np.unique(keys % _SPAN, return_inverse=True)
        table = np.zeros((len(units), 2, len(bins)))
        table[unit, 1, index], table[unit, 0, index] = sums[1]
        scores, weights = (np.bincount(index, sums[i].sum(axis=0), len(bins)).astype(np.float64) for i in (3, 1))
        low, high = _edges((bins - _SPAN // 2) << _UNIT_SHIFT)[0], _edges((bins + 1 - _SPAN // 2) << _UNIT_SHIFT)[1]
        return len(units), table, np.clip(_ratio(scores, weights), low, high)

    def _wanted(self, group: Mapping[str, str] | None) -> list[tuple[int, str]]:
        return [(self.groups.index(name), value) for name, value in sorted((group or {}).items())]

    def _found(
        self, cells: Mapping[Cell, Sums], label: Label, group: Mapping[str, str] | None
    ) -> Iterator[tuple[bool, Sums]]:
        wanted = self._wanted(group)
        # Sorted, so that sums do not depend on the order of batches.
        for cell in sorted(cells, key=repr):
            if cell[0] == label and _matches(cell[2], wanted):
                yield cell[1], cells[cell]


def _matches(values: tuple[str, ...], wanted: list[tuple[int, str]]) -> bool:
    return all(values[index] == value for index, value in wanted)


def _combinations(batch: Batch, groups: tuple[str, ...]) -> tuple[list[tuple[str, ...]], Ints]:
    """Combinations of group values that occur, and each row's index among them."""
    index = np.zeros(len(batch), dtype=np.int64)
    combinations: list[tuple[str, ...]] = [()]
    for name in groups:
        codes = group_codes(batch, name)
        # A value may read as the category of missing ones does.
        texts = [*(str(value) for value in codes.categories), MISSING]
        values = sorted(set(texts))
        own = np.array([values.index(text) for text in texts], dtype=np.int64)[codes.index]
        joint, index = np.unique(index * len(values) + own, return_inverse=True)
        combinations = [(*combinations[i // len(values)], values[i % len(values)]) for i in joint.tolist()]
    return combinations, index


def _sum_up(
    batch: Batch,
    scored: ScoreMatrix,
    column: int,
    label: Label,
    combinations: list[tuple[str, ...]],
    index: Ints,
    cells: dict[Cell, Sums],
    by_unit: dict[Cell, Sums],
) -> None:
    codes = batch.label
    if codes is None:
        return
    known = np.flatnonzero((codes.index >= 0) & ~np.isnan(scored.values[:, column]))
    if not len(known):
        return
    values = scored.values[known, column]
    of_label = codes.categories.index(label) if label in codes.categories else -1
    cell = index[known] * 2 + (codes.index[known] == of_label)
    # Sums of scores serve probabilities; margins are known by their bins alone.
    scores = np.rint(np.clip(values, 0.0, 1.0) / SCORE_UNIT).astype(np.int64)
    columns = _weighted(batch.weight[known], scores) if batch.weight is not None else _unweighted(scores)
    bins = score_bins(values)
    weighted = batch.weight is not None
    for i, sums in _split(cell * _SPAN + bins + _SPAN // 2, columns, _SPAN):
        cells[label, bool(i % 2), combinations[i // 2], weighted] = Sums(sums.keys - _SPAN // 2, sums.values)
    if batch.unit_group is not None:
        unit = batch.unit_group[known].astype(np.int64)
        coarse = unit * _SPAN + (bins >> _UNIT_SHIFT) + _SPAN // 2
        span = _SPAN * (int(unit.max()) + 1)
        for i, sums in _split(cell * span + coarse, columns, span):
            by_unit[label, bool(i % 2), combinations[i // 2], weighted] = sums


def _split(keys: Ints, columns: npt.NDArray[Any], span: int | np.int64) -> Iterator[tuple[int, Sums]]:
    """Sum up by key and part by cell: the key over the span."""
    total = Sums.of(keys, columns)
    cells, starts = np.unique(total.keys // span, return_index=True)
    ends = [*starts[1:].tolist(), len(total.keys)]
    for cell, start, end in zip(cells.tolist(), starts.tolist(), ends, strict=True):
        yield cell, Sums(total.keys[start:end] % span, total.values[:, start:end])


def _unweighted(scores: Ints) -> npt.NDArray[Any]:
    return np.stack([np.ones(len(scores), dtype=np.int64), scores])


def _weighted(weight: Floats, scores: Ints) -> npt.NDArray[Any]:
    columns = np.ones((4, len(scores)), dtype=object)
    columns[1] = [round(value / WEIGHT_UNIT) for value in weight.tolist()]
    columns[2] = columns[1] * columns[1]
    columns[3] = columns[1] * scores.astype(object)
    return columns


def _added(one: Mapping[Cell, Sums], other: Mapping[Cell, Sums]) -> dict[Cell, Sums]:
    cells = dict(one)
    for cell, sums in other.items():
        cells[cell] = cells[cell] + sums if cell in cells else sums
    return cells


def _on_grid(found: Iterator[tuple[bool, Sums]]) -> tuple[Ints, Floats]:
    """Return keys, (m,), and rows, weights, squares and scores of negatives and positives by key, (4, 2, m)."""
    parts = list(found)
    keys: Ints = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(sums.keys for _, sums in parts)]))
    grid = np.zeros((4, 2, len(keys)))
    for hit, sums in parts:
        grid[:, int(hit), np.searchsorted(keys, sums.keys)] += sums.floats()
    return keys, grid


def _ratio(sums: Floats, weights: Floats) -> Floats:
    return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)


def _effective(weights: Floats, squares: Floats) -> float:
    """Kish's factor from weights to effective rows, the smaller one of both sides."""
    return float(min((weights[squares > 0] / squares[squares > 0]).tolist(), default=0.0))
