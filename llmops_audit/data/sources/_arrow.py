"""What the columns of Arrow data become, whether they stand in a Parquet file or in memory.

Text, truth values and numbers keep their kind; dates become ISO text, nested values JSON text. Whole numbers are
int64, all other numbers float64; NaN is null. Numbers that neither holds become text, digit by digit, so that ids and
labels stay apart: an unsigned 64-bit column unless all its values fit, and whole decimals of more than 15 digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.errors import DataError
from llmops_audit.evidence._unread import marked, marked_bytes, marked_nested

__all__ = [
    "INT64_MAX",
    "converted",
    "described",
    "holds_bytes",
    "kept",
    "searchable",
    "stored_as",
    "target",
]

INT64_MAX = 2**63 - 1

_EXACT_DIGITS = 15
"""Decimals of so many digits are all different as float64."""

_STORED = b"llmops_audit.stored"
"""Key of a field's note on the type that was stored."""


def target(type_: pa.DataType, column: str, fits: Callable[[], bool]) -> pa.DataType:
    """Return the type that a column is read as: string, bool, int64 or float64.

    Parameters
    ----------
    type_ : pyarrow.DataType
        Of the column; of a dictionary's values where it is one.
    column : str
        What an error names.
    fits : callable
        Says of an unsigned 64-bit column whether all its values are at most `INT64_MAX`.

    Raises
    ------
    DataError
        Where the type cannot be read.
    """
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    if pa.types.is_duration(type_) or pa.types.is_interval(type_) or isinstance(type_, pa.BaseExtensionType):
        raise DataError(column, "has a type that cannot be read", got=str(type_))
    return kept(type_, fits)


def kept(type_: pa.DataType, fits: Callable[[], bool]) -> pa.DataType:
    """Return which of text, truth value, int64 and float64 a type is read as; parameters as of `target`."""
    if pa.types.is_uint64(type_):
        return pa.int64() if fits() else pa.string()
    if pa.types.is_integer(type_):
        return pa.int64()
    if pa.types.is_decimal(type_):
        return pa.string() if type_.scale == 0 and type_.precision > _EXACT_DIGITS else pa.float64()
    if pa.types.is_floating(type_):
        return pa.float64()
    if pa.types.is_boolean(type_):
        return pa.bool_()
    return pa.string()


def converted(values: pa.Array, to: pa.DataType, column: str) -> pa.Array:
    """Return values as the type that `target` gave.

    Raises
    ------
    DataError
        Where bytes are no UTF-8.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_nested(values.type):
        return pa.array([None if value is None else _json(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_floating(to):
        numbers = pc.cast(values, to)
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, to), numbers)
    try:
        texts = pc.cast(values, to)
    except pa.ArrowInvalid:
        raise DataError(column, "contains bytes that are not UTF-8", "text") from None
    return pc.replace_substring(texts, " ", "T") if pa.types.is_timestamp(values.type) else texts


def searchable(values: pa.Array, fits: Callable[[], bool]) -> pa.Array:
    """Return values for a search that stops at none: text, truth values, numbers, or bytes.

    Bytes are texts in UTF-8, or say of a cell that cannot be searched what it holds, see `evidence._unread`.
    """
    if isinstance(values.type, pa.BaseExtensionType):
        stored = values.storage
        return searchable(stored, fits) if _is_text(stored.type) else marked(values, "extension")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_duration(values.type) or pa.types.is_interval(values.type):
        return marked(values, "duration" if pa.types.is_duration(values.type) else "interval")
    if _is_binary(values.type):
        return marked_bytes(values)
    if holds_bytes(values.type):
        return marked_nested(values)
    return converted(values, kept(values.type, fits), "")


def holds_bytes(type_: pa.DataType) -> bool:
    """Return whether a column of a type may hold large values, such as images."""
    if pa.types.is_nested(type_):
        return any(holds_bytes(type_.field(i).type) for i in range(type_.num_fields))
    return _is_binary(type_)


def _is_text(type_: pa.DataType) -> bool:
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _is_binary(type_: pa.DataType) -> bool:
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(is_kind(type_) for is_kind in kinds)


def described(name: str, stored: pa.DataType, to: pa.DataType) -> pa.Field:
    """Return the field of a column that is read as a type, with a note on the type that it was stored as."""
    tests = {
        "dictionary": pa.types.is_dictionary,
        "time": pa.types.is_temporal,
        "boolean": pa.types.is_boolean,
        "number": _is_number,
    }
    note = next((note for note, test in tests.items() if test(stored)), "text")
    return pa.field(name, to, metadata={_STORED: note.encode()})


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def stored_as(field: pa.Field) -> str | None:
    """Return what a column was stored as: dictionary, time, boolean, number or text; None where it is a text file's."""
    note: bytes | None = (field.metadata or {}).get(_STORED)
    return None if note is None else note.decode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
