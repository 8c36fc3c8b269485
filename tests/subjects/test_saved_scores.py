"""Saved scores without predictions: the threshold, the largest, ties and missing scores."""

from __future__ import annotations

import numpy as np
import pytest

from llmops_audit.evidence.base import ScoreMatrix
from llmops_audit.evidence.outputs import OUTCOMES
from llmops_audit.record import Outcome
from llmops_audit.subjects.saved_scores import ScoreRule

NAN = float("nan")


def _read(rule: ScoreRule, scores: ScoreMatrix) -> tuple[list[object], list[bool]]:
    codes, outputs = rule.read(scores)
    assert [OUTCOMES[i] is Outcome.MISSING for i in outputs.outcome] == (codes.index < 0).tolist()
    assert (outputs.shape.index < 0).all()
    return [None if i < 0 else codes.categories[i] for i in codes.index], outputs.tied.tolist()


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_the_threshold_itself_is_positive(positive: str) -> None:
    """The positive label is predicted from the threshold on, the other one below it, and none without a score."""
    other = {"no": "yes", "yes": "no"}[positive]
    rule = ScoreRule(("no", "yes"), positive, 0.3)
    found, tied = _read(rule, ScoreMatrix((positive,), np.array([[0.3], [0.2999], [1.0], [NAN]])))
    assert found == [positive, other, positive, None]
    assert not any(tied)


def test_the_largest_score_decides() -> None:
    """Of several scores the largest decides; of equal ones the first label in order, and the tie is counted."""
    rule = ScoreRule((1, "a", "b"), None, 0.0)
    scores = ScoreMatrix(("b", "a", 1), np.array([[0.5, 0.2, 0.3], [0.4, 0.4, 0.2], [0.3, NAN, 0.9], [-5.0, -7.0, -6]]))
    found, tied = _read(rule, scores)
    assert found == ["b", "a", None, "b"]
    assert tied == [False, True, False, False]
