"""The data sheet counts missing values over all rows, and repeated rows in the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.csv import write_csv
from pyarrow.parquet import write_table

from llmops_audit.audit import prepare, run
from llmops_audit.data import batches
from llmops_audit.record import Duplicates, Record

Project = Callable[..., Path]
TABULAR = {
    'text = "text"': 'features = ["hours", "kind"]',
    'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
}
# The check that asks for a sample of rows.
SAMPLED = {"[checks.accuracy]": "[checks.drift]\n\n[checks.accuracy]"}
ROWS = "hours,kind,label,sex\n" + "\n".join(
    f"{'' if i % 5 == 0 else i % 40},{'NA' if i % 10 == 3 else 'abc'[i % 3]},{i % 2},F" for i in range(400)
)


def _missing(record: Record, name: str) -> int:
    return sum(column.missing for split in record.data.values() for column in split.columns if column.name == name)


@pytest.mark.parametrize(("jobs", "batch"), [(1, 7), (1, 10_000), (2, 50)])
def test_missing_values_are_counted_over_all_rows(
    project: Project, monkeypatch: pytest.MonkeyPatch, jobs: int, batch: int
) -> None:
    """Each column that was read has its count, and it depends neither on batches nor on processes."""
    monkeypatch.setattr(batches, "BATCH_ROWS", batch)
    record = run(prepare(project(TABULAR, ROWS)), jobs=jobs)
    for name, expected in (("hours", 80), ("kind", 40)):
        assert _missing(record, name) == expected


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_texts_that_are_not_there_are_missing(project: Project, tmp_path: Path, form: str) -> None:
    """A text to classify that is empty or null is read as an empty one, and counts as missing all the same."""
    texts = [None if i % 10 == 0 else "" if i % 10 == 1 else f"word{i % 7} and more" for i in range(400)]
    table = pa.table({"text": texts, "label": [i % 2 for i in range(400)]})
    name = f"texts.{form}"
    (write_csv if form == "csv" else write_table)(table, tmp_path / name)
    record = run(prepare(project({'path = "rows.csv"': f'path = "{name}"'})))
    assert _missing(record, "text") == 80


def test_repeated_rows_are_those_alike_in_all_features(project: Project) -> None:
    """Rows that differ in the label alone repeat each other; a row that stands once does not."""
    rows = "hours,kind,label,sex\n" + "\n".join(f"{i // 2},a,{i % 2},F" for i in range(400))
    record = run(
        prepare(project({**TABULAR, **SAMPLED, 'path = "rows.csv"': 'path = "rows.csv"\nstratify = false'}, rows))
    )
    found = [split.duplicates for split in record.data.values()]
    assert all(isinstance(one, Duplicates) for one in found)
    assert sum(one.compared for one in found if one is not None) == 400
    # Of the 200 pairs, those that fell apart between the splits repeat nothing within one.
    assert 80 < sum(one.repeated for one in found if one is not None) < 200


def test_without_a_sample_nobody_counts_repetitions(project: Project) -> None:
    """Where no check asks for rows there is no sample, and the record says that nothing was counted."""
    record = run(prepare(project()))
    assert record.data["test"].duplicates is None
    assert {column.missing for column in record.data["test"].columns} == {0}
