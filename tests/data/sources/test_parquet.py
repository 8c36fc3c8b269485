"""Parquet: kinds of values, and every way to be broken."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops_audit.data.sources import FileFormat, column_names, read
from llmops_audit.errors import DataError

DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
NAN = float("nan")


def column_of(folder: Path, values: pa.Array, batch_rows: int = 1) -> pa.ChunkedArray:
    """Write a column and read it back, batch by batch."""
    path = folder / "f.parquet"
    pq.write_table(pa.table({"a": values}), path)
    return pa.concat_tables(read(path, "f.parquet", FileFormat(), None, batch_rows)).column("a")


def refusal(path: Path) -> str:
    """Read a file that cannot be read and return what the error says."""
    with pytest.raises(DataError) as caught:
        list(read(path, path.name, FileFormat(), None, 100))
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "type_", "values"),
    [
        (pa.array(["x", None], pa.large_string()), pa.string(), ["x", None]),
        (pa.array(["x", None]).dictionary_encode(), pa.string(), ["x", None]),
        (pa.array([5, None], pa.uint64()).dictionary_encode(), pa.int64(), [5, None]),
        (pa.array([1, None], pa.int8()), pa.int64(), [1, None]),
        (pa.array([1, 2**62 + 1], pa.uint64()), pa.int64(), [1, 2**62 + 1]),
        (pa.array([1, 2**64 - 1], pa.uint64()), pa.string(), ["1", str(2**64 - 1)]),
        (pa.array([decimal.Decimal(10**19 + 1)], pa.decimal128(20, 0)), pa.string(), [str(10**19 + 1)]),
        (pa.array([decimal.Decimal(7)], pa.decimal128(15, 0)), pa.float64(), [7.0]),
        (pa.array([0.5, NAN, None], pa.float32()), pa.float64(), [0.5, None, None]),
        (pa.array([True, None]), pa.bool_(), [True, None]),
        (pa.array([DAY.date(), None]), pa.string(), ["2020-01-02", None]),
        (pa.array([DAY.replace(tzinfo=None)], pa.timestamp("ms")), pa.string(), ["2020-01-02T03:04:05.000"]),
        (pa.array([DAY], pa.timestamp("ms", "UTC")), pa.string(), ["2020-01-02T03:04:05.000Z"]),
        (pa.array([decimal.Decimal("1.25"), None]), pa.float64(), [1.25, None]),
        (pa.array([[1, 2], None]), pa.string(), ["[1, 2]", None]),
        (pa.array([{"b": "中"}, None]), pa.string(), ['{"b": "中"}', None]),
        (pa.array([b"ab", None]), pa.string(), ["ab", None]),
        (pa.array([None, None]), pa.string(), [None, None]),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
@pytest.mark.parametrize("batch_rows", [1, 100])
def test_kinds(tmp_path: Path, written: pa.Array, type_: pa.DataType, values: list[object], batch_rows: int) -> None:
    """A column's type depends on the file, not on the batch, and NaN is null."""
    column = column_of(tmp_path, written, batch_rows)
    assert (column.type, column.to_pylist()) == (type_, values)


def test_unreadable_kinds(tmp_path: Path) -> None:
    """Bytes that are no text and spans of time are refused with the column."""
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"a": pa.array([b"\xff"])}), path)
    assert refusal(path) == "f.parquet: column 'a': contains bytes that are not UTF-8; expected text"
    pq.write_table(pa.table({"a": pa.array([1], pa.duration("s"))}), path)
    assert refusal(path) == "f.parquet: column 'a': has a type that cannot be read; got duration[s]"


def test_broken(tmp_path: Path) -> None:
    """A file that is cut off, damaged inside or something else is an error."""
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"a": [f"text {i}" for i in range(50_000)]}), path, row_group_size=1000)
    whole = path.read_bytes()
    expected = "expected a whole Parquet file"
    for cut in (5, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:-cut])
        assert refusal(path) == f"f.parquet: is broken or cut off; {expected}"
    path.write_bytes(b"a,b\n1,2\n")
    assert refusal(path) == f"f.parquet: is not a Parquet file; {expected}"
    half = len(whole) // 2
    path.write_bytes(whole[:half] + b"\xff" * 10_000 + whole[half + 10_000 :])
    place, wrong, *_ = refusal(path).removeprefix("f.parquet: after row ").split(": ")
    assert 10_000 < int(place) < 40_000
    assert wrong == f"is broken; {expected}"


def test_columns(tmp_path: Path) -> None:
    """A double column is refused, a name with a dot is a name, and a file without rows gives no table."""
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    assert refusal(path) == "f.parquet: has one name for columns 1 and 2; expected a name for each column"
    pq.write_table(pa.table({"a": [{"b": 1}], "a.c": [5]}), path)
    (table,) = read(path, "f.parquet", FileFormat(), ["a.c", "a"])
    assert table.to_pylist() == [{"a.c": 5, "a": '{"b": 1}'}]
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    assert list(read(path, "f.parquet", FileFormat(), None)) == []
    assert column_names(path, "f.parquet", FileFormat()) == ("a",)
    pq.write_table(pa.table({}), path)
    assert refusal(path) == "f.parquet: is empty; expected columns"
