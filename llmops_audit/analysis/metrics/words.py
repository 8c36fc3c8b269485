"""What metrics are called, by their keys in a record."""

from __future__ import annotations

from llmops_audit.analysis.metrics.definitions import METRIC_TITLES
from llmops_audit.record import Message, message

__all__ = ["CALIBRATION", "METRIC_WORDS"]

METRIC_WORDS: dict[str, Message] = {
    **METRIC_TITLES,
    "expected_calibration_error": message("expected calibration error"),
    "brier_score": message("Brier score"),
    "binning_error": message("error by bins, at most"),
}
"""Every metric of labels and of scores, with or without a minimum."""

CALIBRATION: dict[str, Message] = {
    **METRIC_WORDS,
    "probabilities": message("probabilities"),
    "limits": message("limits"),
    "scored_rows": message("rows with scores"),
    "scored_labels": message("labels with scores"),
    "plug_in": message("as observed"),
}
"""All that findings and figures on calibration name."""
