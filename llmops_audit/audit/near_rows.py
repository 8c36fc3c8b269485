"""Rows that are nearly alike to a training row: samples that are kept while rows are read, and compared at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from llmops_audit.audit.seen_rows import Comparison, inputs_of
from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.rows import Rows
from llmops_audit.record import NearDuplicates, RowPlace
from llmops_audit.spec import DataSection

__all__ = ["NearWatch"]

MOST_TRAINING = 50_000
MOST_EXAMPLES = 5


@dataclass
class NearWatch:
    """Keeps a uniform sample of each split.

    Attributes
    ----------
    data : DataSection
    seed : int
    comparison : Comparison
        Knows which rows stand in the training rows.
    rows : dict
        Split to sample.
    """

    data: DataSection
    seed: int
    comparison: Comparison
    rows: dict[str, Rows] = field(default_factory=dict)

    def noting(self, split: str, rows: Iterable[Batch]) -> Iterator[Batch]:
        """Keep rows of a split as they pass by."""
        names = inputs_of(self.data)
        most = MOST_TRAINING if split == "train" else self.data.sample
        plan = Plan(seed=self.seed, sample=most, keep=names)
        for batch in rows:
            if names and set(names) <= set(batch.table.column_names):
                kept = batch if split == "train" else self.comparison.compared(split, batch)
                self.rows[split] = self.rows.get(split, Rows.empty(plan)) + Rows.of(kept, plan)
            yield batch

    def found(self, split: str) -> NearDuplicates | None:
        """Compare the sample of a split with that of the training rows; None where that says nothing."""
        from llmops_audit.analysis.near_duplicates import OF_TABLES, OF_TEXTS, near_rows, near_texts

        if not {"train", split} <= set(self.rows) or not len(self.rows[split]):
            return None
        rows, train, text = self.rows[split], self.rows["train"], self.data.text
        # Those that stand in any training row, not only in one of the sample, are seen.
        unseen = np.flatnonzero(~self.comparison.seen(split, rows.table))
        table = rows.table.take(unseen)
        if text is not None:
            pairs = near_texts(*(one.column(text).to_pylist() for one in (table, train.table)))
        else:
            found = near_rows(table, train.table, self.data.features)
            if found is None:
                return None
            pairs = found
        return NearDuplicates(
            compared=len(rows),
            training_rows=len(train),
            found=len(pairs),
            method=OF_TABLES if text is None else OF_TEXTS,
            examples=tuple((_place(rows, int(unseen[i])), _place(train, j)) for i, j in pairs[:MOST_EXAMPLES]),
        )


def _place(rows: Rows, index: int) -> RowPlace:
    return RowPlace(file=rows.source[index], row=int(rows.row[index]))
