"""The rule on one feature: what it finds, and what it never tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llmops_audit.analysis.one_rule import one_rule
from llmops_audit.evidence.base import Batch
from llmops_audit.testing import batch


def _right(rows: Batch, **columns: Any) -> float:
    rule = one_rule(rows, 10_000, **columns)
    assert rule is not None
    assert rows.label is not None
    answers = rule.predict(rows)
    truth = [rows.label.categories[i] for i in rows.label.index]
    return float(np.mean([answers.categories[i] == label for i, label in zip(answers.index, truth, strict=True)]))


def test_the_feature_that_tells_is_picked() -> None:
    """Of a number, a category and noise, the one that the label follows is found, with missing values as well."""
    rng = np.random.default_rng(1)
    noise, number = rng.normal(size=400).tolist(), rng.normal(size=400).tolist()
    category = rng.choice(["a", "b", None], 400).tolist()
    by_number = batch("train", {"noise": noise, "x": number}, label=[int(abs(x) < 0.7) for x in number])
    assert one_rule(by_number, 10_000, features=("noise", "x")).feature == "x"  # type: ignore[union-attr]
    assert _right(by_number, features=("noise", "x")) > 0.95
    by_category = batch("train", {"noise": noise, "c": category}, label=[int(c == "b") for c in category])
    assert one_rule(by_category, 10_000, features=("noise", "c")).feature == "c"  # type: ignore[union-attr]
    assert _right(by_category, features=("noise", "c")) == 1.0


def test_a_number_may_be_larger_than_a_tree_holds() -> None:
    """Numbers beyond float32 are as large as numbers get, and still tell the labels apart."""
    labels = np.random.default_rng(4).integers(0, 2, 100).tolist()
    numbers = [1e300 if label else -1e39 for label in labels]
    assert _right(batch("train", {"x": numbers}, label=labels), features=("x",)) == 1.0


def test_a_rare_label_counts_as_much_as_a_frequent_one() -> None:
    """At 1 in 20 the rule still answers the rare label, though never answering it would be right more often."""
    rng = np.random.default_rng(2)
    label = np.array([1] * 50 + [0] * 950)
    x = rng.normal(size=1000) + label
    rows = batch("train", {"x": x.tolist()}, label=label.tolist())[rng.permutation(1000)]
    answers = one_rule(rows, 10_000, features=("x",)).predict(rows)  # type: ignore[union-attr]
    assert (answers.index == answers.categories.index(1)).mean() > 0.1


@pytest.mark.parametrize(("word", "other"), [("winner", "hello there"), ("奖", "你好")])
def test_a_word_is_found_and_never_told(word: str, other: str) -> None:
    """In English and in Chinese the word that tells is found; its name stays out of what the rule says of itself."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 300)
    texts = [f"{other} {word} {other}" if y else f"{other} {other} {other}" for y in label]
    rows = batch("train", {"t": texts}, label=label.tolist())
    rule = one_rule(rows, 10_000, text="t")
    assert rule is not None
    assert word not in rule.feature
    assert _right(rows, text="t") == 1.0


def test_where_nothing_can_be_learned_there_is_no_rule() -> None:
    """A handful of rows, or a feature that is missing throughout, gives no rule."""
    assert one_rule(batch("train", {"x": [1, 2]}, label=[0, 1]), 100, features=("x",)) is None
    empty = batch("train", {"x": [None] * 50, "z": ["a"] * 50}, label=[0, 1] * 25)
    assert one_rule(empty, 100, features=("x",)) is None


def test_the_rule_does_not_depend_on_the_order_of_rows() -> None:
    """Rows are drawn by their keys: shuffled, they give the same rule."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    rows = batch("train", {"x": x.tolist()}, label=(x + rng.normal(size=300) > 0).astype(int).tolist())
    shuffled = rows[rng.permutation(300)]
    first, second = (one_rule(part, 200, features=("x",)) for part in (rows, shuffled))
    assert first is not None
    assert second is not None
    assert first.predict(rows).index.tolist() == second.predict(rows).index.tolist()
