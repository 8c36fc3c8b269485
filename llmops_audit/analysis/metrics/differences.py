"""How much better a subject is than another: metrics of two, on the same rows or on rows of their own."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.label_metrics import (
    Average,
    LabelMetric,
    Measure,
    Statistic,
    hits,
    measure,
    of_label,
    statistic,
)
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.stats import Bounds

__all__ = ["difference", "flips", "unpaired_difference"]

Floats = npt.NDArray[np.float64]
Cells = tuple[npt.NDArray[np.intp], ...]

_HALF_ROW = 0.5
# Places of the confusion tables that are held in memory at once.
_PLACES_AT_ONCE = 100_000


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
        lost, won, n = *(float(rows.sum()) for rows in flips(effective)[:2]), float(effective.sum())
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
    place = of_label(name, task, average, place)
    if name == "accuracy" or (name in ("precision", "recall") and place is not None):
        (x1, n1), (x2, n2) = (hits(name, table, place) for table in (now, before))
        return Measure(
            name, value, "Newcombe", lambda confidence: stats.newcombe_difference(x1, n1, x2, n2, confidence)
        )

    def bounds(confidence: float) -> Bounds:
        if value is None or new.value is None or old.value is None:
            return -np.inf, np.inf
        low, high = stats.square_and_add(new.value, new.bounds(confidence), old.value, old.bounds(confidence))
        return float(low), float(high)

    return Measure(name, value, "square-and-add of both intervals", bounds)


def flips(pairs: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Count rows that flipped, by label.

    Parameters
    ----------
    pairs : numpy array, (k, k + 1, k + 1)
        Rows by label, answer of the other, answer of the subject.

    Returns
    -------
    lost, won, moved : numpy array, (k,)
        The other right and the subject wrong; the other wrong and the subject right; wrong in different ways.
    """
    label, before, now = np.indices(pairs.shape)
    lost, won = (before == label) & (now != label), (before != label) & (now == label)
    moved = (before != label) & (now != label) & (before != now)
    by_label = [(pairs * which).sum(axis=(1, 2)) for which in (lost, won, moved)]
    return by_label[0], by_label[1], by_label[2]


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
