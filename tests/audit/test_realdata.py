"""Whole audits of real data sets, against published figures and Fairlearn on the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.record import Finding, Record, Table, Verdict
from llmops_audit.record.canonical import canonical
from llmops_audit.record.figures import Estimate, GroupMetrics
from llmops_audit.render.formats import render_files

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

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


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _audit(folder: Path, spec: str) -> Record:
    path = folder / "audit.toml"
    path.write_text(spec, encoding="utf-8")
    return run(prepare(path))


def _adult(source: Path, folder: Path) -> None:
    # The test file starts with a comment and ends its labels with a full stop.
    lines = (source / "adult" / "adult.test").read_text().splitlines()[1:]
    (folder / "test.csv").write_text("\n".join(line.rstrip(".") for line in lines))
    (folder / "train.csv").write_bytes((source / "adult" / "adult.data").read_bytes())


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

    _adult(data_folder, tmp_path)
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
        column_names = {json.dumps(ADULT)}
        na_values = ["", "?"]
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
    # The widest gaps are those of few rows; the most certain one is that of the two largest groups.
    odds = next(row for row in _rows(record, "disparities") if row["metric"] == "equalized_odds_difference")
    assert {odds["certain_group"], odds["certain_compared_with"]} == {"African-American", "Caucasian"}
    assert {odds["group"], odds["compared_with"]} == {"African-American", "Other"}


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
        column_names = ["label", "message"]
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
    assert '<html lang="zh' in _html(record)


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


def test_adult_gives_the_figures_of_fairlearn_s_older_quickstart(data_folder: Path, tmp_path: Path) -> None:
    """Its decision tree, asked about the rows that it was trained on: accuracy and selection rate by sex, parity."""
    from sklearn.tree import DecisionTreeClassifier

    _adult(data_folder, tmp_path)
    parts = [
        pd.read_csv(tmp_path / name, names=ADULT, skipinitialspace=True, na_values="?")
        for name in ("train.csv", "test.csv")
    ]
    frame = pd.concat(parts, ignore_index=True)
    features, target = pd.get_dummies(frame.drop(columns="income")), (frame["income"] == ">50K").astype(int)
    tree = DecisionTreeClassifier(min_samples_leaf=10, max_depth=4, random_state=0)
    answers = tree.fit(features, target).predict(features)
    pd.DataFrame({"sex": frame["sex"], "label": target, "told": answers}).to_csv(tmp_path / "told.csv", index=False)
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "adult"
        version = "1"
        [data]
        test = "told.csv"
        label = "label"
        groups = ["sex"]
        [model]
        predictions = "told"
        [checks.fairness]
        """,
    )
    found = {(group[0], metric): one.value for (group, metric), one in _estimates(record, "sex").items()}
    published = {
        ("Female", "accuracy"): 0.9251, ("Male", "accuracy"): 0.8042,
        ("Female", SELECTION): 0.0635, ("Male", SELECTION): 0.2135,
    }  # fmt: skip
    # The seed of the tree was not published.
    assert {key: found[key] for key in published} == pytest.approx(published, abs=2e-4)
    (gap,) = (one for one in _groups(record).groupings[0].gaps if one.metric == SELECTION)
    assert gap.difference == pytest.approx(0.15, abs=1e-4)
    assert gap.low is not None
    assert gap.high is not None
    assert 0.143 < gap.low < 0.15 < gap.high < 0.157


def _strongest(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    table = record.figures["proxies"]
    assert isinstance(table, Table)
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in table.rows:
        first.setdefault((str(row["attribute"]), str(row["group"])), dict(row))
    return first


def _area(record: Record, place: str) -> Finding:
    return record.findings()[f"proxies.group_separability[{place}]"]


def test_adult_gives_sex_away(data_folder: Path, tmp_path: Path) -> None:
    """Without sex and race among the features sex is told by marriage and race hardly but for where one is from."""
    _adult(data_folder, tmp_path)
    features = [name for name in ADULT if name not in ("income", "fnlwgt", "sex", "race")]
    record = _audit(
        tmp_path,
        f"""
        [audit]
        name = "adult"
        version = "1"
        [data]
        train = "train.csv"
        test = "test.csv"
        column_names = {json.dumps(ADULT)}
        na_values = ["", "?"]
        features = {json.dumps(features)}
        label = "income"
        positive = ">50K"
        groups = ["sex", "race"]
        [model]
        estimator = "sklearn.tree:DecisionTreeClassifier"
        parameters = {{ max_depth = 5 }}
        [checks.proxies]
        """,
    )
    sex = _area(record, "sex=Female")
    assert sex.value is not None
    assert 0.91 < sex.value < 0.94
    assert sex.verdict is Verdict.FAILED
    assert sex.n == 10_000
    assert _strongest(record)["sex", "Female"]["proxy"] == "relationship"
    assert _strongest(record)["race", "Asian-Pac-Islander"]["proxy"] == "native_country"
    races = [
        finding for name, finding in record.findings().items() if name.startswith("proxies.group_separability[race=")
    ]
    assert len(races) == 5
    assert all(finding.value is not None and finding.value < 0.88 for finding in races)
    white = _area(record, "race=White")
    assert white.value is not None
    assert 0.65 < white.value < 0.8
    assert white.verdict is Verdict.PASSED


def test_chinese_comments_give_their_topic_away(data_folder: Path, tmp_path: Path) -> None:
    """The texts of COLD name whom they are about, and words of that kind stand in the table."""
    (tmp_path / "test.csv").write_bytes((data_folder / "cold_chinese" / "test.csv").read_bytes())
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "cold"
        version = "1"
        language = "zh"
        [data]
        path = "test.csv"
        test_size = 0.5
        text = "TEXT"
        label = "label"
        groups = ["topic"]
        [model]
        vectorizer = "sklearn.feature_extraction.text:TfidfVectorizer"
        vectorizer_parameters = { analyzer = "char" }
        estimator = "sklearn.linear_model:LogisticRegression"
        [checks.proxies]
        """,
    )
    for topic, words in (("race", "黑"), ("gender", "女"), ("region", "人")):
        finding = _area(record, f"topic={topic}")
        assert finding.value is not None
        assert finding.value > 0.93
        assert finding.verdict is Verdict.FAILED
        told = [row["proxy"] for row in record.figures["proxies"].rows if row["group"] == topic]  # type: ignore[union-attr]
        assert any(words in str(word) for word in told), told


COLD_COUNTERFACTUAL = """
[audit]
name = "cold"
version = "1"
language = "zh"
seed = 1
[data]
train = "train.csv"
test = "test.csv"
text = "TEXT"
label = "label"
positive = 1
[model]
vectorizer = "sklearn.feature_extraction.text:TfidfVectorizer"
vectorizer_parameters = { analyzer = "char" }
estimator = "sklearn.linear_model:LogisticRegression"
[checks.counterfactual]
attributes = ["gender", "ethnicity"]
languages = ["zh"]
"""


def test_black_people_are_held_against_a_text(data_folder: Path, tmp_path: Path) -> None:
    """Texts about black people are called offensive for that; for women and men the answers differ far less."""
    for name, rows in (("train", 5000), ("test", 2000)):
        pd.read_csv(data_folder / "cold_chinese" / f"{name}.csv")[["TEXT", "label"]].head(rows).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    record = _audit(tmp_path, COLD_COUNTERFACTUAL)
    assert [one.id for one in record.requirements] == [
        "counterfactual.flip_rate[ethnicity]",
        "counterfactual.flip_rate[gender]",
    ]
    pairs = {(row["from"], row["to"]): row for row in _rows(record, "counterfactual")}
    black, women = pairs["black", "arab"], pairs["female", "male"]
    assert min(black["rows"], women["rows"]) > 200
    assert black["flips"] > 10
    assert black["away"] > 0.9 * black["flips"]
    assert black["rate"] > women["rate"]


COMPLETIONS: list[tuple[str, dict[str, str], int]] = [
    ("navigate.direct", {}, 0),
    ("navigate.direct", {"match": "only_label"}, 0),
    ("navigate.cot", {"match": "regex", "pattern": r"answer is (.+?)\.?$"}, 0),
    ("navigate.cot", {"match": "last_label"}, 0),
    ("snarks.direct", {}, 0),
    ("snarks.direct", {"match": "only_label"}, 0),
    ("snarks.cot", {"match": "regex", "pattern": r"answer is (.+?)\.?$"}, 31),
]
"""Completions of a language model, a way to read them, and how many of them hold no label."""


@pytest.mark.parametrize(("name", "output", "unparsable"), COMPLETIONS)
def test_raw_completions_give_the_published_accuracy(
    name: str, output: dict[str, str], unparsable: int, data_folder: Path
) -> None:
    """Outputs of a language model, direct and with a chain of thought, have the accuracy that was published of them."""
    source = data_folder / "bbh_codex"
    rows = json.loads((source / f"{name}.json").read_text(encoding="utf-8"))["outputs"]
    published = json.loads((source / f"{name}_metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])["accuracy"]
    spec = {
        "audit": {"name": "completions", "version": "1"},
        "data": {"test": "rows.csv", "label": "target"},
        "model": {"predictions": "prediction"} | ({"output": output} if output else {}),
        "checks": {"accuracy": {}},
    }
    record = run(prepare(spec, {"test": pd.DataFrame(rows)[["prediction", "target"]]}))
    accuracy = next(row["value"] for row in _rows(record, "performance") if row["metric"] == "accuracy")
    assert 100 * accuracy == pytest.approx(published, abs=1e-9)
    outputs = record.data["test"].outputs
    assert outputs is not None
    assert outputs.outcomes.get("unparsable", 0) == unparsable
    assert outputs.rows == len(rows)


def test_sms_spam_holds_without_the_rows_seen_in_training(data_folder: Path, tmp_path: Path) -> None:
    """Messages that were sent twice are seen in training; trained without them the filter is nearly as accurate."""
    (tmp_path / "sms.tsv").write_bytes((data_folder / "sms_spam" / "sms.tsv").read_bytes())
    record = _audit(
        tmp_path,
        """
        [audit]
        name = "sms"
        version = "1"
        [data]
        path = "sms.tsv"
        column_names = ["label", "message"]
        quote = false
        text = "message"
        label = "label"
        positive = "spam"
        [model]
        vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
        estimator = "sklearn.linear_model:LogisticRegression"
        [checks.accuracy]
        min = { accuracy = 0.95 }
        """,
    )
    seen = record.data["test"].overlap
    assert seen is not None
    assert seen.share is not None
    assert 0.05 < seen.share < 0.2
    assert seen.again == "retrained"
    finding = record.findings()["accuracy.accuracy"]
    without = finding.details["value_without_seen_rows"]
    assert finding.verdict is Verdict.PASSED
    assert finding.value is not None
    assert isinstance(without, float)
    assert 0 <= finding.value - without < 0.01


def test_adult_holds_without_the_rows_seen_in_training(data_folder: Path, tmp_path: Path) -> None:
    """A fifth of Adult's test rows stand in its training rows: brute force counts as many, and accuracy is the same."""
    _adult(data_folder, tmp_path)
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
        column_names = {json.dumps(ADULT)}
        na_values = ["", "?"]
        features = {json.dumps(features)}
        label = "income"
        positive = ">50K"
        [model]
        estimator = "sklearn.linear_model:LogisticRegression"
        parameters = {{ max_iter = 2000 }}
        [checks.accuracy]
        min = {{ accuracy = 0.8 }}
        """,
    )
    read: dict[str, Any] = {"names": ADULT, "skipinitialspace": True, "na_values": "?"}
    train, test = (pd.read_csv(tmp_path / name, **read)[features].fillna("") for name in ("train.csv", "test.csv"))
    known = set(train.itertuples(index=False, name=None))
    seen = record.data["test"].overlap
    assert seen is not None
    assert (seen.rows, seen.exact, seen.again) == (len(test), True, "retrained")
    assert seen.seen == sum(row in known for row in test.itertuples(index=False, name=None))
    finding = record.findings()["accuracy.accuracy"]
    without = finding.details["value_without_seen_rows"]
    assert finding.verdict is Verdict.PASSED
    assert finding.value == pytest.approx(0.852, abs=0.002)
    assert without == pytest.approx(0.851, abs=0.002)
