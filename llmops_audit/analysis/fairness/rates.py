"""Metrics by group: Fairlearn's values on the table of outcomes, each with its interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    matthews_corrcoef,
    precision_score,
)

from llmops_audit import stats
from llmops_audit.analysis.metrics import label_metrics
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import WEIGHT_UNIT, CrossTable, Outcomes
from llmops_audit.record import Label
from llmops_audit.stats import Bounds

__all__ = [
    "SHARES",
    "Group",
    "Metric",
    "Rate",
    "Share",
    "Spoken",
    "cells_of",
    "fairlearn_values",
    "rates_of",
    "shares_of",
]

Share = Literal[
    "selection_rate",
    "accuracy",
    "true_positive_rate",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "precision",
    "f1",
]
SHARES: tuple[Share, ...] = get_args(Share)
"""Metrics that are a share of rows (F1 through TP / (TP + FP + FN))."""

MOST_LABELS = 12
"""With more labels than this, metrics of each would fill a book."""

Group = tuple[str, ...]
Metric = tuple[str, Label | None]
"""A metric by name and the label that it speaks of, None where it speaks of all."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BY_LABEL: Mapping[str, Any] = {
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "true_negative_rate": true_negative_rate,
    "false_negative_rate": false_negative_rate,
    "precision": partial(precision_score, zero_division=0.0),
    "f1": partial(f1_score, zero_division=0.0),
}
_MACRO: Mapping[str, tuple[label_metrics.LabelMetric, label_metrics.Average]] = {
    "balanced_accuracy": ("balanced_accuracy", "macro"),
    "macro_precision": ("precision", "macro"),
    "macro_f1": ("f1", "macro"),
    "mcc": ("mcc", "macro"),
}


@dataclass(frozen=True)
class Rate:
    """A metric of one group.

    Attributes
    ----------
    value : float or None
        Fairlearn's; None where there is no row to take it over.
    hits, trials : float
        Effective rows that count, and that it is taken over; for a metric that is no share, `hits` is NaN.
    bounds : callable
        Confidence in (0, 1) to the two-sided interval.
    """

    value: float | None
    hits: float
    trials: float
    bounds: Callable[[float], Bounds]


@dataclass(frozen=True)
class Spoken:
    """The labels that metrics of one label speak of.

    Attributes
    ----------
    selected : tuple of label
        Of selection rates: of two labels the favourable one; of more, each.
    judged : tuple of label
        Of error rates, precision and F1: of two labels the positive one, else the favourable one; of more, each.
    """

    selected: tuple[Label, ...]
    judged: tuple[Label, ...]

    @classmethod
    def of(cls, task: Task, favourable: Label | None) -> Spoken:
        """Choose them; with more than `MOST_LABELS` labels, those that the spec names."""
        good = () if favourable is None else (favourable,)
        positive = good if task.positive is None else (task.positive,)
        if len(task.labels) == 2:
            return cls(good or task.labels, positive or task.labels)
        if len(task.labels) <= MOST_LABELS:
            return cls(task.labels, task.labels)
        named = tuple(dict.fromkeys(positive + good))
        return cls(named, named)


def rates_of(parts: Mapping[Group, Outcomes], task: Task, favourable: Label | None) -> dict[Group, dict[Metric, Rate]]:
    """Compute every metric of every group.

    Parameters
    ----------
    parts : mapping of Group to Outcomes
        With at least one row each, see `Outcomes.by_group`.
    task : Task
    favourable : label, optional
        The answer that selection rates speak of.

    Returns
    -------
    dict
        Group to metric to rate. A share has Clopper and Pearson's interval, any other metric the one of
        `llmops_audit.analysis.metrics.label_metrics.measure`.
    """
    spoken = Spoken.of(task, favourable)
    values = fairlearn_values(parts, task, spoken)
    rates: dict[Group, dict[Metric, Rate]] = {}
    for group, part in parts.items():
        table, labelled = part.table(task.labels, unlabelled=True), part.table(task.labels)
        rates[group] = {metric: _share(metric, table, task, values[group]) for metric in shares_of(spoken)}
        rates[group] |= {(name, None): _macro(name, labelled, task, values[group]) for name in _macros(task)}
    return rates


def fairlearn_values(parts: Mapping[Group, Outcomes], task: Task, spoken: Spoken) -> dict[Group, dict[Metric, float]]:
    """Compute metrics by Fairlearn, on the cells of the tables weighted by their rows.

    Parameters
    ----------
    parts : mapping of group to Outcomes
    task : Task
    spoken : Spoken

    Returns
    -------
    dict
        Group to metric to value, exactly Fairlearn's on the rows: 0 too where there is no row to take it over. A group
        whose rows all weigh nothing has no values.
    """
    place: dict[Label | None, int] = {label: i for i, label in enumerate(task.labels)}
    rows = [
        (place.get(label, -1), place.get(answer, -1), number, tally.weight * WEIGHT_UNIT)
        for number, part in enumerate(parts.values())
        for label, answer, tally in part.select({})
        if tally.weight
    ]
    values: dict[Group, dict[Metric, float]] = {group: {} for group in parts}
    if not rows:
        return values
    label, answer, group, weight = (np.array(column) for column in zip(*rows, strict=True))
    for metrics, y_true, y_pred, kept in _frames(task, spoken, label, answer):
        if not kept.any():
            continue
        with warnings.catch_warnings():
            # A group may lack a label that it is answered with; where that leaves a metric undefined, counts say so.
            warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
            warnings.filterwarnings("ignore", message="A single label was found")
            frame = MetricFrame(
                metrics={str(number): function for number, function in enumerate(metrics.values())},
                y_true=y_true[kept], y_pred=y_pred[kept], sensitive_features=group[kept].tolist(),
                sample_params={str(number): {"sample_weight": weight[kept]} for number in range(len(metrics))},
            ).by_group  # fmt: skip
        for number, column in zip(frame.index, frame.to_numpy(dtype=np.float64), strict=True):
            values[list(parts)[int(number)]] |= dict(zip(metrics, column.tolist(), strict=True))
    return values


def _frames(
    task: Task, spoken: Spoken, label: Ints, answer: Ints
) -> Iterator[tuple[dict[Metric, Any], Ints, Ints, Bools]]:
    """Metrics, what they compare, and the rows that they look at."""
    everyone, labelled = np.ones(len(label), dtype=bool), label >= 0
    place = {known: i for i, known in enumerate(task.labels)}
    selection: dict[Metric, Any] = {
        ("selection_rate", of): partial(selection_rate, pos_label=place[of]) for of in spoken.selected
    }
    if selection:
        yield selection, answer, answer, everyone
    overall: dict[Metric, Any] = {("accuracy", None): accuracy_score}
    functions = {
        "balanced_accuracy": balanced_accuracy_score,
        "macro_precision": partial(_macro_score, precision_score),
        "macro_f1": partial(_macro_score, f1_score),
        "mcc": matthews_corrcoef,
    }
    overall |= {(name, None): functions[name] for name in _macros(task)}
    yield overall, label, answer, labelled
    for of in spoken.judged:
        metrics: dict[Metric, Any] = {(name, of): function for name, function in _BY_LABEL.items()}
        yield metrics, (label == place[of]).astype(int), (answer == place[of]).astype(int), labelled


def _macro_score(function: Callable[..., Any], y_true: Ints, y_pred: Ints, *, sample_weight: Floats) -> float:
    # Answers that are no label are wrong, but no label of their own.
    seen = np.union1d(y_true, y_pred[np.asarray(y_pred) >= 0])
    score = function(y_true, y_pred, labels=seen, average="macro", zero_division=0.0, sample_weight=sample_weight)
    return float(score)


def _macros(task: Task) -> Iterable[str]:
    return _MACRO if len(task.labels) > 2 else ("mcc",)


def shares_of(spoken: Spoken) -> Iterator[Metric]:
    """Return the metrics that are shares, each with the label that it speaks of."""
    for of in spoken.selected:
        yield "selection_rate", of
    yield "accuracy", None
    for name in _BY_LABEL:
        for of in spoken.judged:
            yield name, of


def _share(metric: Metric, table: CrossTable, task: Task, values: Mapping[Metric, float]) -> Rate:
    name, of = metric
    hits, among = cells_of(name, len(task.labels), None if of is None else task.labels.index(of))
    x, n = table.share(hits, among)

    def bounds(confidence: float) -> Bounds:
        low, high = stats.clopper_pearson(x, n, confidence)
        # F1 = 2J / (1 + J) with J the share of hits among hits, misses and false alarms.
        return (2 * low / (1 + low), 2 * high / (1 + high)) if name == "f1" else (low, high)

    return Rate(values[metric] if n else None, x, n, bounds)


def cells_of(name: str, k: int, place: int | None) -> tuple[Bools, Bools]:
    """Cells of a table with a last row for rows without a label that count, and that a share is taken over."""
    label, answer = np.indices((k + 1, k + 1))
    labelled, answered = label < k, answer == place
    member = label == place
    if name == "selection_rate":
        return answered, np.ones((k + 1, k + 1), dtype=bool)
    if name == "accuracy":
        return label == answer, labelled
    return {
        "true_positive_rate": (answered, member),
        "false_negative_rate": (~answered, member),
        "false_positive_rate": (answered, labelled & ~member),
        "true_negative_rate": (~answered, labelled & ~member),
        "precision": (member, labelled & answered),
        "f1": (member & answered, labelled & (member | answered)),
    }[name]


def _macro(name: str, table: CrossTable, task: Task, values: Mapping[Metric, float]) -> Rate:
    metric, average = _MACRO[name]
    n = float(table.effective().sum())
    if not n:
        return Rate(None, math.nan, 0.0, lambda confidence: (-1.0, 1.0))
    found = label_metrics.measure(metric, table, task, average)
    value = None if found.value is None or math.isnan(found.value) else values[name, None]
    return Rate(value, math.nan, n, found.bounds)
