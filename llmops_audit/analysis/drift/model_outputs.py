"""Labels, predictions and scores of a sample of rows, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from llmops_audit.check.inputs import Task
from llmops_audit.evidence.base import ScoreMatrix
from llmops_audit.evidence.rows import Rows

__all__ = ["ModelOutputs", "confidences", "positive_scores", "there"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ModelOutputs:
    """Labels, predictions and scores of rows.

    Attributes
    ----------
    label, prediction : numpy array of object, (n,)
        Strings; None where there is none.
    scores : ScoreMatrix, (n, k), optional
    """

    label: npt.NDArray[np.object_]
    prediction: npt.NDArray[np.object_]
    scores: ScoreMatrix | None = None

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """Take them from a sample of rows."""
        label, prediction = (values.to_numpy(zero_copy_only=False) for values in (rows.label, rows.prediction))
        return cls(label.astype(object), prediction.astype(object), rows.scores)

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: npt.NDArray[np.intp]) -> Self:
        scores = None if self.scores is None else self.scores[rows]
        return type(self)(self.label[rows], self.prediction[rows], scores)

    @property
    def correct(self) -> BoolArray:
        """Whether each prediction is the label, (n,)."""
        return np.asarray(self.label == self.prediction, dtype=np.bool_)

    def table(self, task: Task) -> npt.NDArray[np.int64]:
        """Return labels against predictions, (k, k + 1); the last column counts predictions that are no label."""
        label, prediction = self.codes(task)
        k = len(task.labels)
        rows = label >= 0
        cells = label[rows] * (k + 1) + np.where(prediction[rows] < 0, k, prediction[rows])
        return np.bincount(cells, minlength=k * (k + 1)).reshape(k, k + 1)

    def codes(self, task: Task) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return labels and predictions as places in the labels of the task, (n,) each; -1 elsewhere."""
        place = {str(name): i for i, name in enumerate(task.labels)}
        label, prediction = (
            np.array([place.get(value, -1) for value in values], dtype=np.int64)
            for values in (self.label, self.prediction)
        )
        return label, prediction


def there(values: npt.NDArray[np.object_]) -> BoolArray:
    """Return which values are not None, (n,)."""
    return np.array([value is not None for value in values], dtype=np.bool_)


def confidences(test: ModelOutputs, now: ModelOutputs) -> tuple[FloatArray, FloatArray] | None:
    """Return the score of each predicted label, (n,) and (m,); None where either sample has no scores."""
    if test.scores is None or now.scores is None:
        return None
    values = np.concatenate([test.scores.values.ravel(), now.scores.values.ravel()])
    finite = values[np.isfinite(values)]
    whole = 1.0 if ((finite >= 0.0) & (finite <= 1.0)).all() else 0.0
    names = {str(name) for name in (*test.label, *test.prediction, *now.prediction)}
    return _of_predicted(test, test.scores, names, whole), _of_predicted(now, now.scores, names, whole)


def _of_predicted(rows: ModelOutputs, scores: ScoreMatrix, names: set[str], whole: float) -> FloatArray:
    """Return the score of each predicted label; of two labels, the second has the remainder."""
    found = np.full(len(rows), np.nan)
    for i, label in enumerate(scores.labels):
        predicted = rows.prediction == str(label)
        found[predicted] = scores.values[predicted, i]
    if len(scores.labels) == 1 and len(names | {str(scores.labels[0])}) <= 2:
        other = rows.prediction != str(scores.labels[0])
        found[other] = whole - scores.values[other, 0]
    return found


def positive_scores(rows: ModelOutputs, task: Task) -> FloatArray | None:
    """Return scores that rise with the positive label, or with the second of two, (n,); None where there are none."""
    if rows.scores is None:
        return None
    names = [str(name) for name in task.labels]
    wanted = names[1] if task.positive is None and len(names) == 2 else str(task.positive)
    scored = [str(name) for name in rows.scores.labels]
    if wanted in scored:
        return rows.scores.values[:, scored.index(wanted)]
    if len(names) == 2 and len(scored) == 1 and wanted in names and scored[0] in names:
        return -rows.scores.values[:, 0]
    return None
