"""How much better one classifier is than another: differences of metrics, on the same rows or on separate rows."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops_audit import stats
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, Average
from llmops_audit.analysis.metrics.label_metrics import (
    MetricEstimate,
    TableStatistic,
    measure,
    share_counts,
    statistic,
    target_index,
)
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.stats import Bounds

__all__ = ["difference", "flips", "unpaired_difference"]

Floats = npt.NDArray[np.float64]
Cells = tuple[npt.NDArray[np.intp], ...]

_HALF_ROW = 0.5
# Cells of the confusion tables that are in memory at once.
_CELLS_AT_ONCE = 100_000


def difference(name: str, pairs: CrossTable, task: Task, average: Average, index: int | None = None) -> MetricEstimate:
    """Return how much better the subject is than another classifier on the same rows, with its interval.

    Parameters
    ----------
    name : str
        A key of `LABEL_METRICS`.
    pairs : CrossTable, (k, k + 1, k + 1)
        Label, prediction of the other, prediction of the subject.
    task : Task
    average, index
        See `statistic`.

    Returns
    -------
    MetricEstimate
        The subject's value less the other's. Tango's score interval for accuracy; otherwise the wider of a bootstrap
        of the paired table and of a Dirichlet posterior, with one more row than was seen where it would cost most.
    """
    value_of = statistic(name, task, average, index)
    occupied = np.nonzero(pairs.counts)
    gain = _gain(value_of, occupied, pairs.counts.shape)
    effective = pairs.effective()
    value = float(gain(effective[occupied][np.newaxis])[0]) if len(occupied[0]) else np.nan
    if pairs.by_unit is not None and len(occupied[0]):
        cells = np.ravel_multi_index(occupied, pairs.counts.shape)
        by_unit = pairs.by_unit.reshape(len(pairs.by_unit), -1)[:, cells]
        effective = effective / stats.clusters.design_effect(by_unit, effective[occupied], gain)
    known = None if np.isnan(value) else value
    if LABEL_METRICS[name].paired_by_flips:
        lost, won, n = *(float(rows.sum()) for rows in flips(effective)[:2]), float(effective.sum())
        return MetricEstimate(
            name, known, "Tango score", lambda confidence: stats.paired_difference(lost, won, n, confidence)
        )
    seed = [task.seed, zlib.crc32(f"difference {name} {average} {index}".encode())]

    @cache
    def bounds(confidence: float) -> Bounds:
        low, _ = _cautious(effective, value_of, confidence, np.random.default_rng(seed), lost=True)
        _, high = _cautious(effective, value_of, confidence, np.random.default_rng(seed), lost=False)
        return (low, high) if known is None else (min(low, known), max(high, known))

    return MetricEstimate(name, known, "wider of paired bootstrap and Dirichlet posterior", bounds)


def unpaired_difference(
    name: str, now: CrossTable, before: CrossTable, task: Task, average: Average, index: int | None = None
) -> MetricEstimate:
    """Return how much better the subject is than another classifier was on separate rows, with its interval.

    Parameters
    ----------
    name : str
        A key of `LABEL_METRICS`.
    now, before : CrossTable, (k, k + 1)
        Of the subject and of the other, taken as independent.
    task : Task
    average, index
        See `statistic`.

    Returns
    -------
    MetricEstimate
        The subject's value less the other's. Melded Clopper-Pearson intervals for accuracy, and for precision and
        recall of one label; otherwise the intervals of both, squared and added (Zou and Donner 2008,
        Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 27).
    """
    new, old = (measure(name, table, task, average, index) for table in (now, before))
    value = None if new.value is None or old.value is None else new.value - old.value
    index = target_index(name, task, average, index)
    new_share, old_share = (share_counts(name, table, index) for table in (now, before))
    if new_share is not None and old_share is not None and LABEL_METRICS[name].from_share is None:
        return MetricEstimate(
            name,
            value,
            "melded Clopper-Pearson intervals",
            lambda confidence: stats.melded_difference(*new_share, *old_share, confidence),
        )

    def bounds(confidence: float) -> Bounds:
        if value is None or new.value is None or old.value is None:
            return -np.inf, np.inf
        low, high = stats.square_and_add(new.value, new.bounds(confidence), old.value, old.bounds(confidence))
        return float(low), float(high)

    return MetricEstimate(name, value, "square-and-add of both intervals", bounds)


def flips(pairs: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Count rows that flipped, by label.

    Parameters
    ----------
    pairs : numpy array, (k, k + 1, k + 1)
        Rows by label, prediction of the other, prediction of the subject.

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


def _cautious(
    pairs: Floats, value_of: TableStatistic, confidence: float, rng: np.random.Generator, *, lost: bool
) -> tuple[float, float]:
    # Where no row flipped, the next row may flip all the same. So the posterior covers, beside the cells that occur, a
    # cell in which a row of each label is lost and one in which it is won; and for the lower end half a row more is
    # lost (for the upper end: won) where that costs most. With the 1/2 of the prior this is Clopper and Pearson's bound
    # where no flip was seen.
    possible = _possible(pairs)
    more = pairs.copy()
    at = _costliest(pairs.sum(axis=1 if lost else 2), value_of)
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
    return stats.table_interval(more[cells], _gain(value_of, cells, pairs.shape), confidence, rng)


def _possible(pairs: Floats) -> npt.NDArray[np.bool_]:
    possible = pairs > 0
    for i in np.flatnonzero(pairs.sum(axis=(1, 2))):
        wrong = pairs[i].sum(axis=0) + pairs[i].sum(axis=1)
        wrong[i] = -1
        possible[i, i, wrong.argmax()] = possible[i, wrong.argmax(), i] = True
    return possible


def _costliest(table: Floats, value_of: TableStatistic) -> tuple[int, int] | None:
    # The label, and the wrong prediction of it, whose next row would cost most: of each label with its likeliest error,
    # of each with the rarest prediction, and of the label that is most often right with every prediction.
    k = len(table)
    right, predicted = np.diagonal(table), table[:, :k].sum(axis=0)
    seen = np.flatnonzero((table.sum(axis=1) > 0) | (predicted > 0))
    rarest = [int(j) for j in seen[np.argsort(predicted[seen], kind="stable")][:2]]
    candidates = {(int(right.argmax()), int(j)) for j in seen}
    for label in np.flatnonzero(right > 0):
        errors = np.where(np.arange(table.shape[1]) == label, -1, table[label])
        candidates |= {(int(label), j) for j in (int(errors.argmax()), *rarest)}
    cells = sorted((i, j) for i, j in candidates if i != j and right[i] > 0)
    if not cells:
        return None
    moved = np.repeat(table[np.newaxis], len(cells), axis=0)
    for number, (i, j) in enumerate(cells):
        step = min(1.0, float(table[i, i]))
        moved[number, i, i] -= step
        moved[number, i, j] += step
    # Where a row leaves the metric undefined, its cost is unknown.
    return cells[int(np.nan_to_num(value_of(moved), nan=np.inf).argmin())]


def _gain(value_of: TableStatistic, cells: Cells, shape: tuple[int, ...]) -> TableStatistic:
    k, c = shape[:2]
    now, before = (_margin(cells, (k, c), axis) for axis in (2, 1))

    def gain(counts: Floats) -> Floats:
        chunks = np.array_split(counts, -(-len(counts) * k * c // _CELLS_AT_ONCE))
        return np.concatenate([value_of(now(chunk)) - value_of(before(chunk)) for chunk in chunks])

    return gain


def _margin(cells: Cells, shape: tuple[int, int], axis: int) -> TableStatistic:
    flat = cells[0] * shape[1] + cells[axis]
    order = np.argsort(flat, kind="stable")
    occupied, starts = np.unique(flat[order], return_index=True)

    def margin(counts: Floats) -> Floats:
        tables = np.zeros((len(counts), shape[0] * shape[1]))
        tables[:, occupied] = np.add.reduceat(counts[:, order], starts, axis=1)
        return tables.reshape(len(counts), *shape)

    return margin
