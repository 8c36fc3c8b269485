"""What the tables of counts have in common: exact tallies by cell, and shares of them as effective counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch, Codes
from llmops_audit.record.labels import MISSING, Label, canonical_label, label_order
from llmops_audit.stats import clusters

__all__ = [
    "SQUARE_UNIT",
    "WEIGHT_UNIT",
    "Cell",
    "CrossTable",
    "Tally",
    "added",
    "counted",
    "crossed",
    "group_codes",
    "labels_of",
    "listed",
    "selected",
    "unknown",
]

WEIGHT_UNIT = 2.0**-120
"""Weights are kept as whole multiples of this, so that sums are exact in any order, of tiny weights as well.

They have no scale of their own: those of a batch are near 1, and what is counted of them is shares and ratios.
"""

SQUARE_UNIT = WEIGHT_UNIT**2
"""Squares of weights are kept as whole multiples of this: the squares of what the weights are kept as."""

MAX_CELLS = 200_000
"""A larger table is no longer a summary: a label or group column contains free text."""

Cell = tuple[Any, ...]
"""Label, predictions (each None where missing), the tuple of group values, and the random group of the unit or None."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """Rows of one cell: number, sum of weights in `WEIGHT_UNIT`, and sum of their squares in `SQUARE_UNIT`."""

    rows: int
    weight: int
    weight_squared: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, self.weight + other.weight, self.weight_squared + other.weight_squared)


@dataclass(frozen=True)
class CrossTable:
    """Labels against predictions: (k, k + 1), or (k, k + 1, k + 1) for the predictions of two models.

    The last index of a prediction's axis counts predictions that are missing or no label.

    Attributes
    ----------
    counts : numpy array of int64
        Rows.
    weights, squares : numpy array of float64
        Sums of the rows' weights and of their squares; without weights both equal `counts`.
    by_unit : numpy array of float64, (u, *counts.shape), optional
        Sums of weights by random group of units, where rows of one unit depend on each other.
    """

    counts: npt.NDArray[np.int64]
    weights: Floats
    squares: Floats
    by_unit: Floats | None = None

    def share(self, hits: Bools, trials: Bools) -> tuple[float, float]:
        """Return a share of rows as effective counts.

        Parameters
        ----------
        hits, trials : numpy array of bool, like `counts`
            Cells that count, and cells that the share is taken over.

        Returns
        -------
        hits, trials : float
            `trials` is the effective number of rows of these very cells: the sum of weights squared, over the sum of
            squared weights (Kish 1965, Survey Sampling, section 11.7), and fewer where rows of one unit agree more
            than chance (Korn and Graubard 1998).
        """
        total, squares = float(self.weights[trials].sum()), float(self.squares[trials].sum())
        if not squares:
            return 0.0, 0.0
        share = float(self.weights[hits & trials].sum()) / total
        effective = total * total / squares
        if self.by_unit is not None:
            sums = self.by_unit[:, hits & trials].sum(axis=1), self.by_unit[:, trials].sum(axis=1)
            effective = clusters.effective_trials(*sums, effective)
        return share * effective, effective

    def effective(self, statistic: Callable[[Floats], Floats] | None = None) -> Floats:
        """Return the weighted table scaled down to effective rows.

        Parameters
        ----------
        statistic : callable, optional
            Tables of shape (b, *counts.shape) to values (b,): with units, the rows count as many as would give this
            statistic the variance that it has.

        Notes
        -----
        With weights, no label counts more than its effective number of rows.
        """
        axes = tuple(range(1, self.weights.ndim))
        totals, squares = self.weights.sum(axis=axes), self.squares.sum(axis=axes)
        factors = totals[squares > 0] / squares[squares > 0]
        table: Floats = self.weights * (factors.min() if len(factors) else 0.0)
        if self.by_unit is None or statistic is None or not len(factors):
            return table
        return table / clusters.design_effect(self.by_unit, table, statistic)


def counted(batch: Batch, columns: Sequence[Codes], groups: Sequence[str]) -> dict[Cell, Tally]:
    """Count a batch by cell: the columns' values, the tuple of group values, and the random group of the unit."""
    coded = [*columns, *(group_codes(batch, name) for name in groups)]
    units = np.zeros(len(batch), dtype=np.int64) if batch.unit_group is None else batch.unit_group.astype(np.int64) + 1
    sizes = [len(codes.categories) + 1 for codes in coded] + [int(units.max(initial=0)) + 1]
    joint = np.ravel_multi_index((*(codes.index + 1 for codes in coded), units), sizes)
    present, inverse, rows = np.unique(joint, return_inverse=True, return_counts=True)
    weights, squares = _weight_sums(batch.weight, inverse, rows)
    cells: dict[Cell, Tally] = {}
    for position, flat in enumerate(present):
        *indices, unit = (int(i) for i in np.unravel_index(flat, sizes))
        labels = [codes.categories[i - 1] if i else None for codes, i in zip(coded, indices, strict=True)]
        group = tuple(MISSING if value is None else str(value) for value in labels[len(columns) :])
        cell = (*labels[: len(columns)], group, unit - 1 if unit else None)
        tally = Tally(int(rows[position]), weights[position], squares[position])
        cells[cell] = cells[cell] + tally if cell in cells else tally
    return cells


def added(one: Mapping[Cell, Tally], other: Mapping[Cell, Tally]) -> dict[Cell, Tally]:
    """Add two tables.

    Raises
    ------
    DataError
        Where the sum is too large for a summary.
    """
    cells = dict(one)
    for cell, tally in other.items():
        cells[cell] = cells[cell] + tally if cell in cells else tally
    if len(cells) > MAX_CELLS and len({cell[:-1] for cell in cells}) > MAX_CELLS:
        raise DataError(
            "data",
            f"label, prediction and groups meet in more than {MAX_CELLS:,} combinations",
            "a label column of few values (`data.labels` fixes them) and groups of few values",
        )
    return cells


def selected(
    cells: Mapping[Cell, Tally], groups: Sequence[str], group: Mapping[str, str]
) -> Iterator[tuple[Cell, Tally]]:
    """Walk over the cells with these group values, sorted, so that sums do not depend on the order of batches."""
    wanted = [(groups.index(name), value) for name, value in sorted(group.items())]
    for cell in sorted(cells, key=repr):
        if all(cell[-2][index] == value for index, value in wanted):
            yield cell, cells[cell]


def crossed(
    found: Iterator[tuple[Cell, Tally]], labels: tuple[Label, ...], models: int, *, unlabelled: bool = False
) -> CrossTable:
    """Cross-tabulate labels with the predictions of one or two models; rows without a label fill a last row or none."""
    k = len(labels)
    index: dict[Label | None, int] = {label: i for i, label in enumerate(labels)}
    if unlabelled:
        index[None] = k
    placed = (
        ((index[cell[0]], *(k if one is None else index.get(one, k) for one in cell[1 : 1 + models])), cell[-1], tally)
        for cell, tally in found
        if cell[0] in index
    )
    return summed((len(index), *[k + 1] * models), placed)


def summed(shape: tuple[int, ...], placed: Iterable[tuple[tuple[int, ...], int | None, Tally]]) -> CrossTable:
    """Sum up tallies in the cells of a table, each with its place and the group of units that it stems from."""
    counts = np.zeros(shape, dtype=np.int64)
    weights, squares = np.zeros(shape), np.zeros(shape)
    by_unit: dict[int, Floats] = {}
    for at, unit, tally in placed:
        counts[at] += tally.rows
        weights[at] += tally.weight * WEIGHT_UNIT
        squares[at] += tally.weight_squared * SQUARE_UNIT
        if unit is not None:
            by_unit.setdefault(unit, np.zeros(shape))[at] += tally.weight * WEIGHT_UNIT
    units = np.stack([by_unit[unit] for unit in sorted(by_unit)]) if by_unit else None
    return CrossTable(counts, weights, squares, units)


def unknown(n: int) -> Codes:
    """Return predictions that are all missing, (n,)."""
    return Codes((), np.full(n, -1, dtype=np.int32))


def listed(codes: Codes, labels: tuple[Label, ...] | None) -> Codes:
    """Return predictions with those off the list as missing: they are wrong, whatever they are."""
    if labels is None:
        return codes
    keep = np.array([value in labels for value in codes.categories] + [False])
    return Codes(codes.categories, np.where(keep[codes.index], codes.index, -1).astype(np.int32))


def group_codes(batch: Batch, name: str) -> Codes:
    """Return the values of a group column as texts, (n,); the table holds them in their one form."""
    encoded = batch.table.column(name).combine_chunks().dictionary_encode()
    values = tuple(str(canonical_label(value, texts=True)) for value in encoded.dictionary.to_pylist())
    return Codes(values, encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32))


def labels_of(cells: Mapping[Cell, Tally]) -> tuple[Label, ...]:
    """Return the labels that occur, in order."""
    return label_order(cell[0] for cell in cells if cell[0] is not None)


def _weight_sums(
    weight: Floats | None, inverse: npt.NDArray[np.intp], rows: npt.NDArray[np.intp]
) -> tuple[list[int], list[int]]:
    one = round(1 / WEIGHT_UNIT)
    if weight is None:
        return [int(n) * one for n in rows], [int(n) * one * one for n in rows]
    weights, squares = [0] * len(rows), [0] * len(rows)
    for cell, value in zip(inverse.ravel().tolist(), weight.tolist(), strict=True):
        units = round(value / WEIGHT_UNIT)
        weights[cell] += units
        squares[cell] += units * units
    return weights, squares
