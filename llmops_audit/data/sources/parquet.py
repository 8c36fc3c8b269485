"""Parquet: columns become what `llmops_audit.data.sources._arrow` says.

An unsigned 64-bit column fits where the file's statistics show it, so that its type does not depend on the batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llmops_audit.data.sources._arrow import INT64_MAX, converted, described, holds_bytes, searchable, target
from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._ledger import ReadLedger
from llmops_audit.errors import DataError

__all__ = ["BINARY", "SUFFIXES", "cells", "names", "search_tables", "tables"]

SUFFIXES = (".parquet", ".pq")
BINARY = True

_MAGIC = b"PAR1"
_LARGE_ROWS = 256


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
    return search_tables(path, shown, format, columns, batch_rows, frozenset(), ledger)


def search_tables(
    path: Path,
    shown: str,
    format: FileFormat,
    columns: Sequence[str],
    batch_rows: int,
    searched: Collection[str],
    ledger: ReadLedger | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows in order; columns that are only `searched` stop nothing, see `_arrow.searchable`."""
    with _opened(path, shown, ledger) as file:
        types = {
            name: target(file.schema_arrow.field(name).type, _column(shown, name), partial(_fits, file, name))
            for name in columns
            if name not in searched
        }

        def read(name: str, values: pa.Array) -> pa.Array:
            if name in types:
                return converted(values, types[name], _column(shown, name))
            return searchable(values, partial(_fits, file, name))

        rows = _batches(file, shown, _step(file, searched, batch_rows), list(columns))
        parts = ([read(name, batch.column(name)) for name in columns] for batch in rows)
        fields = {name: described(name, file.schema_arrow.field(name).type, to) for name, to in types.items()}
        for table in _filled(parts, columns, batch_rows):
            schema = pa.schema([fields.get(field.name, field) for field in table.schema])
            yield pa.Table.from_arrays(table.columns, schema=schema)


def cells(path: Path, shown: str, format: FileFormat, batch_rows: int) -> Cells:
    """Return every cell; of one that cannot be searched, what it holds."""
    return Cells(names(path, shown, format), 1, _searchable(path, shown, batch_rows))


def _searchable(path: Path, shown: str, batch_rows: int) -> Iterator[pa.Table]:
    with _opened(path, shown) as file:
        header = file.schema_arrow.names
        rows = _batches(file, shown, _step(file, header, batch_rows), None)
        fits = [partial(_fits, file, name) for name in header]
        yield from _filled((list(map(searchable, batch.columns, fits)) for batch in rows), header, batch_rows)


def _step(file: pq.ParquetFile, searched: Collection[str], batch_rows: int) -> int:
    """Return how many rows to read at once: of large values few, since a search keeps nothing of most of them."""
    large = any(holds_bytes(field.type) for field in file.schema_arrow if field.name in searched)
    return min(_LARGE_ROWS, batch_rows) if large else batch_rows


def _filled(parts: Iterator[list[pa.Array]], names: Sequence[str], batch_rows: int) -> Iterator[pa.Table]:
    """Yield tables of `batch_rows` rows from parts of at most as many."""
    held: list[pa.Table] = []
    for columns in parts:
        held.append(pa.Table.from_arrays(columns, list(names)))
        if sum(table.num_rows for table in held) >= batch_rows:
            joined = pa.concat_tables(held)
            yield joined.slice(0, batch_rows)
            held = [rest] if (rest := joined.slice(batch_rows)).num_rows else []
    if held:
        yield pa.concat_tables(held)


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


def _column(shown: str, name: str) -> str:
    return f"{shown}: column {name!r}"


def _fits(file: pq.ParquetFile, name: str) -> bool:
    index = [file.schema.column(i).path for i in range(len(file.schema))].index(name)
    for group in range(file.num_row_groups):
        statistics = file.metadata.row_group(group).column(index).statistics
        if statistics is None or not statistics.has_min_max or statistics.max > INT64_MAX:
            return False
    return True
