"""Which delimiter a text file seems to have, where the one that was tried finds a single column."""

from __future__ import annotations

import csv
from collections.abc import Collection
from itertools import islice
from pathlib import Path

from llmops_audit.data.sources._format import FileFormat
from llmops_audit.data.sources._text import decoded
from llmops_audit.errors import DataError

__all__ = ["other_delimiter"]

_CANDIDATES = (",", ";", "\t", "|")
_LINES = 20


def other_delimiter(path: Path, shown: str, format: FileFormat, wanted: Collection[str]) -> str | None:
    """Return the delimiter that gives wanted columns, or as many fields in each of the first lines.

    Parameters
    ----------
    path : Path
        Of delimited text.
    shown : str
        The path in errors.
    format : FileFormat
        In which the header has a single column.
    wanted : collection of str
        Columns that the file should have.

    Returns
    -------
    str or None
        None where no delimiter does.
    """
    try:
        # A row that is cut at the end of the first chunk must not count.
        lines = next(decoded(path, shown, format.encoding), "").splitlines(keepends=True)
    except (DataError, UnicodeDecodeError):
        return None
    complete = [line for line in lines if line.endswith(("\n", "\r"))] or lines
    first = [line for line in islice(complete, format.skip_rows, None) if line.strip()][:_LINES]
    tried = {delimiter: _fields(first, delimiter, format.quote) for delimiter in _CANDIDATES}
    for delimiter, rows in tried.items():
        if rows and len(rows[0]) > 1 and set(wanted) & {name.strip() for name in rows[0]}:
            return delimiter
    even = [delimiter for delimiter, rows in tried.items() if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1]
    return even[0] if len(even) == 1 and len(first) > 1 else None


def _fields(lines: list[str], delimiter: str, quote: bool) -> list[list[str]]:
    try:
        reader = csv.reader(
            lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE, strict=True
        )
        return [row for row in reader if row]
    except csv.Error:
        # A quoted value may go on beyond the lines that were read: the header is enough to find wanted columns.
        return []
