"""Finds in one file: of a table by cell, of any other text by line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data import sources
from llmops_audit.data.sources import Format, delimited
from llmops_audit.data.sources._text import decoded, not_encoded
from llmops_audit.errors import DataError
from llmops_audit.personal_data import Confidence, Span, find, mask, find_in_array

__all__ = ["Find", "in_lines", "in_table", "masked_name"]

_BATCH_CHARACTERS = 1 << 20
_BATCH_LINES = 65_536
_EXACT = 2.0**53
"""Up to here every whole number is a float."""

_LONG_NUMBER = re.compile(r"\d{7}")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Find:
    """A find before it is masked.

    Attributes
    ----------
    row : int
        Row of a table from 1 without the header, 0 for the header; line of any other text, from 1.
    column : str
        What the column may be called in an output; empty in a text that is no table.
    text : str
        The cell, name or line that it stands in: never for an output.
    span : Span
        Where in the text.
    """

    row: int
    column: str
    text: str
    span: Span


def in_lines(path: Path, shown: str, format: Format) -> Iterator[Find]:
    """Scan a text line by line.

    Parameters
    ----------
    path : Path
        A name that ends in ``.gz`` is decompressed.
    shown : str
        The path in errors.
    format : Format
        Its encoding alone matters.

    Raises
    ------
    DataError
        While reading, where the text cannot be decoded further; what stands before was scanned.
    """
    row = 1
    for lines in _batches(_lines(path, shown, format.encoding)):
        for number, (line, spans) in enumerate(zip(lines, find(lines), strict=True), row):
            for span in spans:
                yield Find(number, "", line, span)
        row += len(lines)


def _lines(path: Path, shown: str, encoding: str) -> Iterator[str]:
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    number = 1
    parts: list[str] = []
    try:
        for piece in decoded(path, shown, encoding):
            first, *others = newlines.decode(piece).split("\n")
            parts.append(first)
            for line in others:
                yield "".join(parts)
                number += 1
                parts = [line]
    except UnicodeDecodeError:
        yield "".join(parts)
        raise not_encoded(f"{shown}: line {number}", encoding) from None
    yield "".join(parts)


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    try:
        for line in lines:
            batch.append(line)
            characters += len(line)
            if characters >= _BATCH_CHARACTERS or len(batch) >= _BATCH_LINES:
                yield batch
                batch, characters = [], 0
    except DataError:
        # What could be read is scanned before the file is refused.
        yield batch
        raise
    yield batch


@dataclass(frozen=True)
class _Table:
    """A table that is read: what its columns are called in the file, and in a hit; the number of its first row."""

    names: tuple[str, ...]
    shown: tuple[str, ...]
    row: int
    batches: Iterator[pa.Table]


def in_table(path: Path, shown: str, format: Format) -> Iterator[Find]:
    """Scan every column of a table, the header first; each distinct value of a batch is scanned once.

    Parameters
    ----------
    path : Path
        With a suffix that `llmops_audit.data.sources` knows.
    shown : str
        The path in errors.
    format : Format

    Raises
    ------
    DataError
        While reading, where a row is broken; the batches before were scanned.
    """
    table = _opened(path, shown, format)
    for place, spans in find_in_array(pa.array(table.names, pa.large_string())).items():
        for span in spans:
            yield Find(0, table.shown[place], table.names[place], span)
    row = table.row
    for batch in table.batches:
        yield from _in_batch(batch, table, row)
        row += batch.num_rows


def _opened(path: Path, shown: str, format: Format) -> _Table:
    row = 1
    is_delimited = path.name.lower().endswith(delimited.SUFFIXES)
    names = delimited.names(path, shown, format) if is_delimited else sources.column_names(path, shown, format)
    if len(set(names)) < len(names):
        # The header of such a file is read as its first row, under names that differ.
        format = replace(format, names=tuple(f"#{place}" for place in range(1, len(names) + 1)))
        row = 0
    return _Table(names, _column_names(names), row, sources.read(path, shown, format, None))


def _column_names(names: tuple[str, ...]) -> tuple[str, ...]:
    found = find_in_array(pa.array(names, pa.large_string()))
    sure = any(span.confidence is not Confidence.SUSPECTED for spans in found.values() for span in spans)
    if sure or any(map(_LONG_NUMBER.search, names)):
        # This is a row, and what else stands in it may be the name of a person.
        return tuple(f"#{place}" for place in range(1, len(names) + 1))
    return tuple(masked_name(name) if place in found else name for place, name in enumerate(names))


def _in_batch(batch: pa.Table, table: _Table, first: int) -> list[Find]:
    found: list[tuple[int, int, Find]] = []
    for place, (name, shown) in enumerate(zip(table.names, table.shown, strict=True)):
        values, index = _distinct(batch.column(place))
        spans = find_in_array(values, header=name)
        texts = {value: values[value].as_py() for value in spans}
        for row in np.flatnonzero(np.isin(index, list(spans))).tolist():
            # The header that is read as a first row has been told of.
            if first + row:
                value = int(index[row])
                found += [(row, place, Find(first + row, shown, texts[value], span)) for span in spans[value]]
    return [hit for _, _, hit in sorted(found, key=lambda item: item[:2])]


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct values of a column as texts, and for each row the place of its value, -1 where missing."""
    encoded = column.dictionary_encode().combine_chunks()
    index = pc.fill_null(encoded.indices.cast(pa.int64()), -1)
    return _texts(encoded.dictionary), index.to_numpy(zero_copy_only=False)


def _texts(values: pa.Array) -> pa.Array:
    """Return numbers as they are written: a whole one without point or exponent, though it went through a float."""
    if pa.types.is_floating(values.type):
        whole = pc.and_(pc.equal(pc.floor(values), values), pc.less_equal(pc.abs(values), _EXACT))
        integers = pc.cast(pc.if_else(whole, values, 0.0), pa.int64())
        return pc.if_else(whole, pc.cast(integers, pa.string()), pc.cast(values, pa.string()))
    return pc.replace_substring_regex(pc.cast(values, pa.string()), r"^([0-9]{6,})\.0+$", r"\1")


def masked_name(text: str) -> str:
    """Return a name with the personal data in it masked, and without half characters of a file system."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for span in reversed(find([text])[0]):
        text = text[: span.start] + mask(span.kind, text[span.start : span.end]) + text[span.end :]
    return text
