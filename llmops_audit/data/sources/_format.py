"""How a file is written, where its name alone does not say so."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FileFormat"]


@dataclass(frozen=True)
class FileFormat:
    """How text files are written; Parquet says all this itself, JSON Lines knows an encoding only.

    Attributes
    ----------
    encoding : str
        Any text encoding that Python knows; ``utf-8`` also accepts a byte order mark.
    delimiter : str or None
        One ASCII character; None is a comma, or a tab where the suffix is ``.tsv`` or ``.tab``.
    quote : bool
        False where quotes are ordinary characters.
    names : tuple of str or None
        Columns of a file without a header.
    skip_rows : int
        Lines before the header, or before the first row of a file without one.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: bool = True
    names: tuple[str, ...] | None = None
    skip_rows: int = 0
