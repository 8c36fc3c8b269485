"""Digests of predictions and scores, row by row: what changes them, and what has no bearing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.row_digests import RowDigests
from llmops_audit.testing import batch

LABELS = [0, 1, 0, 1, 1]


def _of(*parts: Batch) -> RowDigests:
    total = RowDigests.empty(Plan())
    for part in parts:
        total += RowDigests.of(part, Plan())
    return total


def _rows(predictions: list[int | str | None], scores: list[float] | None = None, source: str = "rows.csv") -> Batch:
    given = None if scores is None else {1: scores}
    return batch("test", {}, label=LABELS, prediction=predictions, scores=given, source=source)


def test_each_prediction_counts_at_its_row() -> None:
    """Another prediction, two that changed places, a missing one and one of another type give other digests."""
    found = [
        _of(_rows(given)).of_predictions
        for given in ([0, 1, 0, 1, 0], [0, 1, 0, 0, 1], [1, 0, 0, 1, 0], [0, 1, 0, 1, None], [0, 1, 0, 1, "no idea"])
    ]
    assert len(set(found)) == len(found)


def test_labels_count_as_well() -> None:
    """Equal predictions beside other labels are another digest."""
    rows = _rows([0, 1, 0, 1, 0])
    assert rows.label is not None
    other = replace(rows, label=replace(rows.label, index=rows.label.index[::-1]))
    assert _of(rows).of_predictions != _of(other).of_predictions


def test_cuts_order_and_the_name_of_the_file_have_no_bearing() -> None:
    """Batches in any order, and a file that was moved, give one digest."""
    rows = _rows([0, 1, 0, 1, 0], [0.1, 0.9, 0.2, 0.8, 0.4])
    whole, parts, moved = _of(rows), _of(rows[3:], rows[:3]), _of(replace(rows, source=["moved.csv"] * 5))
    assert whole.of_predictions == parts.of_predictions == moved.of_predictions
    assert whole.of_scores == parts.of_scores == moved.of_scores


def test_files_that_changed_their_predictions_with_each_other_are_told_apart() -> None:
    """Row 1 of one file is not row 1 of another."""
    one, other = [0, 1, 0, 1, 0], [1, 1, 0, 1, 0]
    before = _of(_rows(one, source="a.csv"), _rows(other, source="b.csv"))
    after = _of(_rows(other, source="a.csv"), _rows(one, source="b.csv"))
    assert before.of_predictions != after.of_predictions


@pytest.mark.parametrize(("by", "same"), [(1e-9, True), (1e-4, False), (float("nan"), False)])
def test_the_last_bits_of_scores_have_no_bearing(by: float, same: bool) -> None:
    """Scores count to six decimals; a missing one is another."""
    scores = [0.1, 0.9, 0.2, 0.8, 0.4]
    moved = [*scores[:-1], scores[-1] + by]
    one, other = (_of(_rows([0] * 5, given)).of_scores for given in (scores, moved))
    assert (one == other) is same


def test_nothing_has_no_digest() -> None:
    """Without predictions, without scores and without rows there is nothing to compare."""
    rows = batch("test", {"x": [1.0]}, label=[1])
    assert _of(rows) == RowDigests()
    assert (_of().of_predictions, _of().of_scores) == (None, None)
    assert _of(rows[:0]).of_predictions is None
    assert np.iinfo(np.uint64).max >= max(_of(_rows([0] * 5)).predictions["rows.csv"])
