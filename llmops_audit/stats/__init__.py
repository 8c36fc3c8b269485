"""Intervals, resampling, corrections and table metrics: pure functions on numbers.

Nothing here knows what an audit is. Arguments that no caller should ever pass
(a confidence of 2, more successes than trials, a p-value of NaN) raise
``ValueError``; undefined results are NaN or an unbounded interval, never 0 or 1.
"""

from __future__ import annotations

from llmops_audit.stats.corrections import benjamini_yekutieli, bonferroni, holm
from llmops_audit.stats.distances import bootstrap_error, jensen_shannon, permutation_test
from llmops_audit.stats.intervals import (
    Bounds,
    clopper_pearson,
    newcombe_difference,
    ratio_score,
    rows_to_decide,
)
from llmops_audit.stats.metrics import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    f1,
    macro_f1,
    macro_precision,
    macro_recall,
    matthews,
    precision,
    recall,
)
from llmops_audit.stats.resampling import permutation_tables, table_interval

__all__ = [
    "Bounds",
    "accuracy",
    "balanced_accuracy",
    "benjamini_yekutieli",
    "bonferroni",
    "bootstrap_error",
    "clopper_pearson",
    "cohen_kappa",
    "f1",
    "holm",
    "jensen_shannon",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "matthews",
    "newcombe_difference",
    "permutation_tables",
    "permutation_test",
    "precision",
    "ratio_score",
    "recall",
    "rows_to_decide",
    "table_interval",
]
