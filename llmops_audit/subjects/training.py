"""Split, train, and predict the training rows out-of-fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold, train_test_split

from llmops_audit.errors import DataError
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record.labels import Label, label_order
from llmops_audit.spec import Spec
from llmops_audit.subjects import Trainable

__all__ = ["OutOfFold", "out_of_fold", "require_labels", "split"]

FOLDS = 5
FOLDS_LARGE = 2
"""Above `data.sample` rows, half of them suffice for training; two folds cost no more than one training."""


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
    """Predictions for the training rows by models that did not see them.

    Attributes
    ----------
    prediction : Codes, (n,)
        Of all rows.
    source : sequence of str, (m,)
        File of each row that has scores.
    row : numpy array of int64, (m,)
        Its number in the file.
    scores : ScoreMatrix, (m, k), optional
        None where scores were not requested, or the subject has none.
    """

    prediction: Codes
    source: tuple[str, ...]
    row: npt.NDArray[np.int64]
    scores: ScoreMatrix | None


def out_of_fold(
    subject: Trainable, train: Batch, seed: int, max_rows: int, *, scores: bool = False
) -> OutOfFold | None:
    """Predict each training row with a model that did not see it.

    Parameters
    ----------
    subject : Trainable
    train : Batch
    seed : int
    max_rows : int
        With more rows, `FOLDS_LARGE` folds instead of `FOLDS`.
    scores : bool
        Also score the rows of a sample of `max_rows` rows, see `Batch.sample`.

    Returns
    -------
    OutOfFold or None
        None where a label has fewer than two rows and cannot be split into folds.
    """
    label = train.label
    if label is None or np.bincount(label.index)[np.unique(label.index)].min() < FOLDS_LARGE:
        return None
    rarest = int(np.bincount(label.index)[np.unique(label.index)].min())
    folds = min(FOLDS if len(train) <= max_rows else FOLDS_LARGE, rarest)
    sampled = _sampled(train, max_rows if scores else 0)
    position = np.empty(len(train), dtype=np.int32)
    parts: list[Codes] = []
    scored: list[tuple[Batch, ScoreMatrix | None]] = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for kept, left_out in splitter.split(np.zeros(len(train)), label.index):
        trained, held_out = subject.fit(train[kept]), replace(train[left_out], label=None)
        parts.append(trained.predict(held_out))
        position[left_out] = np.arange(len(left_out), dtype=np.int32) + sum(len(part.index) for part in parts[:-1])
        if sampled[left_out].any():
            part = held_out[np.flatnonzero(sampled[left_out])]
            scored.append((part, trained.score(part)))
    categories = label_order(value for part in parts for value in part.categories)
    joined = np.concatenate([_recoded(part, categories) for part in parts])
    return OutOfFold(
        Codes(categories, joined[position]),
        tuple(source for part, _ in scored for source in part.source),
        np.concatenate([np.empty(0, dtype=np.int64), *(part.row for part, _ in scored)]),
        _joined([found for _, found in scored]),
    )


def _sampled(train: Batch, max_rows: int) -> npt.NDArray[np.bool_]:
    """Return which rows are sampled: those with the smallest keys, and all that tie with the last."""
    if not max_rows or len(train) <= max_rows:
        return np.full(len(train), max_rows > 0)
    return np.asarray(train.key <= np.partition(train.key, max_rows - 1)[max_rows - 1])


def _joined(parts: Sequence[ScoreMatrix | None]) -> ScoreMatrix | None:
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    labels = label_order(label for part in known for label in part.labels)
    return ScoreMatrix(labels, np.vstack([part.of(labels) for part in known]))


def _recoded(codes: Codes, categories: tuple[Label, ...]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    recoded = np.array([categories.index(value) for value in codes.categories] + [-1], dtype=np.int32)
    return recoded[codes.index]
