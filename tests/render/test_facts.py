"""Facts: what a requirement came to, in numbers that a person reads."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from llmops_audit.check.family import decided
from llmops_audit.record import CheckResult, Finding, Op, Record, Requirement, Verdict, message
from llmops_audit.record.governance import Card
from llmops_audit.render import i18n
from llmops_audit.render.facts import deciding, fact

BLACK = {
    "group": "African-American", "group_rate": 0.4118, "compared_with": "Caucasian", "compared_rate": 0.6512,
    "rate": "selection_rate",
}  # fmt: skip
POSITIVES = BLACK | {"rate": "false_positive_rate", "group_rate": 0.4485, "compared_rate": 0.2345}


def _finding(metric: str, value: float | None, **given: Any) -> Finding:
    limit = Requirement(op=given.pop("op", Op.AT_LEAST), limit=given.pop("limit", 0.8), about=given.pop("about", ""))
    given = {"verdict": Verdict.PASSED, "message": message("Met."), "scope": {"split": "test"}} | given
    return Finding(id=metric, metric=metric, value=value, requirement=limit, **given)


def _said(sample: ModuleType, finding: Finding, **changes: Any) -> str:
    check: CheckResult = sample.check_result("fairness", finding.verdict, [finding])
    _, required = decided([check], 0.95)
    one = required[0].model_copy(update={"verdict": finding.verdict, "value": finding.value})
    one = one.model_copy(update={"interval": finding.interval, "findings": (finding.id,)})
    record: Record = sample.record(checks=[check], figures={}).model_copy(update={"requirements": (one,), **changes})
    return i18n.render(fact(record, one), i18n.translator("en", record))


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (
            _finding("accuracy", 0.969298, interval=(0.93777, 0.98757), limit=0.92),
            "Accuracy 96.9% (93.8 to 98.8); at least 92% required",
        ),
        (
            _finding("accuracy", 0.6512, interval=(0.64, 0.66), limit=0.6),
            "Accuracy 65% (64 to 66); at least 60% required",
        ),
        (_finding("accuracy", 0.7996, verdict=Verdict.FAILED), "Accuracy 79.96%; at least 80% required"),
        (_finding("accuracy", 1.0), "Accuracy 100%; at least 80% required"),
        (_finding("accuracy", 0.99996), "Accuracy 99.996%; at least 80% required"),
        (
            _finding("recall", 0.2353, interval=(0.07, 0.5), scope={"label": "spam"}, verdict=Verdict.FAILED),
            "Of the rows that are “spam”, 24% (7 to 50) are found; at least 80% required",
        ),
        (
            _finding("precision", 0.9, scope={"label": "spam"}),
            "Of the rows predicted “spam”, 90% are rightly so; at least 80% required",
        ),
        (_finding("mcc", 0.521, limit=0.5), "Matthews correlation: 0.52; at least 0.5 required"),
        (_finding("words_of_a_plug_in", 0.521, limit=0.5), "words of a plug in: 0.52; at least 0.5 required"),
        (
            _finding("selection_rate_ratio", 0.6324, about="race", details=BLACK | {"label": "not flagged"},
                     scope={"race": "African-American"}, verdict=Verdict.FAILED),
            "race: African-American not flagged 41 in 100, Caucasian 65: 63% as often; at least 80% required",
        ),
        (
            _finding("selection_rate_ratio", 0.6324, about="race", details=BLACK | {"label": 0},
                     interval=(0.5, 0.85), scope={"race": "African-American"}, verdict=Verdict.INCONCLUSIVE),
            "race: “0” predicted for 41 in 100 of African-American, for 65 of Caucasian: 63% as often (50 to 85); at "
            "least 80% required: these rows cannot decide",
        ),
        (
            _finding("error_rates_difference", 0.214, about="race", details=POSITIVES | {"label": "1"}, op=Op.AT_MOST,
                     limit=0.1, scope={"attribute": "race"}, verdict=Verdict.FAILED),
            "race: of the rows that are not “1”, “1” predicted for 45 in 100 of African-American, for 23 of Caucasian: "
            "21 points apart; at most 10 points allowed",
        ),
        (
            _finding("error_rates_difference", 0.08, about="race", details=POSITIVES | {"compared_rate": 0.44},
                     op=Op.AT_MOST, limit=0.1, scope={"attribute": "race"}, interval=(0.0, 0.095)),
            "race: the largest gap between two groups (error rates) is 8 points (0 to 9.5); at most 10 points "
            "allowed",
        ),
        (
            _finding("selection_rate_ratio", 0.6324, about="race", details=BLACK | {"label": "will offend"},
                     scope={"race": "African-American"}, verdict=Verdict.FAILED),
            "race: “will offend” predicted for 41 in 100 of African-American, for 65 of Caucasian: 63% as often; "
            "at least 80% required",
        ),
        (
            _finding("accuracy_difference", 0.0031, about="race", op=Op.AT_MOST, limit=0.001, verdict=Verdict.FAILED,
                     details=BLACK | {"rate": "accuracy", "group_rate": 0.9994, "compared_rate": 0.9963}),
            "race: predicted rightly for 999 in 1,000 of African-American, for 996 of Caucasian: 0.3 points apart; at "
            "most 0.1 points allowed",
        ),
        (
            _finding("selection_rate_ratio", 0.6324, about="race", verdict=Verdict.FAILED,
                     details=BLACK | {"label": 1, "group_rate": 0.6512, "compared_rate": 0.4118}),
            "race: “1” predicted for 41 in 100 of Caucasian, for 65 of African-American: 63% as often; at least 80% "
            "required",
        ),
        (
            _finding("f1_difference", 0.21, about="race", op=Op.AT_MOST, limit=0.1, verdict=Verdict.FAILED,
                     details=BLACK | {"rate": "f1", "group_rate": 0.83, "compared_rate": 0.62, "label": "1"}),
            "race: African-American F1 83%, Caucasian 62%: 21 points apart; at most 10 points allowed",
        ),
        (
            _finding("calibration_gap_difference", 0.21, about="race", op=Op.AT_MOST, limit=0.1,
                     verdict=Verdict.FAILED,
                     details=BLACK | {"rate": "calibration_gap", "group_rate": 0.11, "compared_rate": -0.1}),
            "race: African-American calibration gap 11 points, Caucasian -10 points: 21 points apart; at most 10 "
            "points allowed",
        ),
        (
            _finding("accuracy", 0.71, details={"group": "Asian", "group_rows": 1032}, about="race",
                     scope={"race": "Asian"}, limit=0.7),
            "race: Asian, 1,032 rows: accuracy 71%; at least 70% required",
        ),
        (
            _finding("balanced_accuracy", 0.5, op=Op.ABOVE, limit=0.5, scope={"against": "chance"}, about="chance",
                     verdict=Verdict.FAILED, message=message("The classifier predicts {only}.", only="1")),
            "Every row is predicted “1”: balanced accuracy 50%, as by guessing; more than 50% required",
        ),
        (
            _finding("balanced_accuracy", 0.12, op=Op.ABOVE, limit=0.5, scope={"against": "chance"}, about="chance",
                     verdict=Verdict.FAILED, details={"swapped": 0.88}),
            "Balanced accuracy 12% is worse than guessing; with the labels swapped it would be 88%; more than 50% "
            "required",
        ),
        (
            _finding("balanced_accuracy", 0.4, op=Op.ABOVE, limit=1 / 3, scope={"against": "chance"}),
            "Against guessing: balanced accuracy 40%; more than 33.3% required",
        ),
        (
            _finding("gain_over_majority", -0.03, limit=0.05, interval=(-0.06, 0.01), verdict=Verdict.FAILED),
            "Accuracy is 3 points (-1 to 6) below always predicting the most frequent label; at least 5 points "
            "required",
        ),
        (
            _finding("labels_with_zero_recall", 2, op=Op.AT_MOST, limit=0, verdict=Verdict.FAILED,
                     message=message("Recall is zero for {labels}.", labels=("a", "b"))),
            "Labels that are never predicted rightly: a, b; none allowed",
        ),
        (
            _finding("labels_with_zero_recall", 1, op=Op.AT_MOST, limit=0, verdict=Verdict.FAILED,
                     message=message("{text} Corrected.", text=message("{only}, {rows}", only="1", rows=1095))),
            "Every row is predicted “1”, so that the labels of 1,095 rows are never predicted; none allowed",
        ),
        (
            _finding("expected_calibration_error", 0.035, op=Op.AT_MOST, limit=0.1, interval=(0.01, 0.06)),
            "Probabilities are off by 3.5 points (1 to 6) on average; at most 10 points allowed",
        ),
        (
            _finding("live_loss", 0.071, op=Op.AT_MOST, limit=0.05, verdict=Verdict.FAILED,
                     details={"accuracy_on_test": 0.91, "accuracy_on_live": 0.839}),
            "Accuracy was 91% on test rows and is 84% on live rows: a loss of 7.1 points; at most 5 points allowed",
        ),
        (
            _finding("accuracy", -0.02, limit=-0.01, interval=(-0.04, 0.003), verdict=Verdict.FAILED,
                     scope={"against": "before"}, details={"before": 0.91, "now": 0.89}),
            "accuracy was 91% in the release before and is 89%: a loss of 2 points (-0.3 to 4); at most 1 point "
            "allowed",
        ),
        (
            _finding("accuracy", 0.095, limit=-0.01, interval=(0.024, 0.17),
                     scope={"against": "before"}, details={"before": 0.7, "now": 0.795}),
            "accuracy was 70% in the release before and is 80%: 9.5 points better (2.4 to 17); a loss of at most 1 "
            "point allowed",
        ),
        (
            _finding("live_loss", -0.01, op=Op.AT_MOST, limit=0.05, interval=(-0.03, 0.01),
                     details={"accuracy_on_test": 0.91, "accuracy_on_live": 0.92}),
            "Accuracy was 91% on test rows and is 92% on live rows: 1 point better (-1 to 3); a loss of at most 5 "
            "points allowed",
        ),
        (
            _finding("invalid_outputs", 0.0, op=Op.AT_MOST, limit=0.05, n=126, interval=(0.0, 0.0004)),
            "Outputs that are no label: 0 of 126, 0% (0 to 0.04); at most 5% allowed",
        ),
        (
            _finding("personal_data_rows", 0, op=Op.AT_MOST, limit=0, n=7214, scope={"split": "test"}),
            "Personal data that identifies: none in 7,214 rows (test); none allowed",
        ),
        (
            _finding("personal_data_rows", 3, op=Op.AT_MOST, limit=0, n=7214, scope={"split": "test", "kind": "email"}),
            "Personal data (e-mail address): in 3 of 7,214 rows (test); none allowed",
        ),
        (
            _finding("total_variation_effect", 0.151, op=Op.AT_MOST, limit=0.05, verdict=Verdict.FAILED,
                     scope={"split": "live", "column": "(label)"}),
            "Shift of the label (live): total variation effect 0.15; at most 0.05 allowed",
        ),
        (
            _finding("flip_rate", 0.123, op=Op.AT_MOST, limit=0.05, n=1710, verdict=Verdict.FAILED,
                     scope={"identity": "ethnicity"}, details={"from": "black", "to": "asian"}),
            "ethnicity: with the words for asian in the place of those for black, the prediction of 12% of 1,710 "
            "texts changes; at most 5% allowed",
        ),
        (
            _finding("group_separability", 0.924, op=Op.AT_MOST, limit=0.9, scope={"split": "test", "sex": "Female"}),
            "sex: of one row that is Female and one that is not, the inputs tell which is which in 92.4% of pairs; "
            "at most 90% allowed",
        ),
        (_finding("accuracy", None, verdict=Verdict.INCONCLUSIVE), "accuracy: Met."),
    ],
)  # fmt: skip
def test_each_metric_has_a_sentence(sample: ModuleType, finding: Finding, said: str) -> None:
    """A fact says who, what, how much and against which limit, with two or three digits."""
    assert _said(sample, finding) == said


@pytest.mark.parametrize("details", [{"rate": 0.5, "compared_with": ("a", "b")}, {"group": 3}, {"swapped": "x"}])
def test_details_of_another_kind_fall_back(sample: ModuleType, details: dict[str, Any]) -> None:
    """Details that are no numbers, as a plug-in may give them, leave the plain sentence."""
    assert _said(sample, _finding("gap", 0.5, details=details)) == "gap: 0.5; at least 0.8 required"


def test_rows_are_people_only_where_the_spec_says_so(sample: ModuleType) -> None:
    """The word for rows is "people" where the card says that each row is a person."""
    found = _finding(
        "error_rates_difference", 0.214, about="race", details=POSITIVES | {"label": "1"}, op=Op.AT_MOST, limit=0.1,
        scope={"attribute": "race"}, verdict=Verdict.FAILED,
    )  # fmt: skip
    assert "of the rows that" in _said(sample, found, card=Card(data_source="Rows of a census."))
    assert "of the people that" in _said(sample, found, card=Card(data_source="A census. Each row is a person."))
    rows = {name: split.model_copy(update={"unit": "customer_id"}) for name, split in sample.record().data.items()}
    assert "of the rows that" in _said(sample, found, data=rows), "a customer may have several rows"


@pytest.mark.parametrize("settings", [{"allow": {"iban": "part of it"}}, {"max_rows": {"iban": 9}}, {"skip": ["note"]}])
def test_no_personal_data_is_said_beside_what_the_spec_allows(sample: ModuleType, settings: dict[str, Any]) -> None:
    """Rows with data of an allowed or limited kind are not counted, and the fact does not say that there are none."""
    rows = _finding("personal_data_rows", 0, op=Op.AT_MOST, limit=0, n=72, scope={"split": "test", "kinds": "all"})
    model = _finding("personal_data_in_model", 0, op=Op.AT_MOST, limit=0, scope={}, details={"model_texts": 40})
    for finding, where in ((rows, "72 rows (test)"), (model, "40 texts")):
        check = sample.check_result("pii", finding.verdict, [finding], settings=settings)
        said = _said(sample, finding, checks=(check,))
        assert said.endswith(f", beside what the spec allows, limits or leaves out: none in {where}; none allowed")


def test_a_requirement_without_its_finding_shows_its_id(sample: ModuleType) -> None:
    """A record that names a finding it does not hold is shown all the same."""
    record: Record = sample.record()
    one = record.requirements[0].model_copy(update={"findings": ("gone",), "id": "accuracy.gone", "value": 0.521})
    assert deciding(record, one) is None
    assert i18n.render(fact(record, one), i18n.translator("en", record)) == "accuracy.gone: 0.52"
