"""Metrics of a confusion table by name: the value, and its interval at any confidence."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.record import Scalar
from llmops_audit.stats import Bounds

__all__ = [
    "AVERAGES",
    "LABEL_METRICS",
    "Average",
    "LabelMetric",
    "Measure",
    "default_average",
    "hits",
    "measure",
    "of_label",
    "statistic",
]

LabelMetric = Literal[
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "macro_f1", "micro_f1", "mcc", "cohen_kappa"
]
LABEL_METRICS: tuple[LabelMetric, ...] = get_args(LabelMetric)

Average = Literal["positive", "macro", "micro", "weighted"]
AVERAGES: tuple[Average, ...] = get_args(Average)

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Tables of shape (..., k, c) to values (...)."""

_OF_TABLE: dict[str, Statistic] = {
    "accuracy": stats.accuracy,
    "balanced_accuracy": stats.balanced_accuracy,
    "macro_f1": stats.macro_f1,
    "micro_f1": stats.micro_f1,
    "mcc": stats.matthews,
    "cohen_kappa": stats.cohen_kappa,
}
_OF_LABEL = {"precision": stats.precision, "recall": stats.recall, "f1": stats.f1}
_AVERAGED: dict[tuple[str, str], Statistic] = {
    ("precision", "macro"): stats.macro_precision,
    ("precision", "micro"): stats.micro_precision,
    ("precision", "weighted"): stats.weighted_precision,
    ("recall", "macro"): stats.macro_recall,
    ("recall", "micro"): stats.accuracy,
    ("recall", "weighted"): stats.accuracy,
    ("f1", "macro"): stats.macro_f1,
    ("f1", "micro"): stats.micro_f1,
    ("f1", "weighted"): stats.weighted_f1,
}


@dataclass(frozen=True)
class Measure:
    """A metric of one table.

    Attributes
    ----------
    name : str
    value : float or None
        None where it is undefined.
    method : str
        How the interval is had.
    bounds : callable
        Confidence in (0, 1) to the two-sided interval.
    details : mapping
        Further numbers, by name.
    """

    name: str
    value: float | None
    method: str
    bounds: Callable[[float], Bounds]
    details: Mapping[str, Scalar] = field(default_factory=dict)


def default_average(task: Task) -> Average:
    """Return what precision, recall and F1 speak of where nobody says: the positive label, else the macro average."""
    return "macro" if task.positive is None else "positive"


def statistic(name: LabelMetric, task: Task, average: Average, place: int | None = None) -> Statistic:
    """Return a metric as a function of tables.

    Parameters
    ----------
    name : str
    task : Task
    average : str
        What precision, recall and F1 speak of: the positive label, or a mean over the labels.
    place : int, optional
        Place among the labels of the one that they speak of instead.

    Returns
    -------
    callable
        Tables of shape (..., k, c) to values (...), NaN where undefined.
    """
    if name in _OF_TABLE:
        return _OF_TABLE[name]
    place = of_label(name, task, average, place)
    if place is not None:
        return partial(_OF_LABEL[name], i=place)
    return _AVERAGED[name, "macro" if average == "positive" else average]


def measure(name: LabelMetric, table: CrossTable, task: Task, average: Average, place: int | None = None) -> Measure:
    """Return a metric of a table with its interval.

    Parameters
    ----------
    name : str
    table : CrossTable, (k, k + 1)
    task : Task
    average, place
        See `statistic`.

    Returns
    -------
    Measure
        Clopper-Pearson for a proportion, and for the F1 of one label through TP / (TP + FP + FN); otherwise the wider
        of a bootstrap of the table and of a Dirichlet posterior.
    """
    place = of_label(name, task, average, place)
    if name == "accuracy" or (name in _OF_LABEL and place is not None):
        return _proportion(name, table, place)
    found = statistic(name, task, average, place)
    # Cells that cannot occur would draw the posterior towards answers that nobody gave.
    seen = _used(table.counts)
    counts = table.effective(found)[seen][:, [*seen, bool(table.counts[:, -1].any())]]
    value = float(found(counts))
    key = zlib.crc32(f"{name} {average}".encode())

    @cache
    def bounds(confidence: float) -> Bounds:
        return stats.table_interval(counts, found, confidence, np.random.default_rng([task.seed, key]))

    told = None if np.isnan(value) else value
    return Measure(name, told, "wider of bootstrap and Dirichlet posterior", bounds)


def of_label(name: LabelMetric, task: Task, average: Average, place: int | None) -> int | None:
    """Return the place of the label that precision, recall or F1 speaks of; None for a metric of the whole table."""
    if name in _OF_LABEL and place is None and average == "positive" and task.positive is not None:
        return task.labels.index(task.positive)
    return place


def hits(name: LabelMetric, table: CrossTable, place: int | None) -> tuple[float, float]:
    """Return accuracy, or a metric of one label, as effective rows that count and that it is taken over."""
    rows, columns = np.indices(table.counts.shape)
    cells = np.ones(table.counts.shape, dtype=bool)
    if place is None:
        return table.share(rows == columns, cells)
    answers, members = columns == place, rows == place
    among = {"precision": answers, "recall": members, "f1": answers | members}[name]
    return table.share(answers & members, among)


def _proportion(name: LabelMetric, table: CrossTable, place: int | None) -> Measure:
    x, n = hits(name, table, place)

    def mapped(share: float) -> float:
        # F1 = 2J / (1 + J) with J the share of hits among hits, misses and false alarms.
        return 2 * share / (1 + share) if name == "f1" else share

    def bounds(confidence: float) -> Bounds:
        low, high = stats.clopper_pearson(x, n, confidence)
        return mapped(low), mapped(high)

    return Measure(name, mapped(x / n) if n else None, "Clopper-Pearson", bounds)


def _used(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    labels = len(counts)
    seen = (counts.sum(axis=1) > 0) | (counts[:, :labels].sum(axis=0) > 0)
    if seen.sum() < 2:
        # A table of one cell would have no spread, however few its rows are.
        seen[:] = True
    used: npt.NDArray[np.bool_] = seen
    return used
