"""Metrics by group: Fairlearn's values on the table of outcomes, each with its interval."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from fairlearn.metrics import MetricFrame

from llmops_audit import stats
from llmops_audit.analysis.fairness.group_metrics import GROUP_METRICS, GroupMetric
from llmops_audit.analysis.metrics.label_metrics import measure
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import WEIGHT_UNIT, CrossTable, Outcomes
from llmops_audit.record import Label
from llmops_audit.stats import Bounds

__all__ = [
    "GroupEstimate",
    "GroupValues",
    "MetricKey",
    "TargetLabels",
    "computed",
    "fairlearn_values",
    "rates_of",
    "share_of_rows",
]

MOST_LABELS = 12
"""With more labels than this, metrics of each would fill a book."""

GroupValues = tuple[str, ...]
"""A group, by its value of each attribute."""

MetricKey = tuple[str, Label | None]
"""A metric by name and the label that it is about, None where it is about all."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GroupEstimate:
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
class TargetLabels:
    """The labels that metrics of one label are about.

    Attributes
    ----------
    favourable : tuple of label
        Of selection rates: of two labels the favourable one; of more, each.
    target : tuple of label
        Of error rates, precision and F1: of two labels the positive one, else the favourable one; of more, each.
    """

    favourable: tuple[Label, ...]
    target: tuple[Label, ...]

    @classmethod
    def of(cls, task: Task, favourable: Label | None) -> TargetLabels:
        """Choose them; with more than `MOST_LABELS` labels, those that the spec names."""
        chosen = () if favourable is None else (favourable,)
        positive = chosen if task.positive is None else (task.positive,)
        if len(task.labels) == 2:
            return cls(chosen or task.labels, positive or task.labels)
        if len(task.labels) <= MOST_LABELS:
            return cls(task.labels, task.labels)
        named = tuple(dict.fromkeys(positive + chosen))
        return cls(named, named)

    def keys(self, metric: GroupMetric) -> tuple[MetricKey, ...]:
        """Return a metric with each label that it is about."""
        if metric.about == "all":
            return ((metric.name, None),)
        return tuple((metric.name, of) for of in (self.favourable if metric.about == "favourable" else self.target))


def computed(task: Task, on_demand: Collection[str] = ()) -> Iterator[GroupMetric]:
    """Return the metrics of labels and predictions that are computed, in order.

    Parameters
    ----------
    task : Task
    on_demand : collection of str
        Names of those that are computed although they need not be.
    """
    for metric in GROUP_METRICS.values():
        wanted = not metric.on_demand or metric.name in on_demand
        fits = len(task.labels) > 2 or not metric.several_labels
        if wanted and fits and (metric.cells is not None or metric.of_table is not None):
            yield metric


def rates_of(
    parts: Mapping[GroupValues, Outcomes], task: Task, favourable: Label | None, on_demand: Collection[str] = ()
) -> dict[GroupValues, dict[MetricKey, GroupEstimate]]:
    """Compute every metric of every group.

    Parameters
    ----------
    parts : mapping of GroupValues to Outcomes
        With at least one row each, see `Outcomes.by_group`.
    task : Task
    favourable : label, optional
        The label that selection rates are about.
    on_demand : collection of str
        See `computed`.

    Returns
    -------
    dict
        Group to metric to estimate. A share has Clopper and Pearson's interval, any other metric that of
        `llmops_audit.analysis.metrics.label_metrics.measure`.
    """
    targets = TargetLabels.of(task, favourable)
    metrics = tuple(computed(task, on_demand))
    values = fairlearn_values(parts, task, targets)
    rates: dict[GroupValues, dict[MetricKey, GroupEstimate]] = {}
    for group, part in parts.items():
        table, labelled = part.table(task.labels, unlabelled=True), part.table(task.labels)
        rates[group] = {
            key: _share(metric, key, table, task, values[group])
            if metric.cells
            else _of_table(metric, labelled, task, values[group])
            for metric in metrics
            for key in targets.keys(metric)
        }
    return rates


def fairlearn_values(
    parts: Mapping[GroupValues, Outcomes], task: Task, targets: TargetLabels
) -> dict[GroupValues, dict[MetricKey, float]]:
    """Compute metrics by Fairlearn, on the cells of the tables weighted by their rows.

    Parameters
    ----------
    parts : mapping of GroupValues to Outcomes
    task : Task
    targets : TargetLabels

    Returns
    -------
    dict
        Group to metric to value, exactly Fairlearn's on the rows: 0 too where there is no row to take it over. A group
        whose rows all weigh nothing has no values.
    """
    index: dict[Label | None, int] = {label: i for i, label in enumerate(task.labels)}
    rows = [
        (index.get(label, -1), index.get(prediction, -1), number, tally.weight * WEIGHT_UNIT)
        for number, part in enumerate(parts.values())
        for label, prediction, tally in part.select({})
        if tally.weight
    ]
    values: dict[GroupValues, dict[MetricKey, float]] = {group: {} for group in parts}
    if not rows:
        return values
    label, prediction, group, weight = (np.array(column) for column in zip(*rows, strict=True))
    for functions, y_true, y_pred, kept in _frames(task, targets, label, prediction):
        if not kept.any():
            continue
        with warnings.catch_warnings():
            # A group may lack a label that is predicted for it; where that leaves a metric undefined, counts say so.
            warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
            warnings.filterwarnings("ignore", message="A single label was found")
            frame = MetricFrame(
                metrics={str(number): function for number, function in enumerate(functions.values())},
                y_true=y_true[kept], y_pred=y_pred[kept], sensitive_features=group[kept].tolist(),
                sample_params={str(number): {"sample_weight": weight[kept]} for number in range(len(functions))},
            ).by_group  # fmt: skip
        for number, column in zip(frame.index, frame.to_numpy(dtype=np.float64), strict=True):
            values[list(parts)[int(number)]] |= dict(zip(functions, column.tolist(), strict=True))
    return values


def _frames(
    task: Task, targets: TargetLabels, label: Ints, prediction: Ints
) -> Iterator[tuple[dict[MetricKey, Any], Ints, Ints, Bools]]:
    """Metrics, what they compare, and the rows that they look at."""
    everyone, labelled = np.ones(len(label), dtype=bool), label >= 0
    metrics = tuple(computed(task))
    yield _library(metrics, "all", None), label, prediction, labelled
    for i, of in enumerate(task.labels):
        true, predicted = (label == i).astype(int), (prediction == i).astype(int)
        if of in targets.favourable:
            # Whether somebody is selected does not depend on the label.
            yield _library(metrics, "favourable", of), predicted, predicted, everyone
        if of in targets.target:
            right = [metric for metric in metrics if metric.right_alone]
            yield _library(right, "target", of), true, np.where(prediction < 0, 1 - true, predicted), labelled
            others = [metric for metric in metrics if not metric.right_alone]
            yield _library(others, "target", of), true, predicted, labelled


def _library(metrics: Iterable[GroupMetric], about: str, of: Label | None) -> dict[MetricKey, Any]:
    return {(metric.name, of): metric.library for metric in metrics if metric.about == about and metric.library}


def share_of_rows(metric: GroupMetric, of: Label | None, table: CrossTable, task: Task) -> tuple[float, float]:
    """Return a share as effective rows: those that count, and those that it is taken over.

    Parameters
    ----------
    metric : GroupMetric
        With `cells`.
    of : label, optional
        That it is about.
    table : CrossTable, (k + 1, k + 1)
        With a last row for rows without a label.
    task : Task
    """
    k = len(task.labels)
    cells = metric.cells
    if cells is None:
        raise ValueError(f"metric '{metric.name}': is not a share of rows")
    label, prediction = np.indices((k + 1, k + 1))
    return table.share(*cells(label, prediction, None if of is None else task.labels.index(of), k))


def _share(
    metric: GroupMetric, key: MetricKey, table: CrossTable, task: Task, values: Mapping[MetricKey, float]
) -> GroupEstimate:
    x, n = share_of_rows(metric, key[1], table, task)
    transformed = metric.from_share or float

    def bounds(confidence: float) -> Bounds:
        low, high = stats.clopper_pearson(x, n, confidence)
        return transformed(low), transformed(high)

    if not n:
        return GroupEstimate(None, x, n, bounds)
    return GroupEstimate(values[key] if metric.library else transformed(x / n), x, n, bounds)


def _of_table(metric: GroupMetric, table: CrossTable, task: Task, values: Mapping[MetricKey, float]) -> GroupEstimate:
    n = float(table.effective().sum())
    if metric.of_table is None or not n:
        return GroupEstimate(None, math.nan, 0.0, lambda confidence: (metric.low, metric.high))
    name, average = metric.of_table
    found = measure(name, table, task, average)
    value = None if found.value is None or math.isnan(found.value) else values[metric.name, None]
    return GroupEstimate(value, math.nan, n, found.bounds)
