"""Columns that a search for personal data cannot read, in whole audits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.errors import DataError
from llmops_audit.record import Record, Status, Verdict

IMAGE = b"\x89PNG\r\n\x1a\n\xff"


def _rows(n: int = 200) -> pa.Table:
    answers = [i % 2 for i in range(n)]
    return pa.table(
        {
            "label": answers,
            "guess": [answer if i % 20 else 1 - answer for i, answer in enumerate(answers)],
            "size": [float(i % 7 + 5 * answer) for i, answer in enumerate(answers)],
            "note": [f"word {i}" for i in range(n)],
            "photo": [IMAGE] * n,
            "raw": [b"\xff\xfe", b"text"] * (n // 2),
            "span": pa.array(range(n), pa.duration("s")),
            "picture": [{"bytes": IMAGE, "path": f"{i}.png"} for i in range(n)],
        }
    )


def _spec(**changes: Any) -> dict[str, Any]:
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"test": "rows.parquet", "label": "label", "positive": 1},
        "model": {"predictions": "guess"},
        "checks": {"accuracy": {}, "pii": {}},
    }
    return spec | changes


def _unsearched(record: Record) -> dict[str, tuple[float | None, Verdict]]:
    found = next(check for check in record.checks if check.name == "pii").findings
    return {
        one.scope["column"]: (one.value, one.verdict) for one in found if one.metric == "personal_data_not_searched"
    }


EXPECTED = {"photo": 200, "raw": 100, "span": 200, "picture": 200}


def test_columns_that_cannot_be_searched_do_not_end_the_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images, bytes, durations and objects of them are listed and ask for a review; the columns beside are searched."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(_rows(), "rows.parquet")
    record = run(prepare(_spec()))
    assert _unsearched(record) == {name: (cells, Verdict.INCONCLUSIVE) for name, cells in EXPECTED.items()}
    assert record.decision.status is Status.NEEDS_REVIEW
    leak = _rows().set_column(3, "note", pa.array(["my card is 4111 1111 1111 1111"] * 200))
    pq.write_table(leak, "rows.parquet")
    assert run(prepare(_spec())).decision.status is Status.REJECTED


def test_the_spec_leaves_out_columns_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `skip` names them all, the audit is approved and lists them; a name that no file has is an error."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(_rows(), "rows.parquet")
    record = run(prepare(_spec(checks={"accuracy": {}, "pii": {"skip": list(EXPECTED)}})))
    assert _unsearched(record) == {name: (cells, Verdict.NOT_APPLICABLE) for name, cells in EXPECTED.items()}
    assert record.decision.status is Status.APPROVED
    record = run(prepare(_spec(checks={"accuracy": {}, "pii": {"skip": ["foto"]}})))
    assert record.decision.status is Status.NOT_JUDGED


def test_tables_in_memory_are_searched_alike() -> None:
    """A table in memory gives the findings that its file would give."""
    record = run(prepare(_spec(), {"test": _rows()}))
    assert _unsearched(record) == {name: (cells, Verdict.INCONCLUSIVE) for name, cells in EXPECTED.items()}
    frame = pd.DataFrame({"label": [0, 1] * 50, "guess": [0, 1] * 50, "span": pd.to_timedelta(range(100), unit="s")})
    assert set(_unsearched(run(prepare(_spec(), {"test": frame})))) == {"span"}


def test_a_classifier_is_trained_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are split, trained on and searched with such columns among them, and each cell counts once."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(_rows(), "rows.parquet")
    data = {"path": "rows.parquet", "label": "label", "positive": 1, "features": ["size"]}
    record = run(prepare(_spec(data=data, model={"estimator": "sklearn.tree:DecisionTreeClassifier"})))
    found = next(check for check in record.checks if check.name == "pii").findings
    cells = [one.value for one in found if one.scope.get("column") == "photo"]
    assert sum(value or 0 for value in cells) == 200
    assert len(cells) == 2


@pytest.mark.parametrize("name", ["photo", "span"])
def test_a_column_that_the_spec_names_must_be_readable(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a feature, such a column is an error, whatever the search for personal data could do with it."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(_rows(), "rows.parquet")
    data = {"test": "rows.parquet", "label": "label", "features": [name]}
    with pytest.raises(DataError, match=f"column '{name}'"):
        run(prepare(_spec(data=data)))


def test_files_of_one_split_may_differ_in_what_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes in one file and text or numbers in another are searched each as it is."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(_rows(), "rows.parquet")
    for name, column in (("text", pa.array(["word"] * 200)), ("number", pa.array(range(200)))):
        pq.write_table(_rows().set_column(4, "photo", column), f"{name}.parquet")
    data = {"test": ["rows.parquet", "text.parquet", "number.parquet"], "label": "label", "positive": 1}
    assert _unsearched(run(prepare(_spec(data=data))))["photo"] == (200, Verdict.INCONCLUSIVE)
    data = {"train": data["test"], "test": "other.parquet", "label": "label", "features": ["size"]}
    pq.write_table(_rows(100), "other.parquet")
    record = run(prepare(_spec(data=data, model={"estimator": "sklearn.tree:DecisionTreeClassifier"})))
    assert _unsearched(record)["photo"] == (100, Verdict.INCONCLUSIVE)
