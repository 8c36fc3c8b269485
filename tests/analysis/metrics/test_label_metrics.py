"""Metrics by name: values against scikit-learn, intervals of differences against enumeration and simulated truth."""

from __future__ import annotations

import time
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn import metrics

from llmops_audit import stats
from llmops_audit.analysis.metrics.definitions import LABEL_METRICS, Average
from llmops_audit.analysis.metrics.differences import difference, unpaired_difference
from llmops_audit.analysis.metrics.label_metrics import default_average, measure, statistic
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.testing import batch, inputs

Counts = npt.NDArray[np.int64]
COMPOSED: tuple[str, ...] = ("balanced_accuracy", "macro_f1", "mcc")
answers = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


def _task(k: int, positive: int | None = None, seed: int = 42) -> Task:
    return Task(labels=tuple(range(k)), positive=positive, seed=seed)


def _table(counts: Counts) -> CrossTable:
    return CrossTable(counts, counts.astype(float), counts.astype(float))


def _counted(k: int, *columns: Any) -> CrossTable:
    counts = np.zeros((k, *[k + 1] * (len(columns) - 1)), dtype=np.int64)
    np.add.at(counts, tuple(map(list, columns)), 1)
    return _table(counts)


def _score(name: str, truth: Any, predicted: Any, average: str, positive: int | None) -> float:
    """Scikit-learn's value of a metric."""
    simple = {
        "accuracy": metrics.accuracy_score,
        "mcc": metrics.matthews_corrcoef,
        "cohen_kappa": metrics.cohen_kappa_score,
    }
    if name in simple:
        return float(simple[name](truth, predicted))
    if name == "balanced_accuracy":
        return float(
            metrics.recall_score(truth, predicted, average="macro", labels=sorted(set(truth)), zero_division=0)
        )
    if name.endswith("_f1"):
        return float(metrics.f1_score(truth, predicted, average=name.removesuffix("_f1"), zero_division=0))
    score = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}[name]
    if average == "positive" and positive is not None:
        return float(score(truth, predicted, labels=[positive], average="macro", zero_division=np.nan))
    average = "macro" if average == "positive" else average
    labels = sorted(set(truth)) if name == "recall" else None
    return float(score(truth, predicted, labels=labels, average=average, zero_division=0))


@pytest.mark.parametrize("average", get_args(Average))
@pytest.mark.parametrize("name", LABEL_METRICS)
@settings(max_examples=10)
@given(rows=answers, positive=st.sampled_from([None, 1]))
def test_values_are_those_of_scikit_learn(
    name: str, average: Average, rows: list[tuple[int, int, int]], positive: int | None
) -> None:
    """Every metric and every average, and the difference of two, equal scikit-learn's on the rows, or are undefined."""
    truth, before, now = zip(*rows, strict=True)
    task = _task(3, positive)
    found = [measure(name, _counted(3, truth, predicted), task, average).value for predicted in (before, now)]
    gain = difference(name, _counted(3, truth, before, now), task, average).value
    for value, predicted in zip(found, (before, now), strict=True):
        # scikit-learn gives 0 or a warning where all rows, or all answers, are of one kind.
        if value is None:
            assert len(set(truth)) == 1 or len(set(predicted)) == 1 or 1 not in set(truth) & set(predicted)
        else:
            with np.errstate(all="ignore"):
                assert value == pytest.approx(_score(name, truth, predicted, average, positive), abs=1e-12)
    if found[0] is None or found[1] is None:
        assert gain is None
    else:
        assert gain == pytest.approx(found[1] - found[0], abs=1e-12)


def test_a_metric_is_about_the_label_that_is_named() -> None:
    """The index of a label goes before the positive label and before the average."""
    table = _counted(3, [0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 1, 1])
    assert measure("recall", table, _task(3, 0), "positive", index=1).value == pytest.approx(1 / 2)
    assert measure("precision", table, _task(3, 0), "macro", index=1).value == pytest.approx(1 / 3)
    assert float(statistic("f1", _task(3, 0), "weighted", 1)(table.weights)) == pytest.approx(2 / 5)


def test_the_average_by_default() -> None:
    """Precision, recall and F1 are about the positive label, or are macro averages where there is none."""
    assert default_average(_task(2, 1)) == "positive"
    assert default_average(_task(2)) == "macro"


def test_a_proportion_has_the_exact_interval() -> None:
    """Accuracy, precision and recall have Clopper and Pearson's interval, and F1 its image under 2J / (1 + J)."""
    table = _counted(2, [0] * 10 + [1] * 30, [0] * 8 + [1] * 2 + [1] * 25 + [0] * 5)
    task = _task(2, 1)
    assert measure("accuracy", table, task, "positive").bounds(0.9) == stats.clopper_pearson(33, 40, 0.9)
    assert measure("precision", table, task, "positive").bounds(0.9) == stats.clopper_pearson(25, 27, 0.9)
    assert measure("recall", table, task, "positive").bounds(0.9) == stats.clopper_pearson(25, 30, 0.9)
    low, high = stats.clopper_pearson(25, 32, 0.9)
    found = measure("f1", table, task, "positive")
    assert found.value == pytest.approx(2 * 25 / (30 + 27))
    assert found.bounds(0.9) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


@pytest.mark.parametrize("name", LABEL_METRICS)
def test_an_interval_holds_its_value_and_widens(name: str) -> None:
    """Every interval holds the value, is wider at more confidence, and is the same when asked again."""
    rng = np.random.default_rng(3)
    truth, before, now = rng.integers(0, 3, (3, 80))
    before, now = (np.where(rng.random(80) < 0.7, truth, predicted) for predicted in (before, now))
    single, pairs, task = _counted(3, truth, now), _counted(3, truth, before, now), _task(3)
    other = _counted(3, truth, before)
    for found in (
        measure(name, single, task, "macro"),
        difference(name, pairs, task, "macro"),
        unpaired_difference(name, single, other, task, "macro"),
    ):
        assert found.value is not None
        (low, high), (lower, higher) = found.bounds(0.9), found.bounds(0.99)
        assert lower < low <= found.value <= high < higher
        assert found.bounds(0.9) == (low, high)


def test_an_empty_table_has_no_value() -> None:
    """Without rows every value is undefined and every interval open."""
    empty, task = np.zeros((2, 3, 3), dtype=np.int64), _task(2)
    for name in LABEL_METRICS:
        paired = difference(name, _table(empty), task, "macro")
        unpaired = unpaired_difference(name, _table(empty[0:2, 0]), _table(empty[0:2, 0]), task, "macro")
        assert measure(name, _table(empty[:, 0]), task, "macro").value is None
        assert paired.value is None
        assert unpaired.value is None
        assert paired.bounds(0.95)[0] <= -1
        assert unpaired.bounds(0.95)[1] >= 1


def test_the_paired_difference_of_accuracy_is_tango_s() -> None:
    """Only lost and won rows, and all rows together, make the interval of accuracy."""
    truth = [0] * 50 + [1] * 50
    before, now = [1] * 4 + [0] * 46 + [1] * 50, [0] * 48 + [1] * 2 + [1] * 43 + [2] * 7
    found = difference("accuracy", _counted(2, truth, before, now), _task(2), "macro")
    assert found.value == pytest.approx(-5 / 100)
    assert found.bounds(0.95) == stats.paired_difference(9, 4, 100, 0.95)


def test_unpaired_proportions_are_melded() -> None:
    """Accuracy, and precision and recall of one label, have the melded interval of two samples."""
    one, other = _counted(2, [0] * 10 + [1] * 20, [0] * 9 + [1] * 21), _counted(2, [0, 1] * 20, [0, 0, 0, 1] * 10)
    task = _task(2, 1)
    assert unpaired_difference("accuracy", one, other, task, "positive").bounds(0.95) == stats.melded_difference(
        29, 30, 30, 40, 0.95
    )
    found = unpaired_difference("precision", one, other, task, "positive")
    assert found.value == pytest.approx(20 / 21 - 1)
    assert found.bounds(0.95) == stats.melded_difference(20, 21, 10, 10, 0.95)
    assert unpaired_difference("precision", one, other, task, "macro").method == "square-and-add of both intervals"


def test_pairs_are_sharper_than_two_samples() -> None:
    """Where two agree on most rows, the paired interval of a metric is less than half as wide as the unpaired one."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 1000)
    before = np.where(rng.random(1000) < 0.7, truth, rng.integers(0, 3, 1000))
    now = np.where(rng.random(1000) < 0.98, before, rng.integers(0, 3, 1000))
    for name in COMPOSED:
        paired = difference(name, _counted(3, truth, before, now), _task(3), "macro").bounds(0.95)
        unpaired = unpaired_difference(
            name, _counted(3, truth, now), _counted(3, truth, before), _task(3), "macro"
        ).bounds(0.95)
        assert paired[1] - paired[0] < (unpaired[1] - unpaired[0]) / 2


@pytest.mark.parametrize("rare", [20, 50, 100])
def test_rows_that_nobody_changed_prove_little(rare: int) -> None:
    """Where no row flipped, the lower end is the loss that stays unseen in 1 of 40 audits, all of it in one label."""
    truth = [0] * rare + [1] * 900
    table = _counted(2, truth, truth, truth)
    low, high = difference("balanced_accuracy", table, _task(2), "macro").bounds(0.95)
    unseen = (1 - 0.025 ** (1 / rare)) / 2
    assert -1.25 * unseen < low < -0.95 * unseen
    assert 0.95 * unseen < high < 1.25 * unseen


def test_weights_and_units_widen_a_difference() -> None:
    """Rows that weigh differently, and rows of one unit that flip together, make the interval wider."""
    truth = [0, 1] * 300
    now = [1 - label if i % 60 < 6 else label for i, label in enumerate(truth)]

    def width(name: str, **more: Any) -> float:
        case = inputs(batch("test", {}, label=truth, prediction=now, reference_predictions={"baseline": truth}, **more))
        pairs = case["pairs"]["test"].table("baseline", (0, 1))
        low, high = difference(name, pairs, case["task"], "macro").bounds(0.95)
        return high - low

    for name in ("accuracy", "balanced_accuracy"):
        plain = width(name)
        assert width(name, weight=[1.0, 1.0, 5.0] * 200) > 1.2 * plain
        assert width(name, unit=[i // 6 for i in range(600)]) > 1.5 * plain
        assert width(name, unit=[0] * 600) >= 2


def _truth(k: int, lost: float, won: float, *, everywhere: bool) -> npt.NDArray[np.float64]:
    """Chances of (label, before, now): 0.8 right before, losses in all labels or in the first alone."""
    chances = np.zeros((k, k + 1, k + 1))
    for i in range(k):
        wrong = (i + 1) % k
        mine = lost if everywhere else lost * k * (i == 0)
        chances[i, i, i], chances[i, i, wrong] = 0.8 - mine, mine
        chances[i, wrong, i], chances[i, wrong, wrong] = won, 0.2 - won
    return chances / k


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k", "n", "lost", "won", "everywhere"),
    [
        (2, 150, 0.02, 0.0, False),
        (2, 500, 0.12, 0.10, True),
        (5, 150, 0.02, 0.0, False),
    ],
)
def test_a_loss_at_the_margin_rarely_passes(k: int, n: int, lost: float, won: float, *, everywhere: bool) -> None:
    """With a true loss of exactly the margin, the lower end exceeds it in 2.5 % of runs, beside Monte Carlo error."""
    runs = 100
    chances = _truth(k, lost, won, everywhere=everywhere)
    rng = np.random.default_rng(5)
    tables = rng.multinomial(n, chances.ravel(), size=runs).reshape(runs, *chances.shape)
    for name in ("accuracy", *COMPOSED):
        found = statistic(name, _task(k), "macro")
        true = float(found(chances.sum(axis=1)) - found(chances.sum(axis=2)))
        lows = [difference(name, _table(one), _task(k), "macro").bounds(0.95)[0] for one in tables]
        assert sum(low > true + 1e-9 for low in lows) <= binom.ppf(0.999, runs, 0.025)


@pytest.mark.slow
def test_many_labels_are_no_hardship() -> None:
    """77 labels and 5,000 rows take seconds at most, for every metric together."""
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 77, 5000)
    before = np.where(rng.random(5000) < 0.9, truth, rng.integers(0, 78, 5000))
    now = np.where(rng.random(5000) < 0.9, before, rng.integers(0, 78, 5000))
    pairs = _counted(77, truth, before, now)
    started = time.process_time()
    for name in LABEL_METRICS:
        low, high = difference(name, pairs, _task(77), "macro").bounds(0.95)
        assert -1 < low < high < 1
    assert time.process_time() - started < 5 * len(LABEL_METRICS)
