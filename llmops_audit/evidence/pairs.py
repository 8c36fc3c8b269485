"""`Pairs`: how often each answer of another met each answer of the subject, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from llmops_audit.evidence._tallies import Cell, CrossTable, Tally, added, counted, crossed, listed, selected
from llmops_audit.evidence.base import Batch, Label, Plan

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs:
    """Tables of counts of (label, answer of the other, prediction, group values), one for each other.

    Attributes
    ----------
    groups : tuple of str
        Names of the group columns.
    cells : mapping of str to mapping of cell to Tally
        By the other's name, see `Batch.others`. Rows without a label are left out.
    """

    groups: tuple[str, ...] = ()
    cells: Mapping[str, Mapping[Cell, Tally]] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the tables without rows."""
        return cls(groups=plan.groups)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; without labels, or before the subject was asked, there is nothing to count."""
        label, prediction = batch.label, batch.prediction
        if not len(batch) or label is None or prediction is None:
            return cls.empty(plan)
        cells = {
            name: {
                cell: tally
                for cell, tally in counted(
                    batch, (label, listed(other, plan.labels), listed(prediction, plan.labels)), plan.groups
                ).items()
                if cell[0] is not None
            }
            for name, other in batch.others.items()
        }
        return cls(plan.groups, {name: found for name, found in cells.items() if found})

    def __add__(self, other: Self) -> Self:
        names = sorted({*self.cells, *other.cells})
        cells = {name: added(self.cells.get(name, {}), other.cells.get(name, {})) for name in names}
        return type(self)(self.groups or other.groups, cells)

    def table(self, name: str, labels: tuple[Label, ...], group: Mapping[str, str] | None = None) -> CrossTable:
        """Cross-tabulate labels, the answers of another, and those of the subject.

        Parameters
        ----------
        name : str
            Whose answers.
        labels : tuple of label, (k,)
        group : mapping of str to str, optional
            Keep only rows with these group values.

        Returns
        -------
        CrossTable
            Of shape (k, k + 1, k + 1); all zero where the other is unknown.
        """
        return crossed(selected(self.cells.get(name, {}), self.groups, group or {}), labels, answers=2)
