"""What the columns of a file mean: texts, categories, numbers, labels and keys of rows."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data.times import iso_times
from llmops_audit.errors import DataError
from llmops_audit.evidence.base import UNIT_GROUPS, Codes
from llmops_audit.record.labels import canonical_label, label_order
from llmops_audit.spec import DataSection, Spec

__all__ = [
    "NUMBER",
    "FileLocation",
    "as_numbers",
    "cleaned",
    "cleaned_column",
    "coded",
    "floats",
    "merged",
    "not_a_number",
    "plain",
    "row_keys",
    "texts_of",
    "unit_groups",
]

NUMBER = r"^[-+]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|(?i:inf|infinity))$"
"""Texts that Arrow reads as numbers."""

_SPLITMIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True)
class FileLocation:
    """The file that a table comes from, and its first row there.

    Attributes
    ----------
    shown : str
        The file's path as the spec writes it.
    first : int
        Number of the table's first row in the file.
    """

    shown: str
    first: int

    def error(self, position: int, wrong: str, expected: str | None = None) -> DataError:
        """Return an error about the row at a position of the table."""
        return DataError(f"{self.shown}: row {self.first + position}", wrong, expected)


def cleaned(table: pa.Table, spec: Spec) -> pa.Table:
    """Leave the text and stored numbers of features as they are, and trim all other cells (null where missing)."""
    columns = [cleaned_column(table.column(name), name, spec) for name in table.column_names]
    return pa.table(columns, names=table.column_names)


def cleaned_column(column: pa.ChunkedArray, name: str, spec: Spec) -> pa.ChunkedArray:
    """Return a column as `cleaned` does."""
    if name == spec.data.text:
        return pc.fill_null(texts_of(column), "")
    # Binary: only searched for personal data, see `llmops_audit.evidence._unread`.
    if pa.types.is_binary(column.type) or (name in spec.data.features and not pa.types.is_string(column.type)):
        return column
    column = _trimmed(texts_of(column), spec.data)
    return iso_times(column) if name == spec.data.time else column


def coded(column: pa.ChunkedArray, data: DataSection) -> pa.DictionaryArray:
    """Return a column of categories as texts, trimmed and null where missing; each different cell is looked at once."""
    raw = _encoded(column)
    trimmed = _trimmed(texts_of(raw.dictionary), data)
    if trimmed.equals(raw.dictionary):
        return raw
    texts = _encoded(trimmed)
    return pa.DictionaryArray.from_arrays(texts.indices.take(raw.indices), texts.dictionary)


def _encoded(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return (pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole).dictionary_encode()


def _trimmed(texts: pa.Array | pa.ChunkedArray, data: DataSection) -> pa.Array | pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(trimmed, pa.array(data.na_values, pa.string()))
    return pc.if_else(missing, None, trimmed) if pc.any(missing).as_py() else trimmed


def texts_of(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return cells as texts, whole numbers without exponent or point."""
    if pa.types.is_string(column.type):
        return column
    if not pa.types.is_floating(column.type):
        return pc.cast(column, pa.string())
    # Arrow would write a large whole number with an exponent.
    known = _encoded(column)
    texts = pa.array([str(canonical_label(value)) for value in known.dictionary.to_pylist()], pa.string())
    return texts.take(known.indices) if isinstance(column, pa.Array) else pa.chunked_array([texts.take(known.indices)])


def plain(texts: pa.Array | pa.ChunkedArray, data: DataSection) -> pa.Array | pa.ChunkedArray:
    """Return texts with their numbers as Arrow reads them: without thousands separators, with a decimal point."""
    if data.thousands is not None:
        mark = re.escape(data.thousands)
        grouped = rf"^[-+]?[0-9]{{1,3}}({mark}[0-9]{{3}})+({re.escape(data.decimal)}[0-9]*)?$"
        joined = pc.replace_substring(texts, data.thousands, "")
        texts = pc.if_else(pc.match_substring_regex(texts, grouped), joined, texts)
    if data.decimal == ".":
        return texts
    # With a decimal comma, a point is no part of a number.
    points = pc.match_substring(texts, ".")
    pointed = pc.if_else(points, pa.scalar("(a point)"), pc.replace_substring(texts, data.decimal, "."))
    return pc.if_else(pc.is_null(texts), None, pointed)


def as_numbers(
    column: pa.ChunkedArray, data: DataSection | None = None, *, marked: bool = False
) -> pa.ChunkedArray | None:
    """Return a column as float64; None where a value is not a finite number, or all are missing.

    Parameters
    ----------
    column : pyarrow array, (n,)
    data : DataSection, optional
        How a text file writes numbers; None for texts of other data.
    marked : bool
        Whether a number of `na_values` means a missing value however it is written, or stored.
    """
    if column.null_count == len(column) or pa.types.is_boolean(column.type):
        return None
    try:
        numbers = _cast(column, data)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if marked and data is not None and (marks := _numbers_among(data.na_values)):
        numbers = pc.if_else(pc.is_in(numbers, pa.array(marks, pa.float64())), None, numbers)
    return numbers if pc.all(pc.is_finite(numbers)).as_py() is not False else None


def _numbers_among(texts: Iterable[str]) -> list[float]:
    return [float(text) for text in texts if re.match(NUMBER, text)]


def floats(
    table: pa.Table,
    name: str,
    where: FileLocation,
    what: str,
    data: DataSection | None = None,
    *,
    or_missing: bool = False,
) -> npt.NDArray[np.float64]:
    """Return a column as finite numbers, float64, (n,); NaN where a value may be missing, and is.

    Raises
    ------
    DataError
        With file and row, where a value is no number, not finite, or missing where it must not be.
    """
    column = table.column(name)
    for position in [] if or_missing else np.flatnonzero(column.is_null().to_numpy())[:1]:
        raise where.error(int(position), f"column '{name}' is missing", what)
    if or_missing and column.null_count == len(column):
        return np.full(len(column), np.nan)
    converted = as_numbers(column, data)
    if converted is None and len(column):
        raise not_a_number(column, name, data, where, what)
    return np.asarray(column if converted is None else converted, dtype=np.float64)


def not_a_number(
    column: pa.ChunkedArray, name: str, data: DataSection | None, where: FileLocation, expected: str
) -> DataError:
    """Return the error about the first cell that is no finite number."""
    for position, value in enumerate(column.to_pylist()):
        if value is None:
            continue
        try:
            number = _cast(pa.chunked_array([[value]]), data)[0].as_py()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return where.error(position, f"column '{name}' is not a number", expected)
        if not math.isfinite(number):
            return where.error(position, f"column '{name}' is not finite", expected)
    return DataError(where.shown, f"column '{name}' is not a number", expected)


def _cast(column: pa.ChunkedArray, data: DataSection | None = None) -> pa.ChunkedArray:
    """Return a column as float64; a whole number beyond 2**53 is rounded, which a checked cast would refuse."""
    if data is not None and pa.types.is_string(column.type):
        column = plain(column, data)
    return pc.cast(column, pa.float64(), safe=False)


def merged(parts: Sequence[Codes | None]) -> Codes | None:
    """Concatenate codes, (n1 + n2 + ...,); None where any of them is None."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    categories = label_order(value for part in known for value in part.categories)
    index = []
    for part in known:
        recoded = np.array([categories.index(value) for value in part.categories] + [-1], dtype=np.int32)
        index.append(recoded[part.index])
    return Codes(categories, np.concatenate(index))


def row_keys(table: pa.Table, spec: Spec, shown: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return a seeded hash of each row, uint64, (n,).

    It depends on the row id where the spec names one that the file has, otherwise on the file's path and the row's
    number in it: neither on the order of files nor on batches.
    """
    seed = spec.audit.seed
    if spec.data.id is not None and spec.data.id in table.column_names:
        return _hashed([str(value) for value in table.column(spec.data.id).to_pylist()], seed)
    base = int.from_bytes(hashlib.blake2b(f"{seed}\0{shown}".encode(), digest_size=8).digest(), "little")
    # SplitMix64 (Steele, Lea, Flood 2014): every row number to a well-mixed 64-bit key.
    mixed = np.uint64(base) + row.astype(np.uint64) * np.uint64(_SPLITMIX[0])
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_SPLITMIX[1])
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SPLITMIX[2])
    return mixed ^ (mixed >> np.uint64(31))


def unit_groups(units: Sequence[str], seed: int) -> npt.NDArray[np.int16]:
    """Return the random group of each row's unit, int16, (n,): the same for all rows of a unit, in any file."""
    return (_hashed(units, seed) % np.uint64(UNIT_GROUPS)).astype(np.int16)


def _hashed(texts: Sequence[str], seed: int) -> npt.NDArray[np.uint64]:
    from pandas.util import hash_array

    salt = hashlib.blake2b(str(seed).encode(), digest_size=8).hexdigest()
    return hash_array(np.array(texts, dtype=object), hash_key=salt, categorize=False)
