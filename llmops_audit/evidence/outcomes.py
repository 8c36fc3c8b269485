"""`Outcomes`: how often each label met each prediction, in each combination of groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from llmops_audit.evidence._tallies import (
    WEIGHT_UNIT,
    Cell,
    CrossTable,
    Tally,
    added,
    counted,
    crossed,
    labels_of,
    listed,
    selected,
    unknown,
)
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.record.labels import Label

__all__ = ["IN_SAMPLE", "WEIGHT_UNIT", "Cell", "CrossTable", "Outcomes", "Tally", "without_seen_rows"]

IN_SAMPLE = "in_sample"
"""Key beside the splits: a sample of the training rows, predicted by the model that learned from them."""


def without_seen_rows(key: str) -> str:
    """Return the key beside a split of what is judged without the rows that were seen in training.

    Of ``f"{IN_SAMPLE} {split}"`` it is that of the training rows, predicted by the model that was trained once more.
    """
    return f"{key} without seen rows"


@dataclass(frozen=True)
class Outcomes:
    """A table of counts of (label, prediction, group values).

    Attributes
    ----------
    groups : tuple of str
        Names of the group columns, in the order of each cell's group values.
    cells : mapping of cell to Tally
    has_predictions : bool
        Whether the subject made predictions for these rows at all.
    """

    groups: tuple[str, ...] = ()
    cells: Mapping[Cell, Tally] = field(default_factory=dict)
    has_predictions: bool = False

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the table without rows."""
        return cls(groups=plan.groups)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; group values are read from the columns that the plan names."""
        if not len(batch):
            return cls.empty(plan)
        columns = batch.label or unknown(len(batch)), listed(batch.prediction or unknown(len(batch)), plan.labels)
        return cls(plan.groups, counted(batch, columns, plan.groups), batch.prediction is not None)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.groups or other.groups, added(self.cells, other.cells), self.has_predictions or other.has_predictions
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(tally.rows for tally in self.cells.values())

    def labels(self) -> tuple[Label, ...]:
        """Return the labels that occur, in order."""
        return labels_of(self.cells)

    def label_counts(self) -> list[tuple[Label | None, int]]:
        """Return rows by label, missing labels last."""
        counts: Counter[Label | None] = Counter()
        for cell, tally in self.cells.items():
            counts[cell[0]] += tally.rows
        ordered: list[Label | None] = [*self.labels(), *([None] if None in counts else [])]
        return [(label, counts[label]) for label in ordered]

    def group_counts(self, name: str) -> list[tuple[str, int]]:
        """Return rows by value of one group column, in order."""
        index = self.groups.index(name)
        counts: Counter[str] = Counter()
        for cell, tally in self.cells.items():
            counts[cell[2][index]] += tally.rows
        return sorted(counts.items())

    def by_group(self, names: tuple[str, ...]) -> dict[tuple[str, ...], Self]:
        """Return the part of each combination of values of some group columns, in order."""
        indices = [self.groups.index(name) for name in names]
        parts: dict[tuple[str, ...], dict[Cell, Tally]] = {}
        for cell, tally in self.cells.items():
            parts.setdefault(tuple(cell[2][index] for index in indices), {})[cell] = tally
        return {group: type(self)(self.groups, parts[group], self.has_predictions) for group in sorted(parts)}

    def table(
        self, labels: tuple[Label, ...], group: Mapping[str, str] | None = None, *, unlabelled: bool = False
    ) -> CrossTable:
        """Cross-tabulate labels and predictions.

        Parameters
        ----------
        labels : tuple of label, (k,)
            Rows and columns; other predictions, and missing ones, go to a last column that is always wrong.
        group : mapping of str to str, optional
            Keep only rows with these group values.
        unlabelled : bool
            Count rows without a label too, in a last row: the table is then (k + 1, k + 1).
        """
        found = selected(self.cells, self.groups, group or {})
        return crossed(found, labels, models=1, unlabelled=unlabelled)

    def select(self, group: Mapping[str, str]) -> Iterator[tuple[Label | None, Label | None, Tally]]:
        """Walk over label, prediction and tally of the cells with these group values, in a fixed order."""
        for cell, tally in selected(self.cells, self.groups, group):
            yield cell[0], cell[1], tally
