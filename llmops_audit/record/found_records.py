"""All records under a folder: found, put in order, and read again one by one, so that memory holds few of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from llmops_audit.errors import RecordError
from llmops_audit.record import Record
from llmops_audit.record.canonical import content_of, parse
from llmops_audit.record.folder import RECORD

__all__ = ["FoundRecords", "KnownRecord", "Unreadable", "found_records", "started_at"]

LARGEST = 64 * 1024 * 1024
"""Bytes of a record that is read; reports of ordinary audits have records of less than one mebibyte."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class KnownRecord:
    """A record that can be read.

    Attributes
    ----------
    path : Path
    place : str
        Its folder below the one that was searched, with slashes; "." for that folder itself.
    system, version, digest : str
    started : datetime
        In UTC; the earliest there is where the record does not say it.
    copies : tuple of str
        Other places where the same record stands.
    """

    path: Path
    place: str
    system: str
    version: str
    digest: str
    started: datetime
    copies: tuple[str, ...] = ()

    def read(self) -> Record:
        """Read the record.

        Raises
        ------
        RecordError
            Where it changed since it was found.
        """
        record = _read(self.path, self.place)
        if record.digest != self.digest:
            raise RecordError(self.place, "changed while it was read")
        return record


@dataclass(frozen=True)
class Unreadable:
    """A record that cannot be read, and why."""

    place: str
    why: str


@dataclass(frozen=True)
class FoundRecords:
    """What lies under a folder.

    Attributes
    ----------
    records : tuple of KnownRecord
        By system, and by time within; a record that stands in several places once.
    unreadable : tuple of Unreadable
        By place.
    """

    records: tuple[KnownRecord, ...]
    unreadable: tuple[Unreadable, ...]

    def systems(self) -> Iterator[tuple[str, tuple[KnownRecord, ...]]]:
        """Yield the systems by name with their records, the earliest first."""
        for system, records in groupby(self.records, key=lambda one: one.system):
            yield system, tuple(records)


def found_records(folder: Path) -> FoundRecords:
    """Find every record.json under a folder.

    Hidden folders and links to folders are left out: an output that is being written has a hidden one.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    RecordError
        Where there is no such folder, or no record.json under it.
    """
    if not folder.is_dir():
        raise RecordError(str(folder), "is no folder", "a folder with reports under it")
    records, unreadable = [], []
    for path in _paths(folder):
        place = path.parent.relative_to(folder).as_posix()
        try:
            record = _read(path, place)
        except RecordError as error:
            unreadable.append(Unreadable(place, "; ".join(_without_subject(str(one), place) for one in error.problems)))
            continue
        info, started = record.audit, started_at(record) or _EARLIEST
        records.append(KnownRecord(path, place, info.name, info.version, record.digest, started))
    if not records and not unreadable:
        raise RecordError(str(folder), f"holds no {RECORD}", "a folder with reports under it")
    ordered = sorted(records, key=lambda one: (one.system, one.started, one.version, one.place))
    return FoundRecords(tuple(_once_each(ordered)), tuple(unreadable))


def _once_each(records: Iterable[KnownRecord]) -> Iterator[KnownRecord]:
    by_digest: dict[str, list[KnownRecord]] = {}
    for one in records:
        by_digest.setdefault(one.digest, []).append(one)
    for first, *others in by_digest.values():
        yield replace(first, copies=tuple(one.place for one in others))


def started_at(record: Record) -> datetime | None:
    """Return when an audit began, in UTC; None where the record does not say it."""
    try:
        started = datetime.fromisoformat(record.run.started)
        return started.replace(tzinfo=UTC) if started.tzinfo is None else started.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _paths(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if RECORD in files:
            yield Path(above) / RECORD


def _read(path: Path, place: str) -> Record:
    try:
        # A device or a pipe would be waited for.
        if not path.is_file():
            raise RecordError(place, "is no file")
        if path.stat().st_size > LARGEST:
            raise RecordError(place, "is too large", f"at most {LARGEST} bytes")
    except OSError as error:
        raise RecordError(place, f"cannot be read: {error.strerror}") from error
    return parse(content_of(path, place), place)


def _without_subject(problem: str, place: str) -> str:
    return problem.removeprefix(f"{place}: ")
