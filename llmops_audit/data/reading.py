"""What reading finds out about rows, and their labels, weights, scores, units and times."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.data.column_kinds import ColumnKind
from llmops_audit.data.columns import FileLocation, floats, unit_groups
from llmops_audit.data.spellings import LABELS, Reread, Spellings, families
from llmops_audit.data.times import TIMES, instants
from llmops_audit.evidence.base import Codes, ScoreMatrix
from llmops_audit.record.labels import Label, canonical_label
from llmops_audit.spec import DataSection, Spec

__all__ = ["ReadState", "check_labels", "note_time", "scores_of", "units_of", "weights_of"]

Result = TypeVar("Result")

LARGEST_WEIGHT = 1e50
"""Largest weight, in weights of the first rows: squares of so many can still be summed up."""


@dataclass
class ReadState:
    """What reading has found out about the rows so far.

    Attributes
    ----------
    labels : tuple of label, optional
        Labels that may occur; None: any.
    labels_source : str
        Where `labels` come from, for errors.
    time : dict
        Split to the first and last time.
    first : str, optional
        The first split that has rows: it decides what features are.
    kinds : dict
        Features to what they are.
    spellings : Spellings
    weight_unit : float, optional
        The power of two that weights are divided by, which have no scale of their own.
    compared : set of (str, str)
        Parts and features whose cells were counted to see whether they are words as in the first split.
    """

    labels: tuple[Label, ...] | None = None
    labels_source: str = "`data.labels`"
    time: dict[str, tuple[str, str]] = field(default_factory=dict)
    first: str | None = None
    kinds: dict[str, ColumnKind] = field(default_factory=dict)
    spellings: Spellings = field(default_factory=Spellings)
    weight_unit: float | None = None
    compared: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, spec: Spec) -> ReadState:
        """Return what a spec says before rows are read."""
        return cls().anew(spec, texts={LABELS} if spec.data.labels_are_texts else set())

    def anew(self, spec: Spec, texts: set[str]) -> ReadState:
        """Return what is known when reading starts anew, with more families of columns that stay texts."""
        spellings = Spellings(self.spellings.anew().texts | texts)
        labels = spec.data.listed_labels(texts=LABELS in spellings.texts)
        return ReadState(labels, first=self.first, kinds=self.kinds, spellings=spellings)

    @classmethod
    def settled(cls, spec: Spec, read: Callable[[ReadState], Result]) -> Result:
        """Return what reading gives, which starts anew where columns turn out to be something else than was assumed.

        Parameters
        ----------
        spec : Spec
        read : callable
            Reads from the first row, by what is known so far.
        """
        reading = cls.of(spec)
        # Each family of columns, and each of the two kinds of a feature, turns out to be something else once.
        for _ in range(len(set(families(spec).values())) + 2 * len(spec.data.features)):
            try:
                return read(reading)
            except Reread:
                reading = reading.anew(spec, set())
        return read(reading)

    @property
    def numeric(self) -> frozenset[str]:
        """Features that are numbers."""
        return frozenset(name for name, known in self.kinds.items() if known.kind == "number")


def check_labels(label: Codes, split: str, where: FileLocation, reading: ReadState) -> None:
    """Refuse a missing label of train or test, and one off the list.

    Raises
    ------
    DataError
        With file and row.
    """
    if split != "live":
        for position in np.flatnonzero(label.index < 0)[:1]:
            raise where.error(int(position), "the label is missing", "a label in every row of train and test")
    if reading.labels is not None:
        unknown = [i for i, value in enumerate(label.categories) if value not in reading.labels]
        for position in np.flatnonzero(np.isin(label.index, unknown))[:1]:
            raise where.error(int(position), "the label is unknown", f"a label of {reading.labels_source}")


def weights_of(
    table: pa.Table, data: DataSection, where: FileLocation, reading: ReadState
) -> npt.NDArray[np.float64] | None:
    """Return weights divided by a power of two, the same for all rows, near the largest of the first ones.

    Raises
    ------
    DataError
        With file and row, where a weight is missing, no number, not finite, negative, or beyond all others.
    """
    if data.weight is None or data.weight not in table.column_names:
        return None
    weights = floats(table, data.weight, where, "a weight", data)
    for position in np.flatnonzero(weights < 0)[:1]:
        raise where.error(int(position), f"column '{data.weight}' is negative", "a weight of at least 0")
    largest = float(weights.max(initial=0.0))
    if reading.weight_unit is None and largest:
        reading.weight_unit = math.ldexp(1.0, math.frexp(largest)[1] - 1)
    scaled = weights / (reading.weight_unit or 1.0)
    for position in np.flatnonzero(~(scaled <= LARGEST_WEIGHT))[:1]:
        wrong = f"column '{data.weight}' is beyond all weights of the first rows"
        raise where.error(int(position), wrong, f"weights that differ less than {LARGEST_WEIGHT:.0e}-fold")
    return scaled


def scores_of(table: pa.Table, spec: Spec, where: FileLocation, *, texts: bool) -> ScoreMatrix | None:
    """Return the scores that the spec names; None where the table lacks them.

    Raises
    ------
    DataError
        With file and row, where a score is missing, no number, or not finite.
    """
    named = spec.model.scores
    by_label = {spec.data.positive: named} if isinstance(named, str) and spec.data.positive is not None else named
    if not isinstance(by_label, dict) or not set(by_label.values()) <= set(table.column_names):
        return None
    labels = tuple(canonical_label(label, texts=texts) for label in by_label)
    # Where nothing else is predicted, a row without a score is a row without an output.
    alone = spec.model.predictions is None
    found = [floats(table, name, where, "a score", spec.data, or_missing=alone) for name in by_label.values()]
    return ScoreMatrix(labels, np.column_stack(found)) if found else None


def units_of(table: pa.Table, spec: Spec, where: FileLocation) -> npt.NDArray[np.int16] | None:
    """Return the random group of each row's unit; None where rows belong to none.

    Raises
    ------
    DataError
        With file and row, where a unit is missing.
    """
    if spec.data.unit is None or spec.data.unit not in table.column_names:
        return None
    units = table.column(spec.data.unit)
    for position in np.flatnonzero(units.is_null().to_numpy())[:1]:
        raise where.error(int(position), "the unit is missing", "a person or document in every row (`data.unit`)")
    return unit_groups([str(value) for value in units.to_pylist()], spec.audit.seed)


def note_time(column: pa.ChunkedArray, split: str, where: FileLocation, reading: ReadState) -> None:
    """Widen the period of a split by the times of a column.

    Raises
    ------
    DataError
        With file and row, where a time cannot be read.
    """
    times = instants(column)
    for position in np.flatnonzero(times.isna().to_numpy() & column.is_valid().to_numpy())[:1]:
        raise where.error(int(position), "the time cannot be read", TIMES)
    if times.notna().any():
        low, high = times.min().isoformat(), times.max().isoformat()
        known = reading.time.get(split, (low, high))
        reading.time[split] = (min(low, known[0]), max(high, known[1]))
