"""The subject that a check can query: predictions for rows that the check itself makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from llmops_audit.evidence.base import Batch, Codes, ScoreMatrix
from llmops_audit.record import SubjectInfo

__all__ = ["QueriedSubject"]


class _Predictor(Protocol):
    def predict(self, batch: Batch) -> Codes: ...

    def score(self, batch: Batch) -> ScoreMatrix | None: ...


@dataclass(frozen=True)
class QueriedSubject:
    """The classifier under audit.

    Attributes
    ----------
    info : SubjectInfo
        What the record says of it.
    model : object, optional
        Predicts and scores a batch; None for saved predictions, where nothing can be queried.
    """

    info: SubjectInfo
    model: _Predictor | None = None

    def predict(self, table: pa.Table) -> Codes:
        """Predict rows, (n,), without scores; otherwise as `predict_with_scores`.

        Raises
        ------
        ValueError
            Where the predictions were saved.
        SubjectError
            Where the classifier fails.
        """
        return self._required().predict(_unlabelled(table))

    def predict_with_scores(self, table: pa.Table) -> tuple[Codes, ScoreMatrix | None]:
        """Predict and score rows.

        Parameters
        ----------
        table : pyarrow.Table, n rows
            The columns that the subject works on, as in `Batch.table`.

        Returns
        -------
        predictions : Codes, (n,)
        scores : ScoreMatrix, (n, k), or None

        Raises
        ------
        ValueError
            Where the predictions were saved.
        SubjectError
            Where the classifier fails.
        """
        batch = _unlabelled(table)
        return self._required().predict(batch), self._required().score(batch)

    def _required(self) -> _Predictor:
        if self.model is None:
            raise ValueError("saved predictions: there is no classifier to query")
        return self.model


def _unlabelled(table: pa.Table) -> Batch:
    n = table.num_rows
    return Batch("test", table, [""] * n, np.arange(1, n + 1), np.zeros(n, dtype=np.uint64))
