"""Two samples of rows, compared in every way that the task allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmops_audit.analysis.drift.column_pairs import (
    PREDICTION,
    ROWS,
    SCORE,
    ColumnPair,
    column_pairs,
    label_pair,
    output_pairs,
    text_pairs,
)
from llmops_audit.analysis.drift.content import (
    MAX_ROWS,
    CharacteristicToken,
    ContentDrift,
    characteristic_tokens,
    content_drift,
)
from llmops_audit.analysis.drift.hypotheses import (
    ComparisonSettings,
    FullCounts,
    Hypothesis,
    duplicates,
    of_pair,
    of_window,
)
from llmops_audit.analysis.drift.measures import ONE_SPREAD, Measurement, difference_of_shares
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.analysis.separability import ModelInputs
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.base import concatenated
from llmops_audit.evidence.rows import Rows
from llmops_audit.record.drift_figure import Token

__all__ = [
    "OutputPair",
    "SamplePair",
    "compare_columns",
    "compare_rows",
    "compare_windows",
    "missing_text",
    "model_inputs",
    "pairs_of",
]

MAX_TOKENS = 15
"""Characteristic tokens that the report lists."""


@dataclass(frozen=True)
class OutputPair:
    """Rows whose predictions and scores can be compared: of one subject, or of the same fold models.

    Attributes
    ----------
    reference, current : Rows
        The current rows are those of `SamplePair.current`, in their order.
    split : str
        Where the reference is from.
    full_counts : FullCounts, optional
        Counts over all rows of both; None where fold models predicted only the samples.
    """

    reference: Rows
    current: Rows
    split: str
    full_counts: FullCounts | None = None


@dataclass(frozen=True)
class SamplePair:
    """Rows of the reference and of a current split.

    Attributes
    ----------
    split : str
        Name of the current split.
    reference, current : Rows
    full_counts : FullCounts, optional
        Counts over all rows of both; None where the samples have one row of each unit.
    outputs : OutputPair, optional
        Rows whose predictions and scores can be compared; None where there are none.
    """

    split: str
    reference: Rows
    current: Rows
    full_counts: FullCounts | None = None
    outputs: OutputPair | None = None

    def counts_of(self, pair: ColumnPair) -> FullCounts | None:
        """Return the counts that hold a pair's column."""
        if pair.column not in (PREDICTION, SCORE):
            return self.full_counts
        return None if self.outputs is None else self.outputs.full_counts


def pairs_of(samples: SamplePair, task: Task, columns: Sequence[str] | None) -> list[ColumnPair]:
    """Return every pair of columns and features that can be compared; if `columns` is given, only of those."""
    both = samples.reference, samples.current
    found = [*column_pairs(*both, task), *text_pairs(*both, task), *label_pair(*both)]
    if samples.outputs is not None:
        found += output_pairs(samples.outputs.reference, samples.outputs.current)
    return [pair for pair in found if columns is None or pair.column in columns]


def compare_columns(
    samples: SamplePair, pairs: Sequence[ColumnPair], settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    """Test each pair on all rows."""
    for pair in pairs:
        yield from of_pair(samples.split, pair, samples.counts_of(pair), settings)


def missing_text(samples: SamplePair, column: str) -> Iterator[Hypothesis]:
    """Test the share of rows whose text is missing or blank."""
    (x, n), (y, m) = (
        (sum(not (text or "").strip() for text in rows.table.column(column).to_pylist()), len(rows))
        for rows in (samples.reference, samples.current)
    )
    if 0 < x + y < n + m:
        yield Hypothesis(samples.split, column, "missing", difference_of_shares(x, n, y, m))


def compare_windows(
    samples: SamplePair, pairs: Sequence[ColumnPair], windows: Windows, settings: ComparisonSettings
) -> Iterator[Hypothesis]:
    """Test each pair in each window of time with enough rows."""
    for window, found in enumerate(windows.windows):
        rows = windows.index == window
        if found.rows >= settings.min_rows:
            days = None if windows.days is None else windows.days[window]
            for pair in pairs:
                yield from of_window(samples.split, pair, rows, window, settings, samples.counts_of(pair), days)


def compare_rows(
    samples: SamplePair, task: Task, settings: ComparisonSettings, confidence: float
) -> tuple[list[Hypothesis], tuple[Token, ...]]:
    """Test whole rows: how many occur more than once, and whether a classifier can distinguish the samples.

    Returns
    -------
    hypotheses : list of Hypothesis
    tokens : tuple of Token
        The words that distinguish the texts, with intervals at `confidence`; none for features.
    """
    names = task.features if task.text is None else (task.text,)
    if not names:
        return [], ()
    both = samples.reference, samples.current
    found = list(duplicates(samples.split, *_hashes(both, names), settings))
    if task.text is None and len(names) == 1:
        return found, ()
    inputs, current = model_inputs(both, task, MAX_ROWS)
    content = content_drift(inputs, current, task.seed)
    if content is None:
        return found, ()
    found.append(Hypothesis(samples.split, *_column_and_feature(task), _as_measured(content, current)))
    tokens = characteristic_tokens(inputs, current, MAX_TOKENS) if inputs.texts else []
    return found, tuple(_piece(samples.split, one, confidence) for one in tokens)


def model_inputs(both: Sequence[Rows], task: Task, max_rows: int) -> tuple[ModelInputs, npt.NDArray[np.bool_]]:
    """Return a classifier's inputs of two samples of rows.

    Parameters
    ----------
    both : sequence of Rows
        Reference and current.
    task : Task
        With a text or features.
    max_rows : int
        Of each sample, those with the smallest keys.

    Returns
    -------
    inputs : ModelInputs, (n, p)
    current : numpy array of bool, (n,)
        Which rows are current; reference rows come first.
    """
    names = [*task.features, *filter(None, [task.text])]
    drawn = [rows.table.select(names).take(np.sort(np.argsort(rows.key, kind="stable")[:max_rows])) for rows in both]
    table = concatenated(drawn)
    if task.text is None:
        inputs = ModelInputs.of_features(table, task.features)
    else:
        inputs = ModelInputs.of_texts([text or "" for text in table.column(task.text).to_pylist()])
    return inputs, np.repeat([False, True], [len(part) for part in drawn])


def _column_and_feature(task: Task) -> tuple[str, str]:
    return (ROWS if task.text is None else task.text), "content"


def _as_measured(content: ContentDrift, current: npt.NDArray[np.bool_]) -> Measurement:
    n, m = (int(rows) for rows in np.bincount(current))
    low, high = content.area.bounds(ONE_SPREAD)
    return Measurement(
        "roc_auc", (n, m), (None, None), content.area.value, 0.5, (high - low) / 2.0,
        math.sqrt((n + m + 1.0) / (12.0 * n * m)), content.p_value, content.area.bounds,
        "cross-fitted Mann-Whitney test (Holm), wider of DeLong and Newcombe",
    )  # fmt: skip


def _piece(split: str, one: CharacteristicToken, confidence: float) -> Token:
    low, high = one.area.bounds(confidence)
    return Token(
        split=split, token=one.token, reference_share=one.reference_share, current_share=one.current_share,
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
