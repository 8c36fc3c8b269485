"""What is measured of each group and compared between groups: one entry for each, from which everything else follows.

An entry holds the metric's name in spec and record, its title, its formula, its range, and the rules that a spec can
set on it. The settings of the fairness check, the error that lists what is known, the findings and the tables of the
report are derived from it. The check validates its settings by this table, so that nothing here imports numpy or
Fairlearn before a value is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from llmops_audit.analysis.metrics.definitions import Average, by_name
from llmops_audit.record.base import Message, message

if TYPE_CHECKING:
    from llmops_audit.analysis.fairness.rates import GroupEstimate
    from llmops_audit.analysis.fairness.score_rates import GroupScores
    from llmops_audit.evidence.scores import ScoreHistogram

__all__ = [
    "DIFFERENCE_LIMITS",
    "GROUP_METRICS",
    "GROUP_TITLES",
    "MINIMUM_LIMITS",
    "RATIO_LIMITS",
    "STANDARDIZED_DIFFERENCE",
    "Disparity",
    "GroupMetric",
]

Cells = Callable[[Any, Any, Any, int], tuple[Any, Any]]
"""Arrays with the label and the prediction of each cell of a table, the index of the label that the metric is about,
and the number k of labels, to the cells that count and the cells that the share is taken over.

Label k stands for rows without a label, prediction k for predictions that are no label."""

LibraryFunction = Callable[..., Any]
"""Labels, predictions and `sample_weight` to the value; for a metric of one label both are 0 or 1."""

FromScores = Callable[["ScoreHistogram", "GroupScores | None"], "GroupEstimate | None"]


@dataclass(frozen=True)
class Disparity:
    """What is computed of a metric over all groups: its name in the record, and its title."""

    name: str
    title: Message


@dataclass(frozen=True)
class GroupMetric:
    """A metric of a group, and the rules that a spec can set on it.

    A metric is computed in one of three ways: as a share of rows (`cells`), from the table of labels and predictions
    (`of_table`), or from scores (`of_scores`). An entry with `parts` computes nothing: its rules hold for each of the
    metrics that it names.

    Attributes
    ----------
    name : str
        Key in the spec's tables of limits, and name in the record.
    title : Message
    about : {"all", "favourable", "target"}
        The labels that it is about: all at once, the favourable one, or the positive one (each, where there is none).
    cells : callable, optional
        The share of rows that the metric is; it has an exact interval.
    from_share : callable, optional
        The increasing function that makes the metric of the share, where they differ.
    library : callable, optional
        The function of Fairlearn or scikit-learn that gives the value; without one it is that of the share.
    right_alone : bool
        Whether it counts right answers to rows without the label. The library has no third answer, so that it is
        handed an output that is no label as the wrong one of two; to every other metric such an output is another
        label.
    of_table : (str, str), optional
        Name in `LABEL_METRICS`, and average.
    several_labels : bool
        Whether it is left out where there are only two labels.
    of_scores : callable, optional
        Scores of a group's rows, and their sums, to the estimate.
    parts : tuple of str
    difference_parts : tuple of str
        Further metrics that its largest difference is taken over, beside those of `parts`.
    complement_of : str, optional
        The metric that it adds up to 1 with where every output is a label: whether one differs is then the same
        question as whether the other does.
    of_errors : bool
        Whether more of it is worse: in a ratio the lower rate then stands above the higher one, whichever group has it.
    compared : bool
        Whether the gaps between groups are its plain differences.
    on_demand : bool
        Whether it is computed only where the spec sets a rule on it.
    low, high : float
        Its smallest and its largest value.
    difference : Disparity, optional
        Findings of `max_difference`, which can then limit it.
    described : bool
        Whether the table of disparities shows its largest difference whatever the spec limits.
    largest_difference : Disparity, optional
        Row of the largest difference of `parts` in the table of disparities, where `difference_parts` add to them.
    ratio : Disparity, optional
        Findings of `min_ratio`, which can then limit it.
    smallest_ratio : Disparity, optional
        Row of its smallest ratio in the table of disparities.
    minimum : bool
        Whether `min_worst_group` can limit it; the findings have the name of the metric.
    worst_group : Disparity, optional
        Row of its worst group in the table of disparities.
    """

    name: str
    title: Message
    about: Literal["all", "favourable", "target"]
    cells: Cells | None = None
    from_share: Callable[[float], float] | None = None
    library: LibraryFunction | None = None
    right_alone: bool = False
    of_table: tuple[str, Average] | None = None
    several_labels: bool = False
    of_scores: FromScores | None = None
    parts: tuple[str, ...] = ()
    difference_parts: tuple[str, ...] = ()
    complement_of: str | None = None
    of_errors: bool = False
    compared: bool = True
    on_demand: bool = False
    low: float = 0.0
    high: float = 1.0
    difference: Disparity | None = None
    described: bool = False
    largest_difference: Disparity | None = None
    ratio: Disparity | None = None
    smallest_ratio: Disparity | None = None
    minimum: bool = False
    worst_group: Disparity | None = None

    @property
    def plain_share(self) -> bool:
        """Whether it is a share of rows itself, which has a ratio and an exact test."""
        return self.cells is not None and self.from_share is None

    @property
    def names(self) -> tuple[Disparity, ...]:
        """The metric and everything that is computed of it over all groups."""
        named = (self.difference, self.largest_difference, self.ratio, self.smallest_ratio, self.worst_group)
        return (Disparity(self.name, self.title), *(one for one in named if one is not None))


def _fairlearn() -> Any:
    from fairlearn import metrics

    return metrics


def _sklearn() -> Any:
    from sklearn import metrics

    return metrics


def _score_rates() -> ModuleType:
    from llmops_audit.analysis.fairness import score_rates

    return score_rates


def _macro(function: LibraryFunction, y_true: Any, y_pred: Any, sample_weight: Any) -> float:
    # Predictions that are no label (below 0) are wrong, but no label of their own.
    seen = sorted({*y_true.tolist(), *y_pred[y_pred >= 0].tolist()})
    return float(function(y_true, y_pred, labels=seen, average="macro", zero_division=0.0, sample_weight=sample_weight))


_EQUALIZED_ODDS_RATIO = Disparity("equalized_odds_ratio", message("equalized odds ratio"))

GROUP_METRICS: Mapping[str, GroupMetric] = by_name(
    GroupMetric(
        "selection_rate",
        message("selection rate"),
        "favourable",
        cells=lambda label, prediction, i, k: (prediction == i, label <= k),
        library=lambda y, p, sample_weight: _fairlearn().selection_rate(y, p, sample_weight=sample_weight),
        difference=Disparity("demographic_parity_difference", message("demographic parity difference")),
        described=True,
        ratio=Disparity("selection_rate_ratio", message("selection rate ratio")),
        smallest_ratio=Disparity("demographic_parity_ratio", message("demographic parity ratio")),
        minimum=True,
    ),
    GroupMetric(
        "base_rate",
        message("base rate"),
        "favourable",
        cells=lambda label, prediction, i, k: (label == i, label < k),
        compared=False,
    ),
    GroupMetric(
        "error_rates",
        message("error rates (equalized odds)"),
        "target",
        parts=("true_positive_rate", "false_positive_rate"),
        # An output that is no label is neither a false positive nor a true negative, so that both have to be compared.
        difference_parts=("true_negative_rate",),
        difference=Disparity("error_rates_difference", message("largest difference of error rates")),
        described=True,
        largest_difference=Disparity("equalized_odds_difference", message("equalized odds difference")),
        ratio=_EQUALIZED_ODDS_RATIO,
        smallest_ratio=_EQUALIZED_ODDS_RATIO,
    ),
    GroupMetric(
        "accuracy",
        message("accuracy"),
        "all",
        cells=lambda label, prediction, i, k: (label == prediction, label < k),
        library=lambda y, p, sample_weight: _sklearn().accuracy_score(y, p, sample_weight=sample_weight),
        difference=Disparity("accuracy_difference", message("accuracy difference")),
        described=True,
        ratio=Disparity("accuracy_ratio", message("accuracy ratio")),
        minimum=True,
        worst_group=Disparity("worst_group_accuracy", message("accuracy of the worst group")),
    ),
    GroupMetric(
        "true_positive_rate",
        message("true positive rate"),
        "target",
        cells=lambda label, prediction, i, k: (prediction == i, label == i),
        library=lambda y, p, sample_weight: _fairlearn().true_positive_rate(y, p, sample_weight=sample_weight),
        difference=Disparity("equal_opportunity_difference", message("equal opportunity difference")),
        described=True,
        ratio=Disparity("equal_opportunity_ratio", message("equal opportunity ratio")),
        minimum=True,
        worst_group=Disparity("worst_group_true_positive_rate", message("true positive rate of the worst group")),
    ),
    GroupMetric(
        "false_positive_rate",
        message("false positive rate"),
        "target",
        of_errors=True,
        cells=lambda label, prediction, i, k: (prediction == i, (label != i) & (label < k)),
        library=lambda y, p, sample_weight: _fairlearn().false_positive_rate(y, p, sample_weight=sample_weight),
        difference=Disparity("false_positive_rate_difference", message("false positive rate difference")),
        ratio=Disparity("false_positive_rate_ratio", message("false positive rate ratio")),
    ),
    GroupMetric(
        "true_negative_rate",
        message("true negative rate"),
        "target",
        # An output that is no label is wrong: of a row without the label it is no true negative.
        cells=lambda label, prediction, i, k: ((prediction != i) & (prediction < k), (label != i) & (label < k)),
        right_alone=True,
        library=lambda y, p, sample_weight: _fairlearn().true_negative_rate(y, p, sample_weight=sample_weight),
        complement_of="false_positive_rate",
        difference=Disparity("true_negative_rate_difference", message("true negative rate difference")),
        ratio=Disparity("true_negative_rate_ratio", message("true negative rate ratio")),
        minimum=True,
    ),
    GroupMetric(
        "false_negative_rate",
        message("false negative rate"),
        "target",
        of_errors=True,
        cells=lambda label, prediction, i, k: (prediction != i, label == i),
        library=lambda y, p, sample_weight: _fairlearn().false_negative_rate(y, p, sample_weight=sample_weight),
        complement_of="true_positive_rate",
        difference=Disparity("false_negative_rate_difference", message("false negative rate difference")),
        ratio=Disparity("false_negative_rate_ratio", message("false negative rate ratio")),
    ),
    GroupMetric(
        "precision",
        message("precision"),
        "target",
        cells=lambda label, prediction, i, k: (label == i, (label < k) & (prediction == i)),
        library=lambda y, p, sample_weight: _sklearn().precision_score(
            y, p, sample_weight=sample_weight, zero_division=0.0
        ),
        difference=Disparity("predictive_parity_difference", message("predictive parity difference")),
        described=True,
        ratio=Disparity("predictive_parity_ratio", message("predictive parity ratio")),
        minimum=True,
        worst_group=Disparity("worst_group_precision", message("precision of the worst group")),
    ),
    GroupMetric(
        "f1",
        message("F1"),
        "target",
        cells=lambda label, prediction, i, k: (
            (label == i) & (prediction == i),
            (label < k) & ((label == i) | (prediction == i)),
        ),
        # F1 = 2J / (1 + J) with J the share of hits among hits, misses and false alarms.
        from_share=lambda share: 2 * share / (1 + share),
        library=lambda y, p, sample_weight: _sklearn().f1_score(y, p, sample_weight=sample_weight, zero_division=0.0),
        difference=Disparity("f1_difference", message("F1 difference")),
        minimum=True,
        worst_group=Disparity("worst_group_f1", message("F1 of the worst group")),
    ),
    GroupMetric(
        "valid_output_rate",
        message("valid output rate"),
        "all",
        cells=lambda label, prediction, i, k: (prediction < k, label <= k),
        on_demand=True,
        difference=Disparity("valid_output_rate_difference", message("valid output rate difference")),
        ratio=Disparity("valid_output_rate_ratio", message("valid output rate ratio")),
        minimum=True,
    ),
    GroupMetric(
        "balanced_accuracy",
        message("balanced accuracy"),
        "all",
        of_table=("balanced_accuracy", "macro"),
        library=lambda y, p, sample_weight: _sklearn().balanced_accuracy_score(y, p, sample_weight=sample_weight),
        several_labels=True,
    ),
    GroupMetric(
        "macro_precision",
        message("macro precision"),
        "all",
        of_table=("precision", "macro"),
        library=lambda y, p, sample_weight: _macro(_sklearn().precision_score, y, p, sample_weight),
        several_labels=True,
    ),
    GroupMetric(
        "macro_f1",
        message("macro F1"),
        "all",
        of_table=("f1", "macro"),
        library=lambda y, p, sample_weight: _macro(_sklearn().f1_score, y, p, sample_weight),
        several_labels=True,
    ),
    GroupMetric(
        "mcc",
        message("Matthews correlation"),
        "all",
        of_table=("mcc", "macro"),
        library=lambda y, p, sample_weight: _sklearn().matthews_corrcoef(y, p, sample_weight=sample_weight),
        low=-1.0,
    ),
    GroupMetric(
        "roc_auc",
        message("ROC AUC"),
        "target",
        of_scores=lambda found, sums: _score_rates().area(found),
        difference=Disparity("roc_auc_difference", message("difference of ROC AUC")),
        described=True,
        minimum=True,
    ),
    GroupMetric(
        "mean_score",
        message("mean score"),
        "target",
        of_scores=lambda found, sums: _score_rates().mean_score(sums),
        compared=False,
    ),
    GroupMetric(
        "calibration_gap",
        message("calibration gap"),
        "target",
        of_scores=lambda found, sums: _score_rates().calibration_gap(sums),
        low=-1.0,
        difference=Disparity("calibration_gap_difference", message("difference of calibration gaps")),
        described=True,
    ),
)
"""What can be measured of a group, by name, in the order of the record."""

STANDARDIZED_DIFFERENCE = Disparity("standardized_score_difference", message("standardised score difference"))
"""How far apart the mean scores of two groups are, in standard deviations."""

GROUP_TITLES: Mapping[str, Message] = {
    one.name: one.title for metric in GROUP_METRICS.values() for one in metric.names
} | {STANDARDIZED_DIFFERENCE.name: STANDARDIZED_DIFFERENCE.title}
"""Name in the record to title."""

DIFFERENCE_LIMITS: Mapping[str, tuple[float, float]] = {
    name: (0.0, metric.high - metric.low) for name, metric in GROUP_METRICS.items() if metric.difference is not None
}
"""Keys of `max_difference`, each with its smallest and its largest limit."""

RATIO_LIMITS: Mapping[str, tuple[float, float]] = {
    name: (0.0, 1.0) for name, metric in GROUP_METRICS.items() if metric.ratio is not None
}
"""Keys of `min_ratio`, each with its smallest and its largest limit."""

MINIMUM_LIMITS: Mapping[str, tuple[float, float]] = {
    name: (metric.low, metric.high) for name, metric in GROUP_METRICS.items() if metric.minimum
}
"""Keys of `min_worst_group`, each with its smallest and its largest limit."""
