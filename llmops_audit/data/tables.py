"""Tables in memory, read by the rules of files: what the columns of a DataFrame or an Arrow table become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data.sources._arrow import INT64_MAX, converted, described, holds_bytes, searchable, target
from llmops_audit.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "read", "sha256", "table_of"]

TABLES = "a pandas DataFrame or an Arrow table"
"""What can stand in the place of a file."""

HASHED_ROWS = 65_536

_READ = (pa.string(), pa.bool_(), pa.int64(), pa.float64())

Scalar = str | bool | int | float | Decimal | date | time | np.generic


def table_of(value: object, shown: str) -> pa.Table | None:
    """Return a DataFrame or an Arrow table as Arrow columns of the types that files are read as; None of other values.

    The index of a DataFrame, its chunks and what pandas notes beside the columns have no bearing.

    Parameters
    ----------
    value : object
    shown : str
        What errors name in the place of a file.

    Raises
    ------
    DataError
        Where a column has no name or that of another, or holds what no file could.
    """
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        names: list[Any] = list(value.columns)
    elif isinstance(value, pa.Table):
        names = list(value.column_names)
    else:
        return None
    _check_names(names, shown)
    columns, fields = [], []
    for position, name in enumerate(names):
        where = f"{shown}: column {name!r}"
        if isinstance(value, pd.DataFrame):
            stored, typed = _of_series(value.iloc[:, position], where)
        else:
            stored, typed = value.column(position), True
        columns.append(_kept(stored, where))
        fields.append(described(name, stored.type, columns[-1].type) if typed else pa.field(name, columns[-1].type))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def read(
    table: pa.Table, shown: str, columns: Sequence[str], batch_rows: int, searched: Collection[str] = ()
) -> Iterator[pa.Table]:
    """Yield the rows in order, at most so many at once, as a file would be read.

    Raises
    ------
    DataError
        Where a column is missing, or cannot be read and is not only `searched` for personal data.
    """
    for name in columns:
        if name not in table.column_names:
            raise DataError(shown, f"has no column {name!r}", f"one of {', '.join(table.column_names)}")
    where = {name: f"{shown}: column {name!r}" for name in columns}
    found = [_read(table.column(name), where[name], name in searched) for name in columns]
    fields = [table.schema.field(name).with_type(column.type) for name, column in zip(columns, found, strict=True)]
    chosen = pa.Table.from_arrays(found, schema=pa.schema(fields))
    for start in range(0, chosen.num_rows, batch_rows):
        yield chosen.slice(start, batch_rows).combine_chunks()


def sha256(table: pa.Table) -> str:
    """Return a SHA-256 of what a table holds: names, types and values of its columns in order, row by row.

    How the values lie in memory has no bearing: neither chunks, nor offsets, nor what stands under a null.
    """
    digest = hashlib.sha256()
    head = [table.num_rows, [[field.name, str(field.type)] for field in table.schema]]
    digest.update(json.dumps(head).encode())
    for column in table.columns:
        for start in range(0, table.num_rows, HASHED_ROWS):
            part = column.slice(start, HASHED_ROWS)
            values = pa.concat_arrays(part.chunks) if part.num_chunks != 1 else part.chunk(0)
            digest.update(np.packbits(_numpy(values.is_valid())).tobytes())
            for content in _content(values):
                digest.update(content.tobytes())
    return digest.hexdigest()


def _check_names(names: list[Any], shown: str) -> None:
    if not names:
        raise DataError(shown, "is empty", "columns")
    for name in names:
        if not isinstance(name, str):
            raise DataError(shown, "has a column whose name is not text", "text", f"{name!r} ({type(name).__name__})")
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise DataError(shown, "has a column whose name holds half of a surrogate pair", "whole characters")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(shown, f"has column {doubled[0]!r} more than once", "a name for each column")


def _of_series(series: pd.Series[Any], where: str) -> tuple[pa.ChunkedArray, bool]:
    """Return a column, and whether its type says what it holds; of mixed values the texts must."""
    typed = True
    try:
        found = pa.Array.from_pandas(series)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        # Several kinds in one column, such as 1 and "1", or numbers beyond 64 bits: as a CSV file would hold them.
        typed = False
        try:
            found = pa.array([_text(value, where) for value in series], pa.string())
        except UnicodeEncodeError:
            raise DataError(where, "holds half of a surrogate pair", "whole characters") from None
    if pa.types.is_list(found.type) and any(isinstance(value, set | frozenset) for value in series):
        # Arrow would take them in the order of their hashes, another one in every process.
        raise DataError(where, "holds values that no file could", "text, numbers or dates", "set")
    return (found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])), typed


def _text(value: object, where: str) -> str | None:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if not isinstance(value, Scalar):
        raise DataError(where, "holds values that no file could", "text, numbers or dates", type(value).__name__)
    return str(value)


def _column(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    def fits() -> bool:
        most = pc.max(column.cast(pa.uint64())).as_py()
        return most is None or most <= INT64_MAX

    type_ = target(column.type, where, fits)
    return pa.chunked_array([converted(chunk, type_, where) for chunk in column.chunks], type_)


def _kept(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """Return a column as files are read, or as it is: what cannot be read is an error where the spec names it."""
    if pa.types.is_nested(column.type) and holds_bytes(column.type):
        return column
    try:
        return _column(column, where)
    except DataError:
        return column


def _read(column: pa.ChunkedArray, where: str, searched: bool) -> pa.ChunkedArray:
    """Return a column as files are read; as it is where that was done before."""
    if column.type in _READ:
        return column
    if not searched:
        return _column(column, where)
    chunks = [searchable(chunk, lambda: True) for chunk in column.chunks]
    return pa.chunked_array(chunks or [pa.array([], pa.binary())])


def _content(values: pa.Array) -> Iterator[npt.NDArray[Any]]:
    """Yield the values of an array in bytes, with zero or nothing under a null."""
    if pa.types.is_string(values.type):
        texts = pc.fill_null(values, "").cast(pa.large_string())
        _, offsets, data = texts.buffers()
        ends = np.frombuffer(offsets, "<i8")[texts.offset : texts.offset + len(texts) + 1]
        yield np.diff(ends)
        if data is not None:
            yield np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    elif values.type not in _READ:
        yield np.frombuffer(repr(values.to_pylist()).encode(), np.uint8)
    elif pa.types.is_boolean(values.type):
        yield np.packbits(_numpy(pc.fill_null(values, False)))
    else:
        yield _numpy(pc.fill_null(values, 0)).astype("<i8" if pa.types.is_integer(values.type) else "<f8")


def _numpy(values: pa.Array) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return found
