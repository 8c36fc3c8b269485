"""Whole audits of real data sets, against published figures and Fairlearn on the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.canonical import canonical
from llmops_audit.figures import Estimate, GroupMetrics
from llmops_audit.model import Record, Verdict
from llmops_audit.render import render_html

pytestmark = pytest.mark.realdata

ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]


def _audit(folder: Path, spec: str) -> Record:
    path = folder / "audit.toml"
    path.write_text(spec, encoding="utf-8")
    return run(prepare(path))


def _rows(record: Record, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in record.figures[table].rows]  # type: ignore[union-attr]


def _groups(record: Record) -> GroupMetrics:
    figure = record.figures["groups"]
    assert isinstance(figure, GroupMetrics)
    return figure


def _estimates(record: Record, *attributes: str) -> dict[tuple[tuple[str, ...], str], Estimate]:
    grouping = next(one for one in _groups(record).groupings if one.attributes == attributes)
    return {(one.group, one.metric): one for one in grouping.estimates}


SELECTION, PARITY = "selection_rate", "demographic_parity_difference"


def test_adult_equals_fairlearn_on_the_rows(data_folder: Path, tmp_path: Path) -> None:
    """Selection rates by sex and the parity difference equal Fairlearn's on the rows, to 1e-12."""
    from fairlearn.metrics import MetricFrame, demographic_parity_difference, selection_rate
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from llmops_audit.subjects.estimator import preprocessing

    # The test file starts with a comment and ends its labels with a full stop.
    lines = (data_folder / "adult" / "adult.test").read_text().splitlines()[1:]
    (tmp_path / "test.csv").write_text("\n".join(line.rstrip(".") for line in lines))
    (tmp_path / "train.csv").write_bytes((data_folder / "adult" / "adult.data").read_bytes())
    features = [name for name in ADULT if name not in ("income", "fnlwgt")]
    record = _audit(
        tmp_path,
        f"""
        [audit]
        name = "adult"
        version = "1"
        [data]
        train = "train.csv"
        test = "test.csv"
        columns = {json.dumps(ADULT)}
        missing = ["", "?"]
        features = {json.dumps(features)}
        label = "income"
        positive = ">50K"
        groups = ["sex", "race"]
        [model]
        estimator = "sklearn.linear_model:LogisticRegression"
        parameters = {{ max_iter = 2000 }}
        [checks.accuracy]
        [checks.fairness]
        """,
    )
    read = {"names": ADULT, "skipinitialspace": True, "na_values": "?"}
    train, test = (pd.read_csv(tmp_path / name, **read) for name in ("train.csv", "test.csv"))
    numeric = frozenset(name for name in features if train[name].dtype.kind in "if")
    model = Pipeline([("p", preprocessing(tuple(features), numeric)), ("m", LogisticRegression(max_iter=2000))])
    prepared = [frame[features].astype({name: float for name in numeric}) for frame in (train, test)]
    for frame in prepared:
        for name in set(features) - numeric:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), np.nan)
    answers = model.fit(prepared[0], train["income"]).predict(prepared[1])
    truth, told = (test["income"] == ">50K").astype(int), (answers == ">50K").astype(int)
    rates = MetricFrame(metrics=selection_rate, y_true=truth, y_pred=told, sensitive_features=test["sex"]).by_group
    found = {group[0]: one.value for (group, metric), one in _estimates(record, "sex").items() if metric == SELECTION}
    assert found == pytest.approx(dict(rates), abs=1e-12)
    difference = demographic_parity_difference(truth, told, sensitive_features=test["sex"])
    disparity = next(
        row for row in _rows(record, "disparities") if (row["attribute"], row["metric"]) == ("sex", PARITY)
    )
    assert disparity["value"] == pytest.approx(difference, abs=1e-12)
    assert disparity["low"] < difference < disparity["high"]
    assert record.decision.exit_code == 1


def test_compas_gives_propublica_s_rates(data_folder: Path, tmp_path: Path) -> None:
    """Saved predictions of COMPAS: the false positive and false negative rates that ProPublica published."""
    (tmp_path / "compas.csv").write_bytes((data_folder / "compas" / "compas_for_aequitas.csv").read_bytes())
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "compas"
        version = "1"
        [data]
        test = "compas.csv"
        label = "label_value"
        groups = ["race", "sex"]
        id = "entity_id"
        [model]
        predictions = "score"
        [checks.fairness]
        favourable = 0
        """,
    )
    rates = _estimates(record, "race")
    for group, false_positive, false_negative in (
        ("African-American", 44.85, 27.99),
        ("Caucasian", 23.45, 47.72),
    ):
        for metric, published in (("false_positive_rate", false_positive), ("false_negative_rate", false_negative)):
            one = rates[(group,), metric]
            assert one.value is not None
            assert one.low is not None
            assert one.high is not None
            assert round(100 * one.value, 2) == published
            assert 0.03 < one.high - one.low < 0.08
    grouping = next(one for one in _groups(record).groupings if one.attributes == ("race",))
    wanted = (("Caucasian",), ("African-American",), "false_positive_rate")
    gap = next(one for one in grouping.gaps if (one.group, one.compared_with, one.metric) == wanted)
    assert gap.ratio is not None
    assert gap.ratio_high is not None
    # Aequitas divides by the rate of the reference group.
    assert 1 / gap.ratio == pytest.approx(1.912093, abs=5e-7)
    assert 1 / gap.ratio_high > 1.7
    held_back = record.findings()["fairness.selection_rate_ratio[race=African-American]"]
    assert held_back.verdict is Verdict.FAILED


def test_sms_spam_is_trained_and_audited_from_one_spec(data_folder: Path, tmp_path: Path) -> None:
    """The spam filter reaches its authors' accuracy, and the corpus's phone numbers are found."""
    (tmp_path / "sms.tsv").write_bytes((data_folder / "sms_spam" / "sms.tsv").read_bytes())
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "sms"
        version = "1"
        [data]
        path = "sms.tsv"
        columns = ["label", "message"]
        quote = false
        text = "message"
        label = "label"
        positive = "spam"
        [model]
        vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
        estimator = "sklearn.linear_model:LogisticRegression"
        [checks.accuracy]
        min = { accuracy = 0.95, f1 = 0.90 }
        [checks.pii]
        """,
    )
    assert record.data["train"].rows + record.data["test"].rows == 5574
    accuracy = record.findings()["accuracy.accuracy"]
    assert accuracy.value is not None
    assert accuracy.value > 0.9764
    phones = [row for row in _rows(record, "personal_data") if row["kind"] == "phone"]
    assert sum(int(row["hits"]) for row in phones) > 300


def test_cold_is_reported_in_chinese(data_folder: Path, tmp_path: Path) -> None:
    """Chinese comments: about 80 % accuracy with words of characters, and a report in Chinese."""
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv").write_bytes((data_folder / "cold_chinese" / f"{name}.csv").read_bytes())
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "cold"
        version = "1"
        language = "zh"
        [data]
        train = "train.csv"
        test = "test.csv"
        text = "TEXT"
        label = "label"
        groups = ["topic"]
        [model]
        vectorizer = "sklearn.feature_extraction.text:TfidfVectorizer"
        vectorizer_parameters = { analyzer = "char", ngram_range = [1, 2] }
        estimator = "sklearn.linear_model:LogisticRegression"
        parameters = { max_iter = 1000 }
        [checks.accuracy]
        min = { accuracy = 0.75 }
        [checks.fairness]
        [checks.drift]
        """,
    )
    accuracy = record.findings()["accuracy.accuracy"].value
    assert accuracy is not None
    assert 0.78 < accuracy < 0.84
    assert '<html lang="zh' in render_html(record)


def test_california_gives_nannyml_s_areas_and_the_loss_in_between(data_folder: Path, tmp_path: Path) -> None:
    """ROC AUC is .90794 in the reference and .84025 in the analysis period; against its own record the latter fails."""
    folder = data_folder / "nannyml_california"
    analysis = pd.read_csv(folder / "california_housing_analysis.csv")
    analysis.merge(pd.read_csv(folder / "california_housing_analysis_gt.csv")).to_csv(tmp_path / "now.csv", index=False)

    def audit(path: str, checks: str) -> Record:
        return _audit(
            tmp_path,
            f"""
[audit]
name = "california"
version = "1"

[data]
test = "{path}"
label = "clf_target"
positive = 1

[model]
predictions = "y_pred"
scores = "y_pred_proba"

[checks.accuracy]
min = {{ roc_auc = 0.88 }}
{checks}
""",
        )

    before = audit(str(folder / "california_housing_reference.csv"), "")
    assert before.findings()["accuracy.roc_auc"].value == pytest.approx(0.90794, abs=5e-6)
    assert before.findings()["accuracy.roc_auc"].verdict is Verdict.PASSED
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "record.json").write_bytes(canonical(before))
    after = audit("now.csv", '[checks.calibration]\n[checks.regression]\n[baseline]\nrecord = "before"\n')
    findings = after.findings()
    assert findings["accuracy.roc_auc"].value == pytest.approx(0.84025, abs=5e-6)
    for name in ("accuracy.roc_auc", "regression.accuracy[against=before]", "calibration.expected_calibration_error"):
        assert findings[name].verdict is Verdict.FAILED
    assert findings["regression.accuracy[against=before]"].details["same_rows"] is False
