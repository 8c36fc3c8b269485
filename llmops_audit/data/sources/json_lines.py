"""JSON Lines: one object per line, every value as its text, so that a column has one type even with mixed values.

A string stays as it is, a number or truth value as JSON writes it, a list or object as JSON text; null and a
missing key are null. The columns are the keys of all lines, in the order in which they come up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._ledger import ReadLedger
from llmops_audit.data.sources._text import decoded, not_encoded
from llmops_audit.errors import DataError

__all__ = ["SUFFIXES", "names", "tables"]

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

_MAX_KEYS = 20_000
"""More keys than this are no columns, but values."""

_MAX_LINE = 1 << 24
"""Characters of a line: a file without line ends is not read whole."""

_ARRAY = re.compile(r"\s*\[\s*(?:\{|$)")


def names(path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None) -> tuple[str, ...]:
    """Return the keys of all lines, in the order of their first appearance; reads the whole file."""
    found: dict[str, None] = {}
    for item in _objects(path, shown, format, ledger):
        found.update(dict.fromkeys(item))
        if len(found) > _MAX_KEYS:
            raise DataError(shown, "has too many keys", f"at most {_MAX_KEYS:,}")
    if not found:
        raise DataError(shown, "is empty", "one object per line")
    return tuple(found)


def tables(
    path: Path,
    shown: str,
    format: FileFormat,
    columns: Sequence[str],
    batch_rows: int,
    ledger: ReadLedger | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows in order, as columns of type string."""
    objects = _objects(path, shown, format, ledger)
    while (first := next(objects, None)) is not None:
        values: dict[str, list[str | None]] = {name: [] for name in columns}
        for item in chain([first], islice(objects, batch_rows - 1)):
            for name, column in values.items():
                column.append(_text(item.get(name)))
        yield pa.table({name: pa.array(column, pa.string()) for name, column in values.items()})


def _objects(path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None) -> Iterator[dict[str, Any]]:
    row = number = 0
    try:
        chunks = decoded(path, shown, format.encoding, ledger)
        begun = next(chunks, "")
        if _ARRAY.match(begun):
            raise DataError(shown, "is a JSON array", "one object per line (JSON Lines)")
        for number, line in enumerate(_lines(chain([begun], chunks), shown), 1):
            if line.strip():
                row += 1
                yield _parsed(line, _location(shown, number, row))
    except UnicodeDecodeError:
        raise not_encoded(_location(shown, number + 1, row + 1), format.encoding) from None


def _location(shown: str, number: int, row: int) -> str:
    return f"{shown}: line {number}" if number == row else f"{shown}: line {number} (row {row})"


def _lines(chunks: Iterator[str], shown: str) -> Iterator[str]:
    tail = ""
    for chunk in chunks:
        *lines, tail = (tail + chunk).split("\n")
        yield from lines
        if len(tail) > _MAX_LINE:
            raise DataError(shown, "has a line that is too long", f"at most {_MAX_LINE:,} characters")
    if tail:
        yield tail


def _parsed(line: str, location: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(line)
    except _RepeatedKeyError:
        raise DataError(location, "an object has a key more than once") from None
    except json.JSONDecodeError as error:
        raise DataError(location, f"is not valid JSON at character {error.pos + 1}", "an object") from None
    except (ValueError, RecursionError):
        raise DataError(location, "is JSON beyond what can be read", "an object") from None
    if not isinstance(value, dict):
        raise DataError(location, "is not an object", "an object", _KINDS[type(value)])
    if "\\u" in line and _has_half_character(value):
        raise DataError(location, "contains half of a surrogate pair", "whole characters")
    return value


class _RepeatedKeyError(Exception):
    """An object names a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _RepeatedKeyError
    return value


# Without the hook the last of two equal keys would win in silence.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=str)

_ENCODER = json.JSONEncoder(ensure_ascii=False)

_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def _has_half_character(value: dict[str, Any]) -> bool:
    try:
        _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _ENCODER.encode(value)
