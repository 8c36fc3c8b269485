"""Every format gives the same table back, however it is cut."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.data.sources import FileFormat, column_names, read, suffixes

Rows = list[tuple[str, ...]]
NAMES = ("message", "标签", ' third, "column"\n')
BATCHES = (1, 2, 7, 65_536)


def _csv(rows: Rows, delimiter: str = ",", end: str = "\n", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([NAMES, *rows])
    return text.getvalue().encode(encoding)


def _json_lines(rows: Rows) -> bytes:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows).encode()


def _parquet(rows: Rows) -> bytes:
    content = io.BytesIO()
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(NAMES)}
    pq.write_table(pa.table(columns), content, row_group_size=3)
    return content.getvalue()


WRITERS: dict[str, tuple[Callable[[Rows], bytes], FileFormat]] = {
    "a.csv": (_csv, FileFormat()),
    "crlf.CSV": (lambda rows: _csv(rows, end="\r\n"), FileFormat()),
    "bom.csv": (lambda rows: _csv(rows, encoding="utf-8-sig"), FileFormat()),
    "semicolon.csv": (lambda rows: _csv(rows, ";"), FileFormat(delimiter=";")),
    "gb.csv": (lambda rows: _csv(rows, encoding="gb18030"), FileFormat(encoding="gb18030")),
    "wide.csv": (lambda rows: _csv(rows, encoding="utf-16"), FileFormat(encoding="utf-16")),
    "unended.csv": (lambda rows: _csv(rows).rstrip(b"\n"), FileFormat()),
    "a.csv.gz": (lambda rows: gzip.compress(_csv(rows)), FileFormat()),
    "a.tsv": (lambda rows: _csv(rows, "\t"), FileFormat()),
    "a.tab": (lambda rows: _csv(rows, "\t"), FileFormat()),
    "a.jsonl": (_json_lines, FileFormat()),
    "a.ndjson.gz": (lambda rows: gzip.compress(_json_lines(rows)), FileFormat()),
    "a.parquet": (_parquet, FileFormat()),
    "a.pq": (_parquet, FileFormat()),
}

awkward = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            '"',
            '""',
            ",",
            "\t",
            "\n",
            "\r\n",
            "\r",
            "中文，标点",
            "🙂",
            " a ",
            "NA",
            "null",
            "nan",
            "1.0",
            "'",
            "\\",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
tables = st.lists(st.tuples(awkward, awkward, awkward), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples: each overwrites the file of the one before."""
    return tmp_path_factory.mktemp("round-trip")


@pytest.mark.parametrize("name", WRITERS)
@given(rows=tables)
def test_same_rows_come_back(name: str, folder: Path, rows: Rows) -> None:
    """Awkward texts come back exactly, in file order, once each, in tables of at most the rows asked for."""
    write, format_ = WRITERS[name]
    path = folder / name
    path.write_bytes(write(rows))
    assert column_names(path, name, format_) == NAMES
    for batch_rows in BATCHES:
        parts = list(read(path, name, format_, None, batch_rows))
        assert all(0 < part.num_rows <= batch_rows for part in parts)
        assert all(part.schema == pa.schema([(column, pa.string()) for column in NAMES]) for part in parts)
        assert [tuple(row.values()) for part in parts for row in part.to_pylist()] == rows


@pytest.mark.parametrize("name", WRITERS)
def test_columns_come_in_the_order_asked_for(name: str, tmp_path: Path) -> None:
    """Only the columns that were named are read, in that order."""
    write, format_ = WRITERS[name]
    path = tmp_path / name
    path.write_bytes(write([("a", "b", "c"), ("d", "e", "f")]))
    (table,) = read(path, name, format_, [NAMES[2], NAMES[0]])
    assert table.column_names == [NAMES[2], NAMES[0]]
    assert [tuple(row.values()) for row in table.to_pylist()] == [("c", "a"), ("f", "d")]


def test_all_suffixes_are_tried_here() -> None:
    """Every format that is known is written by this file, but for spellings of the same one."""
    same = {".tab.gz", ".tsv.gz", ".jsonl.gz", ".ndjson"}
    tried = {name[name.index(".") :].lower() for name in WRITERS}
    assert set(suffixes()) == tried | same
