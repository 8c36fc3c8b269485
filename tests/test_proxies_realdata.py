"""Proxies in real data: what gives sex, race and topic away, in whole audits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.model import Finding, Record, Table, Verdict

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


def _strongest(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    table = record.figures["proxies"]
    assert isinstance(table, Table)
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in table.rows:
        first.setdefault((str(row["attribute"]), str(row["group"])), dict(row))
    return first


def _area(record: Record, place: str) -> Finding:
    return record.findings()[f"proxies.roc_auc[{place}]"]


def test_adult_gives_sex_away(data_folder: Path, tmp_path: Path) -> None:
    """Without sex and race among the features sex is told by marriage and race hardly but for where one is from."""
    lines = (data_folder / "adult" / "adult.test").read_text().splitlines()[1:]
    (tmp_path / "test.csv").write_text("\n".join(line.rstrip(".") for line in lines))
    (tmp_path / "train.csv").write_bytes((data_folder / "adult" / "adult.data").read_bytes())
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
        columns = {json.dumps(ADULT)}
        missing = ["", "?"]
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
    assert _strongest(record)["sex", "Female"]["feature"] == "relationship"
    assert _strongest(record)["race", "Asian-Pac-Islander"]["feature"] == "native_country"
    races = [finding for name, finding in record.findings().items() if name.startswith("proxies.roc_auc[race=")]
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
        told = [row["feature"] for row in record.figures["proxies"].rows if row["group"] == topic]  # type: ignore[union-attr]
        assert any(words in str(word) for word in told), told
