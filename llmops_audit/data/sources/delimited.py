"""CSV and TSV: every cell is text, exactly as it is written.

A blank line is not a row; a row with a single empty value is written ``""``.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._text import decoded, not_encoded
from llmops_audit.errors import DataError

__all__ = ["SUFFIXES", "cells", "names", "tables"]

SUFFIXES = (".csv", ".csv.gz", ".tab", ".tab.gz", ".tsv", ".tsv.gz")

_TAB_SUFFIXES = (".tab", ".tab.gz", ".tsv", ".tsv.gz")
# A row must fit into a block; Arrow holds a few blocks at a time.
_BLOCK_BYTES = 4 << 20


def names(path: Path, shown: str, format: FileFormat) -> tuple[str, ...]:
    """Return the columns in file order, from `format.names` or the first line that is not blank."""
    with closing(_SealedRows(path, shown, format)) as rows:
        return rows.names


def tables(path: Path, shown: str, format: FileFormat, columns: Sequence[str], batch_rows: int) -> Iterator[pa.Table]:
    """Yield the rows in order, as columns of type string without nulls."""
    with closing(_SealedRows(path, shown, format)) as rows:
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

    def __init__(self, path: Path, shown: str, format: FileFormat) -> None:
        super().__init__()
        self.shown = shown
        self.encoding = format.encoding
        self.quote = format.quote
        self.delimiter = format.delimiter or ("\t" if path.name.lower().endswith(_TAB_SUFFIXES) else ",")
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise DataError(shown, "unusable delimiter", "one ASCII character", repr(self.delimiter))
        self.undecodable = False
        self.seal = secrets.token_hex(16)
        self._chunks = decoded(path, shown, format.encoding)
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
        lines = _Lines(self._text_chunks)
        for _ in range(format.skip_rows):
            next(lines, None)
        if format.names is None:
            self.names = self._first_row(lines)
        self._ready = lines.rest().encode("utf-8")
        return self.names

    def _first_row(self, lines: _Lines) -> tuple[str, ...]:
        reader = csv.reader(
            lines,
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


class _Lines(Iterator[str]):
    """Lines with their line ends; unread text stays available."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._text_chunks = chunks
        self._fill("")

    def __next__(self) -> str:
        line = self._buffer.readline()
        # A carriage return at the end of a chunk may be half of a line's end.
        while self._buffer.tell() == self._length and not line.endswith("\n"):
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


def _batches(rows: _SealedRows, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    # The last batch is withheld until the next one arrives: its last row may be the seal.
    invalid: list[pa.csv.InvalidRow] = []
    pending: pa.RecordBatch | None = None
    count = 0
    try:
        with _open(rows, columns, invalid) as reader:
            for batch in reader:
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


def _open(rows: _SealedRows, columns: Sequence[str], invalid: list[pa.csv.InvalidRow]) -> pa.csv.CSVStreamingReader:
    def note(row: pa.csv.InvalidRow) -> str:
        invalid.append(row)
        return "error"

    return pa.csv.open_csv(
        rows,
        # Without threads the rows that Arrow refuses are numbered.
        pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=list(rows.names)),
        pa.csv.ParseOptions(
            delimiter=rows.delimiter,
            quote_char='"' if rows.quote else False,
            newlines_in_values=True,
            invalid_row_handler=note,
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
