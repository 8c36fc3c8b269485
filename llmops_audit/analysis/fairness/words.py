"""What metrics by group, rules on them and details of findings are called."""

from __future__ import annotations

from llmops_audit.analysis.metrics.words import METRICS
from llmops_audit.record import Message, message, values_at

__all__ = ["RATES", "RULES", "WORDS"]

RATES: dict[str, Message] = {
    "selection_rate": message("selection rate"),
    "true_positive_rate": message("true positive rate"),
    "false_positive_rate": message("false positive rate"),
    "true_negative_rate": message("true negative rate"),
    "false_negative_rate": message("false negative rate"),
    "mean_score": message("mean score"),
    "calibration_gap": message("calibration gap"),
    "standardized_score_difference": message("standardised score difference"),
}
"""Metrics of one group, beside those of `llmops_audit.analysis.metrics`."""

RULES: dict[str, Message] = {
    "selection_rate_difference": message("selection rate difference"),
    "selection_rate_ratio": message("selection rate ratio"),
    "demographic_parity_difference": message("demographic parity difference"),
    "demographic_parity_ratio": message("demographic parity ratio"),
    "equalized_odds_difference": message("equalized odds difference"),
    "equalized_odds_ratio": message("equalized odds ratio"),
    "equal_opportunity_difference": message("equal opportunity difference"),
    "predictive_parity_difference": message("predictive parity difference"),
    "accuracy_difference": message("accuracy difference"),
    "roc_auc_difference": message("difference of ROC AUC"),
    "calibration_gap_difference": message("difference of calibration gaps"),
    "worst_group_accuracy": message("accuracy of the worst group"),
    "worst_group_true_positive_rate": message("true positive rate of the worst group"),
    "worst_group_precision": message("precision of the worst group"),
    "worst_group_f1": message("F1 of the worst group"),
}
"""Metrics of the gap between groups."""

WORDS: dict[str, Message] = {
    **METRICS,
    **RATES,
    **RULES,
    **values_at({**METRICS, **RATES}, "rate"),
    "bias_audit": message("bias audit"),
    "category": message("category"),
    "groups": message("groups"),
    "compared_with": message("compared with"),
    "rate": message("rate"),
}
"""All that findings and figures of the check name."""
