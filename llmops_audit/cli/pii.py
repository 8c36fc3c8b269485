"""Search files and folders for personal data: tables by cell, every other text by line. No value is shown."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import secrets
import stat
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from llmops_audit.cli.search import CONTENTS, CellHit, NotSearched, masked_name, search_lines, search_table
from llmops_audit.data import sources
from llmops_audit.data.sources import FileFormat
from llmops_audit.errors import AuditError, DataError, Problem
from llmops_audit.errors.redaction import printable, scrubbed
from llmops_audit.personal_data import Confidence, mask
from llmops_audit.personal_data.allow_list import EMPTY_ALLOW_LIST, SALT_BYTES, AllowList, entry

__all__ = [
    "FORMATS",
    "Counted",
    "Event",
    "FileHit",
    "Settings",
    "UnsearchedColumn",
    "scan_files",
    "settings_of",
    "summary",
    "written",
]

FORMATS = ("text", "jsonl", "hashes")

_KEYS = ("file", "row", "column", "start", "end", "kind", "confidence", "masked")

_HEAD_BYTES = 8192
"""A NUL among this many first bytes shows that a file is binary; Git has the same rule."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class FileHit:
    """A hit in a file.

    Attributes
    ----------
    file : str
        The path as it was given, or below the folder that was given. Personal data in it is masked.
    row : int
        Row of a table from 1 without the header, 0 for the header itself; line of any other text, from 1.
    column : str
        Name of the column, with personal data in it masked. Its number (``"#2"``) if any name of the header has a
        confirmed or likely hit or seven digits in a row: such a header is a row, and its other cells may be names of
        persons. ``""`` in a text that is no table.
    start, end : int
        Indices into the cell or line, in code points; of a number that is stored as a number, into its digits.
    kind : str
        Name in the catalogue.
    confidence : Confidence
    masked : str
        The shape of the value, from which nothing of it can be recovered.
    entry : str
        The line of an allow-list that covers the value, if requested; never shown with a hit.
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


@dataclass(frozen=True)
class UnsearchedColumn:
    """A column with cells that are no text.

    Attributes
    ----------
    file, column : str
        As in `FileHit`.
    cells : int
        How many cells were not searched.
    contents : tuple of str
        What they hold.
    skipped : bool
        Whether the column is to be left out.
    """

    file: str
    column: str
    cells: int
    contents: tuple[str, ...]
    skipped: bool = False

    def __str__(self) -> str:
        held = " and ".join(CONTENTS[content] for content in self.contents)
        left_out = ", left out as wished" if self.skipped else ""
        cells = "1 cell holds" if self.cells == 1 else f"{self.cells:,} cells hold"
        return f"{_location(self.file, '', self.column)}: {cells} {held}{left_out}"


class Counted(StrEnum):
    """What is counted and not listed.

    A file that was searched; a hit that the allow-list covers; and in a folder, what is left out: a binary file, and
    what is neither file nor folder (a symbolic link, a pipe).
    """

    FILE = "file"
    ALLOWED = "allowed"
    BINARY = "binary"
    NO_FILE = "no_file"


Event = FileHit | UnsearchedColumn | Problem | Counted


@dataclass(frozen=True)
class Settings:
    """How files are searched.

    Attributes
    ----------
    allow_list : AllowList
        Its hits are left out.
    encoding : str
        Of text files; a byte order mark wins over ``utf-8``.
    salt : bytes, optional
        If given, each hit has its line of an allow-list with this salt.
    skip : frozenset of str
        Columns whose cells need no search where they cannot be searched.
    """

    allow_list: AllowList = EMPTY_ALLOW_LIST
    encoding: str = "utf-8"
    salt: bytes | None = None
    skip: frozenset[str] = frozenset()


def settings_of(
    format: str, allow: Path | None = None, encoding: str = "utf-8", skip: Collection[str] = ()
) -> Settings:
    """Return the settings for the options of the command line.

    Parameters
    ----------
    format : str
        One of `FORMATS`. For ``"hashes"`` a salt is set: the first salt of the allow-list, or a new one.
    allow : Path, optional
        The file of an allow-list.
    encoding : str
    skip : collection of str
        As in `Settings`.

    Raises
    ------
    AuditError
        If there is no such format or encoding.
    DataError
        If the allow-list cannot be read, or a line of it is no entry.
    """
    if format not in FORMATS:
        raise AuditError("--format", "unknown format", f"one of {', '.join(FORMATS)}", repr(format))
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise AuditError("--encoding", "unknown encoding", "one that Python knows", repr(encoding)) from None
    allow_list = EMPTY_ALLOW_LIST if allow is None else _read_allow_list(allow)
    # Several lists with one salt are as fast as one list.
    salt = next(iter(allow_list.salts), secrets.token_bytes(SALT_BYTES)) if format == "hashes" else None
    return Settings(allow_list, encoding, salt, frozenset(skip))


def _read_allow_list(path: Path) -> AllowList:
    shown = masked_name(str(path))
    try:
        with sources.open_regular(path, shown) as file:
            return AllowList.read(file.read().decode("utf-8"), shown)
    except UnicodeDecodeError:
        raise DataError(shown, "is not an allow-list", "text in utf-8") from None
    except (OSError, ValueError) as error:
        raise DataError(shown, "cannot be read", "an allow-list", getattr(error, "strerror", None)) from None


def scan_files(paths: Sequence[Path], settings: Settings | None = None) -> Iterator[Event]:
    """Search files and folders one after the other. A file that cannot be read is a problem, and the search goes on.

    Parameters
    ----------
    paths : sequence of Path
        A folder means all files below it, in the order of their names, without hidden folders, binary files and
        symbolic links. A file or link that is given as a path is always read.
    settings : Settings, optional

    Returns
    -------
    iterator of FileHit, UnsearchedColumn, Problem and Counted
        Hits in the order of rows, columns and indices. Memory does not grow with the rows of a file.
    """
    settings = settings or Settings()
    for path in paths:
        for file in _files(path):
            yield from _searched(file, settings, named=file == path) if isinstance(file, Path) else (file,)


def written(hit: FileHit | UnsearchedColumn, format: str) -> str:
    """Return the line of a hit in one of `FORMATS`, or that of a column that was not searched."""
    if isinstance(hit, UnsearchedColumn):
        if format != "jsonl":
            return f"not searched: {hit}"
        found = {"file": hit.file, "column": hit.column, "not_searched": hit.cells, "contents": hit.contents}
        return json.dumps({**found, "skipped": hit.skipped}, ensure_ascii=False)
    if format == "jsonl":
        return json.dumps({key: getattr(hit, key) for key in _KEYS}, ensure_ascii=False)
    if format == "hashes":
        return f"{hit.entry}  # {hit.kind} {hit.masked} {_location(hit.file, str(hit.row), hit.column)}"
    return f"{_location(hit.file, str(hit.row), hit.column)}: {hit.kind} ({hit.confidence}) {hit.masked}"


def summary(events: Mapping[Confidence | Counted | type[UnsearchedColumn], int]) -> str:
    """Return the result of a search in one line.

    Parameters
    ----------
    events : mapping of Confidence, Counted and UnsearchedColumn to int
        The number of hits of each confidence, of other events, and of columns with cells that were not searched.
    """
    hits = {confidence: events.get(confidence, 0) for confidence in Confidence}
    by_confidence = ", ".join(f"{count} {confidence}" for confidence, count in hits.items() if count)
    others: dict[Counted | type[UnsearchedColumn], str] = {
        Counted.ALLOWED: "covered by the allow-list",
        Counted.BINARY: "binary files skipped",
        Counted.NO_FILE: "links and devices skipped",
        UnsearchedColumn: "columns that could not be searched",
    }
    hit_counts = f"hits: {sum(hits.values())}" + (by_confidence and f" ({by_confidence})")
    parts = [f"files searched: {events.get(Counted.FILE, 0)}", hit_counts]
    parts += [f"{name}: {events[event]}" for event, name in others.items() if events.get(event)]
    return "; ".join(parts) + ". Names and addresses are not searched for."


def _location(*parts: str) -> str:
    return ":".join(printable(part) for part in parts if part)


def _files(path: Path) -> Iterator[Path | Problem | Counted]:
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
            yield Problem(masked_name(str(path)), "cannot be searched", "a file or folder", "a pipe or device")


def _below(folder: Path) -> Iterator[Path | Problem | Counted]:
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
            yield Counted.NO_FILE
        elif not child.name.startswith("."):
            yield from _below(path)


def _unreadable(path: Path, error: Exception) -> Problem:
    return Problem(masked_name(str(path)), "cannot be read", got=getattr(error, "strerror", None))


def _searched(path: Path, settings: Settings, *, named: bool) -> Iterator[Event]:
    shown = masked_name(str(path))
    try:
        sources.refuse_irregular(path, shown)
        head = sources.head(path, _HEAD_BYTES)
        encoding = _encoding(head, settings.encoding)
        is_table = _has_suffix(path, sources.suffixes())
        if _is_binary(path, head, encoding):
            # A file with the name of a table must be read, even where a compressed one cannot be.
            if named or is_table or path.name.lower().removesuffix(".gz").endswith(sources.suffixes()):
                yield Problem(shown, "is not text", f"text, or a file that ends in {', '.join(sources.suffixes())}")
            else:
                yield Counted.BINARY
            return
        # An empty text has no header, and nothing else that could be wrong; other files are never empty.
        if head.strip() or len(head) == _HEAD_BYTES or _has_suffix(path, sources.binary_suffixes()):
            search = search_table if is_table else search_lines
            yield from _masked(search(path, shown, FileFormat(encoding)), shown, settings)
        yield Counted.FILE
    except DataError as error:
        yield from map(_without_values, error.problems)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield Problem(shown, "is broken or cut off", "a whole gzip file")
    except (UnicodeDecodeError, pa.ArrowException):
        yield Problem(shown, "cannot be searched", "text in UTF-8")
    except OSError as error:
        yield _unreadable(path, error)


def _without_values(found: Problem) -> Problem:
    # A reader may quote a value: the first row of a file without a header.
    expected, got = (text and scrubbed(text) for text in (found.expected, found.got))
    return Problem(masked_name(found.subject), scrubbed(found.wrong), expected, got)


def _is_binary(path: Path, head: bytes, encoding: str) -> bool:
    wide = encoding.startswith(("utf-16", "utf-32"))
    return b"\0" in head and not wide and not _has_suffix(path, sources.binary_suffixes())


def _has_suffix(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.name.lower().endswith(suffixes)


def _encoding(head: bytes, encoding: str) -> str:
    name = encoding.lower().replace("_", "-")
    if name != "utf-8":
        return name
    return next((other for mark, other in _BYTE_ORDER_MARKS if head.startswith(mark)), name)


def _masked(
    found_in_file: Iterator[CellHit | NotSearched], shown: str, settings: Settings
) -> Iterator[FileHit | UnsearchedColumn | Counted]:
    for found in found_in_file:
        if isinstance(found, NotSearched):
            skipped = found.name in settings.skip
            yield UnsearchedColumn(shown, found.column, found.cells, found.contents, skipped)
            continue
        span = found.span
        value = found.text[span.start : span.end]
        if settings.allow_list.covers(span.kind, value):
            yield Counted.ALLOWED
        else:
            masked = mask(span.kind, value)
            hit = FileHit(shown, found.row, found.column, span.start, span.end, span.kind, span.confidence, masked)
            yield hit if settings.salt is None else replace(hit, entry=entry(span.kind, value, settings.salt))
