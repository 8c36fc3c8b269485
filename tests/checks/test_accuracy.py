"""The accuracy check: values against scikit-learn, verdicts on bounds, and models that know nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import fisher_exact
from sklearn import metrics

from llmops_audit.analysis.live_windows import live_windows
from llmops_audit.analysis.metrics.differences import unpaired_difference
from llmops_audit.check.inputs import Policy
from llmops_audit.check.registry import provided
from llmops_audit.errors import SpecError
from llmops_audit.errors.validation import problems_of
from llmops_audit.evidence.outcomes import CrossTable
from llmops_audit.record import Finding, Message, Table, Verdict
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["accuracy"].check


def _case(truth: list[Any], answers: list[Any], **more: Any) -> dict[str, Any]:
    labels = sorted({*truth})
    return inputs(batch("test", {}, label=truth, prediction=answers), labels=labels, **{"positive": None, **more})


def _found(given: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    produced = [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]
    return {f"{item.metric}{item.scope.get('against', '')}": item for item in produced}


def _table(given: dict[str, Any], name: str, **settings: Any) -> list[dict[str, Any]]:
    produced = run(CHECK, given, **settings)
    return [dict(row) for item in produced if isinstance(item, Table) and item.name == name for row in item.rows]


def _performance(given: dict[str, Any], **settings: Any) -> dict[str, dict[str, Any]]:
    return {str(row["metric"]): row for row in _table(given, "performance", **settings)}


def test_it_conforms() -> None:
    """A good classifier passes, one that answers a single label fails."""
    truth = [0, 1] * 100
    clean = inputs(batch("test", {}, label=truth, prediction=truth))
    violating = inputs(batch("test", {}, label=truth, prediction=[1] * 200))
    assert_conforms(CHECK, clean=clean, violating=violating, min={"accuracy": 0.9})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=60))
def test_values_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    """Every metric, macro and of a positive label, equals scikit-learn's on the rows."""
    truth, answers = map(list, zip(*pairs, strict=True))
    if len(set(truth)) < 2:
        return
    batches = batch("test", {}, label=truth, prediction=answers)
    labels = sorted({*truth, *answers})
    found = _performance(inputs(batches, labels=labels, positive=None))
    assert found["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(truth, answers))
    recalls = metrics.recall_score(truth, answers, average=None, labels=sorted(set(truth)), zero_division=0)
    assert found["balanced_accuracy"]["value"] == pytest.approx(np.mean(recalls))
    macro = metrics.f1_score(truth, answers, average="macro", zero_division=0)
    assert found["f1"]["value"] == pytest.approx(macro)
    if len(set(answers)) > 1:
        assert found["mcc"]["value"] == pytest.approx(metrics.matthews_corrcoef(truth, answers))
    one = _performance(inputs(batches, labels=labels, positive=truth[0]))
    for name, score in (
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
        ("f1", metrics.f1_score),
    ):
        expected = score(truth, answers, labels=[truth[0]], average="macro", zero_division=np.nan)
        if np.isnan(expected):
            assert one[name]["value"] is None
        else:
            assert one[name]["value"] == pytest.approx(expected)


def test_the_majority_s_answer_stands_beside() -> None:
    """The accuracy of always giving the most frequent label is shown, and that its balanced accuracy is chance."""
    rows = _table(_case([0] * 70 + [1] * 30, [0] * 60 + [1] * 40), "baselines")
    guess, majority = rows
    assert majority["accuracy"] == pytest.approx(0.7)
    assert guess["accuracy"] == pytest.approx(0.7**2 + 0.3**2)
    for row in rows:
        assert row["balanced_accuracy"] == pytest.approx(0.5)
        assert row["value"] == pytest.approx((60 / 70 + 1) / 2 - 0.5)
        assert row["low"] < row["value"] < row["high"]


@pytest.mark.parametrize(("right", "verdict"), [(99, Verdict.PASSED), (92, Verdict.INCONCLUSIVE), (70, Verdict.FAILED)])
def test_a_minimum_is_decided_on_the_bound(right: int, verdict: Verdict) -> None:
    """Of 100 rows, 99 right pass a minimum of 0.9, 92 right decide nothing though 0.92 > 0.9, and 70 fail."""
    truth = [0, 1] * 50
    answers = truth[:right] + [1 - label for label in truth[right:]]
    finding = _found(_case(truth, answers), min={"accuracy": 0.9})["accuracy"]
    assert finding.value == pytest.approx(right / 100)
    assert finding.verdict is verdict
    # 92 of 100 are practically at the limit: no number of rows promises a decision.
    assert finding.rows_to_decide is None


def test_the_rows_that_would_decide_are_given_where_the_value_is_off_its_limit() -> None:
    """95 right of 100 leave a minimum of 0.9 open; 80 % of samples of so many rows would not, were 0.95 the truth."""
    truth = [0, 1] * 50
    finding = _found(_case(truth, truth[:95] + [1 - label for label in truth[95:]]), min={"accuracy": 0.9})["accuracy"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.rows_to_decide is not None
    assert 150 <= finding.rows_to_decide <= 300


def test_deciding_on_the_point_is_possible_and_said() -> None:
    """With `decide = "point"` 92 of 100 pass a minimum of 0.9, and the message says how."""
    truth = [0, 1] * 50
    given = _case(truth, truth[:92] + [1 - label for label in truth[92:]])
    given["policy"] = given["policy"].model_copy(update={"decide": "point"})
    finding = _found(given, min={"accuracy": 0.9})["accuracy"]
    assert finding.verdict is Verdict.PASSED
    assert "uncertainty was not considered" in finding.message.id


@pytest.mark.parametrize(("rare", "verdict"), [(13, Verdict.FAILED), (12, Verdict.INCONCLUSIVE)])
def test_a_label_that_is_never_recognised(rare: int, verdict: Verdict) -> None:
    """Never recognising one of three labels fails where 3 * (2/3) ** rows is under 0.05 / 3, by Holm."""
    truth = ["common", "other"] * 50 + ["rare"] * rare
    answers = ["common", "other"] * 50 + ["common"] * rare
    finding = _found(_case(truth, answers))["labels_with_zero_recall"]
    assert finding.verdict is verdict
    assert finding.value == 1
    assert finding.message.values["text"].values["labels"] == ("rare",)  # type: ignore[union-attr]


def test_rows_of_few_units_do_not_show_that_a_label_is_never_recognised() -> None:
    """A hundred rows that nobody recognised are a failure, but not where they are all of three persons."""
    truth, answers = [0, 1] * 100, [0, 0] * 100
    for unit, verdict in ((list(range(200)), Verdict.FAILED), ([i % 3 for i in range(200)], Verdict.INCONCLUSIVE)):
        batches = batch("test", {}, label=truth, prediction=answers, unit=unit)
        finding = _found(inputs(batches))["labels_with_zero_recall"]
        assert finding.verdict is verdict
        assert finding.p_value is not None
        assert finding.p_adjusted is not None
        assert (finding.p_adjusted <= 0.05) == (verdict is Verdict.FAILED)


def test_guessing_does_not_beat_chance() -> None:
    """Answers that have nothing to do with the labels are not passed, however many rows there are."""
    rng = np.random.default_rng(0)
    truth, answers = rng.integers(0, 2, 5000).tolist(), rng.integers(0, 2, 5000).tolist()
    assert _found(_case(truth, answers))["balanced_accuracychance"].verdict is not Verdict.PASSED


def test_worse_than_chance_fails() -> None:
    """Answers that are turned round fail against chance."""
    truth = [0, 1] * 100
    assert _found(_case(truth, [1 - x for x in truth]))["balanced_accuracychance"].verdict is Verdict.FAILED


def test_missing_and_unlisted_answers_are_wrong() -> None:
    """Answers that are missing or off the list stay in the denominator."""
    truth = ["a", "b"] * 50
    answers = [None, "what?", *truth[2:]]
    assert _performance(_case(truth, answers))["accuracy"]["value"] == pytest.approx(0.98)


def test_an_undefined_metric_is_never_passed() -> None:
    """The precision of a positive label that is never answered is undefined: not 0, not 1, not passed."""
    truth = [0, 1] * 50
    given = inputs(batch("test", {}, label=truth, prediction=[0] * 100))
    finding = _found(given, min={"precision": 0.0})["precision"]
    assert finding.value is None
    assert finding.verdict is Verdict.INCONCLUSIVE


def test_no_labelled_rows_is_not_applicable() -> None:
    """Where no row carries a label there is nothing to judge, and the count is said."""
    found = _found(inputs(batch("live", {}, label=[None, None], prediction=[0, 1])), current=("live",))
    assert {one.verdict for one in found.values()} == {Verdict.NOT_APPLICABLE}
    assert {(one.n, one.scope["split"]) for one in found.values()} == {(0, "live")}


SETTINGS: list[dict[str, Any]] = [
    {},
    {"min": {"accuracy": 0.5, "recall": {"1": 0.5}, "macro_f1": 0.5, "roc_auc": 0.5}},
    {"max_train_test_gap": 0.2, "min_gain_over_one_rule": 0.0, "min_gain_over_majority": 0.1, "max_invalid": 0.1},
    {"max_live_loss": 0.3, "min": {"f1": 0.5}},
]


@pytest.mark.parametrize("trained_here", [False, True])
@pytest.mark.parametrize("current", [("test",), ("test", "live"), ("live",)])
@pytest.mark.parametrize("settings", SETTINGS)
def test_requirements_rest_on_the_spec_alone(
    counted: Callable[..., dict[str, bool]], settings: dict[str, Any], current: tuple[str, ...], trained_here: bool
) -> None:
    """With labels or without, the same requirements count in the family."""
    truth, nothing = [0, 1] * 100, [None] * 200
    found = []
    for test, live in ((truth, truth), (truth, nothing), (nothing, nothing)):
        parts = (batch(split, {}, label=label, prediction=truth, first=first)
                 for split, label, first in (("test", test, 1), ("live", live, 1000)))  # fmt: skip
        given = inputs(*parts, labels=(0, 1))
        given["task"] = given["task"].model_copy(update={"trained_here": trained_here})
        found.append(counted(CHECK, given, current=current, **settings))
    assert found[0]
    assert all(found[0].values())
    assert found[1:] == [found[0]] * 2


def test_a_label_without_rows_is_a_doubt() -> None:
    """A test split that lacks a label is no proof that it is recognised, however right the other answers are."""
    given = inputs(batch("test", {}, label=[1] * 200, prediction=[1] * 200))
    found = _found(given, min={"balanced_accuracy": 0.95})
    assert found["balanced_accuracychance"].verdict is Verdict.INCONCLUSIVE
    assert found["balanced_accuracychance"].message.values["labels"] == ("0",)
    interval = _found(inputs(batch("test", {}, label=[1], prediction=[1])), min={"mcc": 0.5})["mcc"]
    assert interval.verdict is not Verdict.PASSED


def test_a_named_split_that_is_missing_is_a_doubt() -> None:
    """Beside a test split that passes, a live split that the spec names and that is not there asks for review."""
    truth = [0, 1] * 100
    found = run(CHECK, inputs(batch("test", {}, label=truth, prediction=truth)), current=("test", "live"))
    verdicts = [item.verdict for item in found if isinstance(item, Finding)]
    # Chance, a recall of zero, and outputs that are no label.
    assert verdicts.count(Verdict.INCONCLUSIVE) == 3


def test_weights_count() -> None:
    """With sample weights the value is scikit-learn's weighted one, and the interval is wider."""
    rng = np.random.default_rng(1)
    truth, answers = rng.integers(0, 2, 300).tolist(), rng.integers(0, 2, 300).tolist()
    weight = rng.integers(1, 9, 300).astype(float).tolist()
    weighted = _performance(inputs(batch("test", {}, label=truth, prediction=answers, weight=weight)))
    plain = _performance(inputs(batch("test", {}, label=truth, prediction=answers)))
    for name, score in (
        ("accuracy", metrics.accuracy_score),
        ("mcc", metrics.matthews_corrcoef),
        ("f1", metrics.f1_score),
    ):
        assert weighted[name]["value"] == pytest.approx(score(truth, answers, sample_weight=weight), abs=1e-6)
    width = {key: row["accuracy"]["high"] - row["accuracy"]["low"] for key, row in (("w", weighted), ("p", plain))}
    assert width["w"] > width["p"]


@pytest.mark.slow
def test_good_systems_are_rarely_rejected() -> None:
    """A system exactly at its minimum is rejected in far fewer than 5 % of audits (seeded simulation)."""
    rng = np.random.default_rng(2)
    rejected = 0
    for _ in range(200):
        truth = rng.integers(0, 2, 100)
        answers = np.where(rng.random(100) < 0.9, truth, 1 - truth)
        found = _found(_case(truth.tolist(), answers.tolist()), min={"accuracy": 0.9})
        rejected += any(finding.verdict is Verdict.FAILED for finding in found.values())
    assert rejected <= 10


def test_a_minimum_of_one_label_is_judged_on_that_label() -> None:
    """`recall = { b = 0.9 }` judges the rows of b alone, beside a minimum for all labels."""
    truth = ["a"] * 200 + ["b"] * 100
    answers = ["a"] * 200 + ["b"] * 60 + ["a"] * 40
    produced = run(CHECK, _case(truth, answers), min={"recall": {"a": 0.9, "b": 0.9}, "accuracy": 0.8})
    found = {
        (item.metric, item.scope.get("label")): item
        for item in produced
        if isinstance(item, Finding) and "against" not in item.scope
    }
    assert found["recall", "a"].verdict is Verdict.PASSED
    assert found["recall", "b"].verdict is Verdict.FAILED
    assert found["recall", "b"].value == pytest.approx(0.6)
    assert found["accuracy", None].verdict is Verdict.PASSED


def test_a_minimum_of_an_unknown_label_is_refused() -> None:
    """A label that does not exist is an error that lists the labels."""
    with pytest.raises(SpecError, match=r"recall.c: is not a label of the data; expected a, b"):
        run(CHECK, _case(["a", "b"] * 20, ["a", "b"] * 20), min={"recall": {"c": 0.9}})


@pytest.mark.parametrize(
    ("minima", "said"),
    [
        ('{"f2": 0.9}', "min.f2: unknown key; expected one of accuracy, balanced_accuracy"),
        ('{"accuracy": {"a": 0.9}}', "min.accuracy: is not valid; expected a valid number"),
        ('{"accuracy": -0.5}', "min.accuracy: is not valid; expected greater than or equal to 0"),
        ('{"recall": {"a": 2}}', "min.recall.a: is not valid; expected less than or equal to 1"),
        ('{"mcc": NaN}', "min.mcc: is not valid; expected a finite number"),
    ],
)
def test_a_minimum_that_cannot_be_judged_is_refused(minima: str, said: str) -> None:
    """An unknown metric, a table for a metric that no single label has, and a limit out of range are errors."""
    with pytest.raises(ValidationError) as caught:
        CHECK.validate(f'{{"min": {minima}}}')
    problems = problems_of(caught.value, "audit.toml", ("checks", "accuracy"), CHECK.settings)
    assert any(f"audit.toml: checks.accuracy.{said}" in str(problem) for problem in problems)


@pytest.mark.parametrize("minimum", [-0.5, 0])
def test_a_correlation_may_have_a_minimum_below_zero(minimum: float) -> None:
    """The range of a limit is that of its metric: Matthews' correlation begins at -1."""
    assert CHECK.validate(f'{{"min": {{"mcc": {minimum}}}}}').min == {"mcc": minimum}  # type: ignore[attr-defined]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=3, max_size=60),
    st.sampled_from(["macro", "micro", "weighted"]),
)
def test_averages_are_those_of_scikit_learn(pairs: list[tuple[str, str]], average: str) -> None:
    """`average` sets what precision, recall and F1 mean, as scikit-learn's setting of that name does."""
    truth, answers = map(list, zip(*pairs, strict=True))
    labels = sorted({*truth, *answers})
    if len(labels) < 2:
        return
    given_ = inputs(batch("test", {}, label=truth, prediction=answers), labels=labels, positive=None)
    found = _performance(given_, average=average)
    expected = metrics.f1_score(truth, answers, average=average, labels=labels, zero_division=0)
    assert found["f1"]["value"] == pytest.approx(expected)
    kappa = metrics.cohen_kappa_score(truth, answers)
    if not np.isnan(kappa):
        assert found["cohen_kappa"]["value"] == pytest.approx(kappa)


def test_scores_are_ranked_as_scikit_learn_does() -> None:
    """ROC AUC and average precision equal scikit-learn's within the binning error; of three labels, their mean."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 300)
    scores = np.clip(0.3 * truth + rng.random(300) * 0.7, 0, 1)
    given_ = inputs(batch("test", {}, label=truth.tolist(), prediction=truth.tolist(), scores={1: scores.tolist()}))
    found = _performance(given_)
    assert found["roc_auc"]["value"] == pytest.approx(metrics.roc_auc_score(truth, scores), abs=2e-3)
    expected = metrics.average_precision_score(truth, scores)
    assert found["average_precision"]["value"] == pytest.approx(expected, abs=5e-3)
    three = rng.integers(0, 3, 300)
    table = rng.dirichlet([1, 1, 1], 300) + 0.5 * np.eye(3)[three]
    table /= table.sum(axis=1, keepdims=True)
    columns = {label: table[:, label].tolist() for label in range(3)}
    batches = batch("test", {}, label=three.tolist(), prediction=three.tolist(), scores=columns)
    found = _performance(inputs(batches, labels=(0, 1, 2), positive=None))
    expected = metrics.roc_auc_score(three, table, multi_class="ovr")
    assert found["roc_auc"]["value"] == pytest.approx(expected, abs=2e-3)


def test_the_p_value_is_that_of_shuffled_answers() -> None:
    """Beside chance stands the share of shuffles that do as well: for two labels, Fisher's exact test."""
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 2, 60)
    answers = np.where(rng.random(60) < 0.62, truth, 1 - truth)
    finding = _found(_case(truth.tolist(), answers.tolist()))["balanced_accuracychance"]
    table = metrics.confusion_matrix(truth, answers)
    assert finding.details["permutation_p_value"] == pytest.approx(
        fisher_exact(table, alternative="greater").pvalue, abs=0.02
    )


@pytest.mark.parametrize(
    ("setting", "metric"), [("max_train_test_gap", "train_test_gap"), ("min_gain_over_one_rule", "gain_over_one_rule")]
)
def test_a_requirement_on_what_is_unknown_is_a_doubt(setting: str, metric: str) -> None:
    """Without answers on training rows, or a rule on one feature, what the spec demands of them is inconclusive."""
    truth = [0, 1] * 100
    assert _found(_case(truth, truth), **{setting: 0.1})[metric].verdict is Verdict.INCONCLUSIVE


def test_the_gain_over_one_rule_is_a_paired_difference() -> None:
    """The rule's answers to the same rows are compared: a model that adds nothing fails a minimum gain."""
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, 1000)
    rule = np.where(rng.random(1000) < 0.8, truth, 1 - truth)
    better = np.where(rng.random(1000) < 0.9, truth, rule)
    for answers, verdict in ((better, Verdict.PASSED), (rule, Verdict.FAILED)):
        batches = batch(
            "test", {}, label=truth.tolist(), prediction=answers.tolist(),
            reference_predictions={"one_rule": rule.tolist()},
        )  # fmt: skip
        finding = _found(inputs(batches), min_gain_over_one_rule=0.1)["gain_over_one_rule"]
        assert finding.verdict is verdict
    assert finding.value == 0


def test_answers_that_are_no_label_are_wrong_in_every_metric() -> None:
    """Refusals stay in the count: each metric is that of scikit-learn with a label of their own that nobody carries."""
    rng = np.random.default_rng(10)
    truth = rng.choice(["a", "b", "c"], 300).tolist()
    answers = [label if rng.random() < 0.7 else rng.choice(["a", "refused"]) for label in truth]
    found = _performance(_case(truth, answers))
    recalls = metrics.recall_score(truth, answers, average=None, labels=["a", "b", "c"])
    assert found["balanced_accuracy"]["value"] == pytest.approx(np.mean(recalls))
    assert found["mcc"]["value"] == pytest.approx(metrics.matthews_corrcoef(truth, answers))
    assert found["cohen_kappa"]["value"] == pytest.approx(metrics.cohen_kappa_score(truth, answers))
    for average in ("macro", "micro"):
        expected = metrics.f1_score(truth, answers, average=average, labels=["a", "b", "c"])
        assert found[f"{average}_f1"]["value"] == pytest.approx(expected)


def test_the_score_of_the_other_label_serves_as_well() -> None:
    """Of two labels the probability of one is what the other leaves: both give the same areas."""
    rng = np.random.default_rng(11)
    truth = rng.integers(0, 2, 300)
    scores = np.clip(0.3 * truth + rng.random(300) * 0.7, 0, 1)
    truth[:100] = 0  # of unequal labels the average precisions differ
    for label, values in ((1, scores), (0, 1 - scores)):
        rows = batch("test", {}, label=truth.tolist(), prediction=truth.tolist(), scores={label: values.tolist()})
        found = _performance(inputs(rows))
        assert found["roc_auc"]["value"] == pytest.approx(metrics.roc_auc_score(truth, scores), abs=2e-3)
        expected = metrics.average_precision_score(truth, scores)
        assert found["average_precision"]["value"] == pytest.approx(expected, abs=5e-3)


def test_a_missing_score_leaves_no_area() -> None:
    """With one score missing, a minimum of ROC AUC is a doubt, not the area of the other rows."""
    truth = [0, 1] * 50
    scores = [0.1, 0.9] * 49 + [0.1, float("nan")]
    rows = batch("test", {}, label=truth, prediction=truth, scores={1: scores})
    finding = _found(inputs(rows), min={"roc_auc": 0.6})["roc_auc"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.value is None


def test_rows_of_one_unit_widen_the_interval_of_an_area() -> None:
    """Where each unit has ten equal rows, the interval of ROC AUC is about as wide as that of so many units."""
    rng = np.random.default_rng(12)
    truth = rng.integers(0, 2, 80)
    scores = np.clip(0.25 * truth + rng.random(80) * 0.75, 0, 1)
    width = []
    for unit in (None, np.arange(80).repeat(10).tolist()):
        rows = batch(
            "test", {}, label=truth.repeat(10).tolist(), prediction=truth.repeat(10).tolist(),
            scores={1: scores.repeat(10).tolist()}, unit=unit,
        )  # fmt: skip
        row = _performance(inputs(rows))["roc_auc"]
        width.append(row["high"] - row["low"])
    assert 2.2 < width[1] / width[0] < 5


@pytest.mark.parametrize(
    ("others", "verdict"), [(1, Verdict.INCONCLUSIVE), (3, Verdict.INCONCLUSIVE), (9, Verdict.FAILED)]
)
def test_too_few_rows_of_other_labels_do_not_tell_a_classifier_that_gives_one_label(
    others: int, verdict: Verdict
) -> None:
    """One that finds a rare label in half of its rows misses 3 of them in one of 8 audits, and 9 hardly ever."""
    finding = _found(_case(["a"] * 100 + ["b"] * others, ["a"] * (100 + others)))["balanced_accuracychance"]
    assert (finding.verdict, finding.p_value) == (verdict, 0.5**others)
    assert "more rows would not change" not in str(finding.message)


def test_one_label_for_every_row_fails_for_certain() -> None:
    """Its balanced accuracy is 1/k on any rows: failed for certain, with that sentence, and no word of more rows."""
    finding = _found(_case(["a", "b", "c"] * 20, ["a"] * 60))["balanced_accuracychance"]
    assert finding.verdict is Verdict.FAILED
    assert (finding.value, finding.p_value, finding.rows_to_decide) == (pytest.approx(1 / 3), 0.0, None)
    assert finding.message.values == {"only": "a", "labels": 3}
    unparsable = _found(_case(["a", "b"] * 6, ["a"] * 11 + [None]))["balanced_accuracychance"]
    assert unparsable.p_value != 0.0


@pytest.mark.parametrize("labels", [2, 3])
def test_certainly_below_chance_looks_swapped(labels: int) -> None:
    """Answers turned round fail, and the finding says what they would be with the labels swapped, of two labels."""
    truth = list(range(labels)) * 100
    wrong = [(label + 1) % labels if i % 10 else label for i, label in enumerate(truth)]
    finding = _found(_case(truth, wrong))["balanced_accuracychance"]
    assert finding.verdict is Verdict.FAILED
    text = finding.message.values["text"]
    assert isinstance(text, Message)
    assert text.id.startswith("Worse than guessing")
    assert finding.details.get("swapped") == (None if labels == 3 else pytest.approx(0.9))


def test_scores_that_look_swapped_are_reported() -> None:
    """A ROC AUC certainly below 0.5 is found beside right predictions; one that may be 0.5 is not mentioned."""
    rng = np.random.default_rng(4)
    truth = [0, 1] * 150
    for score, expected in ((1 - np.array(truth) * 0.5 - rng.random(300) * 0.7, True), (rng.random(300), False)):
        rows = batch("test", {}, label=truth, prediction=truth, scores={1: score.tolist()})
        found = _found(inputs(rows))
        assert ("roc_aucchance" in found) is expected
        if expected:
            finding = found["roc_aucchance"]
            assert finding.verdict is Verdict.FOUND
            assert finding.value is not None
            assert finding.details["swapped"] == pytest.approx(1 - finding.value)
            assert finding.requirement is None


def test_the_gain_over_the_majority_s_label() -> None:
    """It is accuracy less the share of the training rows' most frequent label among the test rows, paired."""
    truth = ["a"] * 60 + ["b"] * 140
    answers = ["a"] * 50 + ["b"] * 150
    test = batch("test", {}, label=truth, prediction=answers)
    train = batch("train", {}, label=["a"] * 30 + ["b"] * 20)
    for batches, share in (((test,), 0.7), ((test, train), 0.3)):
        finding = _found(inputs(*batches, labels=("a", "b"), positive=None), min_gain_over_majority=0.1)
        gain = finding["gain_over_majority"]
        assert gain.value == pytest.approx(0.95 - share)
        assert gain.verdict is Verdict.PASSED
        assert gain.interval is not None
        assert gain.interval[0] < gain.value < gain.interval[1]
    unit = [i // 4 for i in range(200)]
    grouped = batch("test", {}, label=truth, prediction=answers, unit=unit)
    wider = _found(inputs(grouped, labels=("a", "b"), positive=None), min_gain_over_majority=0.1)["gain_over_majority"]
    assert wider.value == pytest.approx(0.25)
    narrow = _found(inputs(test, labels=("a", "b"), positive=None), min_gain_over_majority=0.1)["gain_over_majority"]
    assert wider.interval is not None
    assert narrow.interval is not None
    assert wider.interval[0] < narrow.interval[0]


def _rows(split: str, right: int, rows: int, **more: Any) -> Any:
    truth = [0, 1] * (rows // 2)
    order = np.random.default_rng(rows + right).permutation(rows)
    wrong = set(order[: rows - right].tolist())
    answers = [1 - label if i in wrong else label for i, label in enumerate(truth)]
    return batch(split, more.pop("columns", {}), label=more.pop("label", truth), prediction=answers, **more)


@pytest.mark.parametrize(
    ("right", "verdict"), [(720, Verdict.PASSED), (660, Verdict.FOUND), (560, Verdict.FAILED), (760, Verdict.PASSED)]
)
def test_a_loss_from_test_to_live_is_an_alarm(right: int, verdict: Verdict) -> None:
    """Above .05 for certain it fails, by value alone it is found, else it passes with what would have been shown."""
    finding = _found(inputs(_rows("test", 900, 1_000), _rows("live", right, 800)))["live_loss"]
    assert finding.value == pytest.approx(0.9 - right / 800)
    assert finding.verdict is verdict
    assert finding.requirement is not None
    assert (finding.requirement.alarm, finding.requirement.setting) == (True, ("max_live_loss",))
    assert (finding.scope, finding.n) == ({"split": "live"}, 800)
    assert finding.details == {"accuracy_on_test": pytest.approx(0.9), "accuracy_on_live": pytest.approx(right / 800)}
    assert ("shown" in finding.message.values) == (verdict is Verdict.PASSED)


def test_what_a_passed_loss_would_have_shown_is_shown_four_times_in_five() -> None:
    """Live rows that lose as much as the finding says are above the limit with their whole interval, 75 to 90 %."""
    finding = _found(inputs(_rows("test", 900, 1_000), _rows("live", 720, 800)))["live_loss"]
    loss = float(finding.message.values["shown"])  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    certain = 0
    for _ in range(200):
        before, after = rng.binomial(1_000, 0.9), rng.binomial(800, 0.9 - loss)
        certain += _lower_end(before, after) > 0.05
    assert 0.7 <= certain / 200 <= 0.92


def _lower_end(before: int, after: int) -> float:
    """Return the lower end of the loss, as the check gives it."""
    task = inputs()["task"]
    tables = []
    for right, rows in ((after, 800), (before, 1_000)):
        counts = np.array([[right, rows - right, 0], [0, 0, 0]])
        tables.append(CrossTable(counts, counts.astype(float), counts.astype(float)))
    return unpaired_difference("accuracy", tables[1], tables[0], task, "macro").bounds(0.95)[0]


def test_only_labelled_live_rows_count() -> None:
    """Rows without a label are left out; without any the alarm is not applicable, and a limit is inconclusive."""
    test = _rows("test", 900, 1_000)
    half = [label if i < 400 else None for i, label in enumerate([0, 1] * 400)]
    finding = _found(inputs(test, _rows("live", 700, 800, label=half)))["live_loss"]
    assert finding.n == 400
    unlabelled = inputs(test, _rows("live", 700, 800, label=[None] * 800))
    unknown = _found(unlabelled)["live_loss"]
    assert (unknown.verdict, unknown.value) == (Verdict.NOT_APPLICABLE, None)
    assert unknown.requirement is not None
    assert unknown.requirement.alarm
    assert "live_loss" not in _found(inputs(test))
    limited = _found(unlabelled, max_live_loss=0.2)["live_loss"]
    assert limited.verdict is Verdict.INCONCLUSIVE
    assert limited.requirement is not None
    assert (limited.requirement.limit, limited.requirement.alarm) == (0.2, False)


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.2, Verdict.PASSED), (0.12, Verdict.INCONCLUSIVE), (0.01, Verdict.FAILED)]
)
def test_a_limit_on_the_loss_is_decided_on_its_bound(limit: float, verdict: Verdict) -> None:
    """`max_live_loss` is a requirement as any other: a value under the limit is not enough."""
    given = inputs(_rows("test", 900, 1_000), _rows("live", 640, 800))
    assert _found(given, max_live_loss=limit)["live_loss"].verdict is verdict


def _by_month(split: str, year: int, right: list[int], rows: int) -> Any:
    truth, answers, times = [], [], []
    for month, hits in enumerate(right, 1):
        order = np.random.default_rng(month).permutation(rows)
        for i in range(rows):
            truth.append(i % 2)
            answers.append(i % 2 if order[i] < hits else 1 - i % 2)
            times.append(f"{year}-{month:02}")
    return batch(split, {"when": times}, label=truth, prediction=answers)


def test_the_window_that_broke_first_is_named() -> None:
    """Of six months the fourth and fifth lie below what the test months let expect; the finding names the fourth."""
    test = _by_month("test", 2025, [180, 178, 183, 181, 179, 182], 200)
    live = _by_month("live", 2026, [179, 182, 180, 120, 118, 181], 200)
    given = inputs(test, live, time="when")
    finding = _found(given)["accuracy_by_window"]
    assert (finding.verdict, finding.requirement) == (Verdict.FOUND, None)
    assert finding.scope == {"split": "live", "window": "2026-04-01"}
    assert finding.value == pytest.approx(0.6)
    assert finding.details == {"windows": 6, "windows_below": 2}
    rows = _table(given, "live_windows")
    assert [row["state"].id for row in rows] == [
        *["as expected"] * 3, *["below what was expected"] * 2, "as expected"
    ]  # fmt: skip
    assert [row["rows"] for row in rows] == [200] * 6
    for row in rows:
        assert row["low"] < row["value"] < row["high"]
        assert row["expected_low"] < 0.9 < row["expected_high"]


def test_windows_that_differ_in_the_test_as_well_have_not_broken() -> None:
    """Where the months of the test differ as much as those of production the expected range is wide."""
    test = _by_month("test", 2025, [190, 150, 185, 140, 192, 155], 200)
    live = _by_month("live", 2026, [188, 148, 180, 145], 200)
    given = inputs(test, live, time="when")
    assert "accuracy_by_window" not in _found(given)
    assert {row["state"].id for row in _table(given, "live_windows")} == {"as expected"}


def test_windows_without_change_seldom_break() -> None:
    """Of 60 audits whose accuracy never changed, at most 6 report a window: 5 % are allowed."""
    rng = np.random.default_rng(2)
    reported = 0
    for _ in range(60):
        test = _by_month("test", 2025, rng.binomial(60, 0.85, 6).tolist(), 60)
        live = _by_month("live", 2026, rng.binomial(60, 0.85, 6).tolist(), 60)
        by_time = inputs(test, live, time="when")["outcomes_by_time"]
        reported += any(isinstance(one, Finding) for one in live_windows(by_time, Policy(confidence=0.95)))
    assert reported <= 6


def test_without_times_there_are_no_windows() -> None:
    """No column of time, or no labelled live row with one: no table."""
    assert _table(inputs(_rows("test", 900, 1_000), _rows("live", 700, 800)), "live_windows") == []
    test, live = _by_month("test", 2025, [50], 60), _rows("live", 50, 60, columns={"when": [None] * 60})
    assert _table(inputs(test, live, time="when"), "live_windows") == []
