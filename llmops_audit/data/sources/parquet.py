"""Parquet: text, truth values and numbers keep their kind; dates become ISO text, nested values JSON text.

Whole numbers are int64, all other numbers float64; NaN is null. An unsigned 64-bit column is float64 unless
the file's statistics show that it fits, so that its type does not depend on the batch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._format import Format
from llmops_audit.errors import DataError

__all__ = ["BINARY", "SUFFIXES", "cells", "names", "tables"]

SUFFIXES = (".parquet", ".pq")
BINARY = True

_MAGIC = b"PAR1"
_INT64_MAX = 2**63 - 1


def names(path: Path, shown: str, format: Format) -> tuple[str, ...]:
    """Return the top-level columns; `format` has no bearing on Parquet."""
    with _opened(path, shown) as file:
        found = tuple(file.schema_arrow.names)
    if not found:
        raise DataError(shown, "is empty", "columns")
    return found


def tables(path: Path, shown: str, format: Format, columns: Sequence[str], batch_rows: int) -> Iterator[pa.Table]:
    """Yield the rows in order."""
    with _opened(path, shown) as file:
        types = {name: _target(file, shown, name) for name in columns}
        for batch in _batches(file, shown, batch_rows, list(types)):
            yield pa.table({name: _convert(batch.column(name), to, shown, name) for name, to in types.items()})


def cells(path: Path, shown: str, format: Format, batch_rows: int) -> Cells:
    """Return every cell. Bytes stay bytes, and an extension type is read as what it stores."""
    return Cells(names(path, shown, format), 1, _searchable(path, shown, batch_rows))


def _searchable(path: Path, shown: str, batch_rows: int) -> Iterator[pa.Table]:
    with _opened(path, shown) as file:
        header = file.schema_arrow.names
        for batch in _batches(file, shown, batch_rows, None):
            columns = zip(header, map(_as_stored, batch.columns), strict=True)
            yield pa.Table.from_arrays([_readable(file, shown, name, column) for name, column in columns], header)


def _batches(
    file: pq.ParquetFile, shown: str, batch_rows: int, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """Yield batches of at least one row."""
    row = 0
    batches = file.iter_batches(batch_size=batch_rows, columns=columns, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
        except (OSError, pa.ArrowException):
            raise DataError(f"{shown}: after row {row}", "is broken", "a whole Parquet file") from None
        if batch is None:
            return
        if batch.num_rows:
            yield batch
        row += batch.num_rows


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[pq.ParquetFile]:
    try:
        # Without the buffer a row group is read page by page, not as a whole.
        file = pq.ParquetFile(path, pre_buffer=False)
    except (OSError, pa.ArrowException):
        with path.open("rb") as raw:
            begun = raw.read(len(_MAGIC)) == _MAGIC
        wrong = "is broken or cut off" if begun else "is no Parquet file"
        raise DataError(shown, wrong, "a whole Parquet file") from None
    with file:
        yield file


def _as_stored(column: pa.Array) -> pa.Array:
    """Return what a search can read: the storage of an extension type, a duration as its number."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.int64()) if pa.types.is_duration(column.type) else column


def _readable(file: pq.ParquetFile, shown: str, name: str, column: pa.Array) -> pa.Array:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if any(is_bytes(column.type) for is_bytes in tests):
        return column
    return _convert(column, _simple(file, name, column.type), shown, name)


def _target(file: pq.ParquetFile, shown: str, name: str) -> pa.DataType:
    type_ = _plain(file.schema_arrow.field(name).type)
    if pa.types.is_duration(type_) or isinstance(type_, pa.BaseExtensionType):
        raise DataError(f"{shown}: column {name!r}", "has a type that cannot be read", got=str(type_))
    return _simple(file, name, type_)


def _simple(file: pq.ParquetFile, name: str, type_: pa.DataType) -> pa.DataType:
    """Return which of text, truth value, int64 and float64 a column is read as."""
    if pa.types.is_uint64(type_):
        return pa.int64() if _fits(file, name) else pa.float64()
    if pa.types.is_integer(type_):
        return pa.int64()
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return pa.float64()
    if pa.types.is_boolean(type_):
        return pa.bool_()
    return pa.string()


def _plain(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _fits(file: pq.ParquetFile, name: str) -> bool:
    index = [file.schema.column(i).path for i in range(len(file.schema))].index(name)
    for group in range(file.num_row_groups):
        statistics = file.metadata.row_group(group).column(index).statistics
        if statistics is None or not statistics.has_min_max or statistics.max > _INT64_MAX:
            return False
    return True


def _convert(column: pa.Array, to: pa.DataType, shown: str, name: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        values = column.to_pylist()
        return pa.array([None if value is None else _json(value) for value in values], pa.string())
    if pa.types.is_floating(to):
        # An unsigned integer beyond 2**53 is rounded, which a checked cast would refuse.
        numbers = pc.cast(column, to, safe=False)
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, to), numbers)
    try:
        texts = pc.cast(column, to)
    except pa.ArrowInvalid:
        raise DataError(f"{shown}: column {name!r}", "holds bytes that are no UTF-8", "text") from None
    return pc.replace_substring(texts, " ", "T") if pa.types.is_timestamp(column.type) else texts


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
