"""Two samples of rows, compared in every way that the task allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.analysis.drift.column_pairs import ROWS, Pair, answer_pairs, column_pairs, text_pairs
from llmops_audit.analysis.drift.content import (
    MOST_ROWS,
    CharacteristicPiece,
    Content,
    characteristic_pieces,
    content_drift,
)
from llmops_audit.analysis.drift.hypotheses import Exact, How, Hypothesis, duplicates, of_pair, of_window
from llmops_audit.analysis.drift.measures import ONE_SPREAD, Measured, difference_of_shares
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.analysis.separability import Seen
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.base import concatenated
from llmops_audit.evidence.rows import Rows
from llmops_audit.record.drift_figure import Token

__all__ = ["Samples", "compared", "compared_as_rows", "compared_in_windows", "pairs_of", "seen_by", "without_text"]

MOST_PIECES = 15
"""Characteristic pieces of text that the report names."""


@dataclass(frozen=True)
class Samples:
    """Rows of the reference and of a current split.

    Attributes
    ----------
    split : str
        Name of the current split.
    reference, current : Rows
    exact : Exact, optional
        What was counted over all rows of both; None where the samples are not those rows, but one of each unit.
    """

    split: str
    reference: Rows
    current: Rows
    exact: Exact | None = None


def pairs_of(samples: Samples, task: Task, columns: Sequence[str] | None) -> list[Pair]:
    """Return every pair of columns and features that can be compared; only those of some columns where named."""
    both = samples.reference, samples.current
    found = [*column_pairs(*both, task), *text_pairs(*both, task), *answer_pairs(*both)]
    return [pair for pair in found if columns is None or pair.column in columns]


def compared(samples: Samples, pairs: Sequence[Pair], how: How) -> Iterator[Hypothesis]:
    """Ask about each pair on all rows."""
    for pair in pairs:
        yield from of_pair(samples.split, pair, samples.exact, how)


def without_text(samples: Samples, column: str) -> Iterator[Hypothesis]:
    """Ask about the share of rows whose text is missing or blank."""
    (x, n), (y, m) = (
        (sum(not (text or "").strip() for text in rows.table.column(column).to_pylist()), len(rows))
        for rows in (samples.reference, samples.current)
    )
    if 0 < x + y < n + m:
        yield Hypothesis(samples.split, column, "missing", difference_of_shares(x, n, y, m))


def compared_in_windows(samples: Samples, pairs: Sequence[Pair], cut: Windows, how: How) -> Iterator[Hypothesis]:
    """Ask about each pair in each window of time that holds enough rows."""
    for window in range(len(cut.windows)):
        rows = cut.index == window
        if rows.sum() >= how.min_rows:
            for pair in pairs:
                yield from of_window(samples.split, pair, rows, window, how)


def compared_as_rows(
    samples: Samples, task: Task, how: How, confidence: float
) -> tuple[list[Hypothesis], tuple[Token, ...]]:
    """Ask about rows as a whole: how many occur more than once, and whether a classifier can tell the samples apart.

    Returns
    -------
    hypotheses : list of Hypothesis
    pieces : tuple of Token
        The words that tell texts apart, with intervals at `confidence`; none for features.
    """
    names = task.features if task.text is None else (task.text,)
    if not names:
        return [], ()
    both = samples.reference, samples.current
    found = list(duplicates(samples.split, *_hashes(both, names), how))
    if task.text is None and len(names) == 1:
        return found, ()
    seen, current = seen_by(both, task, MOST_ROWS)
    content = content_drift(seen, current, task.seed)
    if content is None:
        return found, ()
    found.append(Hypothesis(samples.split, *_place(task), _as_measured(content, current)))
    pieces = characteristic_pieces(seen, current, MOST_PIECES) if seen.texts else []
    return found, tuple(_piece(samples.split, one, confidence) for one in pieces)


def seen_by(both: Sequence[Rows], task: Task, most: int) -> tuple[Seen, npt.NDArray[np.bool_]]:
    """Return what a classifier sees of two samples of rows.

    Parameters
    ----------
    both : sequence of Rows
        Reference and current.
    task : Task
        With a text or features.
    most : int
        Rows of each sample at most, those with the smallest keys.

    Returns
    -------
    seen : Seen, (n, p)
    current : numpy array of bool, (n,)
        Which rows are current; the others stand first.
    """
    names = [*task.features, *filter(None, [task.text])]
    drawn = [rows.table.select(names).take(np.sort(np.argsort(rows.key, kind="stable")[:most])) for rows in both]
    table = concatenated(drawn)
    if task.text is None:
        seen = Seen.of_features(table, task.features)
    else:
        seen = Seen.of_texts([text or "" for text in table.column(task.text).to_pylist()])
    return seen, np.repeat([False, True], [len(part) for part in drawn])


def _place(task: Task) -> tuple[str, str]:
    return (ROWS if task.text is None else task.text), "content"


def _as_measured(content: Content, current: npt.NDArray[np.bool_]) -> Measured:
    n, m = (int(rows) for rows in np.bincount(current))
    low, high = content.area.bounds(ONE_SPREAD)
    return Measured(
        "roc_auc", (n, m), (None, None), content.area.value, 0.5, (high - low) / 2.0,
        math.sqrt((n + m + 1.0) / (12.0 * n * m)), content.p_value, content.area.bounds,
        "cross-fitted Mann-Whitney test (Holm), wider of DeLong and Newcombe",
    )  # fmt: skip


def _piece(split: str, one: CharacteristicPiece, confidence: float) -> Token:
    low, high = one.area.bounds(confidence)
    return Token(
        split=split, token=one.piece, reference_share=one.reference_share, current_share=one.current_share,
        roc_auc=one.area.value, low=low, high=high,
    )  # fmt: skip


def _hashes(both: Sequence[Rows], names: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Hashes of whole rows, (n,) and (m,)."""
    table = concatenated([rows.table.select(list(names)) for rows in both])
    hashes = np.zeros(table.num_rows, dtype=np.uint64)
    for column in table.columns:
        if pa.types.is_floating(column.type):
            found = pd.util.hash_array(column.to_numpy())
        else:
            kinds = column.combine_chunks().fill_null("").dictionary_encode()
            found = pd.util.hash_array(kinds.dictionary.to_numpy(zero_copy_only=False))[kinds.indices.to_numpy()]
        hashes = hashes * _MULTIPLIER + found
    return hashes[: len(both[0])], hashes[len(both[0]) :]


_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""Knuth's: the order of columns counts."""
