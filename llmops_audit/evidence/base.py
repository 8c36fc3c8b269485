"""Batches, and what every evidence type has in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.record.labels import Label, canonical_label, label_order

if TYPE_CHECKING:
    from llmops_audit.personal_data.allow_list import AllowList

__all__ = [
    "UNIT_GROUPS",
    "Batch",
    "Codes",
    "Evidence",
    "OutputColumn",
    "Plan",
    "ScoreMatrix",
    "codes_of",
    "concatenated",
    "encoded",
    "same",
]

UNIT_GROUPS = 256
"""Units (persons, documents) are put into this many random groups; sums by group replace sums by unit."""


RowIndex = slice | npt.NDArray[np.intp]
"""Which rows: a slice, or their indices in the order wanted."""


@dataclass(frozen=True)
class Codes:
    """A column of labels, predictions or groups, dictionary-encoded.

    Attributes
    ----------
    categories : tuple of label, (k,)
        Distinct values in their one form, see `llmops_audit.record.labels.canonical_label`.
    index : numpy array of int32, (n,)
        Index into `categories`; -1 is missing.
    """

    categories: tuple[Label, ...]
    index: npt.NDArray[np.int32]

    def __getitem__(self, rows: RowIndex) -> Codes:
        return Codes(self.categories, self.index[rows])

    def texts(self) -> pa.Array:
        """Return the values as strings, (n,), null where missing."""
        texts = pa.array([str(value) for value in self.categories], pa.string())
        return texts.take(pa.array(self.index, pa.int32(), mask=self.index < 0))


@dataclass(frozen=True)
class ScoreMatrix:
    """Scores of some labels.

    Attributes
    ----------
    labels : tuple of label, (k,)
        The labels that have scores; of two labels the positive one is enough.
    values : numpy array of float64, (n, k)
        Probabilities, or decision margins, which have no bounds; NaN where a score is missing.
    """

    labels: tuple[Label, ...]
    values: npt.NDArray[np.float64]

    def __getitem__(self, rows: RowIndex) -> ScoreMatrix:
        return ScoreMatrix(self.labels, self.values[rows])

    def of(self, labels: Sequence[Label]) -> npt.NDArray[np.float64]:
        """Return the scores of other labels, (n, len(labels)): NaN where a label has none."""
        values = np.full((len(self.values), len(labels)), np.nan)
        for column, label in enumerate(labels):
            if label in self.labels:
                values[:, column] = self.values[:, self.labels.index(label)]
        return values


@dataclass(frozen=True)
class OutputColumn:
    """What became of a column of outputs, beside the labels that some of them are.

    Attributes
    ----------
    outcome : numpy array of int8, (n,)
        Index into the members of `llmops_audit.record.Outcome`.
    shape : Codes, (n,)
        Masked shapes of the outputs that are no label, see `llmops_audit.evidence.outputs.shape_of`; else missing.
    tied : numpy array of bool, (n,)
        Rows whose largest score several labels share.
    """

    outcome: npt.NDArray[np.int8]
    shape: Codes
    tied: npt.NDArray[np.bool_]

    def __getitem__(self, rows: RowIndex) -> OutputColumn:
        return OutputColumn(self.outcome[rows], self.shape[rows], self.tied[rows])


@dataclass(frozen=True)
class Plan:
    """What evidence types need to know before the first batch.

    Attributes
    ----------
    labels : tuple of label, optional
        The list of labels where it is known beforehand; a prediction off the list is then kept as missing.
    groups : tuple of str
        Columns of sensitive attributes.
    seed : int
    sample : int
        The largest number of rows that `Rows` keeps.
    keep : tuple of str, optional
        Columns that `Rows` keeps; None means all.
    scan : tuple of str, optional
        Columns that `PersonalData` searches; None means all.
    uncounted : tuple of str
        Columns whose values `Distributions` does not count, only whether they are there: texts, times and the like,
        which hardly ever occur twice.
    allow_list : AllowList, optional
        Values that `PersonalData` counts apart.
    text : str, optional
        Column of the text that is classified, where a missing value is read as an empty text.
    time : str, optional
        Column with the time of a row, in ISO 8601.
    """

    labels: tuple[Label, ...] | None = None
    groups: tuple[str, ...] = ()
    seed: int = 0
    sample: int = 10_000
    keep: tuple[str, ...] | None = None
    scan: tuple[str, ...] | None = None
    uncounted: tuple[str, ...] = ()
    allow_list: AllowList | None = None
    text: str | None = None
    time: str | None = None

    def within(self, columns: Collection[str]) -> Plan:
        """Return the plan for a split that has these columns: others may stand in another split alone."""
        return replace(
            self,
            groups=tuple(name for name in self.groups if name in columns),
            keep=None if self.keep is None else tuple(name for name in self.keep if name in columns),
            text=self.text if self.text in columns else None,
            time=self.time if self.time in columns else None,
        )


@dataclass(frozen=True)
class Batch:
    """A block of rows of one split.

    Attributes
    ----------
    split : str
        ``"train"``, ``"test"`` or ``"live"``.
    table : pyarrow.Table, n rows
        The columns that were read, under their own names. Text, categories and groups are strings (null: missing),
        numbers are float64 (null: missing).
    source : sequence of str, (n,)
        Path of each row's file, relative to the spec.
    row : numpy array of int64, (n,)
        Number of each row in its file, from 1, without the header.
    key : numpy array of uint64, (n,)
        Seeded hash that identifies the row whatever batch it came in.
    label : Codes, (n,), optional
        None for unlabelled rows.
    prediction : Codes, (n,), optional
        None where the subject made none.
    weight : numpy array of float64, (n,), optional
        Near 1: weights have no scale, and are counted in multiples of `weight_unit`.
    scores : ScoreMatrix, (n, k), optional
        None where no evidence asks for them, or the subject gives none.
    reference_predictions : mapping of str to Codes, (n,)
        Predictions of the models that the subject is compared with: ``"baseline"`` (the previous release) and
        ``"one_rule"`` (a rule on one feature).
    unit_group : numpy array of int16, (n,), optional
        Random group, 0 to `UNIT_GROUPS` - 1, of the unit (person, document) that each row belongs to; None where the
        rows are taken as independent.
    outputs : OutputColumn, (n,), optional
        What became of the outputs; None where each prediction is as it was given, and is a label or not.
    weight_unit : float
        The power of two that weights were divided by, the same for all rows of an audit.
    reference_scores : ScoreMatrix, (n, k), optional
        Of the previous release, to two decimals; None where they are unknown.
    unasked : mapping of str to numpy array of bool, (n,)
        Rows for which a reference model gave no prediction because nobody asked it: they are no pairs. A model that
        is not named here was asked about every row.
    """

    split: str
    table: pa.Table
    source: Sequence[str]
    row: npt.NDArray[np.int64]
    key: npt.NDArray[np.uint64]
    label: Codes | None = None
    prediction: Codes | None = None
    weight: npt.NDArray[np.float64] | None = None
    scores: ScoreMatrix | None = None
    reference_predictions: Mapping[str, Codes] = field(default_factory=dict)
    unit_group: npt.NDArray[np.int16] | None = None
    outputs: OutputColumn | None = None
    weight_unit: float = 1.0
    reference_scores: ScoreMatrix | None = None
    unasked: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, rows: RowIndex) -> Batch:
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            table, source = self.table.slice(start, max(0, stop - start)), self.source[rows]
        else:
            table, source = self.table.take(pa.array(rows)), [self.source[i] for i in rows]
        return Batch(
            self.split,
            table,
            source,
            self.row[rows],
            self.key[rows],
            None if self.label is None else self.label[rows],
            None if self.prediction is None else self.prediction[rows],
            None if self.weight is None else self.weight[rows],
            None if self.scores is None else self.scores[rows],
            {name: codes[rows] for name, codes in self.reference_predictions.items()},
            None if self.unit_group is None else self.unit_group[rows],
            None if self.outputs is None else self.outputs[rows],
            self.weight_unit,
            None if self.reference_scores is None else self.reference_scores[rows],
            {name: left_out[rows] for name, left_out in self.unasked.items()},
        )

    def asked(self, name: str) -> Batch:
        """Return the rows that a reference model was asked about."""
        return self[np.flatnonzero(~self.unasked[name])] if name in self.unasked else self

    def sample(self, most: int) -> Batch:
        """Return at most so many rows, in order: a uniform sample, those with the smallest keys."""
        return self[np.sort(np.argsort(self.key, kind="stable")[:most])]


def concatenated(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables of the same columns one under the other.

    A column that is a number in one and text in another (two files need not agree) becomes text in all, and bytes where
    it is bytes in one.
    """
    names = tables[0].column_names
    types = {name: {table.schema.field(name).type for table in tables} for name in names}
    shared = {
        name: pa.binary() if pa.binary() in found else pa.string() for name, found in types.items() if len(found) > 1
    }
    aligned = [pa.table([_cast(table.column(name), shared.get(name)) for name in names], names) for table in tables]
    return pa.concat_tables(aligned).combine_chunks()


def _cast(column: pa.ChunkedArray, to: pa.DataType | None) -> pa.ChunkedArray:
    if to is None or column.type == to:
        return column
    # Numbers become bytes by way of their text.
    return column.cast(pa.string()).cast(to)


def encoded(table: pa.Table, name: str, *, texts: bool = False) -> Codes | None:
    """Return a column of labels or groups in their one form, or None where the table has no such column.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
    texts : bool
        Whether texts stay as they are, see `canonical_label`.
    """
    if name not in table.column_names:
        return None
    return codes_of(table.column(name).combine_chunks().dictionary_encode(), texts=texts)


def codes_of(dictionary: pa.DictionaryArray, *, texts: bool = False) -> Codes:
    """Return labels or groups in their one form, as `encoded` does."""
    raw = [canonical_label(value, texts=texts) for value in dictionary.dictionary.to_pylist()]
    categories = label_order(raw)
    position = {value: number for number, value in enumerate(categories)}
    recoded = np.array([position[value] for value in raw] + [-1], dtype=np.int32)
    index = dictionary.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Codes(categories, recoded[index])


def same(one: Codes, other: Codes) -> npt.NDArray[np.bool_]:
    """Return which rows have one value in both columns, (n,); a missing value is like no other."""
    place = {value: number for number, value in enumerate(one.categories)}
    places = np.array([place.get(value, -2) for value in other.categories] + [-2], dtype=np.int32)
    return np.asarray(one.index == places[other.index])


@runtime_checkable
class Evidence(Protocol):
    """A summary of batches that can be added, in any order, however the data was cut."""

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the neutral element of `+`."""
        ...

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Return the evidence of one batch."""
        ...

    def __add__(self, other: Self) -> Self: ...
