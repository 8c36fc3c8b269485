"""Saved predictions: columns of the data with the predictions of a classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from llmops_audit.evidence.base import Batch, Codes
from llmops_audit.record import FileInfo, SubjectInfo
from llmops_audit.spec import Spec
from llmops_audit.subjects import subject_info

__all__ = ["SavedPredictions", "from_predictions"]


@dataclass(frozen=True)
class SavedPredictions:
    """Predictions that come with the data: nothing is imported or trained."""

    info: SubjectInfo

    def read_from(self, files: tuple[FileInfo, ...]) -> Self:
        """Return the predictions with the files that they were read from."""
        return replace(self, info=self.info.model_copy(update={"files": files}))

    def predict(self, batch: Batch) -> Codes:
        """Return the predictions that were read with the rows, missing where there is no such column."""
        if batch.prediction is None:
            return Codes((), np.full(len(batch), -1, dtype=np.int32))
        return batch.prediction


def from_predictions(spec: Spec) -> SavedPredictions:
    """Describe the columns of predictions and scores."""
    model = spec.model
    parameters: dict[str, object] = {"predictions": model.predictions}
    if model.scores is not None:
        parameters["scores"] = model.scores
    if not model.output.plain:
        parameters["output"] = model.output.model_dump(mode="json", exclude_defaults=True)
    return SavedPredictions(subject_info("predictions", f"column {model.predictions}", parameters))
