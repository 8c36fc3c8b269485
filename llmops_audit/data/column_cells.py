"""What the cells of a column can be read as, each way worked out once a batch."""

from __future__ import annotations

from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from llmops_audit.data.cell_counts import LIKE_A_NUMBER, may_be_numbers
from llmops_audit.data.columns import FileLocation, as_numbers, cleaned_column, coded, not_a_number
from llmops_audit.data.spellings import TRUTH
from llmops_audit.spec import DataSection, Spec

__all__ = ["ColumnCells", "numbers_of"]

HEAD_ROWS = 512
"""Rows that show whether a column has many different cells."""

_NO_WORD = rf"{LIKE_A_NUMBER}|{TRUTH}"


class ColumnCells:
    """A column of a batch of rows, and what its cells can be read as, each worked out at most once.

    Parameters
    ----------
    raw : pyarrow array, (n,)
    name : str
    spec : Spec
    """

    def __init__(self, raw: pa.ChunkedArray, name: str, spec: Spec) -> None:
        self._raw, self._name, self._spec = raw, name, spec

    @cached_property
    def cells(self) -> pa.ChunkedArray:
        """The cells as `cleaned` leaves them."""
        return cleaned_column(self._raw, self._name, self._spec)

    @cached_property
    def numbers(self) -> pa.ChunkedArray | None:
        """The cells as `as_numbers` reads them."""
        return as_numbers(self.cells, self._spec.data, marked=True)

    @cached_property
    def coded(self) -> pa.DictionaryArray:
        """The cells as categories."""
        return coded(self._raw, self._spec.data)

    @cached_property
    def are_many_words(self) -> bool:
        """Whether many cells differ, and none could be read as a number or a truth value: encoding them costs most."""
        head = self._raw.slice(0, HEAD_ROWS)
        if not pa.types.is_string(self._raw.type) or 2 * len(head.unique()) <= len(head):
            return False
        return not pc.any(pc.match_substring_regex(self.cells, _NO_WORD)).as_py()

    @property
    def may_be_numbers(self) -> bool:
        """Whether a cell looks like a number, however it is written."""
        return not self.are_many_words and may_be_numbers(self.coded.dictionary)

    def missing(self) -> bool:
        """Return whether no cell has a value."""
        return bool(self.cells.null_count == len(self.cells))


def numbers_of(column: ColumnCells, name: str, data: DataSection, where: FileLocation) -> pa.ChunkedArray:
    """Return a feature of numbers as float64.

    Raises
    ------
    DataError
        With file, row and column, where a value is not a number, or infinite.
    """
    if column.missing():
        return pa.chunked_array([pa.nulls(len(column.cells), pa.float64())])
    if column.numbers is None:
        expected = "a finite number, as in the first split, or a missing value"
        raise not_a_number(column.cells, name, data, where, expected)
    return column.numbers
