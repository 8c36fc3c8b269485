"""Importance: the share of answers that change when a column is shuffled among rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from llmops_audit.analysis import importance
from llmops_audit.analysis.importance import MAX_QUERIED_ROWS, MAX_ROWS, MIN_ROWS, prediction_changes
from llmops_audit.audit import prepare, run
from llmops_audit.check.subject import QueriedSubject
from llmops_audit.errors import SubjectError
from llmops_audit.evidence.base import Batch, Codes, Plan, ScoreMatrix
from llmops_audit.evidence.rows import Rows
from llmops_audit.record import SubjectInfo
from llmops_audit.testing import batch, codes, inputs

INFO = SubjectInfo(kind="estimator", description="test", parameters={})


@dataclass(frozen=True)
class _Model:
    """Answers by a rule on the table, and notes how many rows it was asked about."""

    rule: Callable[[pa.Table], list[int | str]]
    asked: list[int] = field(default_factory=list)

    def predict(self, given: Batch) -> Codes:
        self.asked.append(len(given))
        return codes(self.rule(given.table))

    def score(self, given: Batch) -> ScoreMatrix | None:
        raise AssertionError("importance needs no scores")


def positive_x(table: pa.Table) -> list[int | str]:
    """Answer by one column of two."""
    return [int(value > 0) for value in table.column("x").to_pylist()]


def rows_of(n: int, columns: tuple[str, ...] = ("x", "y"), seed: int = 1) -> Rows:
    """Rows of independent normal columns."""
    rng = np.random.default_rng(seed)
    return Rows.of(batch("test", {name: rng.normal(size=n).tolist() for name in columns}), Plan())


def test_a_column_that_is_not_used_has_none() -> None:
    """A model that looks at one of two columns: the other has exactly 0, and half the answers hang on the one."""
    found = prediction_changes(QueriedSubject(INFO, _Model(positive_x)), rows_of(2000), ("x", "y"), 42)
    assert found is not None
    assert found["y"] == 0
    assert found["x"] == pytest.approx(0.5, abs=0.1)


def test_no_row_keeps_its_value() -> None:
    """Where all values differ and the answer is the value, every answer changes, of two rows as of many."""
    answers = QueriedSubject(INFO, _Model(lambda table: [f"{value}" for value in table.column("x").to_pylist()]))
    for n in (2, 3, 500):
        assert prediction_changes(answers, rows_of(n), ("x",), 42) == {"x": 1}


def test_it_is_the_same_again_and_whatever_stands_beside() -> None:
    """A seed always gives the same shuffle of a column, with other columns beside it or without."""
    subject, rows = QueriedSubject(INFO, _Model(positive_x)), rows_of(300)
    both, alone = prediction_changes(subject, rows, ("x", "y"), 42), prediction_changes(subject, rows, ("x",), 42)
    assert both is not None
    assert alone == {"x": both["x"]}
    assert prediction_changes(subject, rows, ("x", "y"), 42) == both
    assert prediction_changes(subject, rows, ("x",), 43) != alone


@pytest.mark.parametrize(
    ("columns", "queried", "rows"),
    [
        (2, MAX_QUERIED_ROWS, MAX_ROWS),
        (200, MAX_QUERIED_ROWS, MAX_QUERIED_ROWS // 200),
        (300, MAX_QUERIED_ROWS // 10, MIN_ROWS),
    ],
)
def test_many_columns_are_asked_about_on_fewer_rows(
    columns: int, queried: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows in all are bounded, but for a few rows that each column needs, and so is each question."""
    monkeypatch.setattr(importance, "MAX_QUERIED_ROWS", queried)
    model = _Model(lambda table: [0] * table.num_rows)
    names = tuple(f"x{i}" for i in range(columns))
    value = pa.array(np.arange(1000.0))
    whole = replace(batch("test", {}, label=[0] * 1000), table=pa.table(dict.fromkeys(names, value)))
    found = prediction_changes(QueriedSubject(INFO, model), Rows.of(whole, Plan()), names, 42)
    assert found == dict.fromkeys(names, 0)
    assert sum(model.asked) == rows * (columns + 1)
    assert max(model.asked) <= 10_000


def test_categories_and_missing_values_are_shuffled_too() -> None:
    """A column of texts with missing values is moved as it is."""
    values: list[str | None] = ["a", None, "b"] * 50
    rows = Rows.of(batch("test", {"kind": values}), Plan())
    model = _Model(lambda table: [value or "none" for value in table.column("kind").to_pylist()])
    found = prediction_changes(QueriedSubject(INFO, model), rows, ("kind",), 42)
    assert found is not None
    assert found["kind"] == pytest.approx(2 / 3, abs=0.15)


def test_where_it_is_unknown_there_is_none() -> None:
    """Saved answers, a text, a single row, or a classifier that refuses the rows: importance is unknown."""

    def refuses(table: pa.Table) -> list[int | str]:
        raise SubjectError("model", "cannot predict")

    asked = QueriedSubject(INFO, _Model(positive_x))
    assert prediction_changes(QueriedSubject(INFO), rows_of(50), ("x", "y"), 42) is None
    assert prediction_changes(asked, rows_of(50), (), 42) is None
    assert prediction_changes(asked, rows_of(1), ("x",), 42) is None
    assert prediction_changes(asked, Rows.empty(Plan()), ("x",), 42) is None
    assert prediction_changes(QueriedSubject(INFO, _Model(refuses)), rows_of(50), ("x",), 42) is None


PLUGIN = '''"""Shows importance.

What it measures
----------------
a

Why it matters
--------------
b

How to read it
--------------
c

Limits
------
d

References
----------
e
"""
from llmops_audit.check import check
from llmops_audit.record import Finding, Verdict, message


@check()
def shows(importance):
    told = "none" if importance is None else ", ".join(f"{k}: {v:.3f}" for k, v in sorted(importance.items()))
    yield Finding(metric="told", verdict=Verdict.PASSED, message=message("{told}", told=told))
'''


def _told(spec: Path) -> str:
    (spec.parent / "shows.py").write_text(PLUGIN, encoding="utf-8")
    (finding,) = next(result for result in run(prepare(spec)).checks if result.name == "shows").findings
    return str(finding.message.values["told"])


ENABLED = {
    "[checks.accuracy]\nmin = { accuracy = 0.8 }": "[checks.shows]",
    "[audit]": 'plugins = ["shows.py"]\n[audit]',
}


def test_a_check_that_names_it_gets_it(project: Callable[..., Path]) -> None:
    """The harness asks about the test rows, though no check names rows: the used feature shows, the other has 0."""
    rows = "x,noise,label\n" + "\n".join(f"{i % 2},{i * 7919 % 11},{i % 2}" for i in range(300))
    changes = {
        'text = "text"': 'features = ["x", "noise"]',
        'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
        "sklearn.linear_model:LogisticRegression": "sklearn.tree:DecisionTreeClassifier",
        **ENABLED,
    }
    noise, x = _told(project(changes, rows)).split(", ")
    assert noise == "noise: 0.000"
    assert float(x.removeprefix("x: ")) == pytest.approx(0.5, abs=0.2)


def test_of_a_text_there_is_none(project: Callable[..., Path]) -> None:
    """A classifier of texts has one column, whose importance would say nothing."""
    assert _told(project(ENABLED)) == "none"


def test_the_kit_passes_it_on() -> None:
    """A check's author can set it; by default it is unknown."""
    one = batch("test", {"x": [1.0, 2.0], "t": ["2026-01-01", None]})
    assert inputs(one)["importance"] is None
    given = inputs(one, importance={"x": 0.5}, unit="x", time="t", features=("x",))
    assert given["importance"] == {"x": 0.5}
    assert (given["task"].time, given["task"].unit) == ("t", "x")
    columns = given["distributions"]["test"].columns
    assert (columns["t"].categories, columns["t"].missing) == (None, 1)
    assert columns["x"].numbers is not None
