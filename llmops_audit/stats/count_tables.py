"""Classification metrics of confusion tables, for many tables at once.

A table has shape ``(..., k, c)`` with ``c >= k``: row i holds the cases whose true
class is i, column j < k those predicted as j. Columns from k on are predictions that are no
class (refused, timed out, missing): always wrong, never left out of a denominator.
Counts may be weights. Every function returns an array of shape ``(...)``, float64,
with NaN where the metric is undefined. In place of tables it takes their `Margins`, on
which all of these metrics rest.

References
----------
Gorodkin (2004). Comparing two K-category assignments by a K-category correlation
coefficient. Computational Biology and Chemistry 28.
Cohen (1960). A coefficient of agreement for nominal scales. Educational and
Psychological Measurement 20.
Definitions of the others: scikit-learn, ``sklearn.metrics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# A variance under this share of its maximum is the rounding error of a zero.
_ZERO_VARIANCE = 1e-13


@dataclass(frozen=True)
class Margins:
    """What metrics need to know of confusion tables: with many labels far less than their cells.

    Attributes
    ----------
    hits : ndarray of float64, shape ``(..., k)``
        Right predictions of every class.
    rows : ndarray of float64, shape ``(..., k)``
        Cases of every class.
    columns : ndarray of float64, shape ``(..., c)``
        Predictions of every class, then those that are no class.
    """

    hits: FloatArray
    rows: FloatArray
    columns: FloatArray

    @classmethod
    def of(cls, table: ArrayLike | Margins) -> Margins:
        """Return the margins of tables.

        Raises
        ------
        ValueError
            If a table has fewer columns than rows.
        """
        if isinstance(table, Margins):
            return table
        tables = np.asarray(table, dtype=np.float64)
        if tables.ndim < 2 or tables.shape[-1] < tables.shape[-2]:
            raise ValueError(f"confusion table: wrong shape; expected (..., k, c) with c >= k; got {tables.shape}")
        return cls(np.diagonal(tables, axis1=-2, axis2=-1), tables.sum(axis=-1), tables.sum(axis=-2))

    @property
    def predictions(self) -> FloatArray:
        """Predictions of every class, without those that are no class."""
        return self.columns[..., : self.rows.shape[-1]]

    @property
    def total(self) -> FloatArray:
        """All cases, shape ``(...)``."""
        total: FloatArray = self.rows.sum(axis=-1)
        return total


Table = ArrayLike | Margins


def _ratio(numerator: Any, denominator: Any, defined: Any = None) -> FloatArray:
    """Quotient with NaN where the denominator is zero (or where it is not defined)."""
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    where = bottom > 0.0 if defined is None else np.broadcast_to(defined, bottom.shape)
    quotient = np.full(bottom.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=where)
    return quotient


def _margins(table: Table) -> tuple[FloatArray, FloatArray, FloatArray]:
    """True positives, rows and predictions of every class, each of shape ``(..., k)``."""
    margins = Margins.of(table)
    return margins.hits, margins.rows, margins.predictions


def _mean_over(values: FloatArray, included: NDArray[np.bool_]) -> FloatArray:
    """Mean over the last axis of the values that are included."""
    return _ratio(np.where(included, values, 0.0).sum(axis=-1), included.sum(axis=-1))


def accuracy(table: Table) -> FloatArray:
    """Share of right predictions among all cases.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for an empty table.
    """
    margins = Margins.of(table)
    return _ratio(margins.hits.sum(axis=-1), margins.total)


def balanced_accuracy(table: Table) -> FloatArray:
    """Mean recall over the classes that have cases.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for an empty table. Not adjusted for chance, which is one over the
        number of classes that have cases.
    """
    hits, rows, _ = _margins(table)
    return _mean_over(_ratio(hits, rows), rows > 0.0)


def precision(table: Table, i: int) -> FloatArray:
    """Share of right predictions among the predictions ``i``.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.
    i
        Index of the class.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN where class i is never predicted.
    """
    hits, _, predictions = _margins(table)
    return _ratio(hits[..., i], predictions[..., i])


def recall(table: Table, i: int) -> FloatArray:
    """Share of right predictions among the cases of class ``i``.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.
    i
        Index of the class.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN where class i has no cases.
    """
    hits, rows, _ = _margins(table)
    return _ratio(hits[..., i], rows[..., i])


def f1(table: Table, i: int) -> FloatArray:
    """F1 of class ``i``, ``TP / (TP + (FP + FN) / 2)``.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.
    i
        Index of the class.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        0 where class i has cases but is never predicted; NaN where it has neither
        cases nor predictions.
    """
    hits, rows, predictions = _margins(table)
    return _ratio(2.0 * hits[..., i], rows[..., i] + predictions[..., i])


def micro_precision(table: Table) -> FloatArray:
    """Share of right predictions among the predictions that are classes.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        The accuracy where every prediction is a class; NaN where none is.
    """
    hits, _, predictions = _margins(table)
    return _ratio(hits.sum(axis=-1), predictions.sum(axis=-1))


def micro_f1(table: Table) -> FloatArray:
    """F1 of the pooled counts, ``2 * hits / (cases + predictions that are classes)``.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        The accuracy where every prediction is a class; NaN for an empty table.
    """
    hits, rows, predictions = _margins(table)
    return _ratio(2.0 * hits.sum(axis=-1), rows.sum(axis=-1) + predictions.sum(axis=-1))


def macro_precision(table: Table) -> FloatArray:
    """Mean precision over the classes that have cases or predictions.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for a table without classes. A class that has cases but is never predicted
        counts as 0 (scikit-learn's ``zero_division=0``): leaving it out would reward
        a model for giving up on a class.
    """
    hits, rows, predictions = _margins(table)
    return _mean_over(np.where(predictions > 0.0, _ratio(hits, predictions), 0.0), (rows > 0.0) | (predictions > 0.0))


def macro_recall(table: Table) -> FloatArray:
    """Mean recall over the classes that have cases: the balanced accuracy.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for an empty table. A class without cases has no recall and is left out
        (scikit-learn's ``zero_division=nan``).
    """
    return balanced_accuracy(table)


def macro_f1(table: Table) -> FloatArray:
    """Mean F1 over the classes that have cases or predictions.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for a table without classes. A class that has cases but is never
        predicted counts as 0, as does one that is predicted but has no cases.
    """
    hits, rows, predictions = _margins(table)
    return _mean_over(_ratio(2.0 * hits, rows + predictions), (rows > 0.0) | (predictions > 0.0))


def weighted_precision(table: Table) -> FloatArray:
    """Mean precision over the classes, each weighted by its cases.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for an empty table. A class that has cases but is never predicted counts as 0.
    """
    hits, rows, predictions = _margins(table)
    precisions = np.where(predictions > 0.0, _ratio(hits, predictions), 0.0)
    return _ratio((rows * precisions).sum(axis=-1), rows.sum(axis=-1))


def weighted_f1(table: Table) -> FloatArray:
    """Mean F1 over the classes, each weighted by its cases.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        NaN for an empty table. A class that has cases but is never predicted counts as 0.
    """
    hits, rows, predictions = _margins(table)
    values = np.where(rows > 0.0, _ratio(2.0 * hits, rows + predictions), 0.0)
    return _ratio((rows * values).sum(axis=-1), rows.sum(axis=-1))


def _shares(table: Table) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share of right predictions, and shares of the rows and of all columns, NaN for empty tables."""
    margins = Margins.of(table)
    hits, rows, columns = (
        _ratio(part, margins.total[..., np.newaxis]) for part in (margins.hits, margins.rows, margins.columns)
    )
    return hits.sum(axis=-1), rows, columns


def matthews(table: Table) -> FloatArray:
    """Matthews correlation coefficient, for two or more classes.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins; each column from k on counts as an
        prediction of its own.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        Between -1 and 1; NaN where all cases, or all predictions, are of one kind
        (0 / 0, for which scikit-learn returns 0).

    Notes
    -----
    R_K of Gorodkin (2004): the covariance of case and prediction over the root of the
    product of their variances.
    """
    right, rows, columns = _shares(table)
    chance = (rows * columns[..., : rows.shape[-1]]).sum(axis=-1)
    spread_rows = 1.0 - (rows**2).sum(axis=-1)
    spread_columns = 1.0 - (columns**2).sum(axis=-1)
    defined = (spread_rows > _ZERO_VARIANCE) & (spread_columns > _ZERO_VARIANCE)
    product = np.where(defined, spread_rows * spread_columns, 1.0)
    return np.clip(_ratio(right - chance, np.sqrt(product), defined), -1.0, 1.0)


def cohen_kappa(table: Table) -> FloatArray:
    """Cohen's kappa, the agreement of case and prediction beyond chance.

    Parameters
    ----------
    table
        Confusion tables, shape ``(..., k, c)``, or their margins.

    Returns
    -------
    ndarray of float64, shape ``(...)``
        At most 1; NaN where chance alone agrees always (0 / 0).

    Notes
    -----
    Cohen (1960), unweighted: ``(observed - chance) / (1 - chance)``.
    """
    right, rows, columns = _shares(table)
    chance = (rows * columns[..., : rows.shape[-1]]).sum(axis=-1)
    return _ratio(right - chance, 1.0 - chance, 1.0 - chance > _ZERO_VARIANCE)
