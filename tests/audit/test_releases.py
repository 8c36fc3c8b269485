"""Whole audits of one release after another: the one before, units, scores, and test rows that were used before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.model_selection import train_test_split

from llmops_audit.audit import prepare, run
from llmops_audit.errors import AuditError, DataError, RecordError, SpecError
from llmops_audit.record import Record, Table, Verdict
from llmops_audit.record.canonical import canonical

HEAD = '[audit]\nname = "a"\nversion = "{version}"\n[data]\ntest = "rows.csv"\nlabel = "y"\npositive = 1\n'


def _rows(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    label = rng.integers(0, 2, n)
    old = np.where(rng.random(n) < 0.85, label, 1 - label)
    new = np.where(rng.random(n) < 0.1, label, old)
    score = np.clip(0.5 + (new - 0.5) * 0.8 + rng.normal(0, 0.05, n), 0, 1)
    return pd.DataFrame(
        {"y": label, "old": old, "new": new, "score": score, "person": [f"p{i % 100}" for i in range(n)]}
    )


def _audit(folder: Path, rest: str, version: str = "1", data: str = "", out: str | None = None) -> Record:
    spec = folder / f"audit-{version}.toml"
    spec.write_text(HEAD.format(version=version) + data + rest, encoding="utf-8")
    record = run(prepare(spec), reports=folder)
    if out is not None:
        (folder / out).mkdir(exist_ok=True)
        (folder / out / "record.json").write_bytes(canonical(record))
    return record


def _model(column: str, check: str, more: str = "") -> str:
    return f'[model]\npredictions = "{column}"\n{more}\n[checks.{check}]\n'


def test_the_answers_of_the_release_before_are_compared_row_by_row(tmp_path: Path) -> None:
    """From a column of old answers come the difference, McNemar's p-value and the flips by label."""
    rows = _rows()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    record = _audit(tmp_path, _model("new", "regression") + '[baseline]\npredictions = "old"\n')
    finding = record.findings()["regression.accuracy[against=before]"]
    right_old, right_new = rows["old"] == rows["y"], rows["new"] == rows["y"]
    lost, won = int((right_old & ~right_new).sum()), int((~right_old & right_new).sum())
    assert finding.value == pytest.approx((won - lost) / len(rows))
    assert finding.details["mcnemar_p_value"] == pytest.approx(binomtest(lost, lost + won).pvalue)
    assert finding.verdict is Verdict.PASSED
    flips = record.figures["flips"]
    assert isinstance(flips, Table)
    assert sum(int(row["won"]) for row in flips.rows) == won  # type: ignore[call-overload]


def test_a_record_of_the_release_before_is_compared_without_pairs(tmp_path: Path) -> None:
    """The record alone gives a wider interval than the answers; other test rows are said to be others."""
    rows = _rows()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    before = _audit(tmp_path, _model("old", "accuracy"), out="before")
    paired = _audit(tmp_path, _model("new", "regression") + '[baseline]\npredictions = "old"\n')
    alone = _audit(tmp_path, _model("new", "regression") + '[baseline]\nrecord = "before"\n')
    narrow, wide = (one.findings()["regression.accuracy[against=before]"] for one in (paired, alone))
    assert narrow.value == pytest.approx(wide.value)
    assert wide.interval[0] < narrow.interval[0]  # type: ignore[index,operator]
    assert wide.details["same_rows"] is True
    assert wide.details["digest"] == before.digest
    refused = rows.assign(old=rows["old"].astype(object).where(rows.index >= 50, "no idea"))
    refused.to_csv(tmp_path / "rows.csv", index=False)
    labels = "labels = [0, 1]\n"
    _audit(tmp_path, _model("old", "accuracy"), out="before", data=labels)
    again = _audit(tmp_path, _model("new", "regression") + '[baseline]\nrecord = "before"\n', data=labels)
    right = (refused["old"] == refused["y"]).mean()
    assert again.findings()["regression.accuracy[against=before]"].details["before"] == pytest.approx(right)
    rows.iloc[:-1].to_csv(tmp_path / "rows.csv", index=False)
    moved = _audit(tmp_path, _model("new", "regression") + '[baseline]\nrecord = "before/record.json"\n')
    assert moved.findings()["regression.accuracy[against=before]"].details["same_rows"] is False


@pytest.mark.parametrize(
    ("rest", "error", "said"),
    [
        (_model("new", "regression") + '[baseline]\nrecord = "nowhere"\n', RecordError, "cannot be read"),
        (_model("new", "accuracy") + '[baseline]\npredictions = "old"\n', SpecError, "no check compares with them"),
        (_model("new", "regression") + "[baseline]\n", SpecError, "`record`, `predictions`"),
        (_model("new", "regression") + '[baseline]\npredictions = "nobody"\n', DataError, "has no column 'nobody'"),
        (_model("new", "regression") + '[baseline]\npredictions = "new"\n', SpecError, "two of label, prediction"),
    ],
)
def test_a_baseline_that_cannot_be_is_refused(tmp_path: Path, rest: str, error: type[AuditError], said: str) -> None:
    """A baseline that is missing, empty, unused, or the subject itself is an error, never a comparison."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(error, match=said):
        _audit(tmp_path, rest)


def test_a_record_that_was_changed_is_no_baseline(tmp_path: Path) -> None:
    """One digit changed by hand breaks the digest, and the audit ends."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    _audit(tmp_path, _model("old", "accuracy"), out="before")
    path = tmp_path / "before" / "record.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"version":"1"', '"version":"2"', 1), encoding="utf-8")
    with pytest.raises(RecordError, match="changed"):
        _audit(tmp_path, _model("new", "regression") + '[baseline]\nrecord = "before"\n')


def test_rows_of_one_person_widen_the_interval(tmp_path: Path) -> None:
    """Where each person's rows are alike, naming the person makes the interval as wide as that of so many persons."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 80)
    answer = np.where(rng.random(80) < 0.9, label, 1 - label)
    rows = pd.DataFrame({"y": label.repeat(10), "new": answer.repeat(10), "person": np.arange(80).repeat(10)})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    plain = _audit(tmp_path, _model("new", "accuracy")).findings()["accuracy.balanced_accuracy[against=chance]"]
    record = _audit(tmp_path, _model("new", "accuracy"), data='unit = "person"\n')
    unit = record.findings()["accuracy.balanced_accuracy[against=chance]"]
    assert record.data["test"].unit == "person"
    width = [one.interval[1] - one.interval[0] for one in (plain, unit)]  # type: ignore[index,operator]
    assert 2.3 < width[1] / width[0] < 4.5
    assert "permutation_p_value" in plain.details
    assert "permutation_p_value" not in unit.details


def test_a_row_without_a_unit_is_an_error(tmp_path: Path) -> None:
    """A missing person is told by file and row."""
    rows = _rows()
    rows.loc[4, "person"] = None
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.csv: row 5: the unit is missing"):
        _audit(tmp_path, _model("new", "accuracy"), data='unit = "person"\n')


def test_earlier_audits_of_the_same_rows_are_counted(tmp_path: Path) -> None:
    """Other versions on the same test rows count, the same audit again does not, nor do other rows."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    first = _audit(tmp_path, _model("old", "accuracy"), out="a-1")
    assert first.run.earlier == ()
    assert _audit(tmp_path, _model("old", "accuracy"), out="a-1").run.earlier == ()
    second = _audit(tmp_path, _model("new", "accuracy"), version="2", out="a-2")
    assert second.run.earlier == (first.digest,)
    # An output that replaces another takes its history over.
    third = _audit(tmp_path, _model("score", "accuracy"), version="3", out="a-2")
    assert set(third.run.earlier) == {first.digest, second.digest}
    # What is no record counts for nothing, and what is no digest goes nowhere.
    forged = (tmp_path / "a-1" / "record.json").read_text(encoding="utf-8")
    for name, text in (("other", "{}"), ("forged", forged.replace(first.digest, "a person's name"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").write_text(text, encoding="utf-8")
    assert set(_audit(tmp_path, _model("score", "accuracy"), version="3").run.earlier) == {first.digest, second.digest}
    _rows(500).to_csv(tmp_path / "rows.csv", index=False)
    assert _audit(tmp_path, _model("new", "accuracy"), version="4").run.earlier == ()


def _trained(folder: Path, seed: int, more: str = "") -> Record:
    rows = _rows().rename(columns={"new": "feature"})
    rows.to_csv(folder / "all.csv", index=False)
    spec = folder / "trained.toml"
    spec.write_text(
        f'[audit]\nname = "t"\nversion = "1"\nseed = {seed}\n[data]\npath = "all.csv"\nlabel = "y"\npositive = 1\n'
        f'features = ["score", "feature"]\ncategorical = ["feature"]\nunit = "person"\n[model]\n'
        f'estimator = "sklearn.linear_model:LogisticRegression"\n[checks.regression]\n{more}',
        encoding="utf-8",
    )
    return run(prepare(spec))


def test_old_answers_follow_their_rows_into_the_split(tmp_path: Path) -> None:
    """A model that is trained here meets the old answers, and the persons, of its own test rows."""
    record = _trained(tmp_path, 42, '[baseline]\npredictions = "old"\n')
    rows = _rows()
    _, test = train_test_split(rows, test_size=0.2, random_state=42, stratify=rows["y"])
    finding = record.findings()["regression.accuracy[against=before]"]
    assert finding.details["before"] == pytest.approx((test["old"] == test["y"]).mean())
    # McNemar's test is for independent rows: the persons came along as well.
    assert "mcnemar_p_value" not in finding.details


def test_another_seed_tests_other_rows_of_the_same_file(tmp_path: Path) -> None:
    """A record of the same file is of the same rows only where the split was drawn by the same seed."""
    before = _trained(tmp_path, 42, '[baseline]\npredictions = "old"\n')
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "record.json").write_bytes(canonical(before))
    for seed, same in ((42, True), (43, False)):
        record = _trained(tmp_path, seed, '[baseline]\nrecord = "before"\n')
        assert record.findings()["regression.accuracy[against=before]"].details["same_rows"] is same


def test_what_rows_are_judged_by_is_no_unit(tmp_path: Path) -> None:
    """A column that is label and unit at once is refused: every interval would be that of two rows."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(SpecError, match="'y' has two meanings"):
        _audit(tmp_path, _model("new", "accuracy"), data='unit = "y"\n')


def _auc(scores: Any, label: Any) -> float:
    pairs = scores[label == 1].to_numpy()[:, None] - scores[label == 0].to_numpy()[None, :]
    return float((pairs > 0).mean() + (pairs == 0).mean() / 2)


def test_saved_scores_give_areas_and_calibration(tmp_path: Path) -> None:
    """A column of scores gives ROC AUC within its stated binning error, and a calibration finding."""
    rows = _rows()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    record = _audit(
        tmp_path, _model("new", "accuracy", 'scores = "score"\n') + "min = { roc_auc = 0.6 }\n[checks.calibration]\n"
    )
    finding = record.findings()["accuracy.roc_auc"]
    error = finding.details["binning_error"]
    assert isinstance(error, float)
    assert finding.value == pytest.approx(_auc(rows["score"], rows["y"]), abs=error + 1e-12)
    assert finding.verdict is Verdict.PASSED
    assert "calibration.expected_calibration_error" in record.findings()


def test_an_area_without_scores_is_a_doubt(tmp_path: Path) -> None:
    """A minimum of ROC AUC where there are no scores is inconclusive, never passed."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    record = _audit(tmp_path, _model("new", "accuracy") + "min = { roc_auc = 0.6 }\n")
    finding = record.findings()["accuracy.roc_auc"]
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "scores" in finding.message.id
