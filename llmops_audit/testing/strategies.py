"""Hypothesis strategies for what an audit is made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from llmops_audit.evidence.base import Batch
from llmops_audit.testing import batch

__all__ = ["batches", "labels"]

labels = st.one_of(st.integers(0, 3), st.sampled_from(["spam", "ham", "好", "a b"]))
"""Labels of all kinds; numbers and texts mix."""

_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["mail a.person@example.org", "卡号4111111111111111有效", "call +44 20 7946 0958", ""]),
)

_NUMBERS = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 5e-324, -5e-324, float("inf"), float("-inf"), float("nan")]),
)

_TIMES = st.sampled_from([None, "2026-01-31", "2026-02-01T09:30:00Z", "2026-02-01T10:30:00+01:00"])

_KINDS = st.sampled_from([None, "a", "b", "10", "1e1", "x" * 201])


@st.composite
def batches(draw: st.DrawFn, *, split: str = "test", max_size: int = 30) -> Batch:
    """Draw a batch of each kind of column, labels, predictions and, sometimes, weights, scores and units."""
    n = draw(st.integers(0, max_size))
    score = st.one_of(st.floats(0, 1), st.floats(-50, 50), st.just(float("nan")))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    return batch(
        split,
        {
            "text": column(_TEXTS),
            "number": column(_NUMBERS),
            "kind": column(_KINDS),
            "time": column(_TIMES),
            "sex": column(st.one_of(st.none(), st.sampled_from(["F", "M"]))),
        },
        label=column(labels),
        prediction=column(st.one_of(st.none(), labels)),
        weight=draw(st.none() | st.lists(st.floats(0, 1e6), min_size=n, max_size=n)),
        scores={1: column(score), "spam": column(score)} if draw(st.booleans()) else None,
        reference_predictions={"baseline": column(st.one_of(st.none(), labels))} if draw(st.booleans()) else None,
        reference_scores={1: column(score), "ham": column(score)} if draw(st.booleans()) else None,
        unit=column(st.integers(0, 5)) if draw(st.booleans()) else None,
    )
