"""CSV and TSV: every cell is text, exactly as it is written.

A blank line is not a row; a row with a single empty value is written ``""``.
"""

from __future__ import annotations

import csv
import io
import secrets
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._ledger import ReadLedger
from llmops_audit.data.sources._text import decoded, not_encoded
from llmops_audit.errors import DataError

__all__ = ["SUFFIXES", "cells", "names", "tables"]

SUFFIXES = (".csv", ".csv.gz", ".tab", ".tab.gz", ".tsv", ".tsv.gz")

_TAB_SUFFIXES = (".tab", ".tab.gz", ".tsv", ".tsv.gz")
# A row must fit into a block; Arrow holds a few blocks at a time.
_BLOCK_BYTES = 4 << 20
_MAX_HEADER = 1 << 20
"""Characters up to the end of the header: a file without line ends is not read whole to find one."""

# Arrow lets go of our objects within milliseconds; longer than this, nobody waits.
_RELEASE_SECONDS = 5.0


def names(path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None) -> tuple[str, ...]:
    """Return the columns in file order, from `format.names` or the first line that is not blank."""
    with closing(_SealedRows(path, shown, format, ledger)) as rows:
        return rows.names


def tables(
    path: Path,
    shown: str,
    format: FileFormat,
    columns: Sequence[str],
    batch_rows: int,
    ledger: ReadLedger | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows in order, as columns of type string without nulls."""
    with closing(_SealedRows(path, shown, format, ledger)) as rows:
        for batch in _batches(rows, columns):
            for start in range(0, batch.num_rows, batch_rows):
                yield pa.Table.from_batches([batch.slice(start, batch_rows)])


def cells(path: Path, shown: str, format: FileFormat, batch_rows: int) -> Cells:
    """Return every cell, also of a file whose header has a name twice: its header is read once more as row 0."""
    header = names(path, shown, format)
    first_row = 1
    if len(set(header)) < len(header):
        format = replace(format, names=tuple(f"#{number}" for number in range(1, len(header) + 1)))
        first_row = 0
    return Cells(header, first_row, tables(path, shown, format, format.names or header, batch_rows))


class _SealedRows(io.RawIOBase):
    """The bytes after the header, as UTF-8 for Arrow, with a final row of seals.

    Arrow takes an unterminated quote for a value that reaches to the end of the file. The seal is how we
    know: it arrives as a row of its own unless something swallowed it. Where the text cannot be decoded
    further, the seal replaces the broken bytes as well, and `undecodable` is set.
    """

    def __init__(self, path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None) -> None:
        super().__init__()
        self.shown = shown
        self.encoding = format.encoding
        self.quote = format.quote
        self.delimiter = format.delimiter or ("\t" if path.name.lower().endswith(_TAB_SUFFIXES) else ",")
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise DataError(shown, "unusable delimiter", "one ASCII character", repr(self.delimiter))
        self.undecodable = False
        self.seal = secrets.token_hex(16)
        self._chunks = decoded(path, shown, format.encoding, ledger)
        self._text_chunks = self._text()
        self._ready = b""
        self.names = self._header(format)

    def read(self, size: int = -1, /) -> bytes:
        # Arrow takes what one call returns for a block, so that a block has to be filled.
        parts = [self._ready]
        length = len(self._ready)
        while size < 0 or length < size:
            chunk = next(self._text_chunks, None)
            if chunk is None:
                break
            parts.append(chunk.encode("utf-8"))
            length += len(parts[-1])
        content = b"".join(parts)
        end = length if size < 0 else size
        block, self._ready = content[:end], content[end:]
        return block

    def readable(self) -> bool:
        return True

    def _text(self) -> Iterator[str]:
        try:
            yield from self._chunks
        except UnicodeDecodeError:
            self.undecodable = True
            yield self.seal
        yield "\n"
        yield self.delimiter.join([self.seal] * len(self.names)) + "\n"

    def _header(self, format: FileFormat) -> tuple[str, ...]:
        self.names = format.names or ()
        lines = _Lines(self._text_chunks, self.shown)
        for _ in range(format.skip_rows):
            next(lines, None)
        if format.names is None:
            self.names = self._first_row(lines)
        self._ready = lines.rest().encode("utf-8")
        return self.names

    def _first_row(self, lines: _Lines) -> tuple[str, ...]:
        reader = csv.reader(
            self._bounded(lines),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            header = next((row for row in reader if row), [])
        except csv.Error:
            header = []
            if not self.undecodable:
                raise DataError(f"{self.shown}: header", "cannot be read", "closed quotes") from None
        if self.undecodable and (not header or any(self.seal in name for name in header)):
            raise not_encoded(f"{self.shown}: header", self.encoding)
        if not header:
            raise DataError(self.shown, "is empty", "a header")
        return tuple(header)

    def _bounded(self, lines: _Lines) -> Iterator[str]:
        length = 0
        for line in lines:
            length += len(line)
            if length > _MAX_HEADER:
                raise _too_long(self.shown)
            yield line


class _Lines(Iterator[str]):
    """Lines with their line ends, none of them longer than a header; unread text stays available."""

    def __init__(self, chunks: Iterator[str], shown: str) -> None:
        self._text_chunks = chunks
        self._shown = shown
        self._fill("")

    def __next__(self) -> str:
        line = self._buffer.readline()
        # A carriage return at the end of a chunk may be half of a line's end.
        while self._buffer.tell() == self._length and not line.endswith("\n"):
            if len(line) > _MAX_HEADER:
                raise _too_long(self._shown)
            chunk = next(self._text_chunks, None)
            if chunk is None:
                break
            self._fill(line + chunk)
            line = self._buffer.readline()
        if not line:
            raise StopIteration
        return line

    def rest(self) -> str:
        """Return the text that was read from the chunks and belongs to no line yet."""
        return self._buffer.read()

    def _fill(self, text: str) -> None:
        self._buffer = io.StringIO(text, newline="")
        self._length = len(text)


def _too_long(shown: str) -> DataError:
    return DataError(f"{shown}: header", "is too long", f"a line of at most {_MAX_HEADER:,} characters")


def _batches(rows: _SealedRows, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    # The last batch is withheld until the next one arrives: its last row may be the seal.
    invalid: list[pa.csv.InvalidRow] = []
    pending: pa.RecordBatch | None = None
    count = 0
    try:
        for batch in _arrow_batches(rows, columns, invalid):
            if pending is not None and pending.num_rows:
                yield pending
            pending = batch
            count += batch.num_rows
    except pa.ArrowInvalid as error:
        raise _refused(rows, invalid, count, error) from None
    sealed = pending is not None and all(column[-1].as_py() == rows.seal for column in pending.columns)
    if rows.undecodable:
        raise not_encoded(f"{rows.shown}: row {count - sealed}", rows.encoding)
    if pending is None or not sealed:
        raise _unterminated(rows, count)
    if pending.num_rows > 1:
        yield pending.slice(0, pending.num_rows - 1)


class _Stream(io.RawIOBase):
    """What Arrow reads and nobody else holds, so that its release can be awaited."""

    def __init__(self, rows: _SealedRows) -> None:
        super().__init__()
        self._rows = rows

    def read(self, size: int = -1, /) -> bytes:
        return self._rows.read(size)

    def readable(self) -> bool:
        return True


class _Notes:
    """Takes down the rows that Arrow refuses."""

    def __init__(self, invalid: list[pa.csv.InvalidRow]) -> None:
        self._invalid = invalid

    def __call__(self, row: pa.csv.InvalidRow) -> str:
        self._invalid.append(row)
        return "error"


def _arrow_batches(
    rows: _SealedRows, columns: Sequence[str], invalid: list[pa.csv.InvalidRow]
) -> Iterator[pa.RecordBatch]:
    """Yield what Arrow reads, and wait at the end until its threads have let go of our objects.

    A thread of Arrow's that drops a Python object while Python shuts down aborts the process, exit code and all.
    """
    stream, notes = _Stream(rows), _Notes(invalid)
    held: list[weakref.ref[object]] = [weakref.ref(stream), weakref.ref(notes)]
    reader = failed = None
    try:
        reader = _open(stream, notes, rows, columns)
        with reader:
            yield from reader
    except pa.ArrowInvalid as error:
        # Without its traceback, whose frames hold our objects.
        failed = error.with_traceback(None)
    finally:
        del stream, notes, reader
        _await_release(held)
    if failed is not None:
        raise failed


def _await_release(held: Sequence[weakref.ref[object]]) -> None:
    end = time.monotonic() + _RELEASE_SECONDS
    while any(one() is not None for one in held) and time.monotonic() < end:
        time.sleep(0.001)


def _open(stream: _Stream, notes: _Notes, rows: _SealedRows, columns: Sequence[str]) -> pa.csv.CSVStreamingReader:
    return pa.csv.open_csv(
        stream,
        # Without threads the rows that Arrow refuses are numbered.
        pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=list(rows.names)),
        pa.csv.ParseOptions(
            delimiter=rows.delimiter,
            quote_char='"' if rows.quote else False,
            newlines_in_values=True,
            invalid_row_handler=notes,
        ),
        pa.csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(rows.names, pa.string()),
            include_columns=list(columns),
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _refused(rows: _SealedRows, invalid: list[pa.csv.InvalidRow], count: int, error: pa.ArrowInvalid) -> DataError:
    if not invalid:
        if "straddling" in str(error):
            expected = f"at most {_BLOCK_BYTES:,} bytes; is a quote left open?"
            return DataError(f"{rows.shown}: after row {count}", "a row is too long", expected)
        return DataError(f"{rows.shown}: after row {count}", "cannot be read")
    row = invalid[0]
    if rows.seal not in row.text:
        expected, got = str(row.expected_columns), str(row.actual_columns)
        return DataError(f"{rows.shown}: row {row.number}", "wrong number of fields", expected, got)
    if rows.undecodable:
        return not_encoded(f"{rows.shown}: row {row.number}", rows.encoding)
    return _unterminated(rows, row.number)


def _unterminated(rows: _SealedRows, number: int) -> DataError:
    return DataError(f"{rows.shown}: row {number}", "a quote is not closed", "a quote at the end of the value")
