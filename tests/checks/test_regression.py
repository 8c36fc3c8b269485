"""The regression check: paired and unpaired verdicts, flips, groups, and every way in which nothing can be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from statsmodels.stats.contingency_tables import mcnemar

from llmops_audit.analysis.metrics.score_metrics import measure_scores
from llmops_audit.check.inputs import Baseline
from llmops_audit.check.registry import provided
from llmops_audit.record import Finding, Table, Verdict
from llmops_audit.record.figures import Curve, Curves
from llmops_audit.testing import assert_conforms, batch, inputs, run

CHECK = provided()["regression"].check
WORST_FIRST = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED]


def _answers(n: int, lost: int = 0, won: int = 0, both_wrong: int = 0) -> tuple[list[int], list[int], list[int]]:
    """Labels 0 and 1 in turn, old and new answers; the first rows are lost, then won, then wrong twice."""
    truth = [i % 2 for i in range(n)]
    wrong = [1 - label for label in truth]
    before = truth[:lost] + wrong[lost : lost + won + both_wrong] + truth[lost + won + both_wrong :]
    now = wrong[:lost] + truth[lost : lost + won] + wrong[lost + won : lost + won + both_wrong]
    return truth, before, now + truth[lost + won + both_wrong :]


def _case(truth: list[Any], before: list[Any] | None, now: list[Any], **more: Any) -> dict[str, Any]:
    reference_predictions = {} if before is None else {"baseline": before}
    columns = {"sex": more.pop("sex")} if "sex" in more else {}
    kept = {key: more.pop(key) for key in ("weight", "unit") if key in more}
    rows = batch("test", columns, label=truth, prediction=now, reference_predictions=reference_predictions, **kept)
    return inputs(rows, groups=tuple(columns), **more)


def _with_record(case: dict[str, Any], truth: list[int], answers: list[int], *, same_rows: bool) -> dict[str, Any]:
    counts = np.zeros((2, 3), dtype=int)
    np.add.at(counts, (truth, answers), 1)
    told = tuple(map(tuple, counts.tolist()))
    return {
        **case,
        "baseline": Baseline(name="filter", version="1.3.0", digest="d" * 64, same_rows=same_rows, counts=told),
    }


def _found(case: dict[str, Any], **settings: Any) -> dict[str, Finding]:
    produced = [item for item in run(CHECK, case, **settings) if isinstance(item, Finding)]
    return {
        ",".join([item.metric, *(v for v in item.scope.values() if v not in ("test", "before"))]): item
        for item in produced
    }


def _table(case: dict[str, Any], name: str, **settings: Any) -> tuple[dict[str, Any], ...]:
    return next(item.rows for item in run(CHECK, case, **settings) if isinstance(item, Table) and item.name == name)


def _sentences(finding: Finding) -> str:
    found, left = [], [finding.message]
    while left:
        one = left.pop()
        found.append(one.id)
        left += [value for value in one.values.values() if hasattr(value, "id")]
    return " ".join(found)


def test_it_conforms() -> None:
    """An unchanged classifier passes, one that loses a quarter of its rows fails."""
    clean = _case(*_answers(1000))
    violating = _case(*_answers(1000, lost=250))
    assert_conforms(CHECK, clean=clean, violating=violating)


def test_it_conforms_with_a_record_only() -> None:
    """With the record of other rows, a classifier that is far better passes and one that is far worse fails."""
    truth, before, now = _answers(1000, won=200)
    clean = _with_record(_case(truth, None, now), truth, before, same_rows=False)
    violating = _with_record(_case(truth, None, before), truth, now, same_rows=False)
    assert_conforms(CHECK, clean=clean, violating=violating)


def test_few_rows_are_inconclusive() -> None:
    """Where 100 rows did not change at all, a loss of 0.02 is not excluded, and the rows that would are estimated."""
    found = _found(_case(*_answers(100)))
    assert {finding.verdict for finding in found.values()} == {Verdict.INCONCLUSIVE}
    assert found["accuracy"].rows_to_decide is not None


def test_values_are_differences() -> None:
    """The value is new less old, both stand beside it, and the limit is the margin below zero."""
    found = _found(_case(*_answers(1000, lost=40, won=20, both_wrong=10)), max_loss={"accuracy": 0.05})
    assert list(found) == ["accuracy"]
    one = found["accuracy"]
    assert one.value == pytest.approx(-0.02)
    assert (one.details["before"], one.details["now"]) == (pytest.approx(0.97), pytest.approx(0.95))
    assert (one.details["lost"], one.details["won"]) == (40, 20)
    assert one.requirement is not None
    assert one.requirement.limit == -0.05


@pytest.mark.parametrize(("lost", "won"), [(40, 20), (3, 0), (0, 0), (5, 30)])
def test_the_p_value_is_mcnemar_s(lost: int, won: int) -> None:
    """The p-value of accuracy is statsmodels' exact McNemar p-value; other metrics have none."""
    found = _found(_case(*_answers(1000, lost=lost, won=won)))
    expected = mcnemar([[0, lost], [won, 0]], exact=True).pvalue
    assert found["accuracy"].details["mcnemar_p_value"] == pytest.approx(expected)
    assert "mcnemar_p_value" not in found["balanced_accuracy"].details


@pytest.mark.parametrize("more", [{"weight": [1.0, 2.0] * 500}, {"unit": [i // 2 for i in range(1000)]}])
def test_no_p_value_with_weights_or_units(more: dict[str, Any]) -> None:
    """Rows that weigh differently or belong together have no McNemar p-value, and the message says so."""
    finding = _found(_case(*_answers(1000, lost=20, won=10), **more))["accuracy"]
    assert "mcnemar_p_value" not in finding.details
    assert "No p-value" in _sentences(finding)


def test_a_small_but_certain_loss_passes_and_is_said() -> None:
    """A loss that is beyond chance but within the margin passes with a message of its own."""
    finding = _found(_case(*_answers(10_000, lost=60)))["accuracy"]
    assert finding.verdict is Verdict.PASSED
    assert "Worse than the previous release beyond chance" in _sentences(finding)
    unchanged = _found(_case(*_answers(10_000, lost=60, won=60)))["accuracy"]
    assert "Worse than the previous release" not in _sentences(unchanged)
    better = _found(_case(*_answers(5000, won=60)))["accuracy"]
    assert float(str(better.details["mcnemar_p_value"])) < 0.001
    assert "Worse than the previous release" not in _sentences(better)


def test_paired_is_sharper_than_unpaired() -> None:
    """The answers row by row give a narrower interval than the record of the same rows, and the message says so."""
    truth, before, now = _answers(1000, lost=5, won=5, both_wrong=100)
    paired = _found(_case(truth, before, now))["accuracy"]
    record = _found(_with_record(_case(truth, None, now), truth, before, same_rows=True))["accuracy"]
    assert record.value == pytest.approx(paired.value)
    assert record.interval is not None
    assert paired.interval is not None
    assert record.interval[1] - record.interval[0] > 2 * (paired.interval[1] - paired.interval[0])  # type: ignore[operator]
    assert "narrower interval" in _sentences(record)


def test_other_test_data_are_said() -> None:
    """With a record of other rows the message says that the data may explain the difference."""
    truth, before, now = _answers(1000, lost=5)
    finding = _found(_with_record(_case(truth, None, now), truth, before, same_rows=False))["accuracy"]
    assert "the data may explain" in _sentences(finding)
    assert finding.message.values["version"] == "1.3.0"
    assert finding.details["same_rows"] is False


def test_paired_decides_beside_a_record() -> None:
    """Given both, the verdict is that of the rows, and the record stands in the table beside it."""
    truth, before, now = _answers(1000, lost=3)
    case = _with_record(_case(truth, before, now), truth, now, same_rows=False)
    assert _found(case)["accuracy"] == _found(_case(truth, before, now))["accuracy"]
    rows = [row for row in _table(case, "regression") if row["metric"] == "accuracy"]
    assert [row["compared"].id for row in rows] == [
        "Predictions for the same rows",
        "Record of {name} {version}, other rows",
    ]
    assert [row["difference"] for row in rows] == [pytest.approx(-0.003), pytest.approx(0)]


@pytest.mark.parametrize(("truthful", "verdict"), [(True, Verdict.PASSED), (False, Verdict.INCONCLUSIVE)])
def test_answers_and_record_must_agree(truthful: bool, verdict: Verdict) -> None:
    """Old answers that the record of the same rows counts otherwise are a doubt."""
    truth, before, now = _answers(1000, lost=3)
    case = _with_record(_case(truth, before, now), truth, before if truthful else now, same_rows=True)
    assert _found(case)["baseline_record"].verdict is verdict


def test_flips_are_counted_by_label() -> None:
    """Lost, won and otherwise wrong rows are counted by their true label."""
    truth = ["a"] * 6 + ["b"] * 4
    before = ["a", "a", "a", "b", "c", "b", "b", "b", "a", None]
    now = ["a", "b", "c", "a", "b", "b", "b", None, "b", None]
    case = _case(truth, before, now, labels=("a", "b", "c"), positive=None)
    assert _table(case, "flips") == (
        {"label": "a", "rows": 6, "lost": 2, "won": 1, "moved": 1},
        {"label": "b", "rows": 4, "lost": 1, "won": 1, "moved": 0},
        {"label": "c", "rows": 0, "lost": 0, "won": 0, "moved": 0},
    )


def test_unknown_old_labels_are_wrong() -> None:
    """An old answer that is no label now counts as wrong, so that a right one now is won."""
    truth, _, now = _answers(100)
    finding = _found(_case(truth, ["old label", None, *truth[2:]], now))["accuracy"]
    assert finding.value == pytest.approx(0.02)
    assert finding.details["won"] == 2


def test_groups_are_shown_and_judged_where_asked() -> None:
    """A loss within one group fails there, though the whole passes; without the setting it is shown alone."""
    truth, before, now = _answers(3000, lost=30)
    sex = ["F"] * 60 + ["M"] * 2930 + ["X"] * 10
    case = _case(truth, before, now, sex=sex)
    assert {key for key in _found(case) if "," in key} == set()
    shown = {row["group"]: row for row in _table(case, "regression_groups")}
    assert shown["F"]["difference"] == pytest.approx(-0.5)
    assert shown["F"]["high"] < -0.02
    found = _found(case, max_group_loss={"accuracy": 0.02})
    verdicts = {key: finding.verdict for key, finding in found.items()}
    assert verdicts["accuracy"] is Verdict.PASSED
    assert verdicts["accuracy,F"] is Verdict.FAILED
    assert verdicts["accuracy,M"] is Verdict.PASSED
    assert verdicts["group_rows,X"] is Verdict.NOT_APPLICABLE
    assert found["group_rows,X"].n == 10


@pytest.mark.parametrize(
    ("rows", "lost", "verdict"),
    [(29, 29, Verdict.INCONCLUSIVE), (29, 0, None), (10, 3, None), (25, 8, Verdict.INCONCLUSIVE)],
)
def test_a_small_group_does_not_vanish(rows: int, lost: int, verdict: Verdict | None) -> None:
    """It is a doubt where it surely lost more than the margin, or where it is more than 2 % of the rows."""
    truth, before, now = _answers(1000, lost=lost)
    case = _case(truth, before, now, sex=["X"] * rows + ["M"] * (1000 - rows))
    found = _found(case, max_loss={"accuracy": 0.5}, max_group_loss={"accuracy": 0.3})
    doubt = found.get("accuracy,sex")
    assert (None if doubt is None else doubt.verdict) is verdict
    assert found["accuracy,M"].verdict is Verdict.PASSED
    assert doubt is None or ("wholly beyond" in _sentences(doubt)) == (lost == rows)


def test_groups_that_cannot_be_judged_are_a_doubt() -> None:
    """A loss by group that is asked for is a doubt without groups, with small groups, and with a record alone."""
    truth, before, now = _answers(1000)
    asked: dict[str, Any] = {"max_group_loss": {"accuracy": 0.02}}
    assert _found(_case(truth, before, now), **asked)["groups"].verdict is Verdict.INCONCLUSIVE
    small = _found(_case(truth, before, now, sex=[str(i) for i in range(1000)]), **asked)
    assert small["accuracy,sex"].verdict is Verdict.INCONCLUSIVE
    assert small["accuracy,sex"].requirement is not None
    record = _with_record(_case(truth, None, now, sex=["F"] * 1000), truth, before, same_rows=True)
    assert _found(record, **asked)["accuracy,sex"].verdict is Verdict.INCONCLUSIVE


def test_nothing_to_compare_with_is_not_applicable() -> None:
    """Without old answers or a record nothing is judged, and the reason names the part of the spec."""
    truth, _, now = _answers(100)
    found = _found(_case(truth, None, now))
    assert [finding.verdict for finding in found.values()] == [Verdict.NOT_APPLICABLE]
    assert "[baseline]" in _sentences(found["regression"])


@pytest.mark.parametrize("before", [[None] * 100, ["spam", "ham"] * 50])
def test_old_answers_that_are_all_missing_are_not_judged(before: list[Any]) -> None:
    """Old answers of which none is a label are no classifier that the new one could beat."""
    truth, _, now = _answers(100)
    found = _found(_with_record(_case(truth, before, now), truth, now, same_rows=False))
    assert [finding.verdict for finding in found.values()] == [Verdict.NOT_APPLICABLE]


def test_no_test_rows_is_not_applicable() -> None:
    """Without a labelled and answered test row nothing is judged."""
    found = _found(_case([None] * 10, [0] * 10, [0] * 10))
    assert [finding.verdict for finding in found.values()] == [Verdict.NOT_APPLICABLE]
    assert [item.verdict for item in run(CHECK, inputs()) if isinstance(item, Finding)] == [Verdict.NOT_APPLICABLE]


def test_a_record_says_nothing_of_weights() -> None:
    """With weights and a record alone nothing can be compared, which is a doubt about each requirement."""
    truth, before, now = _answers(1000, won=300)
    case = _with_record(_case(truth, None, now, weight=[1.0, 3.0] * 500), truth, before, same_rows=True)
    found = _found(case)
    assert set(found) == {"accuracy", "balanced_accuracy"}
    assert {finding.verdict for finding in found.values()} == {Verdict.INCONCLUSIVE}


def test_units_widen_the_interval_of_a_record() -> None:
    """Rows that depend on each other today are taken to have done so in the record."""
    truth, _, now = _answers(1000, lost=100)
    before = [0] * 1000
    plain = _found(_with_record(_case(truth, None, now), truth, before, same_rows=True))["accuracy"]
    units = [i // 20 for i in range(1000)]
    wide = _found(_with_record(_case(truth, None, now, unit=units), truth, before, same_rows=True))["accuracy"]
    assert wide.interval is not None
    assert plain.interval is not None
    assert wide.interval[1] - wide.interval[0] > 3 * (plain.interval[1] - plain.interval[0])  # type: ignore[operator]


def test_an_undefined_difference_is_never_passed() -> None:
    """The precision of a label that one of the two never answers is undefined, and so is the difference."""
    truth = [0, 1] * 500
    finding = _found(_case(truth, [0] * 1000, truth), max_loss={"precision": 1.0})["precision"]
    assert finding.value is None
    assert finding.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("bad", ['{"max_loss": {}}', '{"max_loss": {"f2": 0.1}}', '{"max_loss": {"f1": -0.1}}'])
def test_margins_are_validated(bad: str) -> None:
    """No margin at all, an unknown metric and a margin below zero are refused."""
    with pytest.raises(ValidationError):
        CHECK.validate(bad)


@settings(max_examples=15)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 20), st.integers(1, 30))
def test_a_better_model_never_turns_a_pass_into_a_fail(lost: int, won: int, both_wrong: int, better: int) -> None:
    """Rows that are right now and were wrong before never make the verdict worse."""
    truth, before, now = _answers(400, lost, won, both_wrong)
    mended = truth[:better] + now[better:]
    margins: Any = {"accuracy": 0.02, "balanced_accuracy": 0.03, "macro_f1": 0.03}
    worse, improved = (_found(_case(truth, before, one), max_loss=margins) for one in (now, mended))
    assert WORST_FIRST.index(improved["accuracy"].verdict) >= WORST_FIRST.index(worse["accuracy"].verdict)
    for name in margins:
        assert (worse[name].verdict, improved[name].verdict) != (Verdict.PASSED, Verdict.FAILED)


def test_the_order_of_rows_changes_nothing() -> None:
    """Rows in another order give the very same findings and tables."""
    truth, before, now = _answers(300, lost=20, won=10, both_wrong=5)
    sex = ["F", "M", "X"] * 100
    order = np.random.default_rng(0).permutation(300)
    shuffled = [[column[i] for i in order] for column in (truth, before, now, sex)]
    asked: dict[str, Any] = {"max_group_loss": {"macro_f1": 0.02}}
    one = run(CHECK, _case(truth, before, now, sex=sex), **asked)
    assert run(CHECK, _case(*shuffled[:3], sex=shuffled[3]), **asked) == one


def _unchanged(case: dict[str, Any], **update: Any) -> dict[str, Any]:
    return {**case, "baseline": case["baseline"].model_copy(update={"unchanged": True, **update})}


def test_an_unchanged_classifier_passes_by_identity() -> None:
    """Where nothing changed, few rows are enough: each requirement passes as a census, and says so."""
    truth, before, _ = _answers(40, both_wrong=4)
    case = _with_record(_case(truth, None, before, sex=["F"] * 40), truth, before, same_rows=True)
    asked: dict[str, Any] = {"max_group_loss": {"accuracy": 0.02}}
    assert {one.verdict for one in _found(case, **asked).values()} == {Verdict.INCONCLUSIVE}
    found = _found(_unchanged(case), **asked)
    assert set(found) == {"accuracy", "balanced_accuracy", "accuracy,F"}
    for finding in found.values():
        assert finding.verdict is Verdict.PASSED
        assert (finding.value, finding.method, finding.interval, finding.p_value) == (0.0, "census", None, None)
        assert "Unchanged" in _sentences(finding)


def test_what_is_undefined_does_not_pass_by_identity() -> None:
    """A precision without predictions is undefined, and so is a number of scores that nobody gave."""
    truth = [0, 1] * 50
    case = _unchanged(_with_record(_case(truth, None, [0] * 100), truth, [0] * 100, same_rows=True))
    found = _found(case, max_loss={"precision": 0.5, "roc_auc": 0.5})
    assert {finding.verdict for finding in found.values()} == {Verdict.INCONCLUSIVE}


def test_given_predictions_that_differ_are_no_identity() -> None:
    """A record that says unchanged, beside other predictions of the previous release, is a contradiction."""
    truth, before, now = _answers(1000, lost=5)
    case = _unchanged(_with_record(_case(truth, before, now), truth, now, same_rows=True))
    found = _found(case)
    assert found["accuracy"].value == pytest.approx(-0.005)
    assert found["baseline_record"].verdict is Verdict.INCONCLUSIVE
    same = _unchanged(_with_record(_case(truth, now, now), truth, now, same_rows=True))
    assert _found(same)["accuracy"].method == "census"


def _scored(n: int, worse: float = 0.0, *, before: bool = True) -> dict[str, Any]:
    """Scores of two releases on the same rows; of a share of rows the new ones say the opposite."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, n)
    old = np.clip(np.where(truth == 1, 0.7, 0.3) + rng.normal(0, 0.15, n), 0, 1).round(2)
    new = np.where(rng.random(n) < worse, 1 - old, np.clip(old + rng.normal(0, 0.02, n), 0, 1))
    rows = batch(
        "test", {}, label=truth.tolist(), prediction=(new > 0.5).astype(int).tolist(),
        reference_predictions={"baseline": (old > 0.5).astype(int).tolist()},
        scores={1: new.tolist()}, reference_scores={1: old.tolist()} if before else None,
    )  # fmt: skip
    return inputs(rows)


AREAS: dict[str, Any] = {"max_loss": {"roc_auc": 0.03, "average_precision": 0.03}}


def test_areas_are_judged_row_by_row() -> None:
    """Where the scores of both releases are known, a loss of area beyond the margin fails, and none passes."""
    assert {one.verdict for one in _found(_scored(2000), **AREAS).values()} == {Verdict.PASSED}
    worse = _found(_scored(2000, 0.2), **AREAS)
    assert {one.verdict for one in worse.values()} == {Verdict.FAILED}
    assert "row by row" in _sentences(_found(_scored(2000), **AREAS)["roc_auc"])


def test_areas_without_the_scores_before_are_a_doubt() -> None:
    """Neither scores row by row nor a record with the area: the requirement stands, and cannot be judged."""
    found = _found(_scored(2000, before=False), **AREAS)
    assert {one.verdict for one in found.values()} == {Verdict.INCONCLUSIVE}
    assert all(one.requirement is not None for one in found.values())
    assert "name its record" in _sentences(found["roc_auc"])


def _curves(kind: str, value: float, low: float, high: float) -> Curves:
    curve = Curve(label=1, positives=500, negatives=500, base_rate=0.5, value=value, low=low, high=high, x=(), y=())
    named: Any = kind
    return Curves(name=f"{kind}.test", curve=named, split="test", confidence=0.95, labels=1, curves=(curve,))


def test_a_record_with_curves_gives_areas_as_independent_samples() -> None:
    """The interval of the record is squared and added to that of today, and the sentence says which it is."""
    case = _scored(2000, before=False)
    truth = [0, 1]
    case["pairs"] = {}
    record = _with_record(case, truth, truth, same_rows=True)
    curves = (_curves("roc", 0.98, 0.97, 0.985), _curves("reliability", 0.2, 0.15, 0.25))
    record["baseline"] = record["baseline"].model_copy(update={"curves": curves, "bins": 15})
    margins = {"roc_auc": 0.05, "average_precision": 0.05, "expected_calibration_error": 0.05}
    found = _found(record, max_loss=margins)
    auc = found["roc_auc"]
    now = _roc_auc(case)
    assert auc.value == pytest.approx(now[0] - 0.98)
    assert auc.interval is not None
    assert auc.interval[0] == pytest.approx(auc.value - np.hypot(now[0] - now[1], 0.005))  # type: ignore[operator]
    assert "independent samples" in _sentences(auc)
    assert found["average_precision"].verdict is Verdict.INCONCLUSIVE
    error = found["expected_calibration_error"]
    assert error.requirement is not None
    assert (error.requirement.op.value, error.requirement.limit) == ("<=", 0.05)
    assert error.details["before"] == 0.2


def _roc_auc(case: dict[str, Any]) -> tuple[float, float]:
    estimate = measure_scores("roc_auc", case["scores"]["test"], case["task"])
    assert estimate.value is not None
    return estimate.value, estimate.bounds(0.95)[0]


def test_rows_that_the_previous_release_was_not_asked_about_are_no_pairs() -> None:
    """They are neither lost nor won, and their scores do not count."""
    truth, before, now = _answers(200, lost=10)
    rows = batch("test", {}, label=truth, prediction=now, reference_predictions={"baseline": before})
    asked = replace(rows, unasked={"baseline": np.arange(200) < 10})
    assert _found(inputs(asked))["accuracy"].details["lost"] == 0
    assert _found(inputs(asked))["accuracy"].n == 190
    assert _found(inputs(rows))["accuracy"].details["lost"] == 10
