"""Which columns a classifier's answers hang on: the share that changes when one column is shuffled among rows.

References
----------
Breiman (2001). Random forests. Machine Learning 45, section 10: importance by permuting a variable. Fisher, Rudin and
Dominici (2019). All models are wrong, but many are useful. JMLR 20, section 3: each row takes the value of another
row. Both look at the loss; changed answers need no labels, and say what a model uses rather than whether that is right.
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

MOST_ROWS = 500
"""Rows among which columns are shuffled: the share then has a standard error of at most 0.023."""

LEAST_ROWS = 20
MOST_ASKED = 50_000
"""Rows that the classifier is asked about in all; with very many columns `LEAST_ROWS` a column."""

ROWS_AT_ONCE = 10_000


def prediction_changes(
    subject: QueriedSubject, rows: Rows, features: tuple[str, ...], seed: int
) -> dict[str, float] | None:
    """Return the share of answers that change when the values of one column move to other rows.

    Parameters
    ----------
    subject : QueriedSubject
    rows : Rows
    features : tuple of str
        Columns of tabular data that the classifier works on.
    seed : int
        Of the shuffles, one a column, in which no row keeps its value.

    Returns
    -------
    dict of str to float, or None
        Column to share, 0 to 1: 0 for a column that is not used. Columns that tell the same share their importance,
        and of columns that depend on each other, shuffled rows may be such as never occur. None where it is unknown:
        where answers were saved, there are no feature columns or fewer than two rows, or the classifier refuses such
        rows. It orders what is reported and decides nothing, so that a refusal is no error of the audit.
    """
    most = max(LEAST_ROWS, min(MOST_ROWS, MOST_ASKED // max(1, len(features))))
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
    before = _answers(subject.predict(table))
    at_once = max(1, ROWS_AT_ONCE // n)
    for start in range(0, len(features), at_once):
        asked = features[start : start + at_once]
        after = _answers(subject.predict(pa.concat_tables([_shuffled(table, name, seed) for name in asked])))
        for name, answers in zip(asked, after.reshape(len(asked), n), strict=True):
            yield name, float(np.mean(answers != before))


def _answers(codes: Codes) -> npt.NDArray[np.object_]:
    return np.array([*codes.categories, None], dtype=object)[codes.index]


def _shuffled(table: pa.Table, name: str, seed: int) -> pa.Table:
    # By the column's name, so that its shuffle does not depend on the columns beside it.
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    ring = rng.permutation(table.num_rows)
    source = np.empty_like(ring)
    source[ring] = np.roll(ring, 1)
    return table.set_column(table.column_names.index(name), name, table.column(name).take(pa.array(source)))
