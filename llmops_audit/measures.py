"""Metrics of a confusion table by name: the value, and its interval at any confidence."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.stats import Bounds
from llmops_audit.task import Task

__all__ = [
    "AVERAGES",
    "LABEL_METRICS",
    "Average",
    "LabelMetric",
    "Measure",
    "default_average",
    "difference",
    "measure",
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
    """

    name: str
    value: float | None
    method: str
    bounds: Callable[[float], Bounds]


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
    if place is None and average == "positive" and task.positive is not None:
        place = task.labels.index(task.positive)
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
    if name not in _OF_TABLE and place is None and average == "positive" and task.positive is not None:
        place = task.labels.index(task.positive)
    if name == "accuracy" or (name in _OF_LABEL and place is not None):
        return _proportion(name, table, place)
    found = statistic(name, task, average, place)
    # Cells that cannot occur would draw the posterior towards answers that nobody gave.
    seen = _used(table.counts)
    counts = table.effective(found)[seen][:, [*seen, bool(table.counts[:, -1].any())]]
    value = float(found(counts))
    key = zlib.crc32(f"{name} {average}".encode())
    return Measure(
        name,
        None if np.isnan(value) else value,
        "wider of bootstrap and Dirichlet posterior",
        lambda confidence: stats.table_interval(counts, found, confidence, np.random.default_rng([task.seed, key])),
    )


def difference(name: LabelMetric, pairs: CrossTable, task: Task, average: Average, place: int | None = None) -> Measure:
    """Return how much better the subject is than another on the same rows, with its interval.

    Parameters
    ----------
    name : str
    pairs : CrossTable, (k, k + 1, k + 1)
        Label, answer of the other, answer of the subject.
    task : Task
    average, place
        See `statistic`.

    Returns
    -------
    Measure
        The subject's value less the other's. Tango's score interval for accuracy; otherwise the wider of a bootstrap
        of the paired table and of a Dirichlet posterior.
    """
    found = statistic(name, task, average, place)

    def gain(tables: Floats) -> Floats:
        return found(tables.sum(axis=-2)) - found(tables.sum(axis=-1))

    effective = pairs.effective(gain)
    value = float(gain(effective))
    key = zlib.crc32(f"difference {name} {average} {place}".encode())
    if name == "accuracy":
        lost, won = _flips(effective)
        n = float(effective.sum())
        return Measure(
            name,
            value if n else None,
            "Tango score",
            lambda confidence: stats.paired_difference(lost, won, n, confidence),
        )
    cells = _possible(pairs.counts)

    def of_cells(counts: Floats) -> Floats:
        now, before = (_margin(counts, cells, pairs.counts.shape, axis) for axis in (2, 1))
        return found(now) - found(before)

    return Measure(
        name,
        None if np.isnan(value) else value,
        "wider of paired bootstrap and Dirichlet posterior",
        lambda confidence: stats.table_interval(
            effective[cells], of_cells, confidence, np.random.default_rng([task.seed, key])
        ),
    )


def _flips(pairs: Floats) -> tuple[float, float]:
    k = len(pairs)
    label, before, now = np.indices(pairs.shape)
    right_before, right_now = (label == before) & (before < k), (label == now) & (now < k)
    return float(pairs[right_before & ~right_now].sum()), float(pairs[~right_before & right_now].sum())


Cells = tuple[npt.NDArray[np.intp], ...]


def _possible(counts: npt.NDArray[np.int64]) -> Cells:
    # Of the many cells of a paired table those that occur, and for each label a way to lose a row and one to win it:
    # without them rows that nobody changed would be taken as a proof that nobody ever does.
    possible = counts > 0
    for i in np.flatnonzero(counts.sum(axis=(1, 2))):
        wrong = counts[i].sum(axis=0) + counts[i].sum(axis=1)
        wrong[i] = -1
        possible[i, i, wrong.argmax()] = possible[i, wrong.argmax(), i] = True
    return np.nonzero(possible)


def _margin(counts: Floats, cells: Cells, shape: tuple[int, ...], axis: int) -> Floats:
    k, c = shape[:2]
    to_cell = np.zeros((counts.shape[-1], k * c))
    to_cell[np.arange(counts.shape[-1]), cells[0] * c + cells[axis]] = 1
    margin: Floats = (counts @ to_cell).reshape(*counts.shape[:-1], k, c)
    return margin


def _proportion(name: LabelMetric, table: CrossTable, place: int | None) -> Measure:
    cells = np.ones(table.counts.shape, dtype=bool)
    hits, among = np.eye(len(cells), cells.shape[1], dtype=bool), cells
    if place is not None:
        answers, members = ~cells, ~cells
        answers[:, place], members[place] = True, True
        hits, among = answers & members, {"precision": answers, "recall": members, "f1": answers | members}[name]
    x, n = table.share(hits, among)

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
