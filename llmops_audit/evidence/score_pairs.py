"""`ScorePairs`: scores of the subject beside those of the previous release, counted over the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from llmops_audit.evidence._tallies import SQUARE_UNIT, WEIGHT_UNIT, Cell, Tally, added, counted
from llmops_audit.evidence.base import Batch, Codes, Plan
from llmops_audit.record.labels import Label, label_order

__all__ = ["HUNDREDTHS", "ScorePairs", "ScoreTable"]

HUNDREDTHS = 100
"""Scores of both releases are compared to two decimals: those of the previous one are known no better."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoreTable:
    """Rows by both scores of a label.

    Attributes
    ----------
    positives, negatives : numpy array of float64, (101, 101)
        Sums of weights of the rows with the label, and of all others: hundredth of the previous release's score, and
        of the subject's.
    positive_squares, negative_squares : float
        Sums of squared weights.
    by_unit : numpy array of float64, (u, 2, 101, 101), optional
        Positives and negatives by random group of units, where rows of one unit depend on each other.
    rows : int
    """

    positives: Floats
    negatives: Floats
    positive_squares: float
    negative_squares: float
    by_unit: Floats | None
    rows: int


@dataclass(frozen=True)
class ScorePairs:
    """Counts of (has the label, previous score, score) for each label that both score, over labelled rows.

    Attributes
    ----------
    cells : mapping of label to mapping of cell to Tally
        Scores in hundredths.
    uncounted : mapping of label to int
        Labelled rows in which one of both scores is missing, or is no probability.
    """

    cells: Mapping[Label, Mapping[Cell, Tally]] = field(default_factory=dict)
    uncounted: Mapping[Label, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the tables without rows."""
        return cls()

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; rows without a label, and rows that the previous release never saw, are left out."""
        batch = batch.asked("baseline")
        if batch.label is not None:
            batch = batch[np.flatnonzero(batch.label.index >= 0)]
        label, scores, before = batch.label, batch.scores, batch.reference_scores
        if not len(batch) or label is None or scores is None or before is None:
            return cls()
        cells: dict[Label, dict[Cell, Tally]] = {}
        uncounted: dict[Label, int] = {}
        for scored in label_order(set(scores.labels) & set(before.labels)):
            both = [_hundredths(one.of([scored])[:, 0]) for one in (before, scores)]
            known = np.flatnonzero((both[0] >= 0) & (both[1] >= 0))
            if lost := len(batch) - len(known):
                uncounted[scored] = lost
            hit = np.array([value == scored for value in label.categories])[label.index[known]].astype(np.int32)
            columns = [Codes((0, 1), hit), *(Codes(_ALL, one[known]) for one in both)]
            if len(known):
                cells[scored] = counted(batch[known], columns, ())
        return cls(cells, uncounted)

    def __add__(self, other: Self) -> Self:
        labels = label_order({*self.cells, *other.cells})
        lost = label_order({*self.uncounted, *other.uncounted})
        return type(self)(
            {label: added(self.cells.get(label, {}), other.cells.get(label, {})) for label in labels},
            {label: self.uncounted.get(label, 0) + other.uncounted.get(label, 0) for label in lost},
        )

    def table(self, label: Label) -> ScoreTable | None:
        """Return the scores of a label; None where they are unknown in any row."""
        found = self.cells.get(label, {})
        if not found or self.uncounted.get(label):
            return None
        units = sorted({cell[-1] for cell in found if cell[-1] is not None})
        sums = np.zeros((len(units) or 1, 2, HUNDREDTHS + 1, HUNDREDTHS + 1))
        squares, rows = [0.0, 0.0], 0
        # Sorted, so that sums do not depend on the order of batches.
        for cell in sorted(found, key=repr):
            hit, before, now, _, unit = cell
            at = units.index(unit) if unit is not None else 0
            sums[at, 1 - hit, before, now] += found[cell].weight * WEIGHT_UNIT
            squares[1 - hit] += found[cell].weight_squared * SQUARE_UNIT
            rows += found[cell].rows
        positives, negatives = sums.sum(axis=0)
        return ScoreTable(positives, negatives, squares[0], squares[1], sums if units else None, rows)


_ALL = tuple(range(HUNDREDTHS + 1))


def _hundredths(values: Floats) -> npt.NDArray[np.int32]:
    """Return probabilities in hundredths, (n,); -1 where a score is missing or is no probability."""
    rounded = np.rint(values * HUNDREDTHS)
    known = (rounded >= 0) & (rounded <= HUNDREDTHS)
    return np.where(known, np.where(known, rounded, 0.0), -1).astype(np.int32)
