"""`llmops-audit overview`: the page of all records under a folder, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from llmops_audit.errors import OutputError, RecordError
from llmops_audit.record.found_records import FoundRecords, found_records
from llmops_audit.render.overview import overview

__all__ = ["write_overview"]

_OURS = b'<meta name="generator" content="llmops-audit overview">'
_HEAD = 4096


def write_overview(folder: Path, output: Path, language: str) -> FoundRecords:
    """Write the page.

    Parameters
    ----------
    folder : Path
        With reports under it.
    output : Path
        The page; an overview that is there is replaced.
    language : {"en", "zh"}

    Raises
    ------
    RecordError
        Where no record can be read.
    OutputError
        Where something else than an overview is in the way, or the page cannot be written.
    """
    _refuse_other(output)
    found = found_records(folder)
    if not found.records:
        first = found.unreadable[0]
        raise RecordError(f"{folder}: {first.place}", first.why)
    _write(output, overview(found, language))
    return found


def _refuse_other(output: Path) -> None:
    try:
        if output.is_dir():
            raise OutputError(str(output), "is in the way", "the name of a file")
        if output.exists():
            with output.open("rb") as file:
                if _OURS not in file.read(_HEAD):
                    raise OutputError(str(output), "is in the way", "an earlier overview, or nothing")
    except OSError as error:
        raise OutputError(str(output), f"cannot be read: {error.strerror}") from error


def _write(output: Path, page: bytes) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(page)
            Path(name).chmod(0o644)
            Path(name).replace(output)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise OutputError(str(output), f"cannot be written: {error.strerror}", "a file that may be written") from error
