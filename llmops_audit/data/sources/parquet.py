"""Parquet: columns become what `llmops_audit.data.sources._arrow` says.

An unsigned 64-bit column fits where the file's statistics show it, so that its type does not depend on the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llmops_audit.data.sources._arrow import INT64_MAX, converted, kept, target
from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._ledger import ReadLedger
from llmops_audit.errors import DataError

__all__ = ["BINARY", "SUFFIXES", "cells", "names", "tables"]

SUFFIXES = (".parquet", ".pq")
BINARY = True

_MAGIC = b"PAR1"


def names(path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None) -> tuple[str, ...]:
    """Return the top-level columns; `format` has no bearing on Parquet."""
    with _opened(path, shown, ledger, whole=False) as file:
        found = tuple(file.schema_arrow.names)
    if not found:
        raise DataError(shown, "is empty", "columns")
    return found


def tables(
    path: Path,
    shown: str,
    format: FileFormat,
    columns: Sequence[str],
    batch_rows: int,
    ledger: ReadLedger | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows in order."""
    with _opened(path, shown, ledger) as file:
        types = {
            name: target(file.schema_arrow.field(name).type, _column(shown, name), partial(_fits, file, name))
            for name in columns
        }
        for batch in _batches(file, shown, batch_rows, list(types)):
            yield pa.table(
                {name: converted(batch.column(name), to, _column(shown, name)) for name, to in types.items()}
            )


def cells(path: Path, shown: str, format: FileFormat, batch_rows: int) -> Cells:
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
def _opened(
    path: Path, shown: str, ledger: ReadLedger | None = None, *, whole: bool = True
) -> Iterator[pq.ParquetFile]:
    with nullcontext() if ledger is None else ledger.reading(path, shown) as own, pa.OSFile(str(path)) as raw:
        with _parsed(path, shown, raw) as file:
            yield file
        if own is not None and whole:
            # Rows are read here and there: the digest is of all bytes of the same open file.
            raw.seek(0)
            own.read_all(raw.read)


def _parsed(path: Path, shown: str, raw: pa.NativeFile) -> pq.ParquetFile:
    try:
        # Without the buffer a row group is read page by page, not as a whole.
        return pq.ParquetFile(raw, pre_buffer=False)
    except (OSError, pa.ArrowException):
        with path.open("rb") as raw:
            begun = raw.read(len(_MAGIC)) == _MAGIC
        wrong = "is broken or cut off" if begun else "is not a Parquet file"
        raise DataError(shown, wrong, "a whole Parquet file") from None


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
    return converted(column, kept(column.type, partial(_fits, file, name)), _column(shown, name))


def _column(shown: str, name: str) -> str:
    return f"{shown}: column {name!r}"


def _fits(file: pq.ParquetFile, name: str) -> bool:
    index = [file.schema.column(i).path for i in range(len(file.schema))].index(name)
    for group in range(file.num_row_groups):
        statistics = file.metadata.row_group(group).column(index).statistics
        if statistics is None or not statistics.has_min_max or statistics.max > INT64_MAX:
            return False
    return True
