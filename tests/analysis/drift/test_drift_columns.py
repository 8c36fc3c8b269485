"""What of two samples is compared: numbers, categories, times, texts, answers and scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from llmops_audit.analysis.drift.column_pairs import ColumnPair, column_pairs, label_pair, output_pairs, text_pairs
from llmops_audit.analysis.drift.histograms import histogram
from llmops_audit.analysis.drift.hypotheses import FullCounts
from llmops_audit.testing import batch, inputs


def _case(old: dict[str, Any], new: dict[str, Any], **more: Any) -> dict[str, Any]:
    answers = {name: more.pop(name) for name in ("label", "prediction", "scores") if name in more}
    first = {name: values[0] for name, values in answers.items()}
    second = {name: values[1] for name, values in answers.items()}
    given = inputs(batch("train", old, **first), batch("test", new, first=10_000, **second), **more)
    return given


def _columns(old: list[Any], new: list[Any], **task: Any) -> list[ColumnPair]:
    given = _case({"x": old}, {"x": new}, features=("x",))
    told = given["task"].model_copy(update=task)
    return list(column_pairs(given["rows"]["train"], given["rows"]["test"], told))


@pytest.mark.parametrize(
    ("old", "new", "numeric"),
    [
        ([1.0, 2.0, None], [3.0, 4.0], True),
        (["1", "2.5", None], ["3", "4e2"], True),
        (["a", "b"], ["1", "2"], False),
        (["1", "2"], ["3", "three"], False),
        (["True", "False"], ["True", "True"], False),
        ([None, None], [1.0, 2.0], True),
        ([None, None], [None, None], False),
    ],
)
def test_numbers_are_what_reads_as_numbers(old: list[Any], new: list[Any], numeric: bool) -> None:
    """A column is numeric where every value of both samples is a number, as a text or not."""
    (pair,) = _columns(old, new)
    assert pair.numeric == numeric
    assert [int(part.isna().sum()) for part in (pair.reference, pair.current)] == [old.count(None), new.count(None)]


def test_categories_that_look_like_numbers_stay_categories() -> None:
    """A column that the spec calls categorical is not compared as numbers."""
    assert not _columns(["10115", "20095"], ["10115", "80331"], categorical=("x",))[0].numeric


def test_times_are_compared_as_days_weekdays_and_hours() -> None:
    """ISO 8601 texts are times; a year is a number; days without an hour have no hours."""
    pairs = _columns(["2024-01-01T12:30:00", None], ["2024-01-06T00:00:00Z", "2024-01-07"])
    assert [(pair.feature, pair.numeric) for pair in pairs] == [(None, True), ("weekday", False), ("hour", True)]
    assert pairs[0].current.iloc[1] - pairs[0].current.iloc[0] == 1.0
    assert pairs[1].current.tolist() == ["Saturday", "Sunday"]
    assert pairs[2].reference.iloc[0] == 12.5
    assert [pair.feature for pair in _columns(["2024-01-01"], ["2024-01-02"])] == [None, "weekday"]
    assert [pair.feature for pair in _columns(["2024", "2023"], ["2025", "2021"])] == [None]
    assert not _columns(["2024-01-01"], ["2024-01-01 or later"])[0].numeric


def test_texts_are_compared_by_their_features() -> None:
    """Form, script and unknown words are features of a text; a text that is missing has none."""
    given = _case({"t": ["one two three", "four five"] * 3}, {"t": ["一二三", None]}, text="t")
    pairs = {pair.feature: pair for pair in text_pairs(given["rows"]["train"], given["rows"]["test"], given["task"])}
    assert {"characters", "words", "sentences", "non_letters", "capitals", "script", "unknown_words"} <= set(pairs)
    assert (pairs["script"].current.iloc[0], pairs["script"].current.isna().tolist()) == ("han", [False, True])
    assert pairs["characters"].current.iloc[0] == 3.0
    assert math.isnan(pairs["characters"].current.iloc[1])
    assert not list(text_pairs(given["rows"]["train"], given["rows"]["test"], inputs()["task"]))


def test_answers_are_compared_where_both_have_some() -> None:
    """Labels, predictions and the score of a label are compared; of several scores the highest."""
    two = [[0, 1, 1], [1, 1, 1]]
    given = _case({"x": [1, 2, 3]}, {"x": [1, 2, 3]}, label=two, prediction=two, scores=[{1: [0.1, 0.9, 0.5]}] * 2)
    both = given["rows"]["train"], given["rows"]["test"]
    pairs = [*label_pair(*both), *output_pairs(*both)]
    assert [pair.column for pair in pairs] == ["(label)", "(prediction)", "(score)"]
    assert pairs[2].reference.tolist() == [0.1, 0.9, 0.5]
    several = {"a": [0.1, 0.6], "b": [0.9, 0.4]}
    given = _case({"x": [1, 2]}, {"x": [1, 2]}, label=[[0, 1], [None, None]], scores=[several] * 2)
    both = given["rows"]["train"], given["rows"]["test"]
    assert not list(label_pair(*both)), "no current row has a label"
    (pair,) = output_pairs(*both)
    assert pair.strata is None
    assert (pair.feature, pair.reference.tolist()) == ("confidence", [0.9, 0.6])


def test_probabilities_are_compared_to_two_decimals() -> None:
    """Nobody acts upon the third decimal; margins, which have no such scale, stay as they are."""
    for given, wanted in ((0.50581, 0.51), (5.12345, 5.12345)):
        case = _case({"x": [1.0]}, {"x": [1.0]}, label=[[1], [None]], scores=[{1: [given]}] * 2)
        (pair,) = output_pairs(case["rows"]["train"], case["rows"]["test"])
        assert pair.reference.tolist() == [wanted]


def _histogram(old: list[Any], new: list[Any], sample: int = 10_000) -> Any:
    given = _case({"x": old}, {"x": new}, features=("x",), sample=sample)
    (pair,) = column_pairs(given["rows"]["train"], given["rows"]["test"], given["task"])
    return histogram(pair, FullCounts(given["distributions"]["train"], given["distributions"]["test"]), sampled=True)


def test_histograms_count_all_rows() -> None:
    """Histograms of a sample's columns count every row, also the far ones, whose values no edge tells."""
    rng = np.random.default_rng(1)
    old, new = rng.normal(size=3_000).tolist(), [*rng.normal(size=999).tolist(), 12_345.678]
    found = _histogram(old, new, sample=200)
    assert (sum(found.reference), sum(found.current), found.exact) == (3_000, 1_000, True)
    assert max(found.edges) < 10
    categories = _histogram(["a"] * 700 + ["b"] * 300, ["a"] * 500 + ["c"] * 500, sample=100)
    assert dict(
        zip(categories.categories, zip(categories.reference, categories.current, strict=True), strict=True)
    ) == {
        "a": (700, 500),
        "c": (0, 500),
        "b": (300, 0),
    }


def test_rare_and_personal_values_are_not_named() -> None:
    """A category of fewer than ten rows, a long one, and one with personal data go by no name."""
    private = "jane.roe@example.org"
    found = _histogram(["a"] * 50 + [private] * 30 + ["b" * 100] * 30, ["a"] * 40 + ["rare"] * 9)
    assert found.categories == ("a", None)
    assert (found.reference, found.current) == ((50, 60), (40, 9))


def test_few_different_numbers_have_a_cell_each() -> None:
    """Whole numbers are counted one by one; a constant and an almost constant column have cells as well."""
    found = _histogram([0.0, 1.0, 1.0, 3.0], [1.0, 3.0])
    assert (found.reference, found.current) == ((1, 2, 1), (0, 1, 1))
    assert found.edges == (-0.5, 0.5, 2.0, 4.0)
    assert _histogram([2.0, 2.0], [2.0]).reference == (2,)
    almost = _histogram([7.0] * 5_000, [7.0] * 5_000 + [float(i) for i in range(40)])
    assert sum(almost.current) == 5_040
    assert _histogram([math.inf, 1.0], [2.0, -math.inf]).exact
