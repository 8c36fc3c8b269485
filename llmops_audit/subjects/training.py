"""Split and train; predict training rows, and rows to compare with them, by models that saw neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record.labels import Label, label_order
from llmops_audit.spec import Spec
from llmops_audit.subjects import Trainable

__all__ = ["OutOfFold", "dealt", "out_of_fold", "require_labels", "split"]

FOLDS = 5
FOLDS_LARGE = 2
"""Where rows are many, half of them suffice for training; two folds cost no more than one training."""

MOST_FOR_COMPARISON = 4_000
"""Training rows that fold models see, half of them each, where their predictions are only compared with others of
theirs.

Coarser models predict more coarsely, on all rows alike: the comparison stays fair."""

FEW_FOR_COMPARISON = 1_000
"""Up to so many rows, `FOLDS` models are trained for a comparison, which then see four of five rows."""


def split(batch: Batch, spec: Spec) -> tuple[Batch, Batch]:
    """Split rows into train and test as scikit-learn's `train_test_split` does with the audit's seed.

    Raises
    ------
    DataError
        Where scikit-learn cannot split, such as a label with a single row.
    """
    data, n = spec.data, len(batch)
    label = batch.label
    if data.stratify and label is not None and np.bincount(label.index)[np.unique(label.index)].min() < 2:
        raise DataError(
            f"{', '.join(data.paths('path'))}: column '{data.label}'",
            "a label has a single row, which cannot stand on both sides of the split",
            "two rows of each label, or `data.stratify = false`",
        )
    try:
        train, test = train_test_split(
            np.arange(n),
            test_size=data.test_size,
            random_state=spec.audit.seed,
            stratify=label.index if data.stratify and label is not None else None,
        )
    except ValueError as error:
        raise DataError(", ".join(data.paths("path")), f"cannot be split: {error}") from error
    return replace(batch[train], split="train"), replace(batch[test], split="test")


def require_labels(test: Batch, train: Batch) -> None:
    """Refuse a test label that the training split does not hold.

    Raises
    ------
    DataError
        With file and row.
    """
    known = _labels(train)
    if test.label is None:
        raise DataError("the test split", "has no labels")
    unknown = [i for i, value in enumerate(test.label.categories) if value not in known]
    for position in np.flatnonzero(np.isin(test.label.index, unknown))[:1]:
        raise DataError(
            f"{test.source[position]}: row {test.row[position]}",
            "the label is unknown",
            "a label of the training split",
        )


def _labels(batch: Batch) -> tuple[Label, ...]:
    if batch.label is None:
        return ()
    return label_order(batch.label.categories[i] for i in np.unique(batch.label.index) if i >= 0)


@dataclass(frozen=True)
class OutOfFold:
    """Models that each saw all folds of the training rows but one, and their predictions of the rows they did not see.

    Attributes
    ----------
    models : tuple of Trainable, (k,)
        Trained without the fold of their index.
    fold : numpy array of int64, (n,)
        Of each training row, the model that predicts it. A row that no model saw is dealt to one at random.
    prediction : Codes, (n,)
        Of all training rows.
    """

    models: tuple[Trainable, ...]
    fold: npt.NDArray[np.int64]
    prediction: Codes

    def predict(self, rows: Batch, fold: npt.NDArray[np.int64]) -> Codes:
        """Predict rows, (m,), each by the model of its fold."""
        return _predicted(self.models, rows, fold)

    def score(self, rows: Batch, fold: npt.NDArray[np.int64]) -> ScoreMatrix | None:
        """Score rows, (m,), each by the model of its fold; None where a model has no scores."""
        parts, order = _by_fold(fold, len(self.models))
        scores = _joined([self.models[k].score(replace(rows[part], label=None)) for k, part in parts])
        return None if scores is None else scores[order]


def out_of_fold(
    subject: Trainable, train: Batch, seed: int, max_rows: int, *, unit: str | None = None, compared: bool = False
) -> OutOfFold | None:
    """Predict each training row with a model that did not see it.

    Parameters
    ----------
    subject : Trainable
    train : Batch
    seed : int
    max_rows : int
        With more rows, `FOLDS_LARGE` folds instead of `FOLDS`.
    unit : str, optional
        Column of the person or document that rows belong to: rows of one stand in one fold.
    compared : bool
        The predictions are only compared with those of the same models on other rows: the models are trained on at most
        `MOST_FOR_COMPARISON` rows.

    Returns
    -------
    OutOfFold or None
        None where rows cannot be split so that each model sees two labels.
    """
    label = train.label
    if label is None or len(train) < FOLDS_LARGE:
        return None
    most, few = (MOST_FOR_COMPARISON, FEW_FOR_COMPARISON) if compared else (len(train), max_rows)
    folds = FOLDS if len(train) <= few else FOLDS_LARGE
    used = np.zeros(len(train), dtype=bool)
    used[np.argsort(train.key, kind="stable")[:most]] = True
    units = np.arange(len(train)) if unit is None else _codes_of(train, unit)
    fold = _dealt_folds(label.index, units, used, folds, seed)
    seen = [np.flatnonzero(used & (fold != k)) for k in range(folds)]
    if any(len(np.unique(label.index[rows])) < 2 for rows in seen):
        return None
    models = tuple(subject.fit(train[rows]) for rows in seen)
    return OutOfFold(models, fold, _predicted(models, train, fold))


def _predicted(models: Sequence[Trainable], rows: Batch, fold: npt.NDArray[np.int64]) -> Codes:
    parts, order = _by_fold(fold, len(models))
    return _joined_codes([models[k].predict(replace(rows[part], label=None)) for k, part in parts])[order]


def _by_fold(
    fold: npt.NDArray[np.int64], folds: int
) -> tuple[list[tuple[int, npt.NDArray[np.intp]]], npt.NDArray[np.intp]]:
    """Return the rows of each fold that has any, and the order that puts them back, (n,)."""
    parts = [(k, np.flatnonzero(fold == k)) for k in range(folds)]
    parts = [(k, part) for k, part in parts if len(part)]
    return parts, np.argsort(np.concatenate([part for _, part in parts]), kind="stable")


def dealt(key: npt.NDArray[np.uint64], folds: int) -> npt.NDArray[np.int64]:
    """Return the fold of each of some rows that no model saw, (m,): at random by their keys, and evenly."""
    fold = np.empty(len(key), dtype=np.int64)
    fold[np.argsort(key, kind="stable")] = np.arange(len(key)) % folds
    return fold


def _dealt_folds(
    label: npt.NDArray[np.int32], units: npt.NDArray[np.int64], used: npt.NDArray[np.bool_], folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """Deal units to folds, evenly by the label of their first row: those that are used, then the others."""
    _, first, of_row = np.unique(units, return_index=True, return_inverse=True)
    seen = np.zeros(len(first), dtype=bool)
    np.logical_or.at(seen, of_row, used)
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), label[first], ~seen))
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % folds
    return fold[of_row]


def _codes_of(rows: Batch, column: str) -> npt.NDArray[np.int64]:
    """Return which rows share a value of a column, (n,); a row without one stands alone."""
    codes = rows.table.column(column).combine_chunks().dictionary_encode().indices.fill_null(-1)
    found: npt.NDArray[np.int64] = codes.to_numpy(zero_copy_only=False).astype(np.int64)
    alone = found < 0
    found[alone] = len(found) + np.flatnonzero(alone)
    return found


def _joined(parts: Sequence[ScoreMatrix | None]) -> ScoreMatrix | None:
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    labels = label_order(label for part in known for label in part.labels)
    return ScoreMatrix(labels, np.vstack([part.of(labels) for part in known]))


def _joined_codes(parts: Sequence[Codes]) -> Codes:
    categories = label_order(value for part in parts for value in part.categories)
    recoded = [
        np.array([categories.index(value) for value in part.categories] + [-1], dtype=np.int32) for part in parts
    ]
    return Codes(categories, np.concatenate([one[part.index] for one, part in zip(recoded, parts, strict=True)]))
