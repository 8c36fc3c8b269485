"""What distances, compared features and details of findings are called."""

from __future__ import annotations

from llmops_audit.analysis.metrics.words import METRIC_WORDS
from llmops_audit.record import Message, message, values_at

__all__ = ["COLUMNS", "DISTANCES", "FEATURES", "METHODS", "UNITS", "WORDS"]

DISTANCES: dict[str, Message] = {
    "wasserstein": message("Wasserstein distance, in standard deviations"),
    "total_variation": message("total variation distance"),
    "jensenshannon": message("Jensen-Shannon distance"),
    "psi": message("population stability index"),
    "hellinger": message("Hellinger distance"),
    "difference": message("difference of shares"),
}
"""Distances of two samples, and what else is compared."""

FEATURES: dict[str, Message] = {
    "missing": message("missing values"),
    "new_categories": message("new categories"),
    "vanished_categories": message("vanished categories"),
    "outside_range": message("outside the range"),
    "constant": message("other values than the only one of the reference"),
    "duplicates": message("duplicate rows"),
    "sentences": message("sentences"),
    "non_letters": message("share of characters that are not letters"),
    "capitals": message("share of capitals"),
    "script": message("script"),
    "unknown_words": message("unknown words"),
    "content": message("the content as a whole"),
    "rows": message("all features together"),
    "weekday": message("day of the week"),
    "hour": message("hour of the day"),
    "confidence": message("confidence of the predictions"),
    "characters": message("characters"),
    "words": message("words"),
}
"""What of a column was compared."""

COLUMNS: dict[str, Message] = {
    "(label)": message("the label"),
    "(prediction)": message("the prediction"),
    "(score)": message("the score"),
    "(rows)": message("the whole row"),
}
"""What is compared like a column of the data."""

METHODS: dict[str, Message] = {
    "Kolmogorov-Smirnov and permutation tests (Holm), bootstrap standard error": message(
        "Kolmogorov-Smirnov and permutation tests (Holm), bootstrap standard error"
    ),
    "Fisher and permutation tests (Holm), bootstrap standard error": message(
        "Fisher and permutation tests (Holm), bootstrap standard error"
    ),
    "Fisher's exact test (Holm), melded Clopper-Pearson intervals": message(
        "Fisher's exact test (Holm), melded Clopper-Pearson intervals"
    ),
    "permutation test (Holm), melded Clopper-Pearson intervals": message(
        "permutation test (Holm), melded Clopper-Pearson intervals"
    ),
    "permutation test (Holm), Clopper-Pearson interval": message("permutation test (Holm), Clopper-Pearson interval"),
    "cross-fitted Mann-Whitney test (Holm), wider of DeLong and Newcombe": message(
        "cross-fitted Mann-Whitney test (Holm), wider of DeLong and Newcombe"
    ),
    "count of columns": message("count of columns"),
    "four times in five": message("four times in five"),
    "census": message("census"),
}
"""How p-values and intervals were computed."""

UNITS: dict[str, Message] = {
    "day": message("day"),
    "week": message("week"),
    "month": message("month"),
    "quarter": message("quarter"),
    "year": message("year"),
}
"""Units of the windows of time."""

WORDS: dict[str, Message] = {
    **DISTANCES,
    **METHODS,
    **values_at(COLUMNS, "column"),
    **values_at(FEATURES, "feature"),
    **values_at(UNITS, "windows"),
    **{name: METRIC_WORDS[name] for name in ("accuracy", "roc_auc", "f1", "precision", "recall")},
    "wasserstein_effect": message("Wasserstein effect"),
    "total_variation_effect": message("total variation effect"),
    "jensenshannon_effect": message("Jensen-Shannon effect"),
    "psi_effect": message("population stability effect"),
    "hellinger_effect": message("Hellinger effect"),
    "difference_effect": message("effect on a share"),
    "roc_auc_effect": message("ROC AUC effect"),
    "drift": message("drift"),
    "drifted_columns": message("drifted columns"),
    "detectable_effect": message("detectable effect"),
    "random_split": message("split drawn at random"),
    "p_of_no_difference": message("p-value of no difference, corrected"),
    "of": message("of"),
    "compared_columns": message("columns compared"),
    "rows_without_time": message("rows without a time"),
    "window": message("window"),
    "windows": message("windows"),
    "distance": message("distance"),
    "mean_under_permutation": message("mean under permutation"),
    "detectable": message("could have been shown"),
    "effect": message("effect"),
    "floor": message("floor"),
    "importance": message("importance"),
    "feature": message("feature"),
    "reference": message("reference"),
    "reference_rows": message("rows of the reference"),
    "current_rows": message("current rows"),
    "reference_value": message("value in the reference"),
    "current_value": message("current value"),
}
"""All that findings and figures of the check name."""
