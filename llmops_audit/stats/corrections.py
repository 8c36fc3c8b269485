"""Adjusted p-values for families of tests: compare each with the level of the family.

References
----------
Holm (1979). A simple sequentially rejective multiple test procedure.
Scandinavian Journal of Statistics 6.
Benjamini, Hochberg (1995). Controlling the false discovery rate: a practical and
powerful approach to multiple testing. Journal of the Royal Statistical Society B 57.
Benjamini, Yekutieli (2001). The control of the false discovery rate in multiple
testing under dependency. Annals of Statistics 29.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def _family(p: ArrayLike) -> FloatArray:
    """The p-values as a 1-D array.

    Raises
    ------
    ValueError
        If they are not in one dimension, or one of them is NaN or outside [0, 1].
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"p-values: wrong shape; expected one dimension; got {values.ndim}")
    if not np.all((values >= 0.0) & (values <= 1.0)):
        raise ValueError("p-values: out of range; expected numbers between 0 and 1; got others, or NaN")
    return values


def _in_order_of(order: NDArray[np.intp], adjusted: FloatArray) -> FloatArray:
    """Put values computed in sorted order back where their p-values stood, at most 1."""
    result = np.empty_like(adjusted)
    result[order] = np.minimum(adjusted, 1.0)
    return result


def bonferroni(p: ArrayLike) -> FloatArray:
    """Adjust p-values by Bonferroni: any dependence, family-wise error.

    Parameters
    ----------
    p
        p-values, shape ``(m,)``, in any order.

    Returns
    -------
    ndarray of float64, shape ``(m,)``
        ``min(1, m * p)``, in the order given.

    Raises
    ------
    ValueError
        If a p-value is NaN or outside [0, 1].
    """
    values = _family(p)
    return np.minimum(values * values.size, 1.0)


def holm(p: ArrayLike) -> FloatArray:
    """Adjust p-values by Holm (1979): any dependence, family-wise error.

    Parameters
    ----------
    p
        p-values, shape ``(m,)``, in any order.

    Returns
    -------
    ndarray of float64, shape ``(m,)``
        The running maximum of ``(m - j + 1) * p_(j)`` over the sorted p-values, at
        most 1, in the order given.

    Raises
    ------
    ValueError
        If a p-value is NaN or outside [0, 1].
    """
    values = _family(p)
    order = np.argsort(values, kind="stable")
    remaining = np.arange(values.size, 0, -1)
    return _in_order_of(order, np.maximum.accumulate(values[order] * remaining))


def _step_up(p: ArrayLike, factor: float) -> FloatArray:
    """The running minimum, from the largest down, of ``p_(j) * m / j * factor``."""
    values = _family(p)
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, values.size + 1)
    scaled = values[order] * (values.size * factor / ranks)
    return _in_order_of(order, np.minimum.accumulate(scaled[::-1])[::-1])


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Adjust p-values by Benjamini and Hochberg (1995): false discovery rate of independent tests.

    Parameters
    ----------
    p
        p-values, shape ``(m,)``, in any order; independent, or positively dependent.

    Returns
    -------
    ndarray of float64, shape ``(m,)``
        The running minimum, from the largest down, of ``p_(j) * m / j``, at most 1, in
        the order given.

    Raises
    ------
    ValueError
        If a p-value is NaN or outside [0, 1].
    """
    return _step_up(p, 1.0)


def benjamini_yekutieli(p: ArrayLike) -> FloatArray:
    """Adjust p-values by Benjamini and Yekutieli (2001): any dependence, false discovery rate.

    Parameters
    ----------
    p
        p-values, shape ``(m,)``, in any order.

    Returns
    -------
    ndarray of float64, shape ``(m,)``
        The running minimum, from the largest down, of
        ``p_(j) * m / j * (1 + 1/2 + ... + 1/m)``, at most 1, in the order given.

    Raises
    ------
    ValueError
        If a p-value is NaN or outside [0, 1].
    """
    return _step_up(p, float(np.sum(1.0 / np.arange(1, np.size(p) + 1))))
