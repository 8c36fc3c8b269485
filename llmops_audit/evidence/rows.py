"""`Rows`: a uniform sample of rows that does not depend on how the data was cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.evidence.base import Batch, Plan, ScoreMatrix, concatenated
from llmops_audit.record.labels import label_order

__all__ = ["Rows", "by_fold_models"]


def by_fold_models(split: str) -> str:
    """Return the key of a split's sample with the predictions and scores of the models of the training rows' folds."""
    return f"{split} by fold models"


@dataclass(frozen=True, eq=False)
class Rows:
    """At most `limit` rows, those with the smallest keys; all of them, in order, where they are no more.

    Attributes
    ----------
    limit : int
    key : numpy array of uint64, (n,)
    source : tuple of str, (n,)
        Path of each row's file.
    row : numpy array of int64, (n,)
        Number of each row in its file.
    table : pyarrow.Table, (n,)
        Columns as in `Batch.table`.
    label, prediction : pyarrow array of string, (n,)
        Null where there is none.
    total : int
        Rows that the sample was drawn from.
    scores : ScoreMatrix, (n, k), optional
        NaN where a row has none; None where no row that the sample was drawn from came with scores.
    fold : numpy array of int64, (n,), optional
        The fold model that predicted and scored each row; None where one subject did, or nobody.

    Notes
    -----
    The rows with the smallest hashes of a whole are among those of its parts, which is why samples can be added
    (bottom-k sampling: Cohen and Kaplan 2007, Summarizing data using bottom-k sketches).
    """

    limit: int
    key: npt.NDArray[np.uint64]
    source: tuple[str, ...]
    row: npt.NDArray[np.int64]
    table: pa.Table
    label: pa.Array
    prediction: pa.Array
    total: int
    scores: ScoreMatrix | None = None
    fold: npt.NDArray[np.int64] | None = None

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        """Return the sample of nothing."""
        none = pa.array([], pa.string())
        return cls(plan.sample, np.array([], np.uint64), (), np.array([], np.int64), pa.table({}), none, none, 0)

    @classmethod
    def of(cls, batch: Batch, plan: Plan) -> Self:
        """Sample one batch."""
        if not len(batch):
            return cls.empty(plan)
        none = pa.nulls(len(batch), pa.string())
        return cls(
            plan.sample,
            batch.key,
            tuple(batch.source),
            batch.row,
            batch.table if plan.keep is None else batch.table.select(list(plan.keep)),
            none if batch.label is None else batch.label.texts(),
            none if batch.prediction is None else batch.prediction.texts(),
            len(batch),
            None if batch.scores is None else _ordered(batch.scores),
        )._smallest()

    def __add__(self, other: Self) -> Self:
        if not other.total:
            return self
        if not self.total:
            return other
        return type(self)(
            self.limit,
            np.concatenate([self.key, other.key]),
            self.source + other.source,
            np.concatenate([self.row, other.row]),
            concatenated([self.table, other.table]),
            pa.concat_arrays([self.label, other.label]),
            pa.concat_arrays([self.prediction, other.prediction]),
            self.total + other.total,
            _stacked(self, other),
        )._smallest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rows):
            return NotImplemented
        return (
            (self.limit, self.source, self.total) == (other.limit, other.source, other.total)
            and np.array_equal(self.key, other.key)
            and np.array_equal(self.row, other.row)
            and _same_table(self.table, other.table)
            and self.label.equals(other.label)
            and self.prediction.equals(other.prediction)
            and _same(self.scores, other.scores)
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def sampled(self) -> bool:
        """Whether rows were left out."""
        return self.total > len(self)

    def one_per(self, column: str) -> Self:
        """Return one row, drawn by its key, of all that share a value of a column: rows that do not depend."""
        values = self.table.column(column).combine_chunks().dictionary_encode().indices.fill_null(-1)
        units = values.to_numpy(zero_copy_only=False)
        drawn = np.lexsort((self.row, np.array(self.source, dtype=object), self.key))
        _, first = np.unique(units[drawn], return_index=True)
        return self._taken(np.sort(drawn[first]))

    def scored(self, scores: ScoreMatrix | None) -> Self:
        """Return the same rows with scores, (n, k), that were computed apart."""
        return replace(self, scores=None if scores is None else _ordered(scores))

    def _smallest(self) -> Self:
        candidates = np.arange(len(self.key))
        if len(self.key) > self.limit:
            candidates = np.flatnonzero(self.key <= np.partition(self.key, self.limit - 1)[self.limit - 1])
        sources = np.array(self.source, dtype=object)[candidates]
        row = self.row[candidates]
        # Rows with one id share a key, so that file and row number decide between them.
        kept = np.lexsort((row, sources, self.key[candidates]))[: self.limit]
        return self._taken(candidates[kept[np.lexsort((row[kept], sources[kept]))]])

    def _taken(self, order: npt.NDArray[np.intp]) -> Self:
        return type(self)(
            self.limit,
            _frozen(self.key[order]),
            tuple(self.source[i] for i in order),
            _frozen(self.row[order]),
            self.table.take(order).combine_chunks(),
            self.label.take(pa.array(order)),
            self.prediction.take(pa.array(order)),
            self.total,
            None if self.scores is None else ScoreMatrix(self.scores.labels, _frozen(self.scores.values[order])),
            None if self.fold is None else _frozen(self.fold[order]),
        )


def _stacked(one: Rows, other: Rows) -> ScoreMatrix | None:
    if one.scores is None and other.scores is None:
        return None
    parts = [rows.scores or ScoreMatrix((), np.empty((len(rows), 0))) for rows in (one, other)]
    labels = label_order(label for part in parts for label in part.labels)
    return ScoreMatrix(labels, np.vstack([part.of(labels) for part in parts]))


def _ordered(scores: ScoreMatrix) -> ScoreMatrix:
    ordered = label_order(scores.labels)
    return ScoreMatrix(ordered, _frozen(scores.of(ordered)))


def _same(one: ScoreMatrix | None, other: ScoreMatrix | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.labels == other.labels and np.array_equal(one.values, other.values, equal_nan=True)


def _same_table(one: pa.Table, other: pa.Table) -> bool:
    # Arrow takes NaN for another number than NaN.
    return one.schema.equals(other.schema) and all(
        np.array_equal(mine.to_numpy(), others.to_numpy(), equal_nan=True) and mine.is_null().equals(others.is_null())
        if pa.types.is_floating(mine.type)
        else mine.equals(others)
        for mine, others in zip(one.columns, other.columns, strict=True)
    )


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array
