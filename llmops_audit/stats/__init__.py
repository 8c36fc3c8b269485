"""Intervals, resampling, corrections and table metrics: pure functions on numbers.

Nothing here knows what an audit is. Arguments that no caller should ever pass
(a confidence of 2, more successes than trials, a p-value of NaN) raise
``ValueError``; undefined results are NaN or an unbounded interval, never 0 or 1.
"""

from __future__ import annotations

from llmops_audit.stats.brier import BrierScore, brier_score, log_loss
from llmops_audit.stats.corrections import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm
from llmops_audit.stats.count_tables import (
    Margins,
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    f1,
    macro_f1,
    macro_precision,
    macro_recall,
    matthews,
    micro_f1,
    micro_precision,
    precision,
    recall,
    weighted_f1,
    weighted_precision,
)
from llmops_audit.stats.deciding import rows_to_decide
from llmops_audit.stats.distances import (
    MAX_RESAMPLES,
    RESAMPLES,
    Shuffled,
    bootstrap_error,
    hellinger,
    jensen_shannon,
    permutation_test,
    population_stability,
    total_variation,
    wasserstein,
)
from llmops_audit.stats.draws import Resamples
from llmops_audit.stats.intervals import (
    Bounds,
    clopper_pearson,
    detectable_share,
)
from llmops_audit.stats.melded import melded_difference, melded_ratio
from llmops_audit.stats.novelty import Novelty, absent_categories, outside_range
from llmops_audit.stats.paired import mcnemar, paired_difference
from llmops_audit.stats.paired_ranking import ranking_gain, ranking_gain_interval
from llmops_audit.stats.ranking import (
    average_precision,
    average_precision_interval,
    binning_error,
    delong_variance,
    precision_recall_curve,
    roc_auc,
    roc_auc_interval,
    roc_curve,
)
from llmops_audit.stats.reliability import (
    CalibrationError,
    Forecasts,
    calibration_design_effect,
    calibration_error,
    equal_mass_bins,
    reliability_curve,
)
from llmops_audit.stats.resampling import independence_test, permutation_tables
from llmops_audit.stats.two_samples import (
    detectable_difference,
    fisher_exact,
    square_and_add,
)

__all__ = [
    "MAX_RESAMPLES",
    "RESAMPLES",
    "Bounds",
    "BrierScore",
    "CalibrationError",
    "Forecasts",
    "Margins",
    "Novelty",
    "Resamples",
    "Shuffled",
    "absent_categories",
    "accuracy",
    "average_precision",
    "average_precision_interval",
    "balanced_accuracy",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "binning_error",
    "bonferroni",
    "bootstrap_error",
    "brier_score",
    "calibration_design_effect",
    "calibration_error",
    "clopper_pearson",
    "cohen_kappa",
    "delong_variance",
    "detectable_difference",
    "detectable_share",
    "equal_mass_bins",
    "f1",
    "fisher_exact",
    "hellinger",
    "holm",
    "independence_test",
    "jensen_shannon",
    "log_loss",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "matthews",
    "mcnemar",
    "melded_difference",
    "melded_ratio",
    "micro_f1",
    "micro_precision",
    "outside_range",
    "paired_difference",
    "permutation_tables",
    "permutation_test",
    "population_stability",
    "precision",
    "precision_recall_curve",
    "ranking_gain",
    "ranking_gain_interval",
    "recall",
    "reliability_curve",
    "roc_auc",
    "roc_auc_interval",
    "roc_curve",
    "rows_to_decide",
    "square_and_add",
    "total_variation",
    "wasserstein",
    "weighted_f1",
    "weighted_precision",
]
