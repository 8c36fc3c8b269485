"""Cells that a search for personal data cannot read."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from llmops_audit.evidence._unread import content_of, decoded, marked, marked_bytes, marked_nested
from llmops_audit.evidence.base import Plan
from llmops_audit.evidence.personal_data import PersonalData
from llmops_audit.testing import batch

CELLS = [b"\xff", b"mail jo@example.com", None, b"\x89PNG\r\n\xff", b"", b"RIFF\xff\xff\xff\xffWEBP"]


@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_stay_where_they_are_text(type_: pa.DataType) -> None:
    """Text stays as it is; of anything else only what it holds is kept, and nothing of the cell."""
    found = marked_bytes(pa.array(CELLS, type_)).to_pylist()
    assert [found[1], found[2], found[4]] == [b"mail jo@example.com", None, b""]
    assert [None if cell is None else content_of(cell) for cell in found] == [
        "bytes", None, None, "image", None, "image",
    ]  # fmt: skip
    assert not [cell for cell in found if cell is not None and b"PNG" in cell]


def test_marks_are_no_text() -> None:
    """A mark is never searched; of an object with unreadable parts the rest is."""
    (mark,) = marked(pa.array([1]), "duration").to_pylist()
    assert (decoded(mark), content_of(mark)) == (None, "duration")
    cells = marked_nested(pa.array([[b"\xff", b"jo@example.com"], [b"a"], None])).to_pylist()
    assert [None if cell is None else (decoded(cell), content_of(cell)) for cell in cells] == [
        ('["", "jo@example.com"]', "nested"),
        ('["a"]', None),
        None,
    ]


def test_cells_count_alike_however_rows_are_cut() -> None:
    """Cells that cannot be searched add up over batches in any order, and those beside them are searched."""
    whole = batch("test", {"note": ["x"] * 6})
    whole = replace(whole, table=whole.table.append_column("raw", marked_bytes(pa.array(CELLS, pa.binary()))))
    plan = Plan()
    found = PersonalData.of(whole, plan)
    assert found.unread == {("raw", "bytes"): 1, ("raw", "image"): 2}
    assert found.searched == {"note": 6, "raw": 2}
    assert {kind for _, kind, _ in found.hits} == {"email"}
    assert found.columns == ("note", "raw")
    assert PersonalData.of(whole[4:], plan) + PersonalData.of(whole[:4], plan) == found
