"""Personal data in a whole audit: files, the fitted model, an allow-list of values."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.errors import AuditError
from llmops_audit.personal_data.allow_list import entry
from llmops_audit.record import CheckResult, Finding, Verdict

SPEC = """
[audit]
name = "reviews"
version = "1"

[data]
path = "reviews.csv"
text = "text"
label = "label"
positive = "good"
{data}

[model]
vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
estimator = "sklearn.linear_model:LogisticRegression"
{model}

[checks.pii]
{checks}
"""


def _audited(folder: Path, data: str = "", model: str = "", checks: str = "") -> CheckResult:
    rng = np.random.default_rng(4)
    rows = []
    for i in range(400):
        good = bool(rng.integers(2))
        text = "fine and quick" if good else "broken and late"
        if i % 20 == 0:
            text += f" my SSN is {rng.integers(100, 600)}-{rng.integers(10, 99)}-{rng.integers(1000, 9999)}"
        if i % 8 == 0:
            text += " mail help@shop.example.com"
        rows.append((text, "good" if good else "bad"))
    with (folder / "reviews.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    (folder / "audit.toml").write_text(SPEC.format(data=data, model=model, checks=checks))
    return run(prepare(folder / "audit.toml")).checks[0]


def _finding(result: CheckResult, **scope: str) -> Finding:
    return next(finding for finding in result.findings if scope.items() <= finding.scope.items())


def test_what_was_trained_on_can_be_read_from_the_model(tmp_path: Path) -> None:
    """Social security numbers of training rows stand in the vocabulary, cut in three, and are found there."""
    result = _audited(tmp_path)
    in_rows = _finding(result, split="train", kind="us_ssn")
    in_model = next(f for f in result.findings if f.id == "pii.personal_data_in_model[kind=us_ssn]")
    assert in_rows.verdict is in_model.verdict is Verdict.FAILED
    assert in_rows.value is not None
    assert in_model.value is not None
    assert 0 < in_model.value <= in_rows.value
    assert in_model.details["model_texts"]


def test_a_vocabulary_of_common_terms_cures_the_model(tmp_path: Path) -> None:
    """Where terms must stand in ten rows, nothing rare is left in the model; the rows fail as before."""
    result = _audited(tmp_path, model="vectorizer_parameters = { min_df = 10 }")
    assert _finding(result, split="train", kind="us_ssn").verdict is Verdict.FAILED
    cured = next(f for f in result.findings if f.id == "pii.personal_data_in_model[kinds=identifying]")
    assert (cured.verdict, cured.value) == (Verdict.PASSED, 0)


def test_known_values_are_left_out_and_counted(tmp_path: Path) -> None:
    """A value on the allow-list counts neither in the rows nor in the model."""
    assert _finding(_audited(tmp_path), split="train", kind="email").value
    (tmp_path / "known.txt").write_text(f"# imprint\n{entry('email', 'help@shop.example.com', bytes(16))}\n")
    result = _audited(tmp_path, data='allow_list = "known.txt"')
    assert not [finding for finding in result.findings if finding.scope.get("kind") == "email"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "known.txt: no such file"), (b"help@shop.example.com", "line 1"), (b"\xff\xfe", "UTF-8")],
)
def test_a_list_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A missing or broken list stops the audit, and the error does not show its content."""
    if content is not None:
        (tmp_path / "known.txt").write_bytes(content)
    with pytest.raises(AuditError, match=said) as refused:
        _audited(tmp_path, data='allow_list = "known.txt"')
    assert "help@" not in str(refused.value)
