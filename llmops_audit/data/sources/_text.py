"""The bytes of a text file, plain or gzip, decoded as far as possible."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from llmops_audit.data.sources._files import open_regular
from llmops_audit.data.sources._ledger import Pass, ReadLedger, Watched
from llmops_audit.errors import DataError

__all__ = ["decoded", "head", "lines", "not_encoded"]

_CHUNK_BYTES = 1 << 20


def decoded(path: Path, shown: str, encoding: str, ledger: ReadLedger | None = None) -> Iterator[str]:
    """Yield the text of a file in chunks.

    Parameters
    ----------
    path : Path
        A name that ends in ``.gz`` is decompressed.
    shown : str
        The path as the spec writes it.
    encoding : str
    ledger : ReadLedger, optional
        Takes the digest of the file's bytes while they are read.

    Raises
    ------
    UnicodeDecodeError
        After all text before the first bytes that are not in the encoding was yielded.
    DataError
        Where the encoding is unknown, the bytes cannot be read, or the file changed while it was read.
    """
    decoder = _decoder(shown, encoding)
    try:
        watched = nullcontext() if ledger is None else ledger.reading(path, shown)
        with watched as own, open_regular(path, shown) as raw, _unpacked(path, raw, own) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield from _decode(decoder, chunk)
            yield decoder.decode(b"", final=True)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DataError(shown, "is broken or cut off", "a whole gzip file") from None
    except OSError as error:
        raise DataError(shown, "cannot be read", got=error.strerror) from None


def head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file; a name that ends in ``.gz`` is decompressed.

    Raises
    ------
    OSError, EOFError, zlib.error
        Where the file cannot be read or decompressed.
    """
    with path.open("rb") as raw, _unpacked(path, raw) as file:
        return file.read(size)


def lines(path: Path, shown: str, encoding: str) -> Iterator[str]:
    """Yield the lines of a text file without their ends, whichever of the three kinds of line end it has.

    Parameters
    ----------
    path : Path
        A name that ends in ``.gz`` is decompressed.
    shown : str
        The path in errors.
    encoding : str

    Raises
    ------
    DataError
        After everything before the first bytes that are not in the encoding, or where the file cannot be read.
    """
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    number = 1
    parts: list[str] = []
    try:
        for chunk in decoded(path, shown, encoding):
            first, *others = newlines.decode(chunk).split("\n")
            parts.append(first)
            for line in others:
                yield "".join(parts)
                number += 1
                parts = [line]
    except UnicodeDecodeError:
        yield "".join(parts)
        raise not_encoded(f"{shown}: line {number}", encoding) from None
    yield "".join(parts)


def not_encoded(subject: str, encoding: str) -> DataError:
    """Make the error of bytes that are not in the encoding; `subject` names file and row."""
    return DataError(subject, "contains bytes that are not in the encoding", f"text in {encoding}")


@contextmanager
def _unpacked(path: Path, raw: BinaryIO, own: Pass | None = None) -> Iterator[BinaryIO]:
    file = raw if own is None else cast(BinaryIO, Watched(raw, own))
    if path.suffix.lower() == ".gz":
        with gzip.GzipFile(fileobj=file) as unzipped:
            yield cast(BinaryIO, unzipped)
    else:
        yield file


def _decoder(shown: str, encoding: str) -> codecs.IncrementalDecoder:
    try:
        # The wrapper refuses codecs that are no text encoding, such as rot13.
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        name = codecs.lookup(encoding).name
        return codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()
    except (LookupError, ValueError):
        raise DataError(shown, "unknown encoding", "a text encoding that Python knows", repr(encoding)) from None


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes) -> Iterator[str]:
    state = decoder.getstate()
    try:
        text = decoder.decode(chunk)
    except UnicodeDecodeError:
        # Byte by byte, since only the decoder knows where a character of its encoding ends.
        decoder.setstate(state)
        decoded_part: list[str] = []
        try:
            decoded_part.extend(decoder.decode(bytes((value,))) for value in chunk)
        finally:
            yield "".join(decoded_part)
    else:
        yield text
