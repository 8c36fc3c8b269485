"""What metrics are called, by their keys in a record."""

from __future__ import annotations

from llmops_audit.record import Message, message

__all__ = ["CALIBRATION", "METRICS"]

METRICS: dict[str, Message] = {
    "accuracy": message("accuracy"),
    "balanced_accuracy": message("balanced accuracy"),
    "precision": message("precision"),
    "recall": message("recall"),
    "f1": message("F1"),
    "mcc": message("Matthews correlation"),
    "cohen_kappa": message("Cohen's kappa"),
    "micro_f1": message("micro F1"),
    "macro_precision": message("macro precision"),
    "macro_recall": message("macro recall"),
    "macro_f1": message("macro F1"),
    "roc_auc": message("ROC AUC"),
    "average_precision": message("average precision"),
    "expected_calibration_error": message("expected calibration error"),
    "brier_score": message("Brier score"),
    "binning_error": message("error by bins, at most"),
}

CALIBRATION: dict[str, Message] = {
    **METRICS,
    "probabilities": message("probabilities"),
    "limits": message("limits"),
    "scored_rows": message("rows with scores"),
    "scored_labels": message("labels with scores"),
    "plug_in": message("as observed"),
}
"""All that findings and figures on calibration name."""
