"""The flat table of findings."""

from __future__ import annotations

import csv
import io
import json
from types import ModuleType

import pandas as pd
import pytest

from llmops_audit.record import Record, Requirement, Verdict, message
from llmops_audit.render.formats import render_files
from llmops_audit.render.formats.csv import COLUMNS
from llmops_audit.render.wording import Wording


def _csv(record: Record, language: str | None = None) -> bytes:
    return render_files(record, ["csv"], language=language)["findings.csv"]


def _read(record: Record) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(_csv(record).decode("utf-8"), newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_a_line_is_a_finding(sample: ModuleType) -> None:
    """Every finding has a line with all columns, numbers in full; a check without findings has one of its own."""
    rows = {row["id"]: row for row in _read(sample.record())}
    row = rows["accuracy.balanced_accuracy[split=test]"]
    assert tuple(row) == tuple(COLUMNS)
    assert json.loads(row.pop("scope")) == {"split": "test"}
    assert row == {
        "check": "accuracy", "id": "accuracy.balanced_accuracy[split=test]", "metric": "balanced_accuracy",
        "split": "test", "value": "0.5", "low": "0.4312", "high": "0.5688", "confidence": "0.95",
        "method": "Clopper-Pearson", "n": "1200", "p_value": "1e-05", "p_adjusted": "0.0123", "op": ">=",
        "limit": "0.8", "source": "audit.toml:17", "verdict": "failed", "severity": "high",
        "message": "The whole interval misses the limit.",
    }  # fmt: skip
    assert rows["drift"]["verdict"] == "error"
    assert rows["drift"]["message"] == "The check did not finish: ZeroDivisionError."
    assert rows["robustness"]["metric"] == ""
    assert len(rows) == 8


def test_a_default_is_told_as_one(sample: ModuleType) -> None:
    """The source of a limit that no line sets is the word default."""
    rows = {row["id"]: row for row in _read(sample.record())}
    assert rows["fairness.selection_rate_ratio[sex=F,split=test]"]["source"] == "default"


def test_it_is_in_the_language_of_the_reader(sample: ModuleType) -> None:
    """In Chinese headings, metrics, verdicts and sentences are words; ids, names of checks and numbers stay."""
    record = sample.record(language="zh")
    content = _csv(record)
    assert content.startswith(b"\xef\xbb\xbf"), "a spreadsheet takes it for another encoding"
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    assert head == list(map(Wording(record, "zh").say, COLUMNS.values()))
    assert len(set(head)) == len(COLUMNS)
    english = [list(row.values()) for row in _read(sample.record())]
    words = {
        list(COLUMNS).index(key) for key in ("metric", "split", "method", "source", "verdict", "severity", "message")
    }
    for line, other in zip(lines, english, strict=True):
        assert [line[i] == other[i] for i in range(len(COLUMNS)) if i not in words] == [True] * (len(COLUMNS) - 7)
    assert lines[0][head.index("判定")] == "未通过"
    assert lines[0][head.index("数据划分")] == "测试集"
    assert any(line[head.index("设定于")] == "检查的默认值" for line in lines)
    assert _csv(record, "en") == _csv(sample.record())


def test_it_follows_the_rfc(sample: ModuleType) -> None:
    """Lines end with CR LF and nothing else does; quotation marks are doubled; no byte order mark stands before."""
    content = _csv(sample.record())
    assert content.startswith(b"check,id,")
    assert content.count(b"\n") == content.count(b"\r\n") == 9
    assert b'"{""split"": ""test""}"' in content


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＠x"])
def test_no_cell_is_a_formula(sample: ModuleType, text: str) -> None:
    """A text that a spreadsheet would carry out stands behind an apostrophe; numbers stay numbers."""
    finding = sample.finding(
        Verdict.FAILED,
        metric=text,
        id=text,
        scope={"split": text},
        method=text,
        value=-0.5,
        message=message("{x}", x=text),
        requirement=Requirement(op=">=", limit=-1, source=text),
    )
    (row,) = _read(sample.record(checks=[sample.check_result("accuracy", Verdict.FAILED, [finding])]))
    for column in ("id", "metric", "split", "method", "source", "message"):
        # A carriage return is shown as replaced, so that nothing begins with the sign behind it.
        assert row[column][0] in "'\ufffd", column
    assert (row["value"], row["limit"]) == ("-0.5", "-1.0")


def test_pandas_reads_it(sample: ModuleType) -> None:
    """A data frame has the numbers as numbers."""
    frame = pd.read_csv(io.BytesIO(_csv(sample.record())))
    assert frame["value"].sum() == pytest.approx(0.5 + 0.961 + 0.82 + 312 + 0.5)
    assert list(frame.columns) == list(COLUMNS)
