"""The hits in one file: of a table by cell, of any other text by line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data import sources
from llmops_audit.data.sources import FileFormat
from llmops_audit.errors import DataError
from llmops_audit.evidence._unread import content_of, decoded
from llmops_audit.personal_data import Confidence, Span, find, find_in_array, masked

__all__ = ["CONTENTS", "CellHit", "NotSearched", "masked_name", "search_lines", "search_table"]

CONTENTS = {
    "image": "images",
    "bytes": "bytes that are no text",
    "duration": "durations",
    "interval": "spans of time",
    "extension": "values of a type of their own",
    "nested": "lists or objects with values that are no text",
}
"""What the cells of a column that cannot be searched hold."""

_BATCH_CHARACTERS = 1 << 20
_BATCH_LINES = 65_536
_EXACT = 2.0**53
"""Up to here every whole number is a float."""

_LONG_NUMBER = re.compile(r"\d{7}")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CellHit:
    """A hit before it is masked.

    Attributes
    ----------
    row : int
        Row of a table from 1 without the header, 0 for the header; line of any other text, from 1.
    column : str
        Name of the column for an output; empty in a text that is no table.
    text : str
        The cell, name or line with the hit: never for an output.
    span : Span
        Where in the text.
    """

    row: int
    column: str
    text: str
    span: Span


@dataclass(frozen=True)
class NotSearched:
    """Cells of a column that hold no text.

    Attributes
    ----------
    column : str
        Name of the column for an output.
    cells : int
    contents : tuple of str
        What they hold, see `llmops_audit.evidence._unread`; sorted.
    name : str
        Name of the column in the file: never for an output.
    """

    column: str
    cells: int
    contents: tuple[str, ...]
    name: str


def search_lines(path: Path, shown: str, format: FileFormat) -> Iterator[CellHit | NotSearched]:
    """Search a text line by line.

    Parameters
    ----------
    path : Path
        A name that ends in ``.gz`` is decompressed.
    shown : str
        The path in errors.
    format : FileFormat
        Only its encoding matters.

    Raises
    ------
    DataError
        While reading, where the text cannot be decoded further; everything before was searched.
    """
    row = 1
    for lines in _batches(sources.lines(path, shown, format.encoding)):
        for number, (line, spans) in enumerate(zip(lines, find(lines), strict=True), row):
            for span in spans:
                yield CellHit(number, "", line, span)
        row += len(lines)


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
        # What could be read is searched before the file is refused.
        yield batch
        raise
    yield batch


def search_table(path: Path, shown: str, format: FileFormat) -> Iterator[CellHit | NotSearched]:
    """Search every column of a table, the header first; each distinct value of a batch is searched once.

    Parameters
    ----------
    path : Path
        With a suffix that `llmops_audit.data.sources` knows.
    shown : str
        The path in errors.
    format : FileFormat

    Raises
    ------
    DataError
        While reading, where a row is broken; the batches before were searched.
    """
    table = sources.cells(path, shown, format)
    shown_names = _names_for_output(table.names)
    for column, spans in find_in_array(pa.array(table.names, pa.large_string())).items():
        for span in spans:
            yield CellHit(0, shown_names[column], table.names[column], span)
    row = table.first_row
    not_searched: Counter[tuple[int, str]] = Counter()
    for batch in table.tables:
        hits, undecoded = _in_batch(batch, table.names, shown_names, row)
        yield from hits
        not_searched.update(undecoded)
        row += batch.num_rows
    for column in sorted({column for column, _ in not_searched}):
        contents = {content: cells for (other, content), cells in not_searched.items() if other == column}
        total, kinds = sum(contents.values()), tuple(sorted(contents))
        yield NotSearched(shown_names[column], total, kinds, table.names[column])


def _names_for_output(names: tuple[str, ...]) -> tuple[str, ...]:
    found = find_in_array(pa.array(names, pa.large_string()))
    holds_data = any(span.confidence is not Confidence.SUSPECTED for spans in found.values() for span in spans)
    if holds_data or any(map(_LONG_NUMBER.search, names)):
        # This header is a row, and its other cells may be names of persons.
        return tuple(f"#{number}" for number in range(1, len(names) + 1))
    return tuple(masked_name(name) if index in found else name for index, name in enumerate(names))


def _in_batch(
    batch: pa.Table, names: tuple[str, ...], shown: tuple[str, ...], first: int
) -> tuple[list[CellHit], Counter[tuple[int, str]]]:
    """Return the hits of a batch by row and column, and by column and content the number of cells that are no text."""
    found: list[tuple[int, int, CellHit]] = []
    undecoded: Counter[tuple[int, str]] = Counter()
    for column, name in enumerate(names):
        values, index = _distinct(batch.column(column))
        texts = _texts(values)
        for value, content in _lost(values):
            undecoded[column, content] += int((index == value).sum())
        spans = find_in_array(texts, header=name)
        cells = {value: texts[value].as_py() for value in spans}
        for row in np.flatnonzero(np.isin(index, list(spans))).tolist():
            # A header that is read as row 0 was searched before.
            if first + row:
                value = int(index[row])
                found += [
                    (row, column, CellHit(first + row, shown[column], cells[value], span)) for span in spans[value]
                ]
    return [hit for _, _, hit in sorted(found, key=lambda item: item[:2])], undecoded


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct values of a column, and for each row the index of its value, -1 where missing."""
    encoded = column.dictionary_encode().combine_chunks()
    index = pc.fill_null(encoded.indices.cast(pa.int64()), -1)
    return encoded.dictionary, index.to_numpy(zero_copy_only=False)


def _lost(values: pa.Array) -> Iterator[tuple[int, str]]:
    """Yield the indices of the values that cannot be searched, or not as a whole, and what they hold."""
    if pa.types.is_binary(values.type):
        for index, value in enumerate(values.to_pylist()):
            if value is not None and (content := content_of(value)) is not None:
                yield index, content


def _texts(values: pa.Array) -> pa.Array:
    """Return values as a file would have them: whole numbers without point or exponent, even if they were floats.

    Bytes are decoded as UTF-8; those that are no text become null.
    """
    if pa.types.is_floating(values.type):
        whole = pc.and_(pc.equal(pc.floor(values), values), pc.less_equal(pc.abs(values), _EXACT))
        integers = pc.cast(pc.if_else(whole, values, 0.0), pa.int64())
        return pc.if_else(whole, pc.cast(integers, pa.string()), pc.cast(values, pa.string()))
    if pa.types.is_binary(values.type):
        return pa.array(map(decoded, values.to_pylist()), pa.large_string())
    return pc.replace_substring_regex(pc.cast(values, pa.string()), r"^([0-9]{6,})\.0+$", r"\1")


def masked_name(text: str) -> str:
    """Return a name with its personal data masked, and without lone halves of surrogate pairs."""
    return masked(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
