"""The subject that is trained here: a scikit-learn classifier, its inputs, predictions and scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.base import clone, is_classifier

from llmops_audit.errors import SubjectError
from llmops_audit.errors.redaction import redacted
from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record import SubjectInfo
from llmops_audit.record.labels import Label, as_listed, label_order
from llmops_audit.subjects.fitted import fitted_sha256

__all__ = ["ScikitLearnSubject", "require_classifier", "seeded"]


def seeded(estimator: Any, seed: int) -> Any:
    """Return the estimator with the seed wherever it would draw from numpy's global generator."""
    parameters = estimator.get_params()
    own = [name for name in parameters if name.rpartition("__")[2] == "random_state" and parameters[name] is None]
    return estimator.set_params(**dict.fromkeys(own, seed))


def require_classifier(estimator: object, key: str, path: str) -> Any:
    """Return the estimator where it is an unfitted scikit-learn classifier.

    Raises
    ------
    SubjectError
    """
    if isinstance(estimator, type) or not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise SubjectError(
            key,
            "is not an estimator",
            "an object with fit and predict",
            f"{path!r}, a {type(estimator).__name__}",
        )
    if not is_classifier(estimator):
        raise SubjectError(key, "is not a classifier", "a scikit-learn classifier", repr(path))
    return estimator


@dataclass(frozen=True)
class ScikitLearnSubject:
    """A scikit-learn classifier that is trained here.

    Attributes
    ----------
    estimator : scikit-learn classifier
    info : SubjectInfo
    text : str or None
        Column of the text; None for tabular data.
    features : tuple of str
        Columns of tabular data.
    positive : label, optional
    threshold : float, optional
        Score of `positive` from which it is predicted.
    weight_key : str
        Parameter of ``fit`` that takes sample weights.
    labels : tuple of label
        Those of the training rows, once trained.
    """

    estimator: Any
    info: SubjectInfo
    text: str | None
    features: tuple[str, ...]
    positive: Label | None = None
    threshold: float | None = None
    weight_key: str = "sample_weight"
    labels: tuple[Label, ...] = ()

    def fit(self, batch: Batch) -> Self:
        """Return the subject trained on these rows.

        Raises
        ------
        SubjectError
            Where scikit-learn refuses the data or a parameter.
        """
        extra = {} if batch.weight is None else {self.weight_key: batch.weight * batch.weight_unit}
        try:
            estimator = clone(self.estimator).fit(self._inputs(batch.table), _targets(batch.label), **extra)
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise SubjectError("model", f"cannot be trained: {redacted(error)}") from error
        if self.threshold is not None and not hasattr(estimator, "predict_proba"):
            raise SubjectError("model.threshold", "the classifier gives no probabilities", "one with predict_proba")
        labels = () if batch.label is None else batch.label.categories
        positive = None if self.positive is None else as_listed(self.positive, labels)
        return replace(self, estimator=estimator, positive=positive, labels=labels)

    def identified(self) -> Self:
        """Return the trained subject with the digest of what was learned and of how it is used."""
        used = {"text": self.text, "features": self.features, "threshold": self.threshold}
        if self.threshold is not None:
            used["positive"] = self.positive
        digest = fitted_sha256({"estimator": self.estimator, **used})
        return replace(self, info=self.info.model_copy(update={"fitted": digest}))

    def predict(self, batch: Batch) -> Codes:
        """Return a prediction for each row, by `threshold` where there is one.

        Raises
        ------
        SubjectError
            Where the classifier fails, or its scores hold a value that is not finite.
        """
        inputs = self._inputs(batch.table)
        try:
            predictions = np.asarray(
                self.estimator.predict(inputs) if self.threshold is None else self._by_threshold(inputs)
            )
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise SubjectError("model", f"cannot predict: {redacted(error)}") from error
        if predictions.shape != (len(batch),):
            raise SubjectError(
                "model",
                "does not give one prediction for each row",
                f"shape ({len(batch)},)",
                f"shape {predictions.shape}",
            )
        raw, inverse = np.unique(predictions, return_inverse=True)
        labels = [self._label(value) for value in raw.tolist()]
        categories = label_order(labels)
        recoded = np.array([categories.index(label) for label in labels], dtype=np.int32)
        return Codes(categories, recoded[inverse])

    def score(self, batch: Batch) -> ScoreMatrix | None:
        """Return probabilities; else decision margins; None where the classifier gives neither.

        Of two labels, the positive label is scored (the second, where none is named).

        Raises
        ------
        SubjectError
            Where the classifier fails, or a score is not finite.
        """
        method = next((name for name in ("predict_proba", "decision_function") if hasattr(self.estimator, name)), None)
        if method is None:
            return None
        try:
            values = np.asarray(getattr(self.estimator, method)(self._inputs(batch.table)), dtype=np.float64)
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise SubjectError("model", f"cannot score: {redacted(error)}") from error
        labels = tuple(self._label(value) for value in self.estimator.classes_.tolist())
        if len(labels) == 2:
            # A margin is that of the second label.
            both = values if values.ndim == 2 else np.column_stack([-values, values])
            scored = labels.index(self.positive) if self.positive in labels else 1
            labels, values = (labels[scored],), both[:, [scored]]
        if values.shape != (len(batch), len(labels)):
            raise SubjectError(
                "model", "does not give one score for each row and label", f"shape ({len(batch)}, {len(labels)})"
            )
        if not np.isfinite(values).all():
            raise SubjectError("model", "scores are missing or not finite", "a finite score for each row and label")
        return ScoreMatrix(labels, values)

    def _by_threshold(self, inputs: Any) -> npt.NDArray[Any]:
        scores = np.asarray(self.estimator.predict_proba(inputs))
        if not np.isfinite(scores).all():
            raise SubjectError("model", "scores are missing or not finite", "a finite score for each row and label")
        classes = self.estimator.classes_
        positive = [self._label(value) for value in classes.tolist()].index(self._positive())
        without_positive = scores.copy()
        without_positive[:, positive] = -np.inf
        negative = classes[without_positive.argmax(axis=1)]
        return np.asarray(np.where(scores[:, positive] >= self.threshold, classes[positive], negative))

    def _label(self, value: str | float | bool) -> Label:
        """Return the label that the estimator means: it was trained on texts where one of the labels is a text."""
        return as_listed(value, self.labels)

    def _positive(self) -> Label:
        if self.positive is None:
            raise SubjectError("model.threshold", "needs a positive label", "`data.positive`")
        return self.positive

    def _inputs(self, table: pa.Table) -> Any:
        if self.text is not None:
            return table.column(self.text).to_numpy(zero_copy_only=False)
        frame = {}
        for name in self.features:
            column = table.column(name)
            values = column.to_numpy(zero_copy_only=False)
            if not pa.types.is_floating(column.type):
                values = values.astype(object)
                values[pd.isna(values)] = np.nan
            frame[name] = values
        return pd.DataFrame(frame)


def _targets(label: Codes | None) -> npt.NDArray[Any]:
    if label is None:
        raise SubjectError("model", "cannot be trained: the training split has no labels")
    values: tuple[Any, ...] = label.categories
    if any(isinstance(value, str) for value in values):
        values = tuple(str(value) for value in values)
    return np.array(values)[label.index]
