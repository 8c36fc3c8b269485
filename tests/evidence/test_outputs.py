"""`Outputs`: every output is counted once, and nothing of those that are no label is kept but their shape."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.outputs import MOST_SHAPES, Outputs, shape_of
from llmops_audit.record import Label, OutputCounts
from llmops_audit.testing import batch

LABELS = ("no", "yes")
PLAN, FIXED = Plan(None, (), 1, 100), Plan(LABELS, (), 1, 100)

_ANSWERS = st.none() | st.sampled_from(["yes", "no", "maybe", "I cannot say.", "case 4711", 7])


def _counts(values: list[Label | None], plan: Plan) -> OutputCounts | None:
    parts = [batch("test", {}, prediction=values[i : i + 3]) for i in range(0, len(values), 3)]
    total = Outputs.empty(plan)
    for part in parts:
        total = Outputs.of(part, plan) + total
    return total.counts(LABELS)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Yes.", "a."),
        ("4711", "0"),
        ("I cannot answer that (case 4711).", "a a (a 0)."),
        ("是的。", "a。"),
        ("Ünïcödé", "a"),
        ("a\x1b[31m\n b", "a·[0a a"),
        ("---", "-"),
        ("", ""),
    ],
)
def test_a_shape_shows_no_letter_and_no_digit(text: str, shape: str) -> None:
    """Letters of any script, digits and control characters are masked, and runs are one."""
    assert shape_of(text) == shape


@given(st.text(max_size=300))
def test_shapes_are_short_and_masked(text: str) -> None:
    """Whatever the output, its shape has at most 40 characters, and of letters and digits only ``a`` and ``0``."""
    shape = shape_of(text)
    assert len(shape) <= 40
    assert not [c for c in shape if c.isalnum() and c not in "a0"]


@given(st.lists(_ANSWERS, max_size=20))
def test_every_row_is_counted_once(values: list[Label | None]) -> None:
    """Labels, other outputs and missing ones add up to the rows, whether labels are known before or after."""
    found = _counts(values, PLAN)
    assert found == _counts(values, FIXED)
    if not values:
        assert found is None
        return
    assert found is not None
    expected = Counter("missing" if v is None else "label" if v in LABELS else "unparsable" for v in values)
    assert found.outcomes == dict(expected)
    assert found.rows == len(values)
    assert found.invalid == len(values) - found.labels
    assert sum(shape.rows for shape in found.shapes) == expected["unparsable"]


def test_the_commonest_shapes_stand_first() -> None:
    """A record holds ten shapes at most, those of the most rows, equal ones in order."""
    values: list[Label | None] = ["maybe", "perhaps", "(maybe)", *(f"{'!?' * i}" for i in range(1, 15))]
    found = _counts(values, FIXED)
    assert found is not None
    assert [(shape.shape, shape.rows) for shape in found.shapes[:2]] == [("a", 2), ("!?", 1)]
    assert len(found.shapes) == 10


@pytest.mark.parametrize("seed", range(3))
def test_many_shapes_are_bounded_in_any_order(seed: int) -> None:
    """Of more shapes than are counted the same ones remain, with exact counts, however the rows are cut."""
    signs = "!?;:,.%&+=<>|~^"
    values = [a + b + c for a in signs for b in signs for c in signs if a != b != c]
    rest = batch("test", {}, prediction=np.random.default_rng(seed).permutation(values).tolist())
    total = Outputs.of(rest[:900], FIXED) + (Outputs.of(rest[900:901], FIXED) + Outputs.of(rest[901:], FIXED))
    assert total == Outputs.of(batch("test", {}, prediction=values), FIXED)
    assert len(total.shapes) == MOST_SHAPES
    found = total.counts(LABELS)
    assert found is not None
    assert found.outcomes == {"unparsable": len(values)}


def test_rows_without_any_output_are_not_counted() -> None:
    """A split for which the subject gave no predictions at all has no outputs."""
    assert Outputs.of(batch("train", {"x": [1, 2]}), PLAN).counts(LABELS) is None


def test_no_input_is_kept() -> None:
    """Where the labels are known, no text of an output that is no label stays in the evidence."""
    one = batch("test", {}, prediction=["yes", "Mary Miller"])
    assert "Mary" not in repr(Outputs.of(replace(one, key=np.array([1, 2], dtype=np.uint64)), FIXED))
