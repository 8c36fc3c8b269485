"""Data files as tables of raw values, read batch by batch. One module a format.

A module of this package whose name has no leading underscore is a format. It has a constant `SUFFIXES` and two
functions, `names` and `tables`. If its files are no text, it also has a constant `BINARY = True`; if a search for
personal data can read more than its tables have, it also has functions `cells` and `search_tables`. To add a format,
add a module: audits and the command `pii` find it by suffix. A file with any other suffix (``adult.data``) is
delimited text if the spec names its delimiter.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa

from llmops_audit.data.sources import delimited
from llmops_audit.data.sources._arrow import stored_as
from llmops_audit.data.sources._cells import Cells
from llmops_audit.data.sources._content import beginning, refuse_other_content
from llmops_audit.data.sources._delimiters import other_delimiter
from llmops_audit.data.sources._files import open_regular, refuse_irregular
from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._ledger import FileDigest, ReadLedger
from llmops_audit.data.sources._text import head, lines
from llmops_audit.errors import DataError

__all__ = [
    "Cells",
    "FileDigest",
    "FileFormat",
    "ReadLedger",
    "binary_suffixes",
    "cells",
    "column_names",
    "head",
    "lines",
    "open_regular",
    "other_delimiter",
    "read",
    "refuse_irregular",
    "stored_as",
    "suffixes",
]

BATCH_ROWS = 65_536
BATCH_CELLS = 1 << 22
"""Cells of a table in a search: a wide file has fewer rows in each."""

MAX_COLUMNS = 20_000
"""More names than this are no header, but a file without line ends."""


class _SourceModule(Protocol):
    @property
    def SUFFIXES(self) -> tuple[str, ...]: ...  # noqa: N802 - a constant of the module

    def names(
        self, path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None
    ) -> tuple[str, ...]: ...

    def tables(
        self,
        path: Path,
        shown: str,
        format: FileFormat,
        columns: Sequence[str],
        batch_rows: int,
        ledger: ReadLedger | None = None,
    ) -> Iterator[pa.Table]: ...


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of the files that can be read, sorted."""
    return tuple(sorted(suffix for module in _modules() for suffix in module.SUFFIXES))


def binary_suffixes() -> tuple[str, ...]:
    """Return the suffixes of the formats whose files are no text, sorted."""
    return tuple(sorted(suffix for module in _modules() if _is_binary(module) for suffix in module.SUFFIXES))


def column_names(path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None) -> tuple[str, ...]:
    """Return the columns of a file, in file order.

    Parameters
    ----------
    path : Path
        Where the file is.
    shown : str
        The path as the spec writes it; errors name it.
    format : FileFormat
    ledger : ReadLedger, optional
        Knows the file from earlier passes.

    Raises
    ------
    DataError
        Where the file cannot be read, is of no known kind, has no header, or names a column twice.
    """
    names = _names(_module(path, shown, format), path, shown, format, ledger)
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        # By number, since the first line of a file without a header is a row.
        if first.setdefault(name, number) != number:
            raise DataError(shown, f"has one name for columns {first[name]} and {number}", "a name for each column")
    return names


def read(
    path: Path,
    shown: str,
    format: FileFormat,
    columns: Sequence[str] | None,
    batch_rows: int = BATCH_ROWS,
    searched: Collection[str] = (),
    ledger: ReadLedger | None = None,
) -> Iterator[pa.Table]:
    """Read a file batch by batch, every row once and in file order; memory does not grow with rows.

    Parameters
    ----------
    path : Path
        Where the file is.
    shown : str
        The path as the spec writes it; errors name it.
    format : FileFormat
    columns : sequence of str or None
        At least one column, in the order wanted; None for all columns in file order.
    batch_rows : int
        Most rows of a table.
    searched : collection of str
        Columns that are only searched for personal data: what cannot be read as text there is no error, but bytes
        that say what it is, see `llmops_audit.evidence._unread`.
    ledger : ReadLedger, optional
        Takes the digest of the file's bytes while they are read.

    Returns
    -------
    iterator of pyarrow.Table
        Tables of at least one row; a file without rows gives none. The types of the columns depend on the
        file alone, never on where it is cut. CSV, TSV and JSON Lines give strings; Parquet gives string,
        bool, int64 and float64.

    Raises
    ------
    DataError
        At once where the file or a column is missing; while reading where a row is broken or, with a ledger, the
        file changes. It names file and row, counted from 1 without the header, or file and line of a JSON Lines file.
    """
    known = column_names(path, shown, format, ledger)
    wanted = known if columns is None else tuple(columns)
    if unknown := [name for name in wanted if name not in set(known)]:
        raise DataError(shown, f"has no column {unknown[0]!r}")
    module = _module(path, shown, format)
    own = getattr(module, "search_tables", None)
    if own is not None and searched:
        return cast(Iterator[pa.Table], own(path, shown, format, wanted, batch_rows, searched, ledger))
    return module.tables(path, shown, format, wanted, batch_rows, ledger)


def cells(path: Path, shown: str, format: FileFormat) -> Cells:
    """Open a file for a search through every cell; memory does not grow with rows.

    Parameters
    ----------
    path : Path
        Where the file is.
    shown : str
        The path in errors.
    format : FileFormat

    Raises
    ------
    DataError
        At once where the file cannot be read or has no header; while reading where a row is broken.
    """
    module = _module(path, shown, format)
    names = _names(module, path, shown, format)
    rows = max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, len(names))))
    own = getattr(module, "cells", None)
    if own is not None:
        return cast(Cells, own(path, shown, format, rows))
    return Cells(names, 1, module.tables(path, shown, format, column_names(path, shown, format), rows))


def _modules() -> tuple[_SourceModule, ...]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return tuple(cast(_SourceModule, importlib.import_module(f"{__name__}.{name}")) for name in names)


def _is_binary(module: _SourceModule) -> bool:
    return bool(getattr(module, "BINARY", False))


def _module(path: Path, shown: str, format: FileFormat) -> _SourceModule:
    with open_regular(path, shown) as file:
        begun = beginning(file, compressed=path.suffix.lower() == ".gz")
    module = _by_suffix(path, shown, format)
    if not begun and (_is_binary(module) or format.names is not None) and not path.stat().st_size:
        raise DataError(shown, "is empty", "a file with rows")
    if not _is_binary(module):
        refuse_other_content(begun, shown, format.encoding)
    return module


def _by_suffix(path: Path, shown: str, format: FileFormat) -> _SourceModule:
    for module in _modules():
        if path.name.lower().endswith(module.SUFFIXES):
            return module
    if format.delimiter is not None:
        return delimited
    expected = f"one of {', '.join(suffixes())}, or `data.delimiter` in the spec"
    raise DataError(shown, "unknown kind of file", expected, path.suffix or "no suffix")


def _names(
    module: _SourceModule, path: Path, shown: str, format: FileFormat, ledger: ReadLedger | None = None
) -> tuple[str, ...]:
    names = module.names(path, shown, format, ledger)
    if len(names) > MAX_COLUMNS:
        raise DataError(shown, "has too many columns", f"at most {MAX_COLUMNS:,}", f"{len(names):,}")
    return names
