"""Whole audits over the ways to bring data and a classifier."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.errors import SubjectError
from llmops_audit.record import Record, Status, Table, Verdict

HEAD = '[audit]\nname = "a"\nversion = "1"\n'
TAIL = "\n[checks.accuracy]\n"
TABULAR = '[data]\npath = "{path}"\nfeatures = ["age", "job"]\nlabel = "y"\n'
LOGISTIC = '[model]\nestimator = "sklearn.linear_model:LogisticRegression"\n'


def _people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    age = rng.integers(18, 80, n).astype(float)
    job = rng.choice(["clerk", "smith", "baker"], n).astype(object)
    label = (age + 20 * (job == "smith") + rng.normal(0, 8, n) > 55).astype(int)
    age[::17], job[::23] = np.nan, None
    return pd.DataFrame({"age": age, "job": job, "y": label, "id": [f"p{i}" for i in range(n)]})


def _audit(folder: Path, text: str) -> Record:
    spec = folder / "audit.toml"
    spec.write_text(HEAD + text + TAIL, encoding="utf-8")
    return run(prepare(spec))


def _counts(record: Record) -> Any:
    return record.figures["confusion_matrix"].counts  # type: ignore[union-attr]


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "people.csv": lambda frame, path: frame.to_csv(path, index=False),
    "people.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "people.parquet": lambda frame, path: frame.to_parquet(path),
    "people.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


def test_every_format_gives_the_same_counts(tmp_path: Path) -> None:
    """CSV, TSV, Parquet and JSON Lines of one table give one confusion matrix, with missing values in the features."""
    found = []
    for name, write in WRITERS.items():
        write(_people(), tmp_path / name)
        record = _audit(tmp_path, TABULAR.format(path=name) + LOGISTIC)
        assert record.decision.status is Status.APPROVED
        assert record.subject.parameters["numeric"] == ["age"]
        found.append(_counts(record))
    assert len(set(found)) == 1


def test_the_split_is_scikit_learn_s(tmp_path: Path) -> None:
    """The test rows are those of train_test_split with the audit's seed, stratified."""
    from sklearn.model_selection import train_test_split

    people = _people()
    people.to_csv(tmp_path / "people.csv", index=False)
    record = _audit(tmp_path, TABULAR.format(path="people.csv") + "test_size = 0.25\n" + LOGISTIC)
    _, test = train_test_split(people["y"], test_size=0.25, random_state=42, stratify=people["y"])
    assert [(count.value, count.rows) for count in record.data["test"].labels] == [
        (label, int((test == label).sum())) for label in (0, 1)
    ]


def test_several_files_are_one_split_in_any_order(tmp_path: Path) -> None:
    """A split of several files gives the same evidence whatever their order, and one digest."""
    people = _people().assign(told=lambda frame: frame["y"])
    people[:150].to_csv(tmp_path / "one.csv", index=False)
    people[150:].to_csv(tmp_path / "two.csv", index=False)
    model = '[model]\npredictions = "told"\n'
    records = [
        _audit(tmp_path, f'[data]\ntest = {json.dumps(files)}\nlabel = "y"\nid = "id"\n{model}')
        for files in (["one.csv", "two.csv"], ["two.csv", "one.csv"])
    ]
    assert _counts(records[0]) == _counts(records[1])
    assert records[0].data["test"].sha256 == records[1].data["test"].sha256
    assert records[0].checks == records[1].checks


def test_a_factory_beside_the_spec_makes_the_classifier(tmp_path: Path) -> None:
    """A function of the user's own module returns the classifier; the record holds its source's digest."""
    (tmp_path / "my_factory_module.py").write_text(
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.feature_extraction.text import CountVectorizer\n"
        "from sklearn.naive_bayes import MultinomialNB\n\n\n"
        "def make():\n    return make_pipeline(CountVectorizer(), MultinomialNB())\n\n\n"
        "def none():\n    return 3\n"
    )
    rows = "\n".join(f"{'good fine' if i % 2 else 'bad poor'} {i},{i % 2}" for i in range(200))
    (tmp_path / "rows.csv").write_text(f"text,label\n{rows}\n")
    data = '[data]\npath = "rows.csv"\ntext = "text"\nlabel = "label"\n'
    record = _audit(tmp_path, data + '[model]\nfactory = "my_factory_module:make"\n')
    assert record.decision.status is Status.APPROVED
    assert record.subject.kind == "factory"
    assert len(str(record.subject.parameters["source_sha256"])) == 64
    with pytest.raises(SubjectError, match=r"model\.factory: is not an estimator"):
        _audit(tmp_path, data + '[model]\nfactory = "my_factory_module:none"\n')


def test_a_threshold_moves_answers(tmp_path: Path) -> None:
    """A high threshold makes the positive label rarer, a low one more frequent."""
    _people().to_csv(tmp_path / "people.csv", index=False)
    selected = []
    for threshold in (0.1, 0.5, 0.9):
        text = TABULAR.format(path="people.csv") + "positive = 1\n" + LOGISTIC + f"threshold = {threshold}\n"
        selected.append(sum(row[1] for row in _counts(_audit(tmp_path, text))))
    assert selected[0] > selected[1] > selected[2]


def test_sample_weights_reach_training_and_metrics(tmp_path: Path) -> None:
    """Weights change what is learned and what is measured, as scikit-learn's own do."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.pipeline import Pipeline

    from llmops_audit.subjects.estimator import preprocessing

    people = _people().dropna().assign(w=lambda frame: np.where(frame["y"] == 1, 9.0, 0.5))
    train, test = people[:250], people[250:]
    train.to_csv(tmp_path / "train.csv", index=False)
    test.to_csv(tmp_path / "test.csv", index=False)
    text = '[data]\ntrain = "train.csv"\ntest = "test.csv"\nfeatures = ["age", "job"]\nlabel = "y"\nweight = "w"\n'
    record = _audit(tmp_path, text + LOGISTIC)
    model = Pipeline([("inputs", preprocessing(("age", "job"), frozenset({"age"}))), ("m", LogisticRegression())])
    told = model.fit(train[["age", "job"]], train["y"], m__sample_weight=train["w"]).predict(test[["age", "job"]])
    performance = {row["metric"]: row["value"] for row in record.figures["performance"].rows}  # type: ignore[union-attr]
    assert performance["accuracy"] == pytest.approx(accuracy_score(test["y"], told, sample_weight=test["w"]))


def test_live_rows_need_no_labels(tmp_path: Path) -> None:
    """A live split without a label column is read, predicted and described, with the span of its times."""
    people = _people()
    people.to_csv(tmp_path / "people.csv", index=False)
    times = [f"2026-01-{1 + i % 28:02}" for i in range(len(people))]
    people.drop(columns="y").assign(when=times).to_csv(tmp_path / "live.csv", index=False)
    people.assign(when=times).to_csv(tmp_path / "people.csv", index=False)
    text = TABULAR.format(path="people.csv") + 'live = "live.csv"\ntime = "when"\n' + LOGISTIC
    record = _audit(tmp_path, text)
    assert record.data["live"].rows == 400
    assert [(count.value, count.rows) for count in record.data["live"].labels] == [(None, 400)]
    assert record.data["live"].time == ("2026-01-01T00:00:00+00:00", "2026-01-28T00:00:00+00:00")


def test_many_classes_are_audited(tmp_path: Path) -> None:
    """Ten classes of digits: macro metrics, and chance is a tenth."""
    from sklearn.datasets import load_digits

    digits = load_digits(as_frame=True)
    digits.frame.to_csv(tmp_path / "digits.csv", index=False)
    names = json.dumps(list(digits.data.columns))
    data = f'[data]\npath = "digits.csv"\nfeatures = {names}\nlabel = "target"\n'
    record = _audit(tmp_path, data + LOGISTIC + "parameters = { max_iter = 300 }\n")
    finding = record.findings()["accuracy.balanced_accuracy[against=chance]"]
    assert finding.requirement is not None
    assert finding.requirement.limit == pytest.approx(0.1)
    assert record.decision.status is Status.APPROVED


def test_a_model_that_learned_its_rows_by_heart_shows_a_gap(tmp_path: Path) -> None:
    """A full tree on noisy labels knows its training rows, not the test rows; the rule on one feature does as well."""
    people = _people(1000)
    people["y"] = np.where(np.random.default_rng(2).random(1000) < 0.25, 1 - people["y"], people["y"])
    people.to_csv(tmp_path / "people.csv", index=False)
    tree = '[model]\nestimator = "sklearn.tree:DecisionTreeClassifier"\n'
    spec = tmp_path / "audit.toml"
    limits = "\n[checks.accuracy]\nmax_train_test_gap = 0.05\nmin_gain_over_one_rule = 0.05\n"
    spec.write_text(HEAD + TABULAR.format(path="people.csv") + tree + limits, encoding="utf-8")
    record = run(prepare(spec))
    gap = record.findings()["accuracy.train_test_gap"]
    assert gap.verdict is Verdict.FAILED
    assert gap.requirement is not None
    assert (gap.requirement.source or "").startswith("audit.toml:")
    assert record.findings()["accuracy.gain_over_one_rule"].verdict is not Verdict.PASSED
    baselines = record.figures["baselines"]
    assert isinstance(baselines, Table)
    assert "age" in str(baselines.rows[-1]["baseline"])


@pytest.mark.parametrize("positive", [0, 1])
def test_decision_values_rank_as_probabilities_do(tmp_path: Path, positive: int) -> None:
    """A classifier without probabilities has a ROC AUC, of either label, and no calibration."""
    _people().to_csv(tmp_path / "people.csv", index=False)
    areas = {}
    for name, estimator in (
        ("margin", "sklearn.svm:LinearSVC"),
        ("probability", "sklearn.linear_model:LogisticRegression"),
    ):
        spec = tmp_path / "audit.toml"
        data = TABULAR.format(path="people.csv") + f"positive = {positive}\n"
        checks = "\n[checks.accuracy]\nmin = { roc_auc = 0.5 }\n[checks.calibration]\n"
        spec.write_text(HEAD + data + f'[model]\nestimator = "{estimator}"\n' + checks, encoding="utf-8")
        record = run(prepare(spec))
        areas[name] = record.findings()["accuracy.roc_auc"].value
        calibration = next(check for check in record.checks if check.name == "calibration")
        assert (calibration.verdict is Verdict.NOT_APPLICABLE) == (name == "margin")
    assert areas["margin"] > 0.9  # type: ignore[operator]
    assert areas["margin"] == pytest.approx(areas["probability"], abs=0.05)


def test_drift_compares_answers_that_the_classifier_gave_to_rows_it_had_not_seen(tmp_path: Path) -> None:
    """Predictions and scores of training rows and of test rows are those of fold models, so that they are alike."""
    people = _people()
    people.iloc[::2].to_csv(tmp_path / "train.csv", index=False)
    people.iloc[1::2].to_csv(tmp_path / "test.csv", index=False)
    files = TABULAR.format(path="train.csv").replace('path = "train.csv"', 'train = "train.csv"\ntest = "test.csv"')
    record = _audit(tmp_path, files + LOGISTIC + "[checks.drift]\n")
    drift = {finding.id: finding for check in record.checks if check.name == "drift" for finding in check.findings}
    for place in ("total_variation_effect[column=(prediction)]", "wasserstein_effect[column=(score)]"):
        assert drift[f"drift.{place}"].verdict is Verdict.PASSED
        assert drift[f"drift.{place}"].n == 400
