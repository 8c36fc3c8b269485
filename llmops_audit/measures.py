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
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.model import Scalar
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
    "unpaired_difference",
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

_HALF_ROW = 0.5
# Places of the confusion tables that are held in memory at once.
_PLACES_AT_ONCE = 100_000


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
    place = _spoken_of(name, task, average, place)
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
    place = _spoken_of(name, task, average, place)
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
        of the paired table and of a Dirichlet posterior, with a row more than was seen where it would hurt most.
    """
    found = statistic(name, task, average, place)
    occupied = np.nonzero(pairs.counts)
    gain = _gain(found, occupied, pairs.counts.shape)
    effective = pairs.effective()
    value = float(gain(effective[occupied][np.newaxis])[0]) if len(occupied[0]) else np.nan
    if pairs.by_unit is not None and len(occupied[0]):
        places = np.ravel_multi_index(occupied, pairs.counts.shape)
        by_unit = pairs.by_unit.reshape(len(pairs.by_unit), -1)[:, places]
        effective = effective / stats.clusters.design_effect(by_unit, effective[occupied], gain)
    told = None if np.isnan(value) else value
    if name == "accuracy":
        (lost, won), n = _flips(effective), float(effective.sum())
        return Measure(name, told, "Tango score", lambda confidence: stats.paired_difference(lost, won, n, confidence))
    seed = [task.seed, zlib.crc32(f"difference {name} {average} {place}".encode())]

    @cache
    def bounds(confidence: float) -> Bounds:
        low, _ = _doubted(effective, found, confidence, np.random.default_rng(seed), lost=True)
        _, high = _doubted(effective, found, confidence, np.random.default_rng(seed), lost=False)
        return (low, high) if told is None else (min(low, told), max(high, told))

    return Measure(name, told, "wider of paired bootstrap and Dirichlet posterior", bounds)


def unpaired_difference(
    name: LabelMetric, now: CrossTable, before: CrossTable, task: Task, average: Average, place: int | None = None
) -> Measure:
    """Return how much better the subject is than another was on rows of its own, with its interval.

    Parameters
    ----------
    name : str
    now, before : CrossTable, (k, k + 1)
        Of the subject and of the other, taken as independent.
    task : Task
    average, place
        See `statistic`.

    Returns
    -------
    Measure
        The subject's value less the other's. Newcombe's interval for accuracy, and for precision and recall of one
        label; otherwise the intervals of both, squared and added as Newcombe does with Wilson's (Zou and Donner 2008,
        Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 27).
    """
    new, old = (measure(name, table, task, average, place) for table in (now, before))
    value = None if new.value is None or old.value is None else new.value - old.value
    place = _spoken_of(name, task, average, place)
    if name == "accuracy" or (name in ("precision", "recall") and place is not None):
        (x1, n1), (x2, n2) = (_hits(name, table, place) for table in (now, before))
        return Measure(
            name, value, "Newcombe", lambda confidence: stats.newcombe_difference(x1, n1, x2, n2, confidence)
        )

    def bounds(confidence: float) -> Bounds:
        if value is None or new.value is None or old.value is None:
            return -np.inf, np.inf
        (low1, high1), (low2, high2) = new.bounds(confidence), old.bounds(confidence)
        below = float(np.hypot(new.value - low1, high2 - old.value))
        above = float(np.hypot(high1 - new.value, old.value - low2))
        return value - below, value + above

    return Measure(name, value, "square-and-add of both intervals", bounds)


def _flips(pairs: Floats) -> tuple[float, float]:
    k = len(pairs)
    label, before, now = np.indices(pairs.shape)
    right_before, right_now = (label == before) & (before < k), (label == now) & (now < k)
    return float(pairs[right_before & ~right_now].sum()), float(pairs[~right_before & right_now].sum())


Cells = tuple[npt.NDArray[np.intp], ...]


def _doubted(
    pairs: Floats, found: Statistic, confidence: float, rng: np.random.Generator, *, lost: bool
) -> tuple[float, float]:
    # Rows that nobody changed prove nothing about the next one. So the posterior knows, beside the cells that occur, a
    # way to lose a row of each label and one to win it; and for the lower end half a row more is lost (for the upper
    # end: won) where it costs most. With the 1/2 of the prior that is Clopper and Pearson's bound where none was seen.
    possible = _possible(pairs)
    more = pairs.copy()
    at = _dearest(pairs.sum(axis=1 if lost else 2), found)
    if at is not None:
        i, j = at
        wins, losses = (i, slice(None), i), (i, i, slice(None))
        opposite, cell = (wins, (i, i, j)) if lost else (losses, (i, j, i))
        possible[opposite] = pairs[opposite] > 0
        possible[cell] = True
        more[cell] += _HALF_ROW
    cells = np.nonzero(possible)
    if not len(cells[0]):
        return -np.inf, np.inf
    return stats.table_interval(more[cells], _gain(found, cells, pairs.shape), confidence, rng)


def _possible(pairs: Floats) -> npt.NDArray[np.bool_]:
    possible = pairs > 0
    for i in np.flatnonzero(pairs.sum(axis=(1, 2))):
        wrong = pairs[i].sum(axis=0) + pairs[i].sum(axis=1)
        wrong[i] = -1
        possible[i, i, wrong.argmax()] = possible[i, wrong.argmax(), i] = True
    return possible


def _dearest(table: Floats, found: Statistic) -> tuple[int, int] | None:
    # The label, and the wrong answer to it, whose next row would cost most: of each label with its likeliest error,
    # of each with the answer that is given least, and of the label most often right with every answer.
    k = len(table)
    right, answers = np.diagonal(table), table[:, :k].sum(axis=0)
    seen = np.flatnonzero((table.sum(axis=1) > 0) | (answers > 0))
    rarest = [int(j) for j in seen[np.argsort(answers[seen], kind="stable")][:2]]
    candidates = {(int(right.argmax()), int(j)) for j in seen}
    for label in np.flatnonzero(right > 0):
        errors = np.where(np.arange(table.shape[1]) == label, -1, table[label])
        candidates |= {(int(label), j) for j in (int(errors.argmax()), *rarest)}
    cells = sorted((i, j) for i, j in candidates if i != j and right[i] > 0)
    if not cells:
        return None
    moved = np.repeat(table[np.newaxis], len(cells), axis=0)
    for place, (i, j) in enumerate(cells):
        step = min(1.0, float(table[i, i]))
        moved[place, i, i] -= step
        moved[place, i, j] += step
    # A row that leaves the metric undefined tells nothing of its cost.
    return cells[int(np.nan_to_num(found(moved), nan=np.inf).argmin())]


def _gain(found: Statistic, cells: Cells, shape: tuple[int, ...]) -> Statistic:
    k, c = shape[:2]
    now, before = (_margin(cells, (k, c), axis) for axis in (2, 1))

    def gain(counts: Floats) -> Floats:
        pieces = -(-len(counts) * k * c // _PLACES_AT_ONCE)
        return np.concatenate([found(now(part)) - found(before(part)) for part in np.array_split(counts, pieces)])

    return gain


def _margin(cells: Cells, shape: tuple[int, int], axis: int) -> Statistic:
    flat = cells[0] * shape[1] + cells[axis]
    order = np.argsort(flat, kind="stable")
    places, starts = np.unique(flat[order], return_index=True)

    def margin(counts: Floats) -> Floats:
        tables = np.zeros((len(counts), shape[0] * shape[1]))
        tables[:, places] = np.add.reduceat(counts[:, order], starts, axis=1)
        return tables.reshape(len(counts), *shape)

    return margin


def _spoken_of(name: LabelMetric, task: Task, average: Average, place: int | None) -> int | None:
    if name in _OF_LABEL and place is None and average == "positive" and task.positive is not None:
        return task.labels.index(task.positive)
    return place


def _hits(name: LabelMetric, table: CrossTable, place: int | None) -> tuple[float, float]:
    cells = np.ones(table.counts.shape, dtype=bool)
    hits, among = np.indices(cells.shape)[0] == np.indices(cells.shape)[1], cells
    if place is not None:
        answers, members = ~cells, ~cells
        answers[:, place], members[place] = True, True
        hits, among = answers & members, {"precision": answers, "recall": members, "f1": answers | members}[name]
    return table.share(hits, among)


def _proportion(name: LabelMetric, table: CrossTable, place: int | None) -> Measure:
    x, n = _hits(name, table, place)

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
