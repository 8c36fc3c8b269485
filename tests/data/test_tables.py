"""Tables in memory become what the same data become when they are read from a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmops_audit.data import sources
from llmops_audit.data.tables import read, sha256, table_of
from llmops_audit.errors import DataError
from llmops_audit.evidence._unread import content_of, decoded

FRAME = pd.DataFrame(
    {
        "text": ["a", "b", None, "ü"],
        "bool": [True, False, True, True],
        "maybe_bool": pd.array([True, None, False, True], dtype="boolean"),
        "object_bool": pd.Series([True, None, False, True], dtype=object),
        "int": [1, 2, 3, -4],
        "small": np.array([1, 2, 3, 4], dtype="int8"),
        "maybe_int": pd.array([1, None, 3, 4], dtype="Int64"),
        "unsigned": np.array([1, 2, 3, 2**63 - 1], dtype="uint64"),
        "beyond": np.array([1, 2, 3, 2**63], dtype="uint64"),
        "float": [1.0, np.nan, 2.5, -0.5],
        "float32": np.array([1, 2, 3, 4], dtype="float32"),
        "category": pd.Categorical(["x", "y", None, "x"]),
        "number_category": pd.Categorical([3, 1, 2, 3]),
        "time": pd.to_datetime(["2026-01-01", "2026-01-02 03:04:05", None, "2026-01-03"], format="ISO8601"),
        "zoned": pd.to_datetime(["2026-01-01"] * 4).tz_localize("Asia/Shanghai"),
        "date": [date(2026, 1, 1), None, date(2026, 1, 3), date(2026, 1, 4)],
        "string": pd.array(["a", None, "b", "c"], dtype="string"),
        "list": [[1, 2], None, [], [3]],
    }
)


def _table(value: object) -> pa.Table:
    table = table_of(value, "data['test']")
    assert table is not None
    return table


def _from_file(frame: pd.DataFrame, folder: Path) -> pa.Table:
    frame.to_parquet(folder / "rows.parquet", index=False)
    return pa.concat_tables(sources.read(folder / "rows.parquet", "rows.parquet", sources.FileFormat(), None))


def test_a_frame_is_read_as_a_parquet_file_is(tmp_path: Path) -> None:
    """Types and values of every kind of column are those that the file gives."""
    assert _table(FRAME).to_pydict() == _from_file(FRAME, tmp_path).to_pydict()
    assert _table(FRAME).schema.types == _from_file(FRAME, tmp_path).schema.types


def test_an_arrow_table_is_read_as_a_parquet_file_is(tmp_path: Path) -> None:
    """So are the columns of an Arrow table."""
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    assert _table(table).to_pydict() == _from_file(FRAME, tmp_path).to_pydict()


@pytest.mark.parametrize("values", [[1, "1", None, 2.5], [2**70, 1, 2, None], ["a", True, np.float64(1.5), pd.NA]])
def test_mixed_columns_are_read_as_text(values: list[Any], tmp_path: Path) -> None:
    """Values of several kinds in one column are what a CSV file would hold."""
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object), "y": range(len(values))})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    found = list(sources.read(tmp_path / "rows.csv", "rows.csv", sources.FileFormat(), ["x"]))
    assert _table(frame)["x"].to_pylist() == [value or None for table in found for value in table["x"].to_pylist()]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "data['test']: has column 'a' more than once"),
        (pa.table([[1], [2]], names=["a", "a"]), "data['test']: has column 'a' more than once"),
        (pd.DataFrame([[1, 2]]), "data['test']: has a column whose name is not text; expected text; got 0 (int)"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "got ('a', 'b') (tuple)"),
        (pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)), "holds half of a surrogate pair"),
        (pd.DataFrame(), "data['test']: is empty; expected columns"),
        (pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}), "column 'a': holds half of a surrogate pair"),
        (
            pd.DataFrame({"a": [object()]}),
            "column 'a': holds values that no file could; expected text, numbers or dates",
        ),
        (pd.DataFrame({"a": pd.to_timedelta([1])}), "column 'a': has a type that cannot be read; got duration"),
        (pa.table({"a": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}), "cannot be read; got month_day_nano"),
        (pd.DataFrame({"a": [{"x", "y"}, {"z"}]}), "column 'a': holds values that no file could"),
        (pd.DataFrame({"a": [None, frozenset("x")]}), "column 'a': holds values that no file could"),
        (pd.DataFrame({"a": [1j]}), "column 'a': holds values that no file could"),
        (pa.table({"a": [b"\xff"]}), "column 'a': contains bytes that are not UTF-8"),
    ],
)
def test_what_no_file_could_hold_is_refused(value: object, said: str) -> None:
    """The error names the table and the column, and no value of it."""

    def read_whole() -> None:
        table = table_of(value, "data['test']")
        assert table is not None
        # What a file can hold, but no column that the spec names, is refused where it is read.
        list(read(table, "data['test']", table.column_names, 10))

    with pytest.raises(DataError) as error:
        read_whole()
    assert said in str(error.value)


UNREADABLE = pa.table(
    {
        "photo": [b"\xff", None, b"a"],
        "span": pa.array([1, 2, None], pa.duration("s")),
        "gap": pa.array([(1, 2, 3), None, None], pa.month_day_nano_interval()),
        "row": [{"raw": b"\xff", "to": "x"}, None, {"raw": b"a", "to": "y"}],
        "id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\xff" * 16, None, None], pa.binary(16))),
    }
)


def test_what_is_only_searched_stops_nothing(tmp_path: Path) -> None:
    """Columns that cannot be read, and that nobody names, say what they hold, in memory as in a file."""
    # A file of Parquet holds no intervals of calendar months.
    names = [name for name in UNREADABLE.column_names if name != "gap"]
    pq.write_table(UNREADABLE.select(names), tmp_path / "rows.parquet")
    (gaps,) = read(_table(UNREADABLE), "x", ["gap"], 10, ["gap"])
    assert [value and content_of(value) for value in gaps["gap"].to_pylist()] == ["interval", None, None]
    (in_memory,) = read(_table(UNREADABLE), "x", names, 10, names)
    (in_file,) = sources.read(tmp_path / "rows.parquet", "x", sources.FileFormat(), names, 10, names)
    assert in_memory.to_pydict() == in_file.to_pydict()
    contents = {name: [None if v is None else content_of(v) for v in in_file[name].to_pylist()] for name in names}
    assert contents == {
        "photo": ["bytes", None, None],
        "span": ["duration", "duration", None],
        "row": ["nested", None, None],
        "id": ["extension", None, None],
    }
    assert decoded(in_file["row"][0].as_py()) == '{"raw": "", "to": "x"}'


def test_the_digest_covers_what_cannot_be_read() -> None:
    """Another image, duration or object is another table."""
    digests = {sha256(_table(UNREADABLE)), sha256(_table(UNREADABLE.slice(1))), sha256(_table(UNREADABLE.slice(2)))}
    for name in UNREADABLE.column_names:
        column = UNREADABLE[name].take([1, 0, 2])
        changed = UNREADABLE.set_column(UNREADABLE.column_names.index(name), name, column)
        digests.add(sha256(_table(changed)))
    assert len(digests) == 8


@pytest.mark.parametrize("value", [None, [1], {"a": [1]}, np.ones(3), pd.Series([1]), iter([FRAME]), "rows.csv"])
def test_other_values_are_no_tables(value: object) -> None:
    """Whoever asks says what is wanted in their place."""
    assert table_of(value, "x") is None


def test_rows_come_in_order_and_in_batches() -> None:
    """However the table is cut, batches are of the size that was asked for, and hold the wanted columns."""
    table = _table(pa.concat_tables([pa.table({"a": [1, 2], "b": ["x", "y"]}), pa.table({"a": [3], "b": ["z"]})]))
    assert [batch.to_pydict() for batch in read(table, "x", ["b"], 2)] == [{"b": ["x", "y"]}, {"b": ["z"]}]
    with pytest.raises(DataError, match="x: has no column 'c'; expected one of a, b"):
        next(read(table, "x", ["c"], 2))


def test_the_digest_is_over_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks, offsets, an index, what pandas notes and what stands under a null change nothing."""
    digest = sha256(_table(FRAME))
    assert sha256(_table(FRAME.set_index(np.array([9, 9, 8, 7])))) == digest
    arrow = pa.Table.from_pandas(FRAME, preserve_index=False)
    assert sha256(_table(arrow.replace_schema_metadata({"a": "b"}))) == digest
    assert sha256(_table(pa.concat_tables([arrow.slice(0, 1), arrow.slice(1)]))) == digest
    assert sha256(_table(pa.concat_tables([arrow, arrow]).slice(4))) == digest
    under_null = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(b"\x05" * 16)])
    clean = pa.array([under_null[0].as_py(), None], pa.int64())
    assert sha256(pa.table({"a": under_null})) == sha256(pa.table({"a": clean}))
    all_valid = pa.Array.from_buffers(pa.int64(), 1, [pa.py_buffer(b"\xff"), pa.py_buffer(b"\x05" * 8)])
    assert sha256(pa.table({"a": all_valid})) == sha256(pa.table({"a": [0x0505050505050505]}))


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME.iloc[:-1],
        FRAME.rename(columns={"text": "Text"}),
        FRAME[[*reversed(FRAME.columns)]],
        FRAME.assign(text=["a", "b", "", "ü"]),
        FRAME.assign(text=["ab", "", None, "ü"]),
        FRAME.assign(int=[1, 2, 3, 4]),
        FRAME.assign(int=[1.0, 2.0, 3.0, -4.0]),
        FRAME.assign(bool=[True, True, True, True]),
        FRAME.assign(float=[1.0, 0.0, 2.5, -0.5]),
    ],
)
def test_other_content_has_another_digest(other: pd.DataFrame) -> None:
    """Order, names, types, values and nulls all count."""
    assert sha256(_table(other)) != sha256(_table(FRAME))


def test_the_digest_does_not_change_between_releases() -> None:
    """The digest of a small table, over more rows than are hashed at once, stays what it is."""
    table = pa.table({"n": range(70_000), "t": ["a"] * 69_999 + [None], "b": [True, False] * 35_000})
    assert sha256(table) == "154df6e5b3eb48c048e1afed8dab3c8f11eaee89371474491bd4fb630dc066f7"
    assert sha256(pa.table({"n": pa.array([], pa.int64())})) != sha256(table)
