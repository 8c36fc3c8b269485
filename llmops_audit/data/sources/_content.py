"""What the first bytes of a file say against its name."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from typing import BinaryIO

from llmops_audit.errors import DataError

__all__ = ["beginning", "refuse_other_content"]

_HEAD_BYTES = 512

_OTHER_KINDS = (
    (b"PAR1", "is Parquet, whatever its name says", "a name that ends in .parquet"),
    (b"\x1f\x8b", "is compressed with gzip, whatever its name says", "a name that ends in .gz"),
    (b"PK\x03\x04", "is a zip archive or an Excel workbook", "a text file, or Parquet"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook", "a text file, or Parquet"),
    (b"ARROW1\0\0", "is an Arrow file", "a text file, or Parquet"),
    (b"\xfd7zXZ\0", "is compressed with xz", "a plain file, or gzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard", "a plain file, or gzip"),
    (b"BZh", "is compressed with bzip2", "a plain file, or gzip"),
)

_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Characters that no text begins with; the marks of some kinds are letters.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a]|[^\x00-\x7f]")


def beginning(file: BinaryIO, *, compressed: bool) -> bytes:
    """Return the first bytes of a file; of a compressed one that is broken, what comes before the fault."""
    if not compressed:
        return file.read(_HEAD_BYTES)
    try:
        with gzip.open(file, "rb") as plain:
            return plain.read(_HEAD_BYTES)
    except (EOFError, OSError, zlib.error):
        return b""


def refuse_other_content(head: bytes, shown: str, encoding: str) -> None:
    """Refuse a text file that is of another kind, or in another encoding, by its first bytes.

    Parameters
    ----------
    head : bytes
        As `beginning` returns it.
    shown : str
        The path in errors.
    encoding : str
        The encoding that it is to be read in.

    Raises
    ------
    DataError
    """
    if _is_wide(encoding):
        return
    for mark, name in _WIDE_MARKS:
        if head.startswith(mark):
            raise DataError(shown, f"is text in {name.upper()}", f'`data.encoding = "{name}"`')
    for mark, wrong, expected in _OTHER_KINDS:
        if head.startswith(mark) and _NO_TEXT.search(head):
            raise DataError(shown, wrong, expected)


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").replace("utf-", "utf").startswith(("utf16", "utf32"))
