"""The output folder: written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from llmops_audit.errors import OutputError
from llmops_audit.record import SCHEMA
from llmops_audit.record.canonical import other_schema

__all__ = ["PREDICTIONS", "RECORD", "ROWS", "append", "earlier_audits", "of_record", "prepare", "write"]

RECORD = "record.json"
"""The file that every output holds."""

PREDICTIONS = "predictions.parquet"
"""The file that an output holds beside it where the spec asks for the predictions; only its owner may read it."""

ROWS = "rows.csv"
"""The file with the rows behind what was found, where the spec asks for it; only its owner may read it."""


def prepare(folder: Path, ours: Collection[str]) -> None:
    """Refuse early what `write` could not do, and restore what a killed run moved aside and left there.

    Parameters
    ----------
    folder : Path
    ours : collection of str
        Names of the files that an output may hold beside the record.

    Raises
    ------
    OutputError
        Where the folder holds anything but an earlier output of ours, or cannot be written.
    """
    folder = folder.absolute()
    _restore(folder)
    _refuse_foreign(folder, ours)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_prefix(folder), dir=folder.parent):
            pass
    except OSError as error:
        raise OutputError(
            str(folder), f"cannot be written: {error.strerror}", "a folder that may be written"
        ) from error


def write(folder: Path, files: Mapping[str, bytes], ours: Collection[str]) -> None:
    """Replace an output.

    The files are written to a folder beside it, the earlier output is moved aside, and the new folder takes its name,
    so that no reader ever meets half an output.

    Parameters
    ----------
    folder : Path
    files : mapping of str to bytes
        All the files of the output, by name.
    ours : collection of str
        Names of the files that the output before may hold beside the record.

    Raises
    ------
    OutputError
    """
    folder = folder.absolute()
    prepare(folder, ours)
    aside = _aside(folder)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
        try:
            for name, content in files.items():
                with (fresh / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                if name in (PREDICTIONS, ROWS):
                    (fresh / name).chmod(0o600)
            fresh.chmod(0o755)
            if _is_here(folder):
                _refill(folder, fresh, aside)
                return
            if folder.exists():
                # A run that was killed just before its end left this folder; the output itself is whole.
                shutil.rmtree(aside, ignore_errors=True)
                folder.rename(aside)
            fresh.rename(folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            _restore(folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)
        _sweep(folder)
    except OSError as error:
        raise OutputError(
            str(folder), f"cannot be written: {error.strerror}", "a folder that may be written"
        ) from error


def _is_here(folder: Path) -> bool:
    return folder.is_dir() and Path.cwd().samefile(folder)


def _refill(folder: Path, fresh: Path, aside: Path) -> None:
    """Put the files in place one after the other: renaming the current folder would leave its user nowhere.

    The files before are aside meanwhile, and come back where something goes wrong.
    """
    shutil.rmtree(aside, ignore_errors=True)
    before = sorted(path.name for path in folder.iterdir())
    shutil.copytree(folder, aside)
    try:
        for path in sorted(fresh.iterdir()):
            path.replace(folder / path.name)
            before = [name for name in before if name != path.name]
        for name in before:
            (folder / name).unlink()
    except BaseException:
        for path in aside.iterdir():
            shutil.copy2(path, folder / path.name)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(fresh, ignore_errors=True)


def of_record(folder: Path, record: bytes, ours: Collection[str]) -> dict[str, bytes]:
    """Return the files of an output by name if the output is that of this very record, otherwise none.

    Parameters
    ----------
    folder : Path
    record : bytes
        Content of the record's file.
    ours : collection of str
        Names of the files that an output may hold beside the record.

    Raises
    ------
    OutputError
        Where they cannot be read.
    """
    try:
        if not (folder / RECORD).is_file() or (folder / RECORD).read_bytes() != record:
            return {}
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name in _names(ours)}
    except OSError as error:
        raise OutputError(str(folder), f"cannot be read: {error.strerror}") from error


def append(path: Path, texts: Sequence[bytes], limit: int) -> None:
    """Append the first text that fits to a file.

    Parameters
    ----------
    path : Path
    texts : sequence of bytes
        The longest first.
    limit : int
        Bytes that the file may hold afterwards.

    Raises
    ------
    OutputError
        Where none fits, or the file cannot be written.
    """
    try:
        room = limit - (path.stat().st_size if path.exists() else 0)
        # What is there may end in the middle of a line.
        contents = (b"\n\n" + text for text in texts)
        content = next((content for content in contents if len(content) <= room), None)
        if content is not None:
            with path.open("ab") as file:
                file.write(content)
    except OSError as error:
        raise OutputError(str(path), f"cannot be written: {error.strerror}") from error
    if content is None:
        raise OutputError(str(path), "has no room left", f"at most {limit} bytes")


_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def earlier_audits(reports: Path, sha256: str) -> tuple[str, ...]:
    """Find earlier audits of the same test rows.

    Parameters
    ----------
    reports : Path
        Folder that outputs lie in.
    sha256 : str
        Of the test split.

    Returns
    -------
    tuple of str
        Digests of their records, and of those that they replaced, sorted. Running an unchanged audit again gives the
        digest that it had before. A file that is no record of this schema counts for nothing.
    """
    found: set[str] = set()
    for path in sorted(reports.glob(f"*/{RECORD}")):
        try:
            content = json.loads(path.read_bytes())
            if content["schema"] == SCHEMA and content["data"]["test"]["sha256"] == sha256:
                digests = content["digest"], *content["run"].get("earlier", ())
                found.update(digest for digest in digests if _DIGEST.match(digest))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return tuple(sorted(found))


def _names(ours: Collection[str]) -> set[str]:
    return {RECORD, PREDICTIONS, ROWS, *ours}


def _prefix(folder: Path) -> str:
    return f".{folder.name}.new-"


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _restore(folder: Path) -> None:
    aside = _aside(folder)
    if aside.is_dir() and not folder.exists():
        aside.rename(folder)


def _sweep(folder: Path) -> None:
    # A run that was killed leaves its half-written folder behind.
    for left in folder.parent.glob(f"{_prefix(folder)}*"):
        shutil.rmtree(left, ignore_errors=True)


def _refuse_foreign(folder: Path, ours: Collection[str]) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise OutputError(str(folder), "is in the way", "a folder, or nothing yet")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in _names(ours))
    if foreign:
        raise OutputError(str(folder), "holds something that is not ours", "an earlier output, or nothing", foreign[0])
    if any(folder.iterdir()):
        _refuse_other(folder)


def _refuse_other(folder: Path) -> None:
    try:
        content = (folder / RECORD).read_bytes()
        found = json.loads(content)
    except (OSError, ValueError):
        content, found = b"", None
    if (other := other_schema(content)) is not None:
        raise OutputError(str(folder / RECORD), f"schema is {other}", SCHEMA)
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise OutputError(str(folder), "holds no record of ours", "an earlier output, or nothing")
