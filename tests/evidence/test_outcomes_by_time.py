"""Right and wrong predictions by day: what is counted, and by which windows."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.outcomes_by_time import OutcomesByTime
from llmops_audit.testing import batch

PLAN = Plan(time="when")
TIMES = ["1970-01-02", "1970-01-02T23:59:59", "1970-01-03", None, "soon", "1970-01-03T01:00:00+02:00"]


def test_rows_are_counted_by_day_in_utc() -> None:
    """Times of one day in UTC are one cell; a missing or unreadable time is None; rows without a label are left out."""
    rows = batch(
        "live", {"when": TIMES}, label=["a", "a", "b", "a", "b", None], prediction=["a", "b", "b", None, "b", "a"]
    )
    found = OutcomesByTime.of(rows, PLAN)
    assert {cell[:2]: tally.rows for cell, tally in found.cells.items()} == {
        (1, 1): 1, (1, 0): 1, (2, 1): 1, (None, 0): 1, (None, 1): 1
    }  # fmt: skip
    assert found.days() == {1: 2, 2: 1}
    other = batch("live", {"when": TIMES[5:]}, label=["a"], prediction=["a"])
    assert OutcomesByTime.of(other, PLAN).days() == {1: 1}


def test_a_prediction_is_right_where_it_is_the_label() -> None:
    """Labels and predictions are compared as values, in whatever order each column names them."""
    rows = batch("live", {"x": [1.0] * 4}, label=[2, 1, 2, 1], prediction=[2, 2, 3, None])
    [right, wrong] = sorted(OutcomesByTime.of(rows, PLAN).cells.items(), key=lambda item: -item[0][1])
    assert (right[0][:2], right[1].rows) == ((None, 1), 1)
    assert (wrong[0][:2], wrong[1].rows) == ((None, 0), 3)


def test_windows_gather_days_weights_and_units() -> None:
    """A window sums the days that belong to it, with weights, their squares, and sums by group of units."""
    rows = batch(
        "live", {"when": TIMES[:3]}, label=[1, 1, 1], prediction=[1, 0, 1], weight=[1.0, 2.0, 0.5], unit=["u", "v", "v"]
    )
    table = OutcomesByTime.of(rows, PLAN).table({1: 0, 2: 1}, 2)
    assert table.counts.tolist() == [[1, 1], [0, 1]]
    assert table.weights.tolist() == [[2.0, 1.0], [0.0, 0.5]]
    assert table.squares.tolist() == [[4.0, 1.0], [0.0, 0.25]]
    assert table.by_unit is not None
    np.testing.assert_allclose(table.by_unit.sum(axis=0), table.weights)
    assert len(table.by_unit) == 2


@pytest.mark.parametrize("missing", ["label", "prediction"])
def test_without_labels_or_predictions_there_is_nothing(missing: str) -> None:
    """Nothing is right or wrong then."""
    given = {"label": [1], "prediction": [1]} | {missing: None}
    assert OutcomesByTime.of(batch("live", {"x": [1.0]}, **given), PLAN) == OutcomesByTime.empty(PLAN)  # type: ignore[arg-type]
