"""Saved scores without predictions: the label that the scores speak for is predicted here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmops_audit.errors import SpecError
from llmops_audit.evidence.base import Codes, OutputColumn, ScoreMatrix
from llmops_audit.evidence.outputs import OUTCOMES
from llmops_audit.record import Label, Outcome
from llmops_audit.record.labels import as_listed, label_order
from llmops_audit.spec import Spec
from llmops_audit.subjects import subject_info
from llmops_audit.subjects.outputs import named_labels
from llmops_audit.subjects.predictions import SavedPredictions

__all__ = ["ScoreRule", "from_scores"]

_LABEL, _MISSING = OUTCOMES.index(Outcome.LABEL), OUTCOMES.index(Outcome.MISSING)


@dataclass(frozen=True)
class ScoreRule:
    """How scores become a label.

    Attributes
    ----------
    labels : tuple of label, (k,)
        In order.
    positive : label, optional
        Of two labels the one whose score is compared with the threshold; None: the label with the largest score.
    threshold : float
        Score from which the positive label is predicted.
    """

    labels: tuple[Label, ...]
    positive: Label | None
    threshold: float

    @classmethod
    def of(cls, spec: Spec, labels: tuple[Label, ...]) -> ScoreRule:
        """Make the rule that a spec names.

        Raises
        ------
        SpecError
            Where it does not go with these labels.
        """
        scores, known = spec.model.scores, f"one of {named_labels(labels)}, or `data.labels` with all of them"
        if isinstance(scores, dict):
            scored = label_order(as_listed(label, labels) for label in scores)
            for label in scored:
                if label not in labels:
                    raise SpecError(f"model.scores.{label}", "is not a label of the data", known)
            if without := [label for label in labels if label not in scored]:
                wrong = "lacks a column for a label, which would never be predicted"
                raise SpecError("model.scores", wrong, "scores of every label", named_labels(without))
            return cls(labels, None, 0.0)
        positive = None if spec.data.positive is None else as_listed(spec.data.positive, labels)
        if len(labels) != 2:
            wrong = "one column of scores decides between two labels"
            raise SpecError("model.scores", wrong, "a table label -> column, or two labels", f"{len(labels)} labels")
        if positive not in labels:
            raise SpecError("data.positive", "is not a label of the data", known, repr(positive))
        return cls(labels, positive, spec.model.threshold or 0.0)

    def read(self, scores: ScoreMatrix) -> tuple[Codes, OutputColumn]:
        """Return the label of each row, and the rows without one, because a score is missing."""
        if self.positive is None:
            values = scores.of(self.labels)
            missing = np.asarray(np.isnan(values).any(axis=1))
            filled = np.where(missing[:, np.newaxis], 0.0, values)
            # The first of several largest, and labels are in order.
            index = filled.argmax(axis=1)
            largest = (filled == filled.max(axis=1, keepdims=True)).sum(axis=1)
            tied = np.asarray((largest > 1) & ~missing)
        else:
            values = scores.of([self.positive])[:, 0]
            missing, tied = np.isnan(values), np.zeros(len(values), dtype=np.bool_)
            of = self.labels.index(self.positive)
            index = np.where(values >= self.threshold, of, 1 - of)
        no_shape = Codes((), np.full(len(index), -1, dtype=np.int32))
        outcome = np.where(missing, _MISSING, _LABEL).astype(np.int8)
        return Codes(self.labels, np.where(missing, -1, index).astype(np.int32)), OutputColumn(outcome, no_shape, tied)


def from_scores(spec: Spec) -> SavedPredictions:
    """Describe the columns of scores."""
    scores = spec.model.scores
    columns = [scores] if isinstance(scores, str) else [*(scores or {}).values()]
    parameters: dict[str, object] = {"scores": scores}
    if spec.model.threshold is not None:
        parameters["threshold"] = spec.model.threshold
    return SavedPredictions(subject_info("scores", f"scores in {', '.join(columns)}", parameters))
