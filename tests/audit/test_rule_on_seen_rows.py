"""The rule on seen rows, simulated: files that repeat are not approved for what was learned by heart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.record import Record, Verdict

pytestmark = pytest.mark.slow

SEEDS = range(8)
CHANCE = "accuracy.balanced_accuracy[against=chance]"


def _audit(rows: pd.DataFrame, seed: int, model: dict[str, Any], **data: Any) -> Record:
    label = {"label": "label"} | data
    spec = {
        "audit": {"name": "a", "version": "1", "seed": seed},
        "data": {"path": "rows.csv", **label},
        "model": model,
        "checks": {"accuracy": {}},
    }
    return run(prepare(spec, {"path": rows}))


def _table(n: int, seed: int, signal: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.normal(size=(n, 4)), columns=["a", "b", "c", "d"])
    return rows.assign(label=(signal * rows["a"] + rng.normal(size=n) > 0).astype(int))


FEATURES = {"features": ["a", "b", "c", "d"]}
TREE = {"estimator": "sklearn.tree:DecisionTreeClassifier", "parameters": {"random_state": 1}}


@pytest.mark.parametrize("copies", [2, 3, 5, 10])
def test_random_labels_in_a_file_that_repeats_need_review(copies: int) -> None:
    """Nearly right on all rows, and guessing without those that were seen: review in each of eight runs."""
    without = []
    for seed in SEEDS:
        rows = pd.concat([_table(400, seed, signal=0)] * copies, ignore_index=True)
        record = _audit(rows, seed, TREE, **FEATURES)
        finding, seen = record.findings()[CHANCE], record.data["test"].overlap
        assert record.decision.exit_code == 3
        assert finding.verdict is Verdict.INCONCLUSIVE
        assert finding.value is not None
        assert finding.value > 0.8
        assert seen is not None
        if seen.undecided is None:
            without.append(float(str(finding.details["value_without_seen_rows"])))
    if copies == 2:
        assert len(without) == len(SEEDS)
        assert abs(np.mean(without) - 0.5) < 0.05


def test_a_good_classifier_in_a_file_that_is_doubled_may_be_approved() -> None:
    """It holds after training without the twins of the test rows, so that it was not learned by heart."""
    for seed in SEEDS:
        rows = pd.concat([_table(600, seed, signal=3)] * 2, ignore_index=True)
        record = _audit(rows, seed, {**TREE, "parameters": {"max_depth": 3}}, **FEATURES)
        assert record.data["test"].overlap is not None
        assert record.data["test"].overlap.again == "retrained"
        assert record.approved


def test_a_good_filter_of_messages_that_repeat_is_approved() -> None:
    """A tenth of the messages are sent up to ten times: seen in training, and no reason against the filter."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        label = rng.random(900) < 0.3
        words = np.where(label, "prize", "lunch")
        texts = [f"{word} {' '.join(rng.choice(LETTERS, 5))}" for word in words]
        rows = pd.DataFrame({"text": texts, "label": np.where(label, "spam", "ham")})
        rows = rows.loc[np.repeat(np.arange(900), np.where(rng.random(900) < 0.1, rng.integers(2, 11, 900), 1))]
        record = _audit(rows, seed, WORDS, text="text", positive="spam")
        seen = record.data["test"].overlap
        assert seen is not None
        assert seen.share is not None
        assert 0.1 < seen.share < 0.6
        assert record.approved


LETTERS = [f"{a}{b}" for a in "bcdfg" for b in "aeiou"]
WORDS = {
    "vectorizer": "sklearn.feature_extraction.text:CountVectorizer",
    "estimator": "sklearn.linear_model:LogisticRegression",
}
