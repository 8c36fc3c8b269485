"""The metrics of labels and of scores: one entry for each, from which everything else follows.

An entry holds the metric's name in spec and record, its title, its formula, its range, and how its interval is
computed. The settings of checks, the error that lists what is known, the findings and the tables of the report are
derived from it. Checks validate their settings by this table, so that nothing here imports numpy before a value is
computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, Protocol, TypeVar

from llmops_audit.record.base import Message, message

__all__ = [
    "LABEL_METRICS",
    "METRICS",
    "METRIC_TITLES",
    "SCORE_METRICS",
    "Average",
    "FormulaOfLabel",
    "LabelMetric",
    "ScoreMetric",
    "by_name",
]

Average = Literal["positive", "macro", "micro", "weighted"]
"""What precision, recall and F1 are about: the positive label, or a mean over all labels."""

Formula = Callable[[Any], Any]
"""Confusion tables (..., k, c) to values (...), NaN where undefined; see `llmops_audit.stats`."""

FormulaOfLabel = Callable[[Any, int], Any]
"""Confusion tables (..., k, c), and the index of a label, to values (...)."""

Cells = Callable[[Any, Any, Any], tuple[Any, Any]]
"""Arrays with the label and the prediction of each cell of a table, and the index of the label that the metric is
about, to the cells that count and the cells that the share is taken over."""


@dataclass(frozen=True)
class LabelMetric:
    """A metric of labels and predictions.

    Attributes
    ----------
    name : str
        In spec and record.
    title : Message
    formula : callable
        Of all labels; of a metric that single labels have, the macro average.
    of_label : callable, optional
        Of one label.
    micro, weighted : callable, optional
        The other averages of a metric that single labels have; by default the macro average.
    cells : callable, optional
        Where the metric is a share of rows: its interval is then exact (Clopper-Pearson), otherwise resampled.
    from_share : callable, optional
        The increasing function that makes the metric of the share, where they differ.
    paired_by_flips : bool
        Whether a row moves the metric exactly where its prediction becomes right or wrong, so that Tango's interval
        holds for the difference of two classifiers on the same rows.
    heading : Message, optional
        Of its column in the table by label, which it has none without.
    low, high : float
        Its smallest and its largest value.
    """

    name: str
    title: Message
    formula: Formula
    of_label: FormulaOfLabel | None = None
    micro: Formula | None = None
    weighted: Formula | None = None
    cells: Cells | None = None
    from_share: Callable[[float], float] | None = None
    paired_by_flips: bool = False
    heading: Message | None = None
    low: float = 0.0
    high: float = 1.0

    def average(self, average: Average) -> Formula:
        """Return the mean over the labels that an average asks for."""
        return {"micro": self.micro, "weighted": self.weighted}.get(average) or self.formula


@dataclass(frozen=True)
class ScoreMetric:
    """A metric of how well the scores of a label order the rows.

    Attributes
    ----------
    name : str
        In spec and record.
    title : Message
    formula : callable
        Positives and negatives by bin, (m,) each, to the value.
    interval : callable
        Positives, negatives and a confidence in (0, 1) to the two-sided interval.
    method : str
        Name of the interval.
    binning_error : callable, optional
        Positives and negatives to the largest error that counting scores in bins can make.
    low, high : float
        Its smallest and its largest value.
    """

    name: str
    title: Message
    formula: Callable[[Any, Any], Any]
    interval: Callable[[Any, Any, float], tuple[float, float]]
    method: str
    binning_error: Callable[[Any, Any], Any] | None = None
    low: float = 0.0
    high: float = 1.0


def _stats() -> ModuleType:
    from llmops_audit import stats

    return stats


class Named(Protocol):
    """An entry of a table."""

    @property
    def name(self) -> str:
        """Its key."""
        ...


Entry = TypeVar("Entry", bound=Named)


def by_name(*entries: Entry) -> Mapping[str, Entry]:
    """Return the entries of a table by name, in their order.

    Raises
    ------
    ValueError
        Where two entries have one name.
    """
    table = {entry.name: entry for entry in entries}
    if len(table) < len(entries):
        names = [entry.name for entry in entries]
        raise ValueError(f"metrics: two entries are named '{max(names, key=names.count)}'")
    return table


LABEL_METRICS: Mapping[str, LabelMetric] = by_name(
    LabelMetric(
        "accuracy",
        message("accuracy"),
        formula=lambda tables: _stats().accuracy(tables),
        cells=lambda label, prediction, i: (label == prediction, label >= 0),
        paired_by_flips=True,
    ),
    LabelMetric(
        "balanced_accuracy",
        message("balanced accuracy"),
        formula=lambda tables: _stats().balanced_accuracy(tables),
    ),
    LabelMetric(
        "precision",
        message("precision"),
        formula=lambda tables: _stats().macro_precision(tables),
        micro=lambda tables: _stats().micro_precision(tables),
        weighted=lambda tables: _stats().weighted_precision(tables),
        of_label=lambda tables, i: _stats().precision(tables, i),
        cells=lambda label, prediction, i: (label == i, prediction == i),
        heading=message("Precision"),
    ),
    LabelMetric(
        "recall",
        message("recall"),
        formula=lambda tables: _stats().macro_recall(tables),
        micro=lambda tables: _stats().accuracy(tables),
        weighted=lambda tables: _stats().accuracy(tables),
        of_label=lambda tables, i: _stats().recall(tables, i),
        cells=lambda label, prediction, i: (prediction == i, label == i),
        heading=message("Recall"),
    ),
    LabelMetric(
        "f1",
        message("F1"),
        formula=lambda tables: _stats().macro_f1(tables),
        micro=lambda tables: _stats().micro_f1(tables),
        weighted=lambda tables: _stats().weighted_f1(tables),
        of_label=lambda tables, i: _stats().f1(tables, i),
        # F1 = 2J / (1 + J) with J the share of hits among hits, misses and false alarms.
        cells=lambda label, prediction, i: ((label == i) & (prediction == i), (label == i) | (prediction == i)),
        from_share=lambda share: 2 * share / (1 + share),
        heading=message("F1"),
    ),
    LabelMetric("macro_f1", message("macro F1"), formula=lambda tables: _stats().macro_f1(tables)),
    LabelMetric("micro_f1", message("micro F1"), formula=lambda tables: _stats().micro_f1(tables)),
    LabelMetric("mcc", message("Matthews correlation"), formula=lambda tables: _stats().matthews(tables), low=-1.0),
    LabelMetric("cohen_kappa", message("Cohen's kappa"), formula=lambda tables: _stats().cohen_kappa(tables), low=-1.0),
)
"""The metrics of labels, by name, in the order of the report."""

SCORE_METRICS: Mapping[str, ScoreMetric] = by_name(
    ScoreMetric(
        "roc_auc",
        message("ROC AUC"),
        formula=lambda positives, negatives: _stats().roc_auc(positives, negatives),
        interval=lambda positives, negatives, confidence: _stats().roc_auc_interval(positives, negatives, confidence),
        method="wider of DeLong and Newcombe",
        binning_error=lambda positives, negatives: _stats().binning_error(positives, negatives),
    ),
    ScoreMetric(
        "average_precision",
        message("average precision"),
        formula=lambda positives, negatives: _stats().average_precision(positives, negatives),
        interval=lambda positives, negatives, confidence: _stats().average_precision_interval(
            positives, negatives, confidence
        ),
        method="wider of logit and Clopper-Pearson",
    ),
)
"""The metrics of scores, by name, in the order of the report."""

METRICS: Mapping[str, LabelMetric | ScoreMetric] = {**LABEL_METRICS, **SCORE_METRICS}
"""Every metric that a minimum can be set for, by name."""

METRIC_TITLES: Mapping[str, Message] = {name: metric.title for name, metric in METRICS.items()}
"""Name in the record to title."""
