"""Metrics without labels: intervals cover the truth under covariate shift, and nothing is estimated where none can."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.special import expit

from llmops_audit.analysis.drift.calibrated_scores import calibration
from llmops_audit.analysis.drift.estimates import MIN_LABELLED, estimates
from llmops_audit.analysis.drift.expected_metrics import METRICS, by_labels
from llmops_audit.analysis.drift.model_outputs import ModelOutputs
from llmops_audit.analysis.drift.reweighting import resemblance
from llmops_audit.analysis.drift.windows import Windows
from llmops_audit.check.inputs import Task
from llmops_audit.evidence.base import Plan, ScoreMatrix
from llmops_audit.evidence.rows import Rows
from llmops_audit.record.drift_figure import PerformanceEstimate, Window
from llmops_audit.stats import clopper_pearson
from llmops_audit.testing import batch


def _world(rng: np.random.Generator, rows: int, shift: float) -> tuple[np.ndarray, ModelOutputs]:
    """Draw rows around a shifted mean, and the answers of a classifier that is too sure and leans to one label."""
    seen = rng.normal((shift, 0.0, 0.0), 1.0, (rows, 3))
    logit = 1.2 * seen[:, 0] + seen[:, 1] + 0.6 * seen[:, 0] ** 2 - 0.5
    label, score = rng.random(rows) < expit(logit), expit(2.0 * (logit + 1.0))
    names = np.array(["0", "1"], dtype=object)
    return seen, ModelOutputs(
        names[label.astype(int)], names[(score >= 0.5).astype(int)], ScoreMatrix((1,), score[:, None])
    )


def _task(seed: int = 0) -> Task:
    return Task(labels=(0, 1), positive=1, seed=seed)


def _accuracies(*given: object, seed: int = 0, **more: object) -> list[PerformanceEstimate]:
    """Return the estimates of the accuracy alone."""
    first, second, seen, level = given
    found = estimates("live", first, second, seen, _task(seed), level, **more)  # type: ignore[arg-type]
    return [one for one in found if one.metric == "accuracy"]


def _by_confidence(
    right: np.ndarray, sure: np.ndarray, now: np.ndarray, level: float, seed: int,
    answers: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[float, float, float] | None:  # fmt: skip
    known = calibration(right, sure, now, seed, answers)
    return None if known is None else (known.accuracy().value, *known.accuracy().bounds(level))


def _by_weights(
    right: np.ndarray, first: object, second: object, level: float, seed: int
) -> tuple[float, float, float, float] | None:
    known = resemblance(first, second, seed)  # type: ignore[arg-type]
    if known is None or not known.enough or known.unlike.mean() > 0.05:
        return None
    return known.share(right).value, *known.share(right).bounds(level), known.effective


def _accuracy(rows: ModelOutputs) -> float:
    return float(rows.correct.mean())


def _relabelled(rows: ModelOutputs, label: np.ndarray) -> ModelOutputs:
    return ModelOutputs(label, rows.prediction, rows.scores)


@pytest.mark.parametrize("shift", [0.0, 1.0, -1.0])
def test_the_estimate_by_confidence_covers_the_truth_under_covariate_shift(shift: float) -> None:
    """The interval holds the accuracy on the rows in 18 of 20 draws or more, whatever the calibration."""
    covered, aside = 0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        (_, test), (_, live) = _world(rng, 1_000, 0.0), _world(rng, 400, shift)
        [one] = _accuracies(test, live, None, 0.95, seed=seed)
        covered += one.low <= _accuracy(live) <= one.high
        aside.append(one.value - _accuracy(live))
    assert covered >= 18
    assert abs(np.mean(aside)) < 0.015


@pytest.mark.slow
def test_weights_cover_the_truth_where_labelled_rows_alone_do_not() -> None:
    """Without scores the weighted accuracy follows most of a shift of 0.08, and its interval holds the truth."""
    covered, aside, unweighted = 0, [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        (first, test), (second, live) = _world(rng, 800, 0.0), _world(rng, 500, 0.8)
        found = _by_weights(test.correct, first, second, 0.95, seed)
        assert found is not None
        value, low, high, effective = found
        assert low <= value <= high
        assert 50 <= effective < 800
        covered += low <= _accuracy(live) <= high
        aside.append(value - _accuracy(live))
        unweighted.append(_accuracy(test) - _accuracy(live))
    assert covered >= 7
    assert abs(np.mean(unweighted)) > 0.07
    assert abs(np.mean(aside)) < 0.025


def test_concept_drift_is_not_seen() -> None:
    """Where the meaning of the rows turns round the estimates stay what they were; only the labels tell."""
    rng = np.random.default_rng(0)
    (first, test), (second, live) = _world(rng, 1_200, 0.0), _world(rng, 600, 0.3)
    turned = _relabelled(live, np.where(live.label == "1", "0", "1").astype(object))
    before, after = (_accuracies(test, rows, (first, second), 0.95, seed=1) for rows in (live, turned))
    assert [one.method for one in before] == ["confidence", "reweighting"]
    for one, other in zip(before, after, strict=True):
        assert (one.value, one.low, one.high) == (other.value, other.low, other.high)
        assert one.actual is not None
        assert other.actual == pytest.approx(1.0 - one.actual)
        assert not other.low <= other.actual <= other.high
        assert (one.refuted, other.refuted) == (False, True)


def test_current_labels_play_no_part() -> None:
    """An estimate is the same without the labels, with them, and with a label that nothing else has."""
    rng = np.random.default_rng(1)
    (_, test), (_, live) = _world(rng, 300, 0.0), _world(rng, 200, 0.5)
    found = [
        _accuracies(test, _relabelled(live, label), None, 0.9)[0]
        for label in (live.label, np.full(200, None), np.full(200, "another", dtype=object))
    ]
    assert len({(one.value, one.low, one.high, one.n) for one in found}) == 1
    assert (found[1].actual, found[2].actual) == (None, 0.0)


def test_the_accuracy_by_labels_stands_beside_where_half_of_the_rows_have_one() -> None:
    """It is a proportion of the labelled rows with an exact interval; of fewer labels nothing is said."""
    rng = np.random.default_rng(2)
    (_, test), (_, live) = _world(rng, 200, 0.0), _world(rng, 100, 0.0)
    label = live.label.copy()
    label[:50] = None
    [one] = _accuracies(test, _relabelled(live, label), None, 0.9)
    right = int(live.correct[50:].sum())
    assert one.actual == right / 50
    assert (one.actual_low, one.actual_high) == clopper_pearson(right, 50, 0.9)
    label[50] = None
    [one] = _accuracies(test, _relabelled(live, label), None, 0.9)
    assert one.actual is one.actual_low is one.actual_high is None


def test_answers_are_calibrated_each_by_itself() -> None:
    """Of two answers, one always right and one always wrong at the same score, the current share decides."""
    answer = np.repeat([0, 1], 200)
    found = _by_confidence(answer == 0, np.full(400, 0.9), np.full(10, 0.9), 0.95, 0, (answer, np.ones(10, int)))
    assert found is not None
    assert found[0] == 0.0
    found = _by_confidence(answer == 0, np.full(400, 0.9), np.full(10, 0.9), 0.95, 0)
    assert found is not None
    assert found[0] == 0.5


def test_rare_answers_share_a_calibration() -> None:
    """Answers of 60, 60 and 1 labelled rows, and a new one, are taken together; the frequent one stays apart."""
    answer = np.repeat([0, 1, 2, 3], [300, 60, 60, 1])
    correct = (answer == 0) | (answer == 1)
    for current, share in ((0, 1.0), (1, 60 / 121), (3, 60 / 121), (9, 60 / 121)):
        found = _by_confidence(correct, np.full(421, 0.5), np.full(20, 0.5), 0.95, 0, (answer, np.full(20, current)))
        assert found is not None
        assert found[0] == pytest.approx(share)


def test_only_the_order_of_scores_counts() -> None:
    """Margins give what the probabilities give that they stand for, of two labels as of many."""
    rng = np.random.default_rng(4)
    (_, test), (_, live) = _world(rng, 400, 0.0), _world(rng, 300, 0.7)

    def scored(rows: ModelOutputs, margins: bool, both: bool) -> ModelOutputs:
        assert rows.scores is not None
        one = rows.scores.values[:, 0]
        columns = [one, 1.0 - one] if both else [one]
        values = np.column_stack(columns) - 0.5 if margins else np.column_stack(columns)
        return ModelOutputs(
            rows.label, rows.prediction, ScoreMatrix((1, 0)[: len(columns)], values * (8.0 if margins else 1.0))
        )

    found = [
        _accuracies(scored(test, margins, both), scored(live, margins, both), None, 0.95)
        for margins in (False, True)
        for both in (False, True)
    ]
    assert len({(one[0].value, one[0].low, one[0].high) for one in found}) == 1


def test_nothing_is_estimated_without_scores() -> None:
    """Without scores, without one of a predicted label, or with more than one in twenty missing, there is a reason."""
    rng = np.random.default_rng(5)
    (first, test), (second, live) = _world(rng, 200, 0.0), _world(rng, 200, 0.0)
    assert live.scores is not None
    bare = ModelOutputs(live.label, live.prediction)
    for pair in ((test, bare), (bare, live)):
        [one] = _accuracies(*pair, None, 0.95)
        assert one.withheld is not None
        assert one.withheld.id == "The rows have no scores."
        assert one.value is one.low is one.high is None
    many = ModelOutputs(np.where(test.label == "0", "2", test.label), test.prediction, test.scores)
    three = Task(labels=(0, 1, 2), positive=1)
    one = estimates("live", many, live, (first, second), three, 0.95)[0]
    assert one.withheld is not None
    assert "lack a score" in one.withheld.id
    for missing, estimated in ((10, True), (11, False)):
        values = live.scores.values.copy()
        values[:missing] = np.nan
        scored = ModelOutputs(live.label, live.prediction, ScoreMatrix((1,), values))
        one = _accuracies(test, scored, (first, second), 0.95)[0]
        assert (one.value is not None) is estimated
        assert one.n == (190 if estimated else 200)


def test_rows_without_an_answer_or_a_label_are_passed_over() -> None:
    """They change neither estimate, and are not among the rows that it speaks of."""
    rng = np.random.default_rng(6)
    (first, test), (second, live) = _world(rng, 300, 0.0), _world(rng, 200, 0.2)
    assert test.scores is not None
    assert live.scores is not None

    def longer(rows: ModelOutputs, label: str | None, answer: str | None) -> ModelOutputs:
        assert rows.scores is not None
        values = np.vstack([rows.scores.values, [[0.1]]])
        return ModelOutputs(np.append(rows.label, label), np.append(rows.prediction, answer), ScoreMatrix((1,), values))

    plain = estimates("live", test, live, (first, second), _task(), 0.95)
    seen = np.vstack([first, first[:1]]), np.vstack([second, second[:1]])
    assert estimates("live", longer(test, None, "1"), longer(live, "1", None), seen, _task(), 0.95) == plain
    assert estimates("live", longer(test, "1", None), longer(live, "1", None), seen, _task(), 0.95) == plain
    assert {one.n for one in plain} == {200}
    assert [one.metric for one in plain] == [*METRICS, *METRICS]


def test_rows_of_evidence_are_read() -> None:
    """Labels, predictions and scores come from a sample of rows, missing ones as None."""
    columns = {"text": ["a", "b", "c"]}
    one = batch("live", columns, label=[1, None, 0], prediction=[1, 0, 1], scores={1: [0.9, 0.2, 0.6]})
    read = ModelOutputs.of(Rows.of(one, Plan()))
    assert (read.label.tolist(), read.prediction.tolist()) == (["1", None, "0"], ["1", "0", "1"])
    assert read.correct.tolist() == [True, False, False]
    assert read.scores is not None
    assert read.scores.values.tolist() == [[0.9], [0.2], [0.6]]


@settings(max_examples=40)
@given(
    st.integers(50, 120), st.integers(1, 60), st.sampled_from(["right", "wrong", "any"]), st.booleans(),
    st.integers(0, 99),
)  # fmt: skip
def test_an_interval_holds_its_estimate_and_is_never_a_point(
    rows: int, current: int, correct: str, constant: bool, seed: int
) -> None:
    """All right, all wrong, one score for all, one current row: the interval stays in [0, 1] and has a width."""
    rng = np.random.default_rng(seed)
    hits = {"right": np.ones(rows, bool), "wrong": np.zeros(rows, bool), "any": rng.random(rows) < 0.7}[correct]
    sure, now = (np.full(n, 0.9) if constant else rng.random(n) for n in (rows, current))
    found = _by_confidence(hits, sure, now, 0.95, seed)
    assert found is not None
    value, low, high = found
    assert 0.0 <= low <= value <= high <= 1.0
    assert low < high
    assert found == _by_confidence(hits, sure, now, 0.95, seed)
    if correct != "any":
        assert value == (1.0 if correct == "right" else 0.0)
        effective = rows * current / (rows + current)
        assert (low, high) == pytest.approx(clopper_pearson(value * effective, effective, 0.95))


def test_too_few_rows_give_no_estimate() -> None:
    """Forty-nine labelled rows calibrate nothing; weights need fifty rows on both sides, and something that is seen."""
    right, sure = np.ones(49, bool), np.full(49, 0.9)
    assert _by_confidence(right, sure, sure, 0.95, 0) is None
    assert _by_confidence(np.ones(50, bool), np.full(50, 0.9), np.array([]), 0.95, 0) is None
    rng = np.random.default_rng(0)
    many, few = rng.normal(size=(200, 2)), rng.normal(size=(49, 2))
    assert _by_weights(right, few, many, 0.95, 0) is None
    assert _by_weights(np.ones(200, bool), many, few, 0.95, 0) is None
    assert _by_weights(np.ones(200, bool), many[:, :0], many[:, :0], 0.95, 0) is None
    nobody = ModelOutputs(np.array([], dtype=object), np.array([], dtype=object), ScoreMatrix((1,), np.empty((0, 1))))
    assert estimates("live", nobody, nobody, None, _task(), 0.95) == []


def test_samples_that_do_not_overlap_are_not_weighted() -> None:
    """Where no labelled row, or only a few, look like the current rows there is no estimate."""
    rng = np.random.default_rng(7)
    first = rng.normal(size=(400, 2))
    assert _by_weights(np.ones(400, bool), first, rng.normal(size=(400, 2)) + 8.0, 0.95, 0) is None
    few = np.vstack([first, rng.normal(size=(30, 2)) + 8.0])
    assert _by_weights(np.ones(430, bool), few, rng.normal(size=(400, 2)) + 8.0, 0.95, 0) is None


def test_texts_are_weighted_by_their_words() -> None:
    """Of two words, one always answered right and one never, the share among the current rows is the accuracy."""
    rng = np.random.default_rng(8)
    first, second = (rng.random(600) < share for share in (0.5, 0.8))
    matrices = [csr_array(np.column_stack([word, ~word]).astype(float)) for word in (first, second)]
    found = _by_weights(first, *matrices, 0.95, 0)
    assert found is not None
    assert found[0] == pytest.approx(second.mean(), abs=0.02)
    assert found[1] <= second.mean() <= found[2]
    assert found == _by_weights(first, *matrices, 0.95, 0)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_other_metrics_are_covered_as_well(shift: float) -> None:
    """ROC AUC, F1, precision and recall of a large sample lie in the intervals in 17 of 20 draws or more."""
    covered = dict.fromkeys(METRICS, 0)
    truth = by_labels(_world(np.random.default_rng(99), 100_000, shift)[1], _task())
    for seed in range(20):
        rng = np.random.default_rng(seed)
        (_, test), (_, live) = _world(rng, 1_000, 0.0), _world(rng, 800, shift)
        for one in estimates("live", test, live, None, _task(seed), 0.95):
            assert one.low is not None
            assert one.high is not None
            covered[one.metric] += one.low <= truth[one.metric][0] <= one.high
    assert min(covered.values()) >= 17, covered


def test_weighted_rows_give_every_metric() -> None:
    """Rows that need no weights give the metrics of the labelled rows, nearly, with intervals around them."""
    rng = np.random.default_rng(3)
    (first, test), (second, live) = _world(rng, 1_200, 0.0), _world(rng, 1_200, 0.0)
    found = estimates("live", test, live, (first, second), _task(), 0.95)
    weighted = {one.metric: one for one in found if one.method == "reweighting"}
    assert tuple(weighted) == METRICS
    for name, (value, _) in by_labels(test, _task()).items():
        one = weighted[name]
        assert one.value == pytest.approx(value, abs=0.02)
        assert one.low is not None
        assert one.high is not None
        assert one.low < value < one.high


def test_rows_that_look_like_no_labelled_row_have_no_estimate() -> None:
    """Where more than one in twenty lie elsewhere every method is withheld, with the reason; labels may refute it."""
    rng = np.random.default_rng(4)
    (first, test), (second, live) = _world(rng, 1_200, 0.0), _world(rng, 600, 0.0)
    second, label = second.copy(), live.label.copy()
    second[:60] += 9.0
    label[:300] = np.where(live.label[:300] == "1", "0", "1")
    found = estimates("live", test, _relabelled(live, label), (first, second), _task(), 0.95)
    assert {one.method for one in found} == {"confidence", "reweighting"}
    for one in found:
        assert one.value is one.low is one.high is None
        assert one.withheld is not None
        assert "look like no labelled row" in one.withheld.id
        assert one.withheld.values["share"] == pytest.approx(0.1, abs=0.01)
    assert all(one.refuted for one in found if one.metric == "accuracy" and one.method == "confidence")


def test_few_labelled_rows_give_a_rough_value() -> None:
    """Below a thousand labelled rows there is a value and no interval."""
    rng = np.random.default_rng(6)
    (_, test), (_, live) = _world(rng, MIN_LABELLED, 0.0), _world(rng, 300, 0.0)
    few = test[np.arange(MIN_LABELLED - 1)]
    for rows, rough in ((test, False), (few, True)):
        for one in estimates("live", rows, live, None, _task(), 0.95):
            assert one.value is not None
            assert (one.rough, one.low is None, one.high is None) == (rough, rough, rough)


def test_labels_refute_the_estimates_of_later_windows() -> None:
    """From the window whose labels contradict its estimate on, later windows have none; earlier ones keep theirs."""
    rng = np.random.default_rng(7)
    (_, test), (_, live) = _world(rng, 1_200, 0.0), _world(rng, 900, 0.0)
    label = live.label.copy()
    label[300:600] = np.where(live.label[300:600] == "1", "0", "1")
    label[600:] = None
    windows = Windows(
        "month",
        tuple(Window(start=f"2026-0{i}-01", end=f"2026-0{i}-28", rows=300) for i in (1, 2, 3)),
        np.repeat([0, 1, 2], 300),
    )
    first, second, third = [
        one
        for one in _accuracies(test, _relabelled(live, label), None, 0.95, windows=windows)
        if one.window is not None
    ]
    assert (first.refuted, second.refuted, third.refuted) == (False, True, False)
    assert first.value is not None
    assert second.value is not None
    assert third.value is None
    assert third.withheld is not None
    assert third.withheld.values == {"start": "2026-02-01"}
    all_of_third = [
        one
        for one in estimates("live", test, _relabelled(live, label), None, _task(), 0.95, windows)
        if one.window == 2
    ]
    assert {one.value for one in all_of_third} == {None}
    assert {one.metric for one in all_of_third} == set(METRICS)
    assert [one.start for one in (first, second, third)] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_of_many_labels_scores_estimate_the_accuracy_alone() -> None:
    """Nothing says which other label a wrong prediction would have had; weighted rows do."""
    rng = np.random.default_rng(8)
    names = np.array(["a", "b", "c"], dtype=object)

    def drawn(rows: int) -> tuple[np.ndarray, ModelOutputs]:
        truth = rng.integers(0, 3, rows)
        score = rng.dirichlet(np.ones(3), rows) + np.eye(3)[truth]
        outputs = ModelOutputs(names[truth], names[score.argmax(axis=1)], ScoreMatrix(("a", "b", "c"), score / 2.0))
        return score, outputs

    (first, test), (second, live) = drawn(1_000), drawn(500)
    found = estimates("live", test, live, (first, second), Task(labels=("a", "b", "c")), 0.95)
    by_method = {
        method: [one.metric for one in found if one.method == method] for method in ("confidence", "reweighting")
    }
    assert by_method == {"confidence": ["accuracy"], "reweighting": ["accuracy", "f1", "precision", "recall"]}
