"""What the columns of a file mean: texts, categories, numbers, labels and keys of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.errors import DataError
from llmops_audit.evidence.base import UNIT_GROUPS, Batch, Codes
from llmops_audit.record.labels import label_order
from llmops_audit.spec import DataSection, Spec

__all__ = [
    "FileLocation",
    "as_numbers",
    "cleaned",
    "floats",
    "merged",
    "numeric_columns",
    "row_keys",
    "unit_groups",
    "with_numbers",
]

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
    """Leave the text as it is, trim other strings (null where missing), and cast numeric features to float64."""
    na_values = pa.array(spec.data.na_values, pa.string())
    columns = []
    for name in table.column_names:
        column = table.column(name)
        if name == spec.data.text:
            column = pc.fill_null(_texts(column), "")
        elif pa.types.is_binary(column.type):
            # Only searched for personal data, see `llmops_audit.evidence._unread`.
            pass
        elif name in spec.data.features and name not in spec.data.categorical and _is_number_type(column.type):
            column = _cast(column)
        else:
            column = pc.utf8_trim_whitespace(_texts(column))
            column = pc.if_else(pc.is_in(column, na_values), None, column)
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _is_number_type(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())


def numeric_columns(table: pa.Table, data: DataSection) -> frozenset[str]:
    """Decide which features are numbers: those where every value that is not missing can be read as a number."""
    return frozenset(
        name for name in data.features if name not in data.categorical and as_numbers(table.column(name)) is not None
    )


def as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as float64; None where a value is not a number, or all are missing."""
    if column.null_count == len(column) or pa.types.is_boolean(column.type):
        return None
    try:
        numbers = _cast(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return numbers if pc.all(pc.is_finite(numbers)).as_py() else None


def with_numbers(table: pa.Table, numeric: Iterable[str], batch: Batch) -> pa.Table:
    """Return the table with its numeric features as float64.

    Raises
    ------
    DataError
        With file and row, where a value is not a number.
    """
    for name in sorted(numeric):
        numbers = table.column(name)
        if numbers.null_count < len(numbers):
            converted = as_numbers(numbers)
            if converted is None:
                texts = numbers.to_pylist()
                position = next(i for i, value in enumerate(texts) if not _is_number(value))
                raise DataError(
                    f"{batch.source[position]}: row {batch.row[position]}",
                    f"column '{name}' is not a number",
                    "a number, as in the training split",
                )
            numbers = converted
        else:
            numbers = pa.chunked_array([pa.nulls(len(numbers), pa.float64())])
        table = table.set_column(table.column_names.index(name), name, numbers)
    return table


def floats(
    table: pa.Table, name: str, where: FileLocation, what: str, *, or_missing: bool = False
) -> npt.NDArray[np.float64]:
    """Return a column as finite numbers, float64, (n,); NaN where a value may be missing, and is.

    Raises
    ------
    DataError
        With file and row, where a value is no number, not finite, or missing where it must not be.
    """
    column = table.column(name)
    try:
        values = _cast(column).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        position = next(i for i, value in enumerate(column.to_pylist()) if not _is_number(value))
        raise where.error(position, f"column '{name}' is not a number", what) from None
    allowed = np.isfinite(values) | (np.isnan(values) if or_missing else False)
    for position in np.flatnonzero(~allowed)[:1]:
        raise where.error(int(position), f"column '{name}' is missing or not finite", what)
    return np.asarray(values, dtype=np.float64)


def _cast(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as float64; a whole number beyond 2**53 is rounded, which a checked cast would refuse."""
    return pc.cast(column, pa.float64(), safe=False)


def _is_number(value: object) -> bool:
    """Return whether Arrow reads a value as a finite number, or it is missing; Python reads ``1_000`` as well."""
    return value is None or as_numbers(pa.chunked_array([[value]])) is not None


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
