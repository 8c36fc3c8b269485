"""Table metrics against scikit-learn on rows and weights, and where they are undefined."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn import metrics as sk

from llmops_audit import stats

Table = NDArray[np.float64]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A confusion table of 2 to 5 classes, with or without invalid answers, full of zeros, not empty."""
    k = draw(st.integers(2, 5))
    columns = k + draw(st.integers(0, 2))
    whole = st.integers(0, 30).map(float)
    cells = st.one_of(st.just(0.0), whole, st.floats(0.01, 100.0))
    table: Table = draw(arrays(np.float64, (k, columns), elements=cells))
    table[0, 0] += draw(st.floats(0.5, 10.0))
    return table


def as_rows(table: Table) -> tuple[NDArray[np.int_], NDArray[np.int_], Table]:
    """True labels, answers and weights that give the table; labels without weight do not occur."""
    true, answered = np.nonzero(table)
    return true, answered, table[true, answered]


def quietly(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """scikit-learn's number without its warnings about undefined metrics."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **keywords)


@given(tables())
def test_accuracy_and_recalls_equal_scikit_learn(table: Table) -> None:
    """Accuracy, balanced accuracy and macro recall are those of the weighted rows."""
    true, answered, weights = as_rows(table)
    assert stats.accuracy(table) == pytest.approx(sk.accuracy_score(true, answered, sample_weight=weights))
    balanced = quietly(sk.balanced_accuracy_score, true, answered, sample_weight=weights)
    assert stats.balanced_accuracy(table) == pytest.approx(balanced)
    macro = quietly(
        sk.recall_score,
        true,
        answered,
        sample_weight=weights,
        average="macro",
        labels=np.arange(len(table)),
        zero_division=np.nan,
    )
    assert stats.macro_recall(table) == pytest.approx(macro)


@given(tables())
def test_metrics_of_one_class_equal_scikit_learn(table: Table) -> None:
    """Precision, recall and F1 of every class are scikit-learn's, undefined ones NaN."""
    true, answered, weights = as_rows(table)
    labels = range(len(table))
    for ours, theirs in (
        (stats.precision, sk.precision_score),
        (stats.recall, sk.recall_score),
        (stats.f1, sk.f1_score),
    ):
        expected = quietly(
            theirs,
            true,
            answered,
            sample_weight=weights,
            average=None,
            labels=list(labels),
            zero_division=np.nan,
        )
        got = [float(ours(table, i)) for i in labels]
        assert got == pytest.approx(expected, nan_ok=True)


@given(tables())
def test_macro_means_equal_scikit_learn(table: Table) -> None:
    """Macro precision and F1 are scikit-learn's with zero_division=0 over the classes that occur."""
    true, answered, weights = as_rows(table)
    occurring = [i for i in range(len(table)) if i in true or i in answered]
    for ours, theirs in ((stats.macro_precision, sk.precision_score), (stats.macro_f1, sk.f1_score)):
        expected = quietly(
            theirs, true, answered, sample_weight=weights, average="macro", labels=occurring, zero_division=0
        )
        assert float(ours(table)) == pytest.approx(expected)


@given(tables())
def test_matthews_and_kappa_equal_scikit_learn(table: Table) -> None:
    """Both equal scikit-learn's with invalid answers as further labels, and are NaN where those are 0/0."""
    true, answered, weights = as_rows(table)
    matthews = float(stats.matthews(table))
    if len(set(true)) == 1 or len(set(answered)) == 1:
        assert np.isnan(matthews)
    else:
        expected = sk.matthews_corrcoef(true, answered, sample_weight=weights)
        assert matthews == pytest.approx(expected, abs=1e-9)
    kappa = float(stats.cohen_kappa(table))
    if set(true) == set(answered) and len(set(true)) == 1:
        assert np.isnan(kappa)
    else:
        expected = quietly(sk.cohen_kappa_score, true, answered, sample_weight=weights)
        assert kappa == pytest.approx(expected, abs=1e-9)


@given(tables())
def test_pooled_and_weighted_means_equal_scikit_learn(table: Table) -> None:
    """Micro and weighted precision and F1 are scikit-learn's over the classes; answers that are no class are none."""
    true, answered, weights = as_rows(table)
    for ours, theirs, average in (
        (stats.micro_precision, sk.precision_score, "micro"),
        (stats.micro_f1, sk.f1_score, "micro"),
        (stats.weighted_precision, sk.precision_score, "weighted"),
        (stats.weighted_f1, sk.f1_score, "weighted"),
    ):
        expected = quietly(
            theirs,
            true,
            answered,
            sample_weight=weights,
            average=average,
            labels=np.arange(len(table)),
            zero_division=np.nan if average == "micro" else 0,
        )
        assert float(ours(table)) == pytest.approx(expected, nan_ok=True)


ALL: list[Callable[[Any], NDArray[np.float64]]] = [
    stats.accuracy,
    stats.balanced_accuracy,
    lambda table: stats.precision(table, 1),
    lambda table: stats.recall(table, 1),
    lambda table: stats.f1(table, 1),
    stats.macro_precision,
    stats.macro_recall,
    stats.macro_f1,
    stats.micro_precision,
    stats.micro_f1,
    stats.weighted_precision,
    stats.weighted_f1,
    stats.matthews,
    stats.cohen_kappa,
]


@pytest.mark.parametrize("metric", ALL)
def test_a_stack_of_tables_gives_the_value_of_each(metric: Callable[[Any], Table]) -> None:
    """Many tables at once give what each gives alone, and keep their shape."""
    stack = np.random.default_rng(3).poisson(2.0, (4, 5, 3, 4))
    values = metric(stack)
    assert values.shape == (4, 5)
    for index in np.ndindex(4, 5):
        assert float(metric(stack[index])) == pytest.approx(float(values[index]), nan_ok=True)


@pytest.mark.parametrize("metric", ALL)
def test_an_empty_table_is_undefined(metric: Callable[[Any], Table]) -> None:
    """Nothing measured is NaN, not 0 and not 1."""
    assert np.isnan(metric(np.zeros((2, 3))))


def test_a_model_with_one_answer_is_no_better_for_it() -> None:
    """A class that is never answered counts as 0 in the macro means, and MCC is undefined."""
    tutorial = [[0, 95], [0, 105]]
    assert stats.accuracy(tutorial) == pytest.approx(0.525)
    assert stats.balanced_accuracy(tutorial) == pytest.approx(0.5)
    assert stats.macro_precision(tutorial) == pytest.approx(0.525 / 2)
    assert stats.macro_f1(tutorial) == pytest.approx(210 / 305 / 2)
    assert stats.f1(tutorial, 0) == 0.0
    assert np.isnan(stats.precision(tutorial, 0))
    assert np.isnan(stats.matthews(tutorial))
    assert stats.cohen_kappa(tutorial) == 0.0


def test_invalid_answers_are_wrong_and_stay_in_the_denominator() -> None:
    """Refusing ten cases costs accuracy and recall as much as answering them wrongly, not precision."""
    table = [[40, 0, 10], [0, 50, 0]]
    assert stats.accuracy(table) == pytest.approx(0.9)
    assert stats.recall(table, 0) == pytest.approx(0.8)
    assert stats.precision(table, 0) == 1.0
    assert stats.f1(table, 0) == pytest.approx(80 / 90)
    assert stats.micro_precision(table) == 1.0
    assert stats.micro_f1(table) == pytest.approx(180 / 190)


def test_a_table_with_fewer_columns_than_rows_is_refused() -> None:
    """A transposed or flattened table raises instead of giving a number."""
    with pytest.raises(ValueError, match="wrong shape"):
        stats.accuracy(np.ones((3, 2)))
    with pytest.raises(ValueError, match="wrong shape"):
        stats.matthews(np.ones(4))
