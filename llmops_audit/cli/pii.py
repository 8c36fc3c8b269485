"""Personal data in files and folders: tables cell by cell, every other text line by line; no value gets out."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import secrets
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from llmops_audit.cli.finds import Find, in_lines, in_table, masked_name
from llmops_audit.data import sources
from llmops_audit.data.sources import Format, parquet
from llmops_audit.errors import AuditError, DataError, Problem
from llmops_audit.errors.redaction import scrubbed
from llmops_audit.personal_data import Confidence, mask
from llmops_audit.personal_data.allow_list import EMPTY_ALLOW_LIST, SALT_BYTES, AllowList, entry

__all__ = ["FORMATS", "Event", "FileHit", "Passed", "Settings", "scan", "settings_of", "summary", "written"]

FORMATS = ("text", "jsonl", "hashes")

_KEYS = ("file", "row", "column", "start", "end", "kind", "confidence", "masked")

_HEAD_BYTES = 8192
"""Bytes in which a NUL tells a binary file, as Git has it."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class FileHit:
    """A find in a file.

    Attributes
    ----------
    file : str
        The path as it was given, or below the folder that was given. Personal data in it is masked.
    row : int
        Row of a table from 1 without the header, 0 for the header itself; line of any other text, from 1.
    column : str
        Name of the column, with personal data in it masked; its place (``"#2"``) where any name of the header holds
        a confirmed or likely find or seven digits in a row, since such a header is a row, and what else stands in it
        may be the name of a person; ``""`` in a text that is no table.
    start, end : int
        Place in the cell or line in code points; of a number in Parquet, in its digits.
    kind : str
        Name in the catalogue.
    confidence : Confidence
    masked : str
        The value's shape, from which nothing of it can be recovered.
    entry : str
        The line of an allow-list that covers the value, where it was asked for; never shown with a hit.
    """

    file: str
    row: int
    column: str
    start: int
    end: int
    kind: str
    confidence: Confidence
    masked: str
    entry: str = ""


class Passed(StrEnum):
    """What the scan came past without a hit or problem to tell of.

    A file that was scanned; a find that the allow-list covers; in a folder, what is left out: a binary file, and
    what is neither file nor folder (a symbolic link, a pipe).
    """

    FILE = "file"
    ALLOWED = "allowed"
    BINARY = "binary"
    NO_FILE = "no_file"


Event = FileHit | Problem | Passed


@dataclass(frozen=True)
class Settings:
    """How files are scanned.

    Attributes
    ----------
    allow_list : AllowList
        Finds that are left out.
    encoding : str
        Of text files; a byte order mark wins over ``utf-8``.
    salt : bytes, optional
        Where given, each hit carries its line of an allow-list with this salt.
    """

    allow_list: AllowList = EMPTY_ALLOW_LIST
    encoding: str = "utf-8"
    salt: bytes | None = None


def settings_of(format: str, allow: Path | None = None, encoding: str = "utf-8") -> Settings:
    """Return the settings that the options of the command line ask for.

    Parameters
    ----------
    format : str
        One of `FORMATS`. For ``"hashes"`` a salt is set: the first of the allow-list, or one that is drawn anew.
    allow : Path, optional
        File of the allow-list.
    encoding : str

    Raises
    ------
    AuditError
        Where there is no such format or encoding.
    DataError
        Where the allow-list cannot be read, or a line of it is no entry.
    """
    if format not in FORMATS:
        raise AuditError("--format", "unknown format", f"one of {', '.join(FORMATS)}", repr(format))
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise AuditError("--encoding", "unknown encoding", "one that Python knows", repr(encoding)) from None
    allow_list = EMPTY_ALLOW_LIST if allow is None else _allowed(allow)
    # Lists that share a salt are as fast to use as one of them.
    salt = next(iter(allow_list.salts), secrets.token_bytes(SALT_BYTES)) if format == "hashes" else None
    return Settings(harmless, encoding, salt)


def _allowed(path: Path) -> AllowList:
    shown = masked_name(str(path))
    try:
        return AllowList.read(path.read_text(encoding="utf-8"), shown)
    except UnicodeDecodeError:
        raise DataError(shown, "is no allow-list", "text in utf-8") from None
    except (OSError, ValueError) as error:
        raise DataError(shown, "cannot be read", "an allow-list", getattr(error, "strerror", None)) from None


def scan(paths: Sequence[Path], settings: Settings | None = None) -> Iterator[Event]:
    """Scan files and folders one after the other; what cannot be read is a problem, and the scan goes on.

    Parameters
    ----------
    paths : sequence of Path
        A folder stands for all files below it, in the order of their names, without hidden folders, binary files
        and symbolic links. A file or link that is named itself is always read.
    settings : Settings, optional

    Returns
    -------
    iterator of FileHit, Problem and Passed
        Hits in the order of rows, columns and places. Memory does not grow with the rows of a file.
    """
    settings = settings or Settings()
    for path in paths:
        for file in _files(path):
            yield from _scanned(file, settings, named=file == path) if isinstance(file, Path) else (file,)


def written(hit: FileHit, format: str) -> str:
    """Return the line that stands for a hit in one of `FORMATS`."""
    if format == "jsonl":
        return json.dumps({key: getattr(hit, key) for key in _KEYS}, ensure_ascii=False)
    if format == "hashes":
        return f"{hit.entry}  # {hit.kind} {hit.masked} {_place(hit)}"
    return f"{_place(hit)}: {hit.kind} ({hit.confidence}) {hit.masked}"


def summary(events: Mapping[Confidence | Passed, int]) -> str:
    """Return what a scan came to.

    Parameters
    ----------
    events : mapping of Confidence and Passed to int
        How many hits there were of each confidence, and how often the scan passed what it tells nothing of.
    """
    hits = {confidence: events.get(confidence, 0) for confidence in Confidence}
    told = ", ".join(f"{count} {confidence}" for confidence, count in hits.items() if count)
    left = {
        "covered by the allow-list": events.get(Passed.ALLOWED, 0),
        "binary files skipped": events.get(Passed.BINARY, 0),
        "links and devices skipped": events.get(Passed.NO_FILE, 0),
    }
    parts = [f"files scanned: {events.get(Passed.FILE, 0)}", f"finds: {sum(hits.values())}" + (told and f" ({told})")]
    parts += [f"{what}: {count}" for what, count in left.items() if count]
    return "; ".join(parts) + ". Names and addresses are not looked for."


def _place(hit: FileHit) -> str:
    parts = (hit.file, str(hit.row), hit.column) if hit.column else (hit.file, str(hit.row))
    return ":".join(map(_printable, parts))


def _printable(text: str) -> str:
    """Return a name on one line, without signs that steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _files(path: Path) -> Iterator[Path | Problem | Passed]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield Problem(masked_name(str(path)), "no such file or folder")
    except (OSError, ValueError) as error:
        yield _unreadable(path, error)
    else:
        if stat.S_ISDIR(mode):
            yield from _below(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            yield Problem(masked_name(str(path)), "cannot be scanned", "a file or folder", "a pipe or device")


def _below(folder: Path) -> Iterator[Path | Problem | Passed]:
    try:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
    except OSError as error:
        yield _unreadable(folder, error)
        return
    for child in children:
        path = folder / child.name
        if child.is_file(follow_symlinks=False):
            yield path
        elif not child.is_dir(follow_symlinks=False):
            yield Passed.NO_FILE
        elif not child.name.startswith("."):
            yield from _below(path)


def _unreadable(path: Path, error: Exception) -> Problem:
    return Problem(masked_name(str(path)), "cannot be read", got=getattr(error, "strerror", None))


def _scanned(path: Path, settings: Settings, *, named: bool) -> Iterator[Event]:
    shown = masked_name(str(path))
    try:
        head = _head(path)
        encoding = _encoding(head, settings.encoding)
        is_table = path.name.lower().endswith(sources.suffixes())
        if _is_binary(path, head, encoding):
            # Whoever calls a file a table means it to be read.
            must = named or is_table
            yield Problem(shown, "is no text", "text, CSV, TSV, JSON Lines or Parquet") if must else Passed.BINARY
            return
        # An empty file has no header, and nothing else that could be wrong.
        if head.strip() or len(head) == _HEAD_BYTES:
            finds = in_table if is_table else in_lines
            yield from _hits(finds(path, shown, Format(encoding)), shown, settings)
        yield Passed.FILE
    except DataError as error:
        yield from map(_told, error.problems)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield Problem(shown, "is broken or cut off", "a whole gzip file")
    except (UnicodeDecodeError, pa.ArrowException):
        yield Problem(shown, "cannot be scanned", "text in UTF-8")
    except OSError as error:
        yield _unreadable(path, error)


def _told(found: Problem) -> Problem:
    # What a reader quotes may be a value: the first row of a file without a header.
    expected, got = (text and scrubbed(text) for text in (found.expected, found.got))
    return Problem(masked_name(found.subject), scrubbed(found.wrong), expected, got)


def _is_binary(path: Path, head: bytes, encoding: str) -> bool:
    wide = encoding.startswith(("utf-16", "utf-32"))
    return b"\0" in head and not wide and not path.name.lower().endswith(parquet.SUFFIXES)


def _head(path: Path) -> bytes:
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _encoding(head: bytes, encoding: str) -> str:
    name = encoding.lower().replace("_", "-")
    if name != "utf-8":
        return name
    return next((other for mark, other in _BYTE_ORDER_MARKS if head.startswith(mark)), name)


def _hits(finds: Iterator[Find], shown: str, settings: Settings) -> Iterator[FileHit | Passed]:
    for found in finds:
        span = found.span
        value = found.text[span.start : span.end]
        if settings.allow_list.covers(span.kind, value):
            yield Passed.ALLOWED
        else:
            masked = mask(span.kind, value)
            hit = FileHit(shown, found.row, found.column, span.start, span.end, span.kind, span.confidence, masked)
            yield hit if settings.salt is None else replace(hit, entry=entry(span.kind, value, settings.salt))
