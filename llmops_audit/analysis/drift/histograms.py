"""Histograms of reference and current rows with the same cells, fit for a record: no rare value is named."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmops_audit.analysis.drift.column_pairs import ColumnPair
from llmops_audit.analysis.drift.hypotheses import FullCounts
from llmops_audit.personal_data import find
from llmops_audit.record.drift_figure import Histogram

__all__ = ["histogram"]

CELLS = 20
MIDDLE = (0.01, 0.99)
"""Quantiles between which the cells are equally wide."""

MAX_NAMED = 12
MIN_ROWS_NAMED = 10
LONGEST_NAME = 60
"""Categories that are shown by name: rarer or longer ones may identify a person."""


def histogram(pair: ColumnPair, full_counts: FullCounts | None, *, sampled: bool) -> Histogram | None:
    """Return the histogram of a pair: of all rows where they were counted, otherwise of those compared.

    Parameters
    ----------
    pair : ColumnPair
    full_counts : FullCounts, optional
    sampled : bool
        Whether the rows compared are not all there are.
    """
    found = _of_numbers(pair, full_counts) if pair.numeric else _of_categories(pair, full_counts)
    return found if found is None or sampled else found.model_copy(update={"exact": True})


def _of_numbers(pair: ColumnPair, full_counts: FullCounts | None) -> Histogram | None:
    values = [series.to_numpy(np.float64) for series in (pair.reference, pair.current)]
    pooled = np.concatenate(values)
    pooled = pooled[np.isfinite(pooled)]
    if not len(pooled):
        return None
    edges = _edges(pooled)
    # The outer cells are open, so that their edges reveal no single row's value.
    open_edges = np.concatenate([[-np.inf], edges[1:-1], [np.inf]])
    counted = full_counts.numbers(pair.column) if full_counts is not None and pair.feature is None else None
    if counted is None:
        counts = [np.histogram(part[np.isfinite(part)], open_edges)[0] for part in values]
    else:
        counts = [one.between(open_edges) for one in counted]
    return Histogram(
        edges=tuple(edges.tolist()),
        reference=tuple(counts[0].tolist()),
        current=tuple(counts[1].tolist()),
        exact=counted is not None,
    )


def _edges(pooled: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    distinct = np.unique(pooled)
    if len(distinct) == 1:
        return np.array([distinct[0] - 0.5, distinct[0] + 0.5])
    if len(distinct) <= CELLS:
        inner = distinct[:-1] / 2.0 + distinct[1:] / 2.0
        return np.concatenate([[2.0 * distinct[0] - inner[0]], inner, [2.0 * distinct[-1] - inner[-1]]])
    low, high = np.quantile(pooled, MIDDLE)
    if low == high:
        # Nearly all values are one number: cells below it, at it and above it.
        step = max(abs(low), 1.0) / 2.0
        return np.array([low - 3.0 * step, low - step, low + step, low + 3.0 * step])
    return np.linspace(low, high, CELLS + 1)


def _of_categories(pair: ColumnPair, full_counts: FullCounts | None) -> Histogram:
    counted = full_counts.categories(pair.column) if full_counts is not None and pair.feature is None else None
    if counted is None:
        both = pd.DataFrame({i: series.value_counts() for i, series in enumerate((pair.reference, pair.current))})
        names, counts = both.index.tolist(), both.fillna(0).to_numpy(np.int64)
    else:
        names, counts = list(counted[0]), counted[1].T
    total = counts.sum(axis=1)
    named = [i for i, name in enumerate(names) if _can_be_named(name, int(total[i]))]
    order = sorted(named, key=lambda i: (-total[i], names[i]))[:MAX_NAMED]
    shown, cells = [names[i] for i in order], counts[order].tolist()
    others = counts.sum(axis=0) - counts[order].sum(axis=0)
    if others.sum():
        shown.append(None)
        cells.append(others.tolist())
    return Histogram(
        categories=tuple(shown),
        reference=tuple(cell[0] for cell in cells),
        current=tuple(cell[1] for cell in cells),
        exact=counted is not None,
    )


def _can_be_named(name: str | None, rows: int) -> bool:
    return name is not None and rows >= MIN_ROWS_NAMED and len(name) <= LONGEST_NAME and not any(find([name]))
