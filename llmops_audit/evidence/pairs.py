"""`Pairs`: predictions of the subject beside those of a reference model, counted over the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from llmops_audit.evidence._tallies import Cell, CrossTable, Tally, added, counted, crossed, listed, selected
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.record.labels import Label

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs:
    """Counts of (label, prediction of the reference model, prediction, group values), a table for each reference model.

    Attributes
    ----------
    groups : tuple of str
        Names of the group columns.
    cells : mapping of str to mapping of cell to Tally
        By the name of the reference model, see `Batch.reference_predictions`. Rows without a label are left out.
    """

    groups: tuple[str, ...] = ()
    cells: Mapping[str, Mapping[Cell, Tally]] = field(default_factory=dict)

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the tables without rows."""
        return cls(groups=plan.groups)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Count one batch; without labels or predictions there is nothing to count."""
        cells = {name: _counted(batch.asked(name), name, plan) for name in batch.reference_predictions}
        return cls(plan.groups, {name: found for name, found in cells.items() if found})

    def __add__(self, other: Self) -> Self:
        names = sorted({*self.cells, *other.cells})
        cells = {name: added(self.cells.get(name, {}), other.cells.get(name, {})) for name in names}
        return type(self)(self.groups or other.groups, cells)

    def without(self, name: str) -> Self:
        """Return the tables of all reference models but one."""
        return type(self)(self.groups, {other: cells for other, cells in self.cells.items() if other != name})

    def table(self, name: str, labels: tuple[Label, ...], group: Mapping[str, str] | None = None) -> CrossTable:
        """Cross-tabulate labels, the predictions of a reference model, and those of the subject.

        Parameters
        ----------
        name : str
            Of the reference model.
        labels : tuple of label, (k,)
        group : mapping of str to str, optional
            Keep only rows with these group values.

        Returns
        -------
        CrossTable
            Of shape (k, k + 1, k + 1); all zero where that model is unknown.
        """
        return crossed(selected(self.cells.get(name, {}), self.groups, group or {}), labels, models=2)


def _counted(batch: Batch, name: str, plan: Plan) -> dict[Cell, Tally]:
    label, prediction, other = batch.label, batch.prediction, batch.reference_predictions[name]
    if not len(batch) or label is None or prediction is None:
        return {}
    columns = (label, listed(other, plan.labels), listed(prediction, plan.labels))
    return {cell: tally for cell, tally in counted(batch, columns, plan.groups).items() if cell[0] is not None}
