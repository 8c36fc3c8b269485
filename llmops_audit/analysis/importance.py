"""How much a classifier's predictions depend on each column: the share that changes when the column is shuffled.

References
----------
Breiman (2001). Random forests. Machine Learning 45, section 10: importance by permuting a variable. Fisher, Rudin and
Dominici (2019). All models are wrong, but many are useful. JMLR 20, section 3: each row takes the value of another
row. Both look at the loss; changed predictions need no labels, and show what a model uses, not whether that is right.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmops_audit.check.subject import QueriedSubject
from llmops_audit.errors import SubjectError
from llmops_audit.evidence.base import Codes
from llmops_audit.evidence.rows import Rows

__all__ = ["prediction_changes"]

MAX_ROWS = 500
"""Rows among which columns are shuffled; the standard error of the share is then at most 0.023."""

MIN_ROWS = 20
MAX_QUERIED_ROWS = 50_000
"""Rows that the classifier predicts in total; with very many columns, `MIN_ROWS` for each column."""

ROWS_AT_ONCE = 10_000


def prediction_changes(
    subject: QueriedSubject, rows: Rows, features: tuple[str, ...], seed: int
) -> dict[str, float] | None:
    """Return the share of predictions that change when the values of one column move to other rows.

    Parameters
    ----------
    subject : QueriedSubject
    rows : Rows
    features : tuple of str
        Columns of tabular data that the classifier works on.
    seed : int
        Of the shuffles, one for each column, in which no row keeps its value.

    Returns
    -------
    dict of str to float, or None
        Column to share, 0 to 1: 0 for an unused column. Redundant columns share their importance, and shuffling one of
        several dependent columns may create rows that never occur. None where unknown: with saved predictions, without
        feature columns, with fewer than two rows, or where the classifier refuses such rows. Importance orders the
        report and decides nothing, so a refusal is not an error of the audit.
    """
    most = max(MIN_ROWS, min(MAX_ROWS, MAX_QUERIED_ROWS // max(1, len(features))))
    table = rows.table.take(np.sort(np.argsort(rows.key, kind="stable")[:most])) if len(rows) else rows.table
    if subject.model is None or not features or table.num_rows < 2:
        return None
    try:
        return dict(_changes(subject, table, features, seed))
    except SubjectError:
        return None


def _changes(
    subject: QueriedSubject, table: pa.Table, features: tuple[str, ...], seed: int
) -> Iterator[tuple[str, float]]:
    n = table.num_rows
    before = _predictions(subject.predict(table))
    at_once = max(1, ROWS_AT_ONCE // n)
    for start in range(0, len(features), at_once):
        shuffled = features[start : start + at_once]
        after = _predictions(subject.predict(pa.concat_tables([_shuffled(table, name, seed) for name in shuffled])))
        for name, predictions in zip(shuffled, after.reshape(len(shuffled), n), strict=True):
            yield name, float(np.mean(predictions != before))


def _predictions(codes: Codes) -> npt.NDArray[np.object_]:
    return np.array([*codes.categories, None], dtype=object)[codes.index]


def _shuffled(table: pa.Table, name: str, seed: int) -> pa.Table:
    # By the column's name, so that its shuffle does not depend on the columns beside it.
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    ring = rng.permutation(table.num_rows)
    source = np.empty_like(ring)
    source[ring] = np.roll(ring, 1)
    return table.set_column(table.column_names.index(name), name, table.column(name).take(pa.array(source)))
