"""How much better one classifier is than another: differences of metrics, on the same rows or on separate rows."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
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

__all__ = ["difference", "flips", "gain_over_label", "unpaired_difference"]

Floats = npt.NDArray[np.float64]
Cells = tuple[npt.NDArray[np.intp], ...]

_HALF_ROW = 0.5


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

    most = LABEL_METRICS[name].high - LABEL_METRICS[name].low

    @cache
    def ends() -> tuple[Callable[[float], Bounds], ...]:
        return tuple(_cautious(effective, value_of, seed, lost=lost) for lost in (True, False))

    def bounds(confidence: float) -> Bounds:
        (low, _), (_, high) = (of(confidence) for of in ends())
        if known is None or not all(map(np.isfinite, (low, high))):
            return low, high
        return max(min(low, known), -most), min(max(high, known), most)

    return MetricEstimate(name, known, "wider of paired bootstrap and Dirichlet posterior", bounds)


def gain_over_label(table: CrossTable, index: int, task: Task) -> MetricEstimate:
    """Return how much more accurate the subject is than predicting one label for every row, with its interval.

    Parameters
    ----------
    table : CrossTable, (k, k + 1)
    index : int
        Of the label.
    task : Task
    """
    return difference("accuracy", _beside_constant(table, index), task, "macro")


def _beside_constant(table: CrossTable, index: int) -> CrossTable:
    """Return the predictions beside one label for every row; labels are that one and any other, (2, 3, 3)."""
    label, prediction = np.indices(table.counts.shape)
    cells = [(side, right) for side in (0, 1) for right in (False, True)]
    masks = [((label != index) == bool(side)) & ((label == prediction) == right) for side, right in cells]

    def small(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        found = np.zeros((*values.shape[:-2], 2, 3, 3), dtype=values.dtype)
        for (side, right), mask in zip(cells, masks, strict=True):
            found[..., side, 0, side if right else 2] = values[..., mask].sum(axis=-1)
        return found

    by_unit = None if table.by_unit is None else small(table.by_unit)
    return CrossTable(small(table.counts), small(table.weights), small(table.squares), by_unit)


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


def _cautious(pairs: Floats, value_of: TableStatistic, seed: Sequence[int], *, lost: bool) -> Callable[[float], Bounds]:
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
        return lambda confidence: (-np.inf, np.inf)
    return stats.Resamples(more[cells], seed).bounds(_gain(value_of, cells, pairs.shape))


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
    at, i, j = np.arange(len(cells)), *np.array(cells).T
    step = np.minimum(1.0, right[i])
    hits, columns = (np.repeat(part[np.newaxis], len(cells), axis=0) for part in (right, table.sum(axis=0)))
    hits[at, i] -= step
    columns[at, i] -= step
    columns[at, j] += step
    moved = stats.Margins(hits, np.broadcast_to(table.sum(axis=1), hits.shape), columns)
    # Where a row leaves the metric undefined, its cost is unknown.
    return cells[int(np.nan_to_num(value_of(moved), nan=np.inf).argmin())]


def _gain(value_of: TableStatistic, cells: Cells, shape: tuple[int, ...]) -> TableStatistic:
    k, c = shape[:2]

    def gain(counts: Floats) -> Floats:
        rows = _summed(counts, cells[0], k)
        now, before = (
            stats.Margins(
                _summed(counts[:, cells[0] == cells[axis]], cells[0][cells[0] == cells[axis]], k),
                rows,
                _summed(counts, cells[axis], c),
            )
            for axis in (2, 1)
        )
        difference: Floats = value_of(now) - value_of(before)
        return difference

    return gain


def _summed(counts: Floats, into: npt.NDArray[np.intp], size: int) -> Floats:
    """Sums of cells, (b, m), by what they belong to, (b, size)."""
    sums = np.zeros((len(counts), size))
    order = np.argsort(into, kind="stable")
    occupied, starts = np.unique(into[order], return_index=True)
    if len(occupied):
        sums[:, occupied] = np.add.reduceat(counts[:, order], starts, axis=1)
    return sums
