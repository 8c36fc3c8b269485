"""The fairness check: Fairlearn's numbers on the rows, pairs decided on bounds and by an exact test, small groups."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn import metrics as sklearn

from llmops_audit.analysis.fairness.group_metrics import DIFFERENCE_LIMITS, GROUP_METRICS
from llmops_audit.check.registry import provided
from llmops_audit.errors.validation import problems_of
from llmops_audit.record import Finding, Table, Verdict
from llmops_audit.record.figures import Estimate, Gap, Grouping, GroupMetrics
from llmops_audit.stats import clopper_pearson
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["fairness"].check


def _case(rates: dict[str, tuple[int, int]], **more: Any) -> dict[str, Any]:
    """Each group's number selected and number of rows; every answer is right."""
    group = [name for name, (_, n) in rates.items() for _ in range(n)]
    answers = [int(i < selected) for selected, n in rates.values() for i in range(n)]
    return inputs(batch("test", {"sex": group}, label=answers, prediction=answers), groups=["sex"], **more)


def _findings(given: dict[str, Any], **settings: Any) -> list[Finding]:
    return [item for item in run(CHECK, given, **settings) if isinstance(item, Finding)]


def _figure(given: dict[str, Any], **settings: Any) -> GroupMetrics:
    return next(item for item in run(CHECK, given, **settings) if isinstance(item, GroupMetrics))


def _grouping(given: dict[str, Any], *attributes: str, **settings: Any) -> Grouping:
    return next(one for one in _figure(given, **settings).groupings if one.attributes == attributes)


def _disparities(given: dict[str, Any], **settings: Any) -> dict[tuple[str, str], dict[str, Any]]:
    table = next(item for item in run(CHECK, given, **settings) if isinstance(item, Table))
    return {(str(row["attribute"]), str(row["metric"])): dict(row) for row in table.rows}


def test_it_conforms() -> None:
    """Equal groups pass, a group that is selected half as often fails."""
    clean, violating = (
        _case({"F": (500, 1000), "M": (500, 1000)}),
        _case({"F": (250, 1000), "M": (500, 1000)}),
    )
    assert_conforms(CHECK, clean=clean, violating=violating)


BY_LABEL = {
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "true_negative_rate": fairlearn.true_negative_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "precision": sklearn.precision_score,
    "f1": sklearn.f1_score,
}


def _on_the_rows(truth: list[int], answers: list[int], weight: list[int], of: int | None) -> dict[str, float | None]:
    """Fairlearn's and scikit-learn's metrics of the rows of one group; None where a denominator is zero."""
    y, p, w = np.array(truth), np.array(answers), np.array(weight)
    if of is None:
        found: dict[str, float | None] = {
            "accuracy": sklearn.accuracy_score(y, p, sample_weight=w),
            "mcc": sklearn.matthews_corrcoef(y, p, sample_weight=w),
        }
        if len(set(truth)) < 2 or len(set(answers)) < 2:
            found["mcc"] = None
        return found
    y, p = (y == of).astype(int), (p == of).astype(int)
    needed = {
        "true_positive_rate": y.any(), "false_negative_rate": y.any(), "false_positive_rate": (1 - y).any(),
        "true_negative_rate": (1 - y).any(), "precision": p.any(), "f1": (y | p).any(),
    }  # fmt: skip
    found = {name: metric(y, p, sample_weight=w) if needed[name] else None for name, metric in BY_LABEL.items()}
    return {**found, "selection_rate": fairlearn.selection_rate(y, p, sample_weight=w)}


def _rows(labels: int) -> Any:
    row = st.tuples(*[st.integers(0, labels - 1)] * 2, st.sampled_from("xyz"), st.sampled_from("ab"), st.integers(1, 5))
    return st.lists(row, min_size=1, max_size=60)


@pytest.mark.parametrize("labels", [2, 3])
def test_metrics_are_fairlearn_s_on_the_rows(labels: int) -> None:
    """Every metric of every group, single or intersected, equals Fairlearn's on the rows to 1e-12, or is undefined."""

    # Fairlearn takes seconds for every example of three labels.
    @settings(max_examples=15 if labels == 2 else 5, phases=[Phase.explicit, Phase.generate])
    @given(_rows(labels))
    def equal(drawn: list[tuple[int, int, str, str, int]]) -> None:
        truth, answers, sex, race, weight = map(list, zip(*drawn, strict=True))
        case = inputs(
            batch(
                "test", {"sex": sex, "race": race}, label=truth, prediction=answers, weight=[float(w) for w in weight]
            ),
            groups=["sex", "race"], labels=range(labels), positive=1 if labels == 2 else None,
        )  # fmt: skip
        frame = pd.DataFrame({"sex": sex, "race": race})
        # All metrics of a group and a label at once.
        known: dict[tuple[object, ...], dict[str, float | None]] = {}
        for one in _figure(case).groupings:
            for estimate in one.estimates:
                if estimate.metric in ("balanced_accuracy", "macro_precision", "macro_f1"):
                    continue
                chosen = (frame[list(one.attributes)] == list(estimate.group)).all(axis=1).to_numpy()
                rows = [
                    [value for value, keep in zip(c, chosen, strict=True) if keep] for c in (truth, answers, weight)
                ]
                key = (one.attributes, estimate.group, estimate.of)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    if key not in known:
                        known[key] = _on_the_rows(*rows, estimate.of)  # type: ignore[arg-type]
                wanted = known[key][estimate.metric]
                if wanted is None:
                    assert estimate.value is None
                else:
                    assert estimate.value == pytest.approx(wanted, abs=1e-12)
                    # A few rows may leave the end of a coefficient open, never that of a share.
                    low, high = estimate.low, estimate.high
                    if estimate.metric == "mcc":
                        low, high = (-1.0 if low is None else low), (1.0 if high is None else high)
                    assert low is not None
                    assert high is not None
                    assert low - 1e-9 <= estimate.value <= high + 1e-9

    equal()


def test_macro_metrics_are_scikit_learn_s() -> None:
    """Of more than two labels, balanced accuracy and macro precision and F1 are scikit-learn's on a group's rows."""
    rng = np.random.default_rng(8)
    truth, answers, sex = rng.integers(0, 3, 400), rng.integers(0, 3, 400), rng.choice(["F", "M"], 400)
    case = inputs(
        batch("test", {"sex": sex.tolist()}, label=truth.tolist(), prediction=answers.tolist()),
        groups=["sex"], labels=range(3), positive=None,
    )  # fmt: skip
    found = {(e.group[0], e.metric): e.value for e in _grouping(case, "sex").estimates if e.of is None}
    for group in "FM":
        y, p = truth[sex == group], answers[sex == group]
        wanted = {
            "balanced_accuracy": sklearn.balanced_accuracy_score(y, p),
            "macro_precision": sklearn.precision_score(y, p, average="macro"),
            "macro_f1": sklearn.f1_score(y, p, average="macro"),
            "mcc": sklearn.matthews_corrcoef(y, p),
            "accuracy": sklearn.accuracy_score(y, p),
        }
        assert {name: found[group, name] for name in wanted} == pytest.approx(wanted, abs=1e-12)


def _random(rng: np.random.Generator, n: int = 900) -> tuple[dict[str, Any], Any, Any, Any]:
    truth, answers, group = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.choice(["a", "b", "c"], n)
    case = inputs(
        batch("test", {"sex": group.tolist()}, label=truth.tolist(), prediction=answers.tolist()), groups=["sex"]
    )
    return case, truth, answers, group


def test_disparities_are_fairlearn_s() -> None:
    """Parity, equalized odds and equal opportunity equal Fairlearn's own functions on the rows."""
    case, truth, answers, group = _random(np.random.default_rng(3))
    found = _disparities(case)
    for name in (
        "demographic_parity_difference", "demographic_parity_ratio", "equalized_odds_difference",
        "equalized_odds_ratio", "equal_opportunity_difference",
    ):  # fmt: skip
        wanted = getattr(fairlearn, name)(truth, answers, sensitive_features=group)
        assert found["sex", name]["value"] == pytest.approx(wanted, abs=1e-12)
    frame = fairlearn.MetricFrame(
        metrics={"accuracy": sklearn.accuracy_score, "precision": sklearn.precision_score},
        y_true=truth, y_pred=answers, sensitive_features=group,
    )  # fmt: skip
    assert found["sex", "accuracy_difference"]["value"] == pytest.approx(frame.difference()["accuracy"], abs=1e-12)
    assert found["sex", "predictive_parity_difference"]["value"] == pytest.approx(frame.difference()["precision"])
    assert found["sex", "worst_group_accuracy"]["value"] == pytest.approx(frame.group_min()["accuracy"])
    highest, lowest = (getattr(frame.by_group["precision"], name)() for name in ("idxmax", "idxmin"))
    row = found["sex", "predictive_parity_difference"]
    assert (row["group"], row["compared_with"]) == (highest, lowest)


def test_gaps_name_the_lower_group_first_and_have_intervals() -> None:
    """A gap is the higher rate less the lower, the ratio the lower over the higher, each inside its interval."""
    gap = next(g for g in _grouping(_case({"F": (100, 1000), "M": (500, 1000)}), "sex").gaps if g.of == 1)
    assert (gap.metric, gap.group, gap.compared_with) == ("selection_rate", ("F",), ("M",))
    assert gap.difference == pytest.approx(0.4)
    assert gap.ratio == pytest.approx(0.2)
    _ends_hold(gap)
    assert gap.p_value is not None
    assert gap.p_value < gap.p_adjusted < 1e-50  # type: ignore[operator]
    assert gap.detectable == pytest.approx(0.07, abs=0.03)


def _ends_hold(gap: Gap) -> None:
    assert gap.low is not None
    assert gap.difference is not None
    assert gap.high is not None
    assert gap.low <= gap.difference <= gap.high
    assert gap.ratio is not None
    assert gap.ratio_low is not None
    assert gap.ratio_high is not None
    assert gap.ratio_low <= gap.ratio <= gap.ratio_high


def test_p_values_are_adjusted_over_all_gaps() -> None:
    """Holm's correction counts each question once: a rate and its complement are one question."""
    case, *_ = _random(np.random.default_rng(4))
    gaps = [gap for gap in _grouping(case, "sex").gaps if gap.p_value is not None]
    of_twins = {(g.group, g.compared_with, g.p_value): g.p_adjusted for g in gaps if "negative" in g.metric}
    questions = [gap for gap in gaps if "negative" not in gap.metric]
    assert len(questions) == 3 * 5
    least = min(questions, key=lambda gap: gap.p_value or 0.0)
    assert least.p_adjusted == pytest.approx(min(1.0, 15 * (least.p_value or 0.0)))
    assert len(of_twins) == 6
    assert set(of_twins.values()) <= {gap.p_adjusted for gap in questions}


def test_one_finding_a_group_names_the_worst_pair() -> None:
    """Each group has its finding; that of the group selected least names whom it is compared with."""
    given = _case({"F": (100, 1000), "M": (500, 1000), "X": (490, 1000)})
    found = {finding.scope["sex"]: finding for finding in _findings(given)}
    assert set(found) == {"F", "M", "X"}
    assert found["F"].verdict is Verdict.FAILED
    assert found["F"].details["compared_with"] == "M"
    assert found["F"].value == pytest.approx(0.2)
    assert found["F"].p_value is not None
    assert found["F"].p_value < 1e-20
    assert found["M"].verdict is Verdict.PASSED


def test_a_gap_that_an_exact_test_does_not_find_is_no_failure() -> None:
    """The interval of a rare event is too narrow: 0 of 500 beside 1 of 30 may be chance, 0 beside 6 hardly."""
    found = next(f for f in _findings(_case({"F": (0, 500), "M": (1, 30)})) if f.scope["sex"] == "F")
    assert found.decided_by is not None
    assert found.decided_by[1] is not None
    assert found.p_value is not None
    assert (found.decided_by[1] < 0.8, found.p_value > 0.05) == (True, True)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "exact test" in found.message.id
    sure = next(f for f in _findings(_case({"F": (0, 500), "M": (6, 30)})) if f.scope["sex"] == "F")
    assert sure.verdict is Verdict.FAILED


def test_a_difference_has_no_direction() -> None:
    """Two rates of 0 may differ by as much as the smaller group leaves open, whichever group is named first."""
    for small, large in (("A", "B"), ("B", "A")):
        given = _case({small: (0, 30), large: (0, 1000)})
        (found,) = _findings(given, min_ratio={}, max_difference={"selection_rate": 0.05})
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.interval is not None
        assert found.interval[1] is not None
        assert found.interval[1] > 0.1


def test_small_groups_are_not_judged_but_counted() -> None:
    """A group with too few rows is not applicable, with its count; the others are judged."""
    given = _case({"F": (500, 1000), "M": (500, 1000), "X": (0, 5)})
    found = _findings(given)
    small = [finding for finding in found if finding.verdict is Verdict.NOT_APPLICABLE]
    assert [(finding.scope["sex"], finding.n) for finding in small] == [("X", 5)]
    assert {finding.verdict for finding in found if finding not in small} == {Verdict.PASSED}
    sizes = {size.group: (size.rows, size.judged) for size in _grouping(given, "sex").groups}
    assert sizes == {("F",): (1000, True), ("M",): (1000, True), ("X",): (5, False)}


def test_missing_values_are_a_group() -> None:
    """Rows without a group value form the category (missing)."""
    group = [None] * 100 + ["F"] * 100
    answers = [0, 1] * 100
    given = inputs(batch("test", {"sex": group}, label=answers, prediction=answers), groups=["sex"])
    assert [size.group for size in _grouping(given, "sex").groups] == [("(missing)",), ("F",)]


@pytest.mark.parametrize("column", [["F"] * 100, [None] * 100])
def test_a_constant_group_is_not_applicable(column: list[str | None]) -> None:
    """A group column that is constant or all missing leaves nothing to compare."""
    answers = [0, 1] * 50
    given = inputs(batch("test", {"sex": column}, label=answers, prediction=answers), groups=["sex"])
    assert {finding.verdict for finding in _findings(given)} == {Verdict.NOT_APPLICABLE}


def test_nobody_selected_is_never_passed() -> None:
    """Where nobody is selected the ratio is undefined, which is no pass."""
    verdicts = {finding.verdict for finding in _findings(_case({"F": (0, 100), "M": (0, 100)}))}
    assert verdicts == {Verdict.INCONCLUSIVE}


def _unequal(n: int = 4000, answered: float = 0.5) -> dict[str, Any]:
    """Half of the right answers to women are turned into 0."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, n)
    group = np.array(["F", "M"])[np.arange(n) % 2]
    answers = np.where((group == "F") & (rng.random(n) < answered), 0, truth)
    scores = np.where(answers == 1, 0.8, 0.2) + rng.uniform(-0.15, 0.15, n)
    return inputs(
        batch(
            "test", {"sex": group.tolist()}, label=truth.tolist(), prediction=answers.tolist(),
            scores={1: scores.tolist()},
        ),
        groups=["sex"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "metric", "rate"),
    [
        ("selection_rate", "demographic_parity_difference", "selection_rate"),
        ("error_rates", "equalized_odds_difference", "true_positive_rate"),
        ("true_positive_rate", "equal_opportunity_difference", "true_positive_rate"),
        ("false_negative_rate", "false_negative_rate_difference", "false_negative_rate"),
        ("f1", "f1_difference", "f1"),
        ("accuracy", "accuracy_difference", "accuracy"),
        ("roc_auc", "roc_auc_difference", "roc_auc"),
        ("calibration_gap", "calibration_gap_difference", "calibration_gap"),
    ],
)
def test_maximum_differences_are_judged_when_set(key: str, metric: str, rate: str) -> None:
    """Each maximum gives a finding an attribute, failed by unequal groups and passed where it allows as much."""
    for limit, verdict in ((0.05, Verdict.FAILED), (0.7, Verdict.PASSED)):
        (found,) = _findings(_unequal(), max_difference={key: limit}, min_ratio={})
        assert (found.metric, found.verdict, found.details["rate"]) == (metric, verdict, rate)


@pytest.mark.parametrize("key", DIFFERENCE_LIMITS)
def test_no_difference_between_equal_groups_fails(key: str) -> None:
    """Every key of `max_difference` can be judged, and groups that are treated alike never fail by it."""
    (found,) = _findings(_unequal(answered=0.0), max_difference={key: 0.1}, min_ratio={})
    assert found.metric == GROUP_METRICS[key].difference.name  # type: ignore[union-attr]
    assert found.verdict is not Verdict.FAILED
    assert found.value is not None


@pytest.mark.parametrize(
    ("key", "metric"),
    [
        ("true_positive_rate", "equal_opportunity_ratio"),
        ("error_rates", "equalized_odds_ratio"),
        ("accuracy", "accuracy_ratio"),
    ],
)
def test_minimum_ratios_are_judged_when_set(key: str, metric: str) -> None:
    """Each minimum ratio gives a finding a group; the group that is worse off fails."""
    found = {finding.scope["sex"]: finding for finding in _findings(_unequal(), min_ratio={key: 0.9})}
    assert {finding.metric for finding in found.values()} == {metric}
    assert found["F"].verdict is Verdict.FAILED


def test_a_valid_output_rate_is_measured_on_demand() -> None:
    """The share of outputs that are a label is judged where the spec limits it, and is in no record otherwise."""
    answers = ["what?" if i % 20 == 0 else i % 2 for i in range(1000)] + [i % 2 for i in range(1000)]
    truth = [i % 2 for i in range(2000)]
    given = inputs(batch("test", {"sex": ["F"] * 1000 + ["M"] * 1000}, label=truth, prediction=answers), groups=["sex"])
    assert not [e for e in _grouping(given, "sex").estimates if e.metric == "valid_output_rate"]
    rules = {"max_difference": {"valid_output_rate": 0.02}, "min_worst_group": {"valid_output_rate": 0.9}}
    difference, *each = _findings(given, min_ratio={}, **rules)
    assert (difference.metric, difference.value) == ("valid_output_rate_difference", pytest.approx(0.05))
    assert difference.verdict is Verdict.FAILED
    assert {f.scope["sex"]: (f.value, f.verdict) for f in each} == {
        "F": (pytest.approx(0.95), Verdict.PASSED), "M": (1.0, Verdict.PASSED),
    }  # fmt: skip
    low, high = clopper_pearson(950, 1000, 0.95)
    assert each[0].interval == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("setting", "limits", "said"),
    [
        (
            "max_difference",
            '{"mcc": 0.1}',
            "mcc: unknown key; expected one of selection_rate, error_rates",
        ),
        ("min_ratio", '{"roc_auc": 0.8}', "min_ratio.roc_auc: unknown key"),
        ("min_worst_group", '{"false_positive_rate": 0.1}', "min_worst_group.false_positive_rate: unknown key"),
        (
            "max_difference",
            '{"accuracy": 1.5}',
            "accuracy: is not valid; expected less than or equal to 1",
        ),
        ("max_difference", '{"accuracy": -0.1}', "expected greater than or equal to 0"),
        ("max_difference", '{"accuracy": NaN}', "expected a finite number"),
        ("max_difference", '{"accuracy": {}}', "expected a valid number"),
        ("max_difference", '{"accuracy": "0.1"}', "expected a valid number"),
    ],
)
def test_a_limit_that_cannot_be_judged_is_refused(setting: str, limits: str, said: str) -> None:
    """An unknown key lists those that are known; a limit that is no number, or out of range, is an error."""
    with pytest.raises(ValidationError) as caught:
        CHECK.validate(f'{{"{setting}": {limits}}}')
    problems = problems_of(caught.value, "audit.toml", ("checks", "fairness"), CHECK.settings)
    assert any(said in str(problem) for problem in problems)


def test_predictive_parity_is_judged_on_precision() -> None:
    """Precision alone differs where wrong answers are added for one group."""
    truth = [0, 1] * 1000
    group = ["F", "F", "M", "M"] * 500
    answers = [1 if g == "F" and i % 8 == 0 else t for i, (t, g) in enumerate(zip(truth, group, strict=True))]
    given = inputs(batch("test", {"sex": group}, label=truth, prediction=answers), groups=["sex"])
    (found,) = _findings(given, min_ratio={}, max_difference={"precision": 0.05})
    assert (found.verdict, found.details["group"]) == (Verdict.FAILED, "M")
    assert found.value == pytest.approx(1 - 500 / 750)


def test_an_undefined_rate_is_a_doubt() -> None:
    """A group without positive rows has no true positive rate: the difference cannot be judged, and is never 0."""
    truth, group = [0, 1] * 100 + [0] * 100, ["F"] * 200 + ["M"] * 100
    given = inputs(batch("test", {"sex": group}, label=truth, prediction=truth), groups=["sex"])
    found = _findings(given, min_ratio={}, max_difference={"true_positive_rate": 0.1})
    assert [(finding.verdict, finding.value) for finding in found] == [(Verdict.INCONCLUSIVE, None)]


def test_a_group_without_any_weight_is_a_doubt() -> None:
    """Rows that all weigh nothing are no selection rate; the others are judged."""
    sex, answers = ["F"] * 100 + ["M"] * 100 + ["X"] * 100, [0, 1] * 150
    weight = [1.0] * 200 + [0.0] * 100
    one = batch("test", {"sex": sex}, label=answers, prediction=answers, weight=weight)
    found = {f.scope["sex"]: f for f in _findings(inputs(one, groups=["sex"]), min_ratio={"selection_rate": 0.5})}
    assert {name: finding.verdict for name, finding in found.items()} == {
        "F": Verdict.PASSED, "M": Verdict.PASSED, "X": Verdict.INCONCLUSIVE,
    }  # fmt: skip


def test_the_worst_group_must_reach_its_minimum() -> None:
    """A minimum holds for each group; the one that misses it fails by name."""
    found = _findings(_unequal(), min_ratio={}, min_worst_group={"accuracy": 0.9, "true_positive_rate": 0.9})
    verdicts = {(finding.metric, finding.scope["sex"]): finding.verdict for finding in found}
    assert verdicts == {
        ("accuracy", "F"): Verdict.FAILED, ("accuracy", "M"): Verdict.PASSED,
        ("true_positive_rate", "F"): Verdict.FAILED, ("true_positive_rate", "M"): Verdict.PASSED,
    }  # fmt: skip


def test_a_score_rule_without_scores_is_a_doubt() -> None:
    """A limit on ROC AUC where nobody gives scores cannot be judged."""
    found = _findings(_case({"F": (50, 100), "M": (50, 100)}), min_ratio={}, max_difference={"roc_auc": 0.1})
    assert [finding.verdict for finding in found] == [Verdict.INCONCLUSIVE]


def test_the_favourable_answer_turns_the_rule() -> None:
    """Where being answered 1 is no favour, the group answered 0 less often is the one held back."""
    given = _case({"F": (700, 1000), "M": (100, 1000)})
    failed = {f.scope["sex"] for f in _findings(given, favourable=0) if f.verdict is Verdict.FAILED}
    assert failed == {"F"}
    assert {f.scope["sex"] for f in _findings(given) if f.verdict is Verdict.FAILED} == {"M"}
    figure = _figure(given, favourable=0)
    assert (figure.favourable, figure.positive) == (0, 1)
    measured = {(estimate.metric, estimate.of) for estimate in figure.groupings[0].estimates}
    assert {("selection_rate", 0), ("true_positive_rate", 1)} <= measured
    assert ("true_positive_rate", 0) not in measured
    (rule,) = _findings(given, favourable=0, min_ratio={}, max_difference={"true_positive_rate": 0.1})
    assert (rule.details["label"], rule.verdict) == (1, Verdict.PASSED)


def test_an_unknown_favourable_answer_is_an_error() -> None:
    """A favourable label that the data does not have is never taken for one."""
    found = _findings(_case({"F": (50, 100), "M": (50, 100)}), favourable="granted")
    assert [finding.verdict for finding in found] == [Verdict.ERROR]


def test_intersections_show_what_single_attributes_hide() -> None:
    """Sex and race each look fair, their intersection does not."""
    sex, race = ["F", "M"] * 1000, (["x"] * 2 + ["y"] * 2) * 500
    favoured = [(s == "F") == (r == "x") for s, r in zip(sex, race, strict=True)]
    rng = np.random.default_rng(5)
    answers = [int(rng.random() < (0.7 if one else 0.3)) for one in favoured]
    given = inputs(batch("test", {"sex": sex, "race": race}, label=answers, prediction=answers), groups=["sex", "race"])
    assert {finding.verdict for finding in _findings(given, intersections=1)} == {Verdict.PASSED}
    failed = [finding.scope for finding in _findings(given) if finding.verdict is Verdict.FAILED]
    assert {(scope["sex"], scope["race"]) for scope in failed} == {("F", "y"), ("M", "x")}


def test_unlabelled_rows_have_selection_rates() -> None:
    """Live rows without labels are selected or not all the same; error rates stay undefined."""
    answers = [0, 1] * 100
    given = inputs(
        batch("live", {"sex": ["F"] * 100 + ["M"] * 100}, label=[None] * 200, prediction=answers), groups=["sex"]
    )
    found = {(e.group[0], e.metric): e.value for e in _grouping(given, "sex", current="live").estimates}
    assert found["F", "selection_rate"] == 0.5
    assert found["F", "true_positive_rate"] is None
    assert found["F", "mcc"] is None
    assert {finding.verdict for finding in _findings(given, current="live")} == {Verdict.INCONCLUSIVE}


def test_labels_without_a_positive_one_are_judged_each() -> None:
    """Of three labels and no positive one, a difference is looked for in each; the ratio has nobody to speak of."""
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 3, 3000)
    sex = np.array(["F", "M"])[np.arange(3000) % 2]
    answers = np.where((sex == "F") & (truth == 2), 0, truth)
    given = inputs(
        batch("test", {"sex": sex.tolist()}, label=truth.tolist(), prediction=answers.tolist()),
        groups=["sex"], labels=range(3), positive=None,
    )  # fmt: skip
    (found,) = _findings(given, max_difference={"true_positive_rate": 0.1})
    assert (found.verdict, found.details["label"]) == (Verdict.FAILED, 2)
    assert {finding.verdict for finding in _findings(given)} == {Verdict.NOT_APPLICABLE}


def test_an_attribute_that_cannot_be_judged_beside_one_that_can_is_a_doubt() -> None:
    """A constant attribute does not hide behind another that passes."""
    answers = [0, 1] * 200
    columns = {"sex": ["F", "F", "M", "M"] * 100, "race": ["x"] * 400}
    found = _findings(inputs(batch("test", columns, label=answers, prediction=answers), groups=["sex", "race"]))
    assert {finding.verdict for finding in found if finding.scope.get("attribute") == "race"} == {Verdict.INCONCLUSIVE}


def test_weighted_rates_do_not_depend_on_the_order_of_batches() -> None:
    """The same rows in another order of batches give the same bits."""
    rng = np.random.default_rng(6)
    parts = [
        batch(
            "test", {"sex": rng.choice(["F", "M"], 50).tolist()}, label=rng.integers(0, 2, 50).tolist(),
            prediction=rng.integers(0, 2, 50).tolist(), weight=rng.uniform(0, 3, 50).tolist(), first=1 + 50 * i,
        )
        for i in range(6)
    ]  # fmt: skip
    assert _figure(inputs(*parts, groups=["sex"])) == _figure(inputs(*parts[::-1], groups=["sex"]))


def test_rows_of_one_unit_widen_the_intervals() -> None:
    """Ten copies of a person's row tell little more than one."""
    rng = np.random.default_rng(7)
    person = np.repeat(np.arange(100), 10)
    answers = np.repeat(rng.integers(0, 2, 100), 10)
    sex = np.array(["F", "M"])[person % 2]

    def width(**unit: Any) -> float:
        one = batch("test", {"sex": sex.tolist()}, label=answers.tolist(), prediction=answers.tolist(), **unit)
        estimates: tuple[Estimate, ...] = _grouping(inputs(one, groups=["sex"]), "sex").estimates
        found = next(e for e in estimates if e.metric == "selection_rate")
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert width(unit=person.tolist()) > 2 * width()


@pytest.mark.slow
def test_fair_systems_are_rarely_rejected() -> None:
    """Five groups of 50 with one and the same selection rate are rejected in at most 5 % of audits (simulation)."""
    rng = np.random.default_rng(5)
    groups, runs, rejected = 5, 40, 0
    for _ in range(runs):
        selected = rng.binomial(50, 0.5, groups)
        found = _findings(_case({f"g{i}": (int(x), 50) for i, x in enumerate(selected)}))
        rejected += any(finding.verdict is Verdict.FAILED for finding in found)
    assert rejected <= 0.05 * runs
