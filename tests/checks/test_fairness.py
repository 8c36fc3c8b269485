"""The fairness check: Fairlearn's numbers on the rows, rules decided by the pair that matters, groups apart."""

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
from llmops_audit.record import Finding, Message, Op, Table, Verdict, requirement_id
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
    rates = {"selection_rate": (y, p), "base_rate": (p, y)}
    return {**found, **{name: fairlearn.selection_rate(*both, sample_weight=w) for name, both in rates.items()}}


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


def _text(finding: Finding) -> str:
    """The sentence of a finding, with those that stand in it."""

    def filled(one: Message) -> str:
        values = {k: filled(v) if isinstance(v, Message) else v for k, v in one.values.items()}
        return one.id.format(**values)

    return filled(finding.message)


def test_one_finding_names_the_pair_that_decides() -> None:
    """A rule has one finding an attribute: of the group that differs most, with the comparator and the rows of all."""
    (found,) = _findings(_case({"F": (100, 1000), "M": (500, 1000), "X": (490, 1000)}))
    assert (found.metric, found.scope, found.tests) == ("selection_rate_ratio", {"split": "test", "sex": "F"}, 2)
    assert found.verdict is Verdict.FAILED
    assert found.value == pytest.approx(0.2)
    assert (found.details["group"], found.details["compared_with"]) == ("F", "M")
    assert (found.details["compared_rate"], found.n, found.details["all_rows"]) == (0.5, 2000, 3000)
    assert found.p_value is not None
    assert found.p_value < 1e-11
    assert requirement_id("fairness", found) == "fairness.selection_rate_ratio[sex]"
    said = "F (1,000 rows, selection rate 0.100) is compared with M (1,000 rows, 0.500), which has the highest "
    assert _text(found).startswith(said + "rate of the groups with a value and at least 30 rows;")
    assert "3,000 rows in all" in _text(found)


def test_one_outlier_does_not_turn_the_others_red() -> None:
    """Of six groups that are alike and one that is not, the one that is not is named, and only that one."""
    rates = {f"g{i}": (500 + i, 1000) for i in range(6)} | {"low": (200, 1000)}
    (found,) = _findings(_case(rates))
    assert (found.verdict, found.scope["sex"]) == (Verdict.FAILED, "low")


def test_the_pair_that_is_certain_decides_and_the_smallest_ratio_stands_beside_it() -> None:
    """A group of 1,000 with a ratio of .7 decides before one of 30 with a smaller ratio, which is named as well."""
    (found,) = _findings(_case({"large": (560, 1000), "small": (16, 30), "top": (800, 1000)}))
    assert (found.verdict, found.scope["sex"]) == (Verdict.FAILED, "large")
    assert found.value == pytest.approx(0.7)
    assert "The smallest value, 0.667, is that of small, which decides less." in _text(found)


def test_the_spec_names_the_comparator() -> None:
    """Others are compared with the group that `reference` names, which need not have the highest rate."""
    given = _case({"F": (100, 1000), "M": (500, 1000), "X": (550, 1000)})
    (found,) = _findings(given, reference={"sex": "M"})
    assert (found.details["group"], found.details["compared_with"], found.tests) == ("F", "M", 2)
    assert "which the spec names" in _text(found)
    grouping = _grouping(given, "sex", reference={"sex": "M"})
    assert (grouping.comparator, grouping.reference) == (("M",), True)
    assert (_grouping(given, "sex").comparator, _grouping(given, "sex").reference) == (("X",), False)
    (passed,) = _findings(_case({"M": (500, 1000), "X": (510, 1000)}), reference={"sex": "M"})
    assert (passed.verdict, passed.value) == (Verdict.PASSED, pytest.approx(50 / 51))


@pytest.mark.parametrize("named", ["F", "M", None])
def test_a_gap_is_seen_whichever_group_the_spec_names(named: str | None) -> None:
    """To name the group that is worse off as the comparator hides no gap: the ratio is that of the lower rate."""
    given = _case({"F": (300, 1000), "M": (600, 1000)})
    (found,) = _findings(given, reference={} if named is None else {"sex": named})
    assert (found.verdict, found.value, found.tests) == (Verdict.FAILED, 0.5, 1)
    assert found.interval == pytest.approx((0.449, 0.556), abs=0.003)
    if named is not None:
        assert found.details["compared_with"] == named
        assert "F is selected 0.500 times as often as M, which is favoured." in _text(found)


def test_all_groups_above_the_one_that_the_spec_names_are_compared_with_it() -> None:
    """Of two groups with rates above that of the comparator, and one below it, that which differs most decides."""
    given = _case({"F": (300, 1000), "M": (310, 1000), "X": (500, 1000), "Y": (290, 1000)})
    (found,) = _findings(given, reference={"sex": "F"})
    assert (found.verdict, found.scope["sex"], found.tests) == (Verdict.FAILED, "X", 3)
    assert found.value == pytest.approx(0.6)
    (difference,) = _findings(given, reference={"sex": "F"}, min_ratio={}, max_difference={"selection_rate": 0.1})
    assert (difference.verdict, difference.value) == (Verdict.FAILED, pytest.approx(0.21))


def test_a_rate_of_rows_without_a_value_above_the_comparator_is_seen() -> None:
    """With `reference`, rows without a value are held against the comparator in both directions."""
    given = _case({None: (900, 1000), "F": (500, 1000), "M": (510, 1000)})  # type: ignore[dict-item]
    (found,) = _findings(given, reference={"sex": "F"})
    assert (found.verdict, found.scope["sex"], found.details["compared_with"]) == (Verdict.FAILED, "(missing)", "F")


def test_a_favoured_small_group_beside_the_comparator_asks_for_a_person() -> None:
    """A group of few rows that is selected twice as often as the group that the spec names leaves a doubt."""
    given = _case({"F": (300, 1000), "M": (310, 1000), "X": (20, 20)})
    assert _findings(given)[0].verdict is Verdict.PASSED
    first = _findings(given, reference={"sex": "F"})[0]
    assert first.verdict is Verdict.INCONCLUSIVE
    assert "wholly beyond the limit: X (20 of 2,020 rows)" in _text(first)


def test_other_rates_than_that_of_selection_name_the_higher_one() -> None:
    """Nobody is favoured by a rate of errors: the sentence says which rate is higher."""
    columns = {"sex": ["F"] * 1000 + ["M"] * 1000}
    answers = [int(i % 1000 < (300 if i < 1000 else 600)) for i in range(2000)]
    given = inputs(batch("test", columns, label=[0, 1] * 1000, prediction=answers), groups=["sex"])
    (found,) = _findings(given, reference={"sex": "F"}, min_ratio={"false_positive_rate": 0.8})
    assert (found.value, found.verdict) == (0.5, Verdict.FAILED)
    assert "The rate of F is 0.500 times that of M, which is higher." in _text(found)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"race": "x"}, "race, which is not among the group columns"),
        ({"sex": "Q"}, "which no row of the split has; expected one of F, M"),
        ({"sex": "(missing)"}, "names the rows without a value of sex"),
    ],
)
def test_an_unknown_reference_is_an_error(reference: dict[str, str], said: str) -> None:
    """An attribute or a group that the data does not have, or rows without a value, are no comparator."""
    (found,) = _findings(_case({"F": (50, 100), "M": (50, 100)}), reference=reference)
    assert found.verdict is Verdict.ERROR
    assert said in _text(found)


def test_a_reference_with_too_few_rows_leaves_the_rule_open() -> None:
    """Nothing passes against a group that cannot be judged."""
    found = _findings(_case({"F": (500, 1000), "M": (500, 1000), "X": (5, 10)}), reference={"sex": "X"})
    assert found[0].verdict is Verdict.INCONCLUSIVE
    assert "which the spec compares others with" in _text(found[0])


def test_reference_values_are_read_as_the_data_s_are() -> None:
    """A code that is a number names the group of that code."""
    answers = [0, 1] * 1000
    given = inputs(batch("test", {"sex": [1, 1, 2, 2] * 500}, label=answers, prediction=answers), groups=["sex"])
    (found,) = _findings(given, reference={"sex": 2})
    assert (found.verdict, found.details["compared_with"]) == (Verdict.PASSED, "2")


def test_a_ratio_to_a_rate_of_0_is_above_any_minimum() -> None:
    """Where only rows without a value are selected, their ratio to the others' rate of 0 is above any minimum."""
    (found,) = _findings(_case({None: (500, 1000), "F": (0, 100)}))  # type: ignore[dict-item]
    assert (found.verdict, found.value) == (Verdict.PASSED, None)
    assert "above any minimum" in _text(found)
    (few,) = _findings(_case({None: (1, 30), "F": (0, 30)}))  # type: ignore[dict-item]
    assert few.verdict is Verdict.INCONCLUSIVE


def test_a_comparator_that_is_never_selected_is_worst_off() -> None:
    """Where nobody of the group that the spec names is selected, and others are, the ratio is 0."""
    (found,) = _findings(_case({"F": (500, 1000), "M": (0, 100)}), reference={"sex": "M"})
    assert (found.verdict, found.value) == (Verdict.FAILED, 0.0)
    (few,) = _findings(_case({"F": (1, 30), "M": (0, 30)}), reference={"sex": "M"})
    assert (few.verdict, few.value) == (Verdict.INCONCLUSIVE, 0.0)


def test_rows_without_a_value_are_no_yardstick() -> None:
    """The highest rate of all belongs to rows without a value: the others are compared among themselves."""
    given = _case({None: (900, 1000), "F": (300, 1000), "M": (310, 1000)})  # type: ignore[dict-item]
    (found,) = _findings(given)
    assert (found.scope["sex"], found.details["compared_with"], found.tests) == ("F", "M", 2)
    assert found.verdict is Verdict.PASSED
    assert _grouping(given, "sex").comparator == ("M",)
    (difference,) = _findings(given, min_ratio={}, max_difference={"selection_rate": 0.1})
    assert difference.details["group"] == "(missing)"
    assert difference.value == pytest.approx(0.6)


def test_rows_without_a_value_are_reported_where_the_spec_asks() -> None:
    """With `missing_group = "report"` no rule is held against them, and their rows stand in the findings."""
    given = _case({None: (10, 1000), "F": (500, 1000), "M": (500, 1000)})  # type: ignore[dict-item]
    assert _findings(given)[0].verdict is Verdict.FAILED
    first, second = _findings(given, missing_group="report")
    assert (first.verdict, first.tests) == (Verdict.PASSED, 1)
    assert (second.verdict, second.n, second.scope["sex"]) == (Verdict.NOT_APPLICABLE, 1000, "(missing)")


@pytest.mark.parametrize("rows", [5, 29])
def test_a_small_group_beyond_the_limit_asks_for_a_person(rows: int) -> None:
    """All answers to a small group are wrong: the rule does not pass, and does not fail by it."""
    sex = ["F"] * 1000 + ["M"] * 1000 + ["X"] * rows
    truth = [i % 2 for i in range(len(sex))]
    answers = [1 - t if s == "X" else t for s, t in zip(sex, truth, strict=True)]
    given = inputs(batch("test", {"sex": sex}, label=truth, prediction=answers), groups=["sex"])
    rules: dict[str, Any] = {"min_ratio": {}, "min_worst_group": {"accuracy": 0.8}}
    first, *others = _findings(given, **rules)
    assert (first.verdict, first.p_value) == (Verdict.INCONCLUSIVE, 1.0)
    assert f"wholly beyond the limit: X ({rows} of {2000 + rows:,} rows)" in _text(first)
    assert [(one.scope["sex"], one.verdict) for one in others] == [("X", Verdict.NOT_APPLICABLE)]
    assert _findings(given, small_groups="report", **rules)[0].verdict is Verdict.PASSED


@pytest.mark.parametrize("rows", [29, 30])
def test_a_favoured_small_group_is_held_against_the_group_that_it_differs_from_most(rows: int) -> None:
    """X is close enough to A, which has the highest rate, and certainly too far from B."""
    given = _case({"A": (500, 1000), "B": (300, 1000), "X": (rows, rows)})
    rules: dict[str, Any] = {"min_ratio": {}, "max_difference": {"selection_rate": 0.5}}
    first = _findings(given, **rules)[0]
    assert first.verdict is not Verdict.PASSED
    assert _findings(given, small_groups="report", **rules)[0].verdict is (
        Verdict.PASSED if rows < 30 else first.verdict
    )


def test_a_small_group_does_not_hide_among_others() -> None:
    """One of many small groups lies wholly beyond the limit, and all together do not."""
    sex = ["F"] * 1000 + ["M"] * 1000 + [f"x{i}" for i in range(40) for _ in range(25)]
    truth = [i % 2 for i in range(len(sex))]
    answers = [1 - t if s == "x7" else t for s, t in zip(sex, truth, strict=True)]
    given = inputs(batch("test", {"sex": sex}, label=truth, prediction=answers), groups=["sex"])
    first = _findings(given, min_ratio={}, min_worst_group={"accuracy": 0.8})[0]
    assert first.verdict is Verdict.INCONCLUSIVE
    assert "wholly beyond the limit: x7 (25 of 3,000 rows)" in _text(first)


@pytest.mark.parametrize(
    ("small", "reference", "verdict"),
    [
        ({"X": (10, 20), "Y": (9, 19)}, None, Verdict.PASSED),
        ({"X": (10, 20), "Y": (10, 20), "Z": (4, 8)}, None, Verdict.INCONCLUSIVE),
        ({f"x{i}": (14, 28) for i in range(80)}, None, Verdict.PASSED),
    ],
    ids=["few rows", "more than 2 %", "enough to decide together"],
)
def test_small_groups_leave_a_doubt_where_they_are_many(
    small: dict[str, tuple[int, int]], reference: Any, verdict: Verdict
) -> None:
    """Rows of small groups that nobody can judge leave a doubt from 2 % on, unless together they decide."""
    found = _findings(_case({"F": (500, 1000), "M": (500, 1000), **small}))
    assert found[0].verdict is verdict
    listed = [one.scope["sex"] for one in found if one.details.get("first_screen")]
    assert listed == (["X", "Y"] if len(small) == 2 else [])


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
def test_a_constant_group_leaves_nothing_to_compare(column: list[str | None]) -> None:
    """A group column that is constant or all missing leaves each rule with nothing to compare, and undecided."""
    answers = [0, 1] * 50
    given = inputs(batch("test", {"sex": column}, label=answers, prediction=answers), groups=["sex"])
    found = _findings(given, max_difference={"accuracy": 0.1})
    assert [(one.metric, one.verdict) for one in found] == [
        ("selection_rate_ratio", Verdict.INCONCLUSIVE), ("accuracy_difference", Verdict.INCONCLUSIVE)
    ]  # fmt: skip
    assert {requirement_id("fairness", one) for one in found} == {
        "fairness.selection_rate_ratio[sex]", "fairness.accuracy_difference[sex]"
    }  # fmt: skip


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
        ("error_rates", "error_rates_difference", "true_positive_rate"),
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
    """Each minimum ratio gives a finding an attribute, that of the group which is worse off."""
    (found,) = _findings(_unequal(), min_ratio={key: 0.9})
    assert (found.metric, found.scope["sex"], found.verdict) == (metric, "F", Verdict.FAILED)


def _refusing(every: int | None, n: int = 1000, trained_here: bool = False) -> dict[str, Any]:
    """Every so many outputs for women are no label, all others are right."""
    truth = [i % 2 for i in range(2 * n)]
    answers: list[Any] = ["what?" if every and i < n and i % every == 0 else t for i, t in enumerate(truth)]
    one = batch("test", {"sex": ["F"] * n + ["M"] * n}, label=truth, prediction=answers)
    given = inputs(one, groups=["sex"])
    return given | {"task": given["task"].model_copy(update={"trained_here": trained_here})}


def test_a_valid_output_rate_can_be_limited() -> None:
    """The share of outputs that are a label is judged where the spec limits it, in place of the alarm."""
    rules = {"max_difference": {"valid_output_rate": 0.02}, "min_worst_group": {"valid_output_rate": 0.9}}
    difference, each = _findings(_refusing(20), min_ratio={}, **rules)
    assert (difference.metric, difference.value) == ("valid_output_rate_difference", pytest.approx(0.05))
    assert difference.verdict is Verdict.FAILED
    assert (each.scope["sex"], each.value, each.verdict) == ("F", pytest.approx(0.95), Verdict.PASSED)
    low, high = clopper_pearson(950, 1000, 0.95)
    assert each.interval == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("every", "n", "verdict"),
    [(20, 1000, Verdict.PASSED), (8, 100, Verdict.FOUND), (4, 1000, Verdict.FAILED), (4, 99, None), (None, 1000, None)],
)
def test_a_difference_in_valid_outputs_is_an_alarm(every: int | None, n: int, verdict: Verdict | None) -> None:
    """A tenth more outputs that are no label is reported, and fails where it is certain, in groups of 100 rows."""
    found = [one for one in _findings(_refusing(every, n)) if one.metric == "valid_output_rate_difference"]
    assert [one.verdict for one in found] == ([] if verdict is None else [verdict])
    if found:
        limit = found[0].requirement
        assert limit is not None
        assert (limit.op, limit.limit, limit.about, limit.alarm) == (Op.AT_MOST, 0.1, "sex", True)
    measured = {e.metric for e in _grouping(_refusing(every, n), "sex").estimates}
    assert ("valid_output_rate" in measured) == (every is not None)
    assert len(_findings(_refusing(every, n, trained_here=True))) == 1


def test_a_refusal_is_neither_a_true_negative_nor_a_false_positive() -> None:
    """Half of a group's negatives refused: its true negative rate is a half, and the limit on error rates sees it."""
    truth = [0, 1] * 1000
    sex = ["F", "F", "M", "M"] * 500
    answers = [
        "?" if s == "F" and t == 0 and i % 8 == 0 else t for i, (s, t) in enumerate(zip(sex, truth, strict=True))
    ]
    given = inputs(batch("test", {"sex": sex}, label=truth, prediction=answers), groups=["sex"])
    found = {(e.group[0], e.metric): e.value for e in _grouping(given, "sex").estimates}
    assert (found["F", "true_negative_rate"], found["F", "false_positive_rate"]) == (0.5, 0.0)
    error_rates = _findings(given, min_ratio={}, max_difference={"error_rates": 0.1})[0]
    assert (error_rates.metric, error_rates.value) == ("error_rates_difference", 0.5)
    assert (error_rates.verdict, error_rates.details["rate"]) == (Verdict.FAILED, "true_negative_rate")
    table = _disparities(given)
    predicted = [int(answer == 1) for answer in answers]
    wanted = fairlearn.equalized_odds_difference(truth, predicted, sensitive_features=sex)
    assert table["sex", "equalized_odds_difference"]["value"] == pytest.approx(wanted)
    assert table["sex", "error_rates_difference"]["value"] == 0.5


def test_a_group_without_any_label_judges_nothing() -> None:
    """A group none of whose outputs is a label leaves every rule open but that on outputs."""
    truth, sex = [0, 1] * 600, ["F"] * 400 + ["M"] * 400 + ["X"] * 400
    answers = ["?" if s == "X" else t for s, t in zip(sex, truth, strict=True)]
    given = inputs(batch("test", {"sex": sex}, label=truth, prediction=answers), groups=["sex"])
    found = {f.metric: f for f in _findings(given, min_worst_group={"accuracy": 0.9})}
    for name in ("selection_rate_ratio", "accuracy"):
        assert found[name].verdict is Verdict.INCONCLUSIVE
        assert "No output of X (400 rows) is a label" in _text(found[name])
    assert found["valid_output_rate_difference"].verdict is Verdict.FAILED


def _drawn(answers: int) -> Any:
    row = st.tuples(st.integers(0, 1), st.integers(0, answers - 1), st.sampled_from("xyz"))
    return st.lists(row, min_size=6, max_size=80)


def _two_of_each(rows: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    return [*rows, *((truth, truth, group) for truth in (0, 1) for group in "xyz")]


@settings(max_examples=8, deadline=None)
@given(_drawn(2))
def test_error_rates_are_equalized_odds_where_all_is_labels(drawn: list[tuple[int, int, str]]) -> None:
    """Where every output is a label, the largest gap of three rates equals Fairlearn's equalized odds difference."""
    truth, answers, group = map(list, zip(*_two_of_each(drawn), strict=True))
    given_ = inputs(batch("test", {"sex": group}, label=truth, prediction=answers), groups=["sex"])
    found = _findings(given_, min_group_rows=1, min_ratio={}, max_difference={"error_rates": 0.1})[0]
    wanted = fairlearn.equalized_odds_difference(truth, answers, sensitive_features=group)
    assert found.value == pytest.approx(wanted, abs=1e-12)
    # A true negative rate is then no other question than a false positive rate.
    assert found.tests == 2 * 3
    parity = _findings(given_, min_group_rows=1, max_difference={"selection_rate": 0.1})
    for one, name in zip(parity, ("demographic_parity_ratio", "demographic_parity_difference"), strict=True):
        wanted = getattr(fairlearn, name)(truth, answers, sensitive_features=group)
        assert one.value == pytest.approx(wanted, abs=1e-12) or "decides less" in _text(one)


@settings(max_examples=8, deadline=None)
@given(_drawn(3))
def test_error_rates_are_the_largest_of_three_gaps(drawn: list[tuple[int, int, str]]) -> None:
    """With outputs that are no label, it is the largest gap of a count of true and false positives and negatives."""
    rows = _two_of_each(drawn)
    truth, answers, group = map(list, zip(*rows, strict=True))
    given_ = inputs(
        batch("test", {"sex": group}, label=truth, prediction=["?" if a == 2 else a for a in answers]), groups=["sex"]
    )
    found = _findings(given_, min_group_rows=1, min_ratio={}, max_difference={"error_rates": 0.1})[0]
    gaps = []
    for label, answer in ((1, 1), (0, 1), (0, 0)):
        hits = {g: [a == answer for t, a, other in rows if t == label and other == g] for g in "xyz"}
        rates = [sum(one) / len(one) for one in hits.values()]
        gaps.append(max(rates) - min(rates))
    assert found.value == pytest.approx(max(gaps), abs=1e-12)


def test_a_difference_has_its_own_number_and_names_the_pair_that_decides() -> None:
    """The value is the largest gap of all; where another pair is more certain, that one decides, and both are named."""
    given = _case({"large": (560, 1000), "small": (16, 30), "top": (800, 1000)})
    (found,) = _findings(given, min_ratio={}, max_difference={"selection_rate": 0.1})
    assert (found.value, found.tests) == (pytest.approx(0.8 - 16 / 30), 3)
    assert (found.details["group"], found.details["compared_with"]) == ("top", "large")
    assert found.verdict is Verdict.FAILED
    assert "The largest difference, 0.267, is that of top and small, which decides less." in _text(found)
    assert found.interval is not None
    assert found.interval[0] is not None
    assert found.interval[1] is not None
    assert found.interval[0] < found.value < found.interval[1]  # type: ignore[operator]
    row = _disparities(given)["sex", "demographic_parity_difference"]
    assert (row["value"], row["group"], row["compared_with"]) == (found.value, "top", "small")
    assert (row["certain_group"], row["certain_compared_with"]) == ("top", "large")
    assert 0.1 < row["certain_end"] < row["certain"] == pytest.approx(0.24)


def test_where_all_is_met_the_worst_group_by_value_is_named() -> None:
    """A group of fewer rows has the lower bound, but where each bound meets the minimum, the lowest value stands."""
    sex = ["F"] * 1000 + ["M"] * 4000
    truth = [i % 2 for i in range(5000)]
    answers = [1 - t if i % 1000 < (200 if i < 1000 else 205) else t for i, t in enumerate(truth)]
    given = inputs(batch("test", {"sex": sex}, label=truth, prediction=answers), groups=["sex"])
    (found,) = _findings(given, min_ratio={}, min_worst_group={"accuracy": 0.7})
    assert (found.verdict, found.scope["sex"], found.value) == (Verdict.PASSED, "M", pytest.approx(0.795))
    (undecided,) = _findings(given, min_ratio={}, min_worst_group={"accuracy": 0.78})
    assert (undecided.verdict, undecided.scope["sex"]) == (Verdict.INCONCLUSIVE, "F")
    assert "The smallest value, 0.795, is that of M, which decides less." in _text(undecided)


def test_no_gap_is_called_certain_between_equal_groups() -> None:
    """Where all groups are alike the table names no gap that is certain."""
    row = _disparities(_case({"F": (500, 1000), "M": (505, 1000)}))["sex", "demographic_parity_difference"]
    assert "certain" not in row


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
    (found,) = _findings(inputs(one, groups=["sex"]), min_ratio={"selection_rate": 0.5})
    assert (found.verdict, found.value) == (Verdict.INCONCLUSIVE, 1.0)
    assert "The selection rate of X (100 rows) is undefined" in _text(found)


def test_the_worst_group_must_reach_its_minimum() -> None:
    """A minimum holds for each group; there is one finding for each, of the group that misses it, by name."""
    found = _findings(_unequal(), min_ratio={}, min_worst_group={"accuracy": 0.9, "true_positive_rate": 0.9})
    assert {(f.metric, f.scope["sex"]): (f.verdict, f.tests) for f in found} == {
        ("accuracy", "F"): (Verdict.FAILED, 2), ("true_positive_rate", "F"): (Verdict.FAILED, 2),
    }  # fmt: skip
    assert "F (2,000 of 4,000 rows) is the group that decides" in _text(found[0])


def test_a_score_rule_without_scores_is_a_doubt() -> None:
    """A limit on ROC AUC where nobody gives scores cannot be judged."""
    found = _findings(_case({"F": (50, 100), "M": (50, 100)}), min_ratio={}, max_difference={"roc_auc": 0.1})
    assert [finding.verdict for finding in found] == [Verdict.INCONCLUSIVE]


def test_the_favourable_answer_turns_the_rule() -> None:
    """Where being answered 1 is no favour, the group answered 0 less often is the one held back."""
    given = _case({"F": (700, 1000), "M": (100, 1000)})
    assert [(f.scope["sex"], f.verdict) for f in _findings(given, favourable=0)] == [("F", Verdict.FAILED)]
    assert [(f.scope["sex"], f.verdict) for f in _findings(given)] == [("M", Verdict.FAILED)]
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


def test_intersections_are_described() -> None:
    """Sex and race each look fair, their intersection does not: no rule is about it, and the figure shows it."""
    sex, race = ["F", "M"] * 1000, (["x"] * 2 + ["y"] * 2) * 500
    favoured = [(s == "F") == (r == "x") for s, r in zip(sex, race, strict=True)]
    rng = np.random.default_rng(5)
    answers = [int(rng.random() < (0.7 if one else 0.3)) for one in favoured]
    given = inputs(batch("test", {"sex": sex, "race": race}, label=answers, prediction=answers), groups=["sex", "race"])
    assert [requirement_id("fairness", f) for f in _findings(given)] == [
        "fairness.selection_rate_ratio[sex]", "fairness.selection_rate_ratio[race]"
    ]  # fmt: skip
    assert {finding.verdict for finding in _findings(given)} == {Verdict.PASSED}
    gaps = [one for one in _grouping(given, "sex", "race").gaps if one.metric == "selection_rate"]
    assert sorted(one.p_adjusted < 1e-6 for one in gaps) == [False] * 2 + [True] * 4  # type: ignore[operator]


def test_requirements_do_not_depend_on_the_data() -> None:
    """The same settings make the same requirements of any rows: with one group, and without labels."""
    rules: dict[str, Any] = {"max_difference": {"error_rates": 0.1, "roc_auc": 0.1}, "min_worst_group": {"f1": 0.5}}
    answers = [0, 1] * 100
    cases = []
    for sex, label in ((["F", "F", "M", "M"] * 50, answers), (["F"] * 200, answers), (["F", "M"] * 100, [None] * 200)):
        cases.append(inputs(batch("test", {"sex": sex}, label=label, prediction=answers), groups=["sex"]))
    found = [[requirement_id("fairness", f) for f in _findings(one, **rules)] for one in cases]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 4


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
