"""Metrics of a confusion table by name: the value, and its interval at any confidence."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, Average, FormulaOfLabel
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.record import Scalar
from llmops_audit.stats import Bounds

__all__ = [
    "MetricEstimate",
    "TableStatistic",
    "default_average",
    "measure",
    "share_counts",
    "statistic",
    "target_index",
]

Floats = npt.NDArray[np.float64]
TableStatistic = Callable[[Any], Floats]
"""Tables of shape (..., k, c), or their margins, to values (...)."""

_DRAWS = zlib.crc32(b"tables like the confusion table")


@dataclass(frozen=True)
class MetricEstimate:
    """The value of a metric, with its interval at any confidence.

    Attributes
    ----------
    name : str
    value : float or None
        None where it is undefined.
    method : str
        How the interval is computed.
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
    """Return what precision, recall and F1 are about by default: the positive label, else the macro average."""
    return "macro" if task.positive is None else "positive"


def statistic(name: str, task: Task, average: Average, index: int | None = None) -> TableStatistic:
    """Return a metric as a function of tables.

    Parameters
    ----------
    name : str
        A key of `LABEL_METRICS`.
    task : Task
    average : str
        What a metric of one label is about: the positive label, or a mean over the labels.
    index : int, optional
        Index, among the labels of the task, of the label that it is about instead.

    Returns
    -------
    callable
        Tables of shape (..., k, c) to values (...), NaN where undefined.
    """
    metric = LABEL_METRICS[name]
    if metric.of_label is None:
        return metric.formula
    index = target_index(name, task, average, index)
    return metric.average(average) if index is None else partial(_of_label, metric.of_label, index)


def _of_label(formula: FormulaOfLabel, index: int, tables: Any) -> Floats:
    values: Floats = formula(tables, index)
    return values


def measure(name: str, table: CrossTable, task: Task, average: Average, index: int | None = None) -> MetricEstimate:
    """Return a metric of a table with its interval.

    Parameters
    ----------
    name : str
        A key of `LABEL_METRICS`.
    table : CrossTable, (k, k + 1)
    task : Task
    average, index
        See `statistic`.

    Returns
    -------
    MetricEstimate
        Clopper-Pearson for a share of rows, and for the F1 of one label through TP / (TP + FP + FN); otherwise the
        wider of a bootstrap of the table and of a Dirichlet posterior.
    """
    index = target_index(name, task, average, index)
    counts = share_counts(name, table, index)
    if counts is not None:
        return _share(name, *counts)
    return _resampled(name, table, statistic(name, task, average, index), task.seed)


def target_index(name: str, task: Task, average: Average, index: int | None) -> int | None:
    """Return the index of the label that a metric is about; None for a metric of the whole table."""
    of_one_label = LABEL_METRICS[name].of_label is not None
    if of_one_label and index is None and average == "positive" and task.positive is not None:
        return task.labels.index(task.positive)
    return index


def share_counts(name: str, table: CrossTable, index: int | None) -> tuple[float, float] | None:
    """Return a metric that is a share as effective rows: those that count, and those that it is taken over.

    Parameters
    ----------
    name, table
        See `measure`.
    index : int, optional
        See `target_index`.

    Returns
    -------
    tuple of float, or None
        None where the metric is no share of rows, and no function of one.
    """
    metric = LABEL_METRICS[name]
    if metric.cells is None or (metric.of_label is not None and index is None):
        return None
    label, prediction = np.indices(table.counts.shape)
    return table.share(*metric.cells(label, prediction, index))


def _share(name: str, x: float, n: float) -> MetricEstimate:
    transformed = LABEL_METRICS[name].from_share or float

    def bounds(confidence: float) -> Bounds:
        low, high = stats.clopper_pearson(x, n, confidence)
        return transformed(low), transformed(high)

    return MetricEstimate(name, transformed(x / n) if n else None, "Clopper-Pearson", bounds)


def _resampled(name: str, table: CrossTable, value_of: TableStatistic, seed: int) -> MetricEstimate:
    # Classes that do not occur would draw the posterior towards predictions that are never made.
    occurring = _occurring(table.counts)
    counts = table.effective(value_of)[occurring][:, [*occurring, bool(table.counts[:, -1].any())]]
    value = float(value_of(counts))
    metric = LABEL_METRICS[name]
    drawn: Callable[[float], Bounds] | None = None

    def bounds(confidence: float) -> Bounds:
        nonlocal drawn
        if drawn is None:
            drawn = _resamples(counts.tobytes(), counts.shape, seed).bounds(value_of)
        ends = drawn(confidence)
        if not all(map(math.isfinite, ends)):
            return ends
        # Beyond the draws the tail is extended, which knows no smallest and no largest value.
        return max(ends[0], metric.low), min(ends[1], metric.high)

    known = None if np.isnan(value) else value
    return MetricEstimate(name, known, "wider of bootstrap and Dirichlet posterior", bounds)


@lru_cache(maxsize=4)
def _resamples(counts: bytes, shape: tuple[int, int], seed: int) -> stats.Resamples:
    # All metrics of a table share its draws.
    return stats.Resamples(np.frombuffer(counts).reshape(shape), [seed, _DRAWS])


def _occurring(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    labels = len(counts)
    occurring: npt.NDArray[np.bool_] = (counts.sum(axis=1) > 0) | (counts[:, :labels].sum(axis=0) > 0)
    if occurring.sum() < 2:
        # A table of one cell would have no spread, however few its rows are.
        occurring[:] = True
    return occurring
