"""Counting personal data: rows across columns, the column's name, missing cells, and values inside refused ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from llmops_audit.evidence.base import Batch, Plan
from llmops_audit.evidence.personal_data import PersonalData
from llmops_audit.personal_data import find


def _count(**columns: list[str | None]) -> PersonalData:
    table = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    rows = np.arange(1, table.num_rows + 1)
    return PersonalData.of(Batch("test", table, ["f.csv"] * len(rows), rows, rows.astype(np.uint64)), Plan())


def test_a_row_counts_once_whatever_its_columns() -> None:
    """A row holds a kind where any of its columns does, and counts once where several do."""
    counted = _count(one=["a@example.com", "a@example.com", None], two=["b@example.com", None, "c@example.com"])
    assert counted.kinds == {"email": 3}
    assert {column: found.rows for (column, _), found in counted.found.items()} == {"one": 2, "two": 2}


def test_the_column_s_name_counts_as_context() -> None:
    """A bare number is judged by what the column is called."""
    assert _count(ssn=["536904399"]).kinds == {"us_ssn": 1}
    assert _count(order=["536904399"]).kinds == {}


def test_missing_cells_are_not_scanned() -> None:
    """A missing cell is no scanned cell, and a row of missing cells no scanned row."""
    counted = _count(one=["nothing", None, None], two=[None, "nothing", None])
    assert (counted.rows, counted.scanned) == (2, {"one": 1, "two": 1})


def test_a_refused_candidate_does_not_hide_a_value() -> None:
    """A value is found where it begins inside something of its shape that was refused."""
    text = "AB12 GB82 WEST 1234 5698 7654 32"
    assert [text[span.start : span.end] for span in find([text])[0]] == ["GB82 WEST 1234 5698 7654 32"]
