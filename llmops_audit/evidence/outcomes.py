"""`Outcomes`: how often each label met each prediction, in each combination of groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch, Codes, Label, Plan
from llmops_audit.values import MISSING, canonical_label, label_order

__all__ = ["Cell", "CrossTable", "Outcomes", "Tally"]

WEIGHT_UNIT = 2.0**-120
"""Weights are kept as whole multiples of this, so that sums are exact in any order, of tiny weights as well."""

MOST_CELLS = 200_000
"""A larger table is no summary any more: free text stands where a label or a group should."""

Cell = tuple[Label | None, Label | None, tuple[str, ...]]
"""Label, prediction (both None where missing) and group values."""


@dataclass(frozen=True)
class Tally:
    """Rows of one cell: their number, the sum of their weights and of the squares, both in units of `WEIGHT_UNIT`."""

    rows: int
    weight: int
    weight_squared: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, self.weight + other.weight, self.weight_squared + other.weight_squared)


@dataclass(frozen=True)
class CrossTable:
    """Labels against predictions, (k, k + 1); the last column holds predictions that are missing or no label.

    Attributes
    ----------
    counts : numpy array of int64
        Rows.
    weights, squares : numpy array of float64
        Sums of the rows' weights and of their squares; without weights both equal `counts`.
    """

    counts: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]

    def share(self, hits: npt.NDArray[np.bool_], trials: npt.NDArray[np.bool_]) -> tuple[float, float]:
        """Return a share of rows as effective counts.

        Parameters
        ----------
        hits, trials : numpy array of bool, (k, k + 1)
            Cells that count, and cells that the share is taken over.

        Returns
        -------
        hits, trials : float
            `trials` is the effective number of rows of these very cells: the sum of weights squared, over the sum of
            squared weights (Kish 1965, Survey Sampling, section 11.7).
        """
        total, squares = float(self.weights[trials].sum()), float(self.squares[trials].sum())
        if not squares:
            return 0.0, 0.0
        factor = total / squares
        return float(self.weights[hits & trials].sum()) * factor, total * factor

    def effective(self) -> npt.NDArray[np.float64]:
        """Return the weighted table scaled down so far that no label counts more than its effective number of rows."""
        totals, squares = self.weights.sum(axis=1), self.squares.sum(axis=1)
        factors = totals[squares > 0] / squares[squares > 0]
        return self.weights * (factors.min() if len(factors) else 0.0)


@dataclass(frozen=True)
class Outcomes:
    """A table of counts of (label, prediction, group values).

    Attributes
    ----------
    groups : tuple of str
        Names of the group columns, in the order of each cell's group values.
    cells : mapping of cell to Tally
    asked : bool
        Whether the subject was asked for predictions at all.
    """

    groups: tuple[str, ...] = ()
    cells: Mapping[Cell, Tally] = field(default_factory=dict)
    asked: bool = False

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the table without rows."""
        return cls(groups=plan.groups)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; group values are read from the columns that the plan names."""
        if not len(batch):
            return cls.empty(plan)
        columns = [
            batch.label or _unknown(len(batch)),
            _listed(batch.prediction or _unknown(len(batch)), plan.labels),
            *(_group_codes(batch, name) for name in plan.groups),
        ]
        sizes = [len(codes.values) + 1 for codes in columns]
        joint = np.ravel_multi_index(tuple(codes.index + 1 for codes in columns), sizes)
        present, place, rows = np.unique(joint, return_inverse=True, return_counts=True)
        weights, squares = _weight_sums(batch.weight, place, rows)
        cells: dict[Cell, Tally] = {}
        for position, flat in enumerate(present):
            label, prediction, *group = (
                codes.values[i - 1] if i else None
                for codes, i in zip(columns, np.unravel_index(flat, sizes), strict=True)
            )
            cell = (label, prediction, tuple(MISSING if value is None else str(value) for value in group))
            tally = Tally(int(rows[position]), weights[position], squares[position])
            cells[cell] = cells[cell] + tally if cell in cells else tally
        return cls(plan.groups, cells, batch.prediction is not None)

    def __add__(self, other: Self) -> Self:
        cells = dict(self.cells)
        for cell, tally in other.cells.items():
            cells[cell] = cells[cell] + tally if cell in cells else tally
        if len(cells) > MOST_CELLS:
            raise DataError(
                "data",
                f"label, prediction and groups meet in more than {MOST_CELLS:,} combinations",
                "a label column of few values (`data.labels` fixes them) and groups of few values",
            )
        return type(self)(self.groups or other.groups, cells, self.asked or other.asked)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(tally.rows for tally in self.cells.values())

    def labels(self) -> tuple[Label, ...]:
        """Return the labels that occur, in order."""
        return label_order(cell[0] for cell in self.cells if cell[0] is not None)

    def label_counts(self) -> list[tuple[Label | None, int]]:
        """Return rows by label, missing labels last."""
        counts: Counter[Label | None] = Counter()
        for cell, tally in self.cells.items():
            counts[cell[0]] += tally.rows
        ordered: list[Label | None] = [*self.labels(), *([None] if None in counts else [])]
        return [(label, counts[label]) for label in ordered]

    def group_counts(self, name: str) -> list[tuple[str, int]]:
        """Return rows by value of one group column, in order."""
        place = self.groups.index(name)
        counts: Counter[str] = Counter()
        for cell, tally in self.cells.items():
            counts[cell[2][place]] += tally.rows
        return sorted(counts.items())

    def table(self, labels: tuple[Label, ...], group: Mapping[str, str] | None = None) -> CrossTable:
        """Cross-tabulate labels and predictions.

        Parameters
        ----------
        labels : tuple of label, (k,)
            Rows and columns; other predictions, and missing ones, go to a last column that is always wrong.
        group : mapping of str to str, optional
            Keep only rows with these group values.
        """
        k = len(labels)
        place = {label: i for i, label in enumerate(labels)}
        counts = np.zeros((k, k + 1), dtype=np.int64)
        weights, squares = np.zeros((k, k + 1)), np.zeros((k, k + 1))
        for label, prediction, tally in self.select(group or {}):
            if label not in place:
                continue
            cell = place[label], k if prediction is None else place.get(prediction, k)
            counts[cell] += tally.rows
            weights[cell] += tally.weight * WEIGHT_UNIT
            squares[cell] += tally.weight_squared * WEIGHT_UNIT
        return CrossTable(counts, weights, squares)

    def select(self, group: Mapping[str, str]) -> Iterator[tuple[Label | None, Label | None, Tally]]:
        """Walk over the cells with these group values, sorted, so that sums do not depend on the order of batches."""
        wanted = [(self.groups.index(name), value) for name, value in sorted(group.items())]
        for cell in sorted(self.cells, key=repr):
            if all(cell[2][place] == value for place, value in wanted):
                yield cell[0], cell[1], self.cells[cell]


def _unknown(n: int) -> Codes:
    return Codes((), np.full(n, -1, dtype=np.int32))


def _listed(codes: Codes, labels: tuple[Label, ...] | None) -> Codes:
    if labels is None:
        return codes
    # An answer off the list is wrong whatever it says, and free text must not make the table grow.
    keep = np.array([value in labels for value in codes.values] + [False])
    return Codes(codes.values, np.where(keep[codes.index], codes.index, -1).astype(np.int32))


def _group_codes(batch: Batch, name: str) -> Codes:
    encoded = batch.table.column(name).combine_chunks().dictionary_encode()
    values = tuple(canonical_label(value.as_py()) for value in encoded.dictionary)
    return Codes(values, encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32))


def _weight_sums(
    weight: npt.NDArray[np.float64] | None, place: npt.NDArray[np.intp], rows: npt.NDArray[np.intp]
) -> tuple[list[int], list[int]]:
    if weight is None:
        sums = [int(n) * round(1 / WEIGHT_UNIT) for n in rows]
        return sums, sums
    weights, squares = [0] * len(rows), [0] * len(rows)
    for cell, value in zip(place.ravel().tolist(), weight.tolist(), strict=True):
        weights[cell] += round(value / WEIGHT_UNIT)
        squares[cell] += round(value * value / WEIGHT_UNIT)
    return weights, squares
