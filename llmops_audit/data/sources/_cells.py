"""What a search through every cell of a file needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

__all__ = ["Cells"]


@dataclass(frozen=True)
class Cells:
    """Every cell of a file.

    Attributes
    ----------
    names : tuple of str
        The columns as the header has them; a name may occur twice.
    first_row : int
        Number of the first row of `tables`: 1, or 0 where the header is read once more as a row.
    tables : iterator of pyarrow.Table
        All rows in file order, with the columns in the order of `names`, whatever the tables call them. Columns are
        texts, numbers, truth values or bytes.
    """

    names: tuple[str, ...]
    first_row: int
    tables: Iterator[pa.Table]
