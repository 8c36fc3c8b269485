"""What each feature takes with each label, as far as that is little: whether it is constant, or the label itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from llmops_audit.evidence._contents import column_hashes
from llmops_audit.evidence.base import Batch
from llmops_audit.record.labels import Label

__all__ = ["FeatureLabels"]

MOST_PAIRS = 1000
"""Pairs of value and label that are kept of a feature; one with more is neither constant nor a label."""

FIRST_LOOK = 8192
"""Rows of a batch that are looked at first: most numeric features have too many values by then."""

Pairs = frozenset[tuple[int, Label | None]]


@dataclass(frozen=True)
class FeatureLabels:
    """The pairs of value and label of each feature.

    Attributes
    ----------
    pairs : mapping of str to frozenset of (hash, label), optional
        By feature; None where there are more than `MOST_PAIRS`.
    rows : int
    """

    pairs: Mapping[str, Pairs | None] = field(default_factory=dict)
    rows: int = 0

    @classmethod
    def of(cls, batch: Batch, features: Sequence[str], skip: frozenset[str] = frozenset()) -> Self:
        """Look at one batch.

        Parameters
        ----------
        batch : Batch
        features : sequence of str
        skip : frozenset of str
            Features that have too many pairs already; they are not looked at.
        """
        known = [name for name in features if name in batch.table.column_names]
        if not len(batch):
            return cls()
        return cls({name: None if name in skip else _pairs(batch, name) for name in known}, len(batch))

    def __add__(self, other: Self) -> Self:
        names = sorted({*self.pairs, *other.pairs})
        return type(self)(
            {name: _joined(self.pairs.get(name, frozenset()), other.pairs.get(name, frozenset())) for name in names},
            self.rows + other.rows,
        )

    @property
    def many(self) -> frozenset[str]:
        """Features with too many pairs."""
        return frozenset(name for name, pairs in self.pairs.items() if pairs is None)

    def constant(self) -> tuple[str, ...]:
        """Return the features that hold one value in every row, or none in any."""
        return tuple(name for name, pairs in sorted(self.pairs.items()) if pairs and len({v for v, _ in pairs}) == 1)

    def labels_in_other_words(self) -> tuple[str, ...]:
        """Return the features of which each value stands for one label, and each of two or more labels has one."""
        return tuple(name for name, pairs in sorted(self.pairs.items()) if pairs and _one_to_one(pairs))


def _pairs(batch: Batch, name: str) -> Pairs | None:
    first = _distinct(batch[:FIRST_LOOK], name)
    return first if first is None or len(batch) <= FIRST_LOOK else _joined(first, _distinct(batch, name))


def _distinct(batch: Batch, name: str) -> Pairs | None:
    (hashes,) = column_hashes(batch.table, [name])
    values, index = np.unique(hashes, return_inverse=True)
    if len(values) > MOST_PAIRS:
        return None
    label = batch.label
    codes = np.full(len(batch), -1, dtype=np.int64) if label is None else label.index.astype(np.int64)
    categories: tuple[Label | None, ...] = (*(() if label is None else label.categories), None)
    found = np.unique(index * len(categories) + codes % len(categories))
    pairs = frozenset((int(values[i // len(categories)]), categories[i % len(categories)]) for i in found.tolist())
    return pairs if len(pairs) <= MOST_PAIRS else None


def _joined(one: Pairs | None, other: Pairs | None) -> Pairs | None:
    if one is None or other is None:
        return None
    both = one | other
    return both if len(both) <= MOST_PAIRS else None


def _one_to_one(pairs: Pairs) -> bool:
    labels = {label for _, label in pairs}
    return None not in labels and 2 <= len(labels) == len(pairs) == len({value for value, _ in pairs})
