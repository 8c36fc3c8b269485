"""The counterfactual check on COLD: Chinese comments, and a classifier that learned what is said of whom."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.model import Record

pytestmark = pytest.mark.realdata

SPEC = """
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


def _audit(source: Path, folder: Path) -> Record:
    for name, rows in (("train", 5000), ("test", 2000)):
        pd.read_csv(source / "cold_chinese" / f"{name}.csv")[["TEXT", "label"]].head(rows).to_csv(
            folder / f"{name}.csv", index=False
        )
    (folder / "audit.toml").write_text(SPEC, encoding="utf-8")
    return run(prepare(folder / "audit.toml"))


def test_black_people_are_held_against_a_text(data_folder: Path, tmp_path: Path) -> None:
    """Texts about black people are called offensive for that; for women and men the answers differ far less."""
    found = _audit(data_folder, tmp_path).findings()
    black = found["counterfactual.flip_rate[identity=ethnicity,from=black,to=arab]"]
    women = found["counterfactual.flip_rate[identity=gender,from=female,to=male]"]
    for finding in (black, women):
        assert finding.value is not None
        assert finding.n is not None
        assert finding.n > 200
    flips, away = int(str(black.details["flips"])), int(str(black.details["away"]))
    assert flips > 10
    assert away > 0.9 * flips
    assert float(str(black.value)) > float(str(women.value))
