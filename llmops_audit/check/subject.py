"""The subject as a check may ask it again: on rows of the check's own making."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from llmops_audit.evidence.base import Batch, Codes, Scored
from llmops_audit.record import SubjectInfo

__all__ = ["AskedSubject"]


class _Answering(Protocol):
    def predict(self, batch: Batch) -> Codes: ...

    def score(self, batch: Batch) -> Scored | None: ...


@dataclass(frozen=True)
class AskedSubject:
    """The classifier under audit.

    Attributes
    ----------
    info : SubjectInfo
        What the record says of it.
    trained : object, optional
        Gives predictions and scores of a batch; None where answers were saved, so that nobody can be asked again.
    """

    info: SubjectInfo
    trained: _Answering | None = None

    def predict(self, table: pa.Table) -> Codes:
        """Ask for predictions alone, (n,); otherwise as `ask`.

        Raises
        ------
        ValueError
            Where the answers were saved.
        SubjectError
            Where the classifier fails.
        """
        return self._trained().predict(_unlabelled(table))

    def ask(self, table: pa.Table) -> tuple[Codes, Scored | None]:
        """Ask for the answers to rows.

        Parameters
        ----------
        table : pyarrow.Table, n rows
            The columns that the subject works on, as in `Batch.table`.

        Returns
        -------
        predictions : Codes, (n,)
        scores : Scored, (n, k), or None

        Raises
        ------
        ValueError
            Where the answers were saved.
        SubjectError
            Where the classifier fails.
        """
        batch = _unlabelled(table)
        return self._trained().predict(batch), self._trained().score(batch)

    def _trained(self) -> _Answering:
        if self.trained is None:
            raise ValueError("saved answers cannot be asked for again")
        return self.trained


def _unlabelled(table: pa.Table) -> Batch:
    n = table.num_rows
    return Batch("test", table, [""] * n, np.arange(1, n + 1), np.zeros(n, dtype=np.uint64))
