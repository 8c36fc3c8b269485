"""Canonical JSON (RFC 8785) of a record, and its digest."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import rfc8785

from llmops_audit.errors import RecordError
from llmops_audit.record import SCHEMA, Record
from llmops_audit.record.labels import LARGEST

__all__ = ["canonical", "content_of", "digest", "other_schema", "parse", "sealed"]

_NOT_COVERED = ("digest", "run")
_OURS = re.compile(r"llmops-audit/record/[0-9]{1,6}\Z")


def canonical(record: Record) -> bytes:
    """Return the canonical bytes of a record."""
    return rfc8785.dumps(_plain(record))


def digest(record: Record) -> str:
    """Return the SHA-256 of the canonical bytes without `digest` and `run`."""
    return _digest(_plain(record))


def sealed(record: Record) -> Record:
    """Return the record with its digest filled in."""
    return record.model_copy(update={"digest": digest(record)})


def content_of(path: Path, subject: str) -> bytes:
    """Return the bytes of a record.json.

    Parameters
    ----------
    path : Path
        The file, or the folder that holds it.
    subject : str
        What an error names.

    Raises
    ------
    RecordError
        Where it cannot be read.
    """
    try:
        return (path / "record.json" if path.is_dir() else path).read_bytes()
    except OSError as error:
        expected = "a record.json, or the folder that holds it"
        raise RecordError(subject, f"cannot be read: {error.strerror}", expected) from error


def parse(content: bytes, subject: str) -> Record:
    """Read a record and check its digest.

    Raises
    ------
    RecordError
        Where it is no record of ours or of another schema, or was changed after it was written.
    """
    from pydantic import ValidationError

    if (other := other_schema(content)) is not None:
        raise RecordError(subject, f"schema is {other}", SCHEMA)
    try:
        record = Record.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise RecordError(subject, f"is not a record: {where}: {first['msg']}") from error
    # Of what the file says, not of the model's fields: a later release may know more of them.
    try:
        found = _digest(json.loads(content, parse_int=_number))
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise RecordError(subject, f"is not canonical JSON: {error}") from error
    if found != record.digest:
        raise RecordError(subject, "was changed after it was written", f"digest {record.digest}", found)
    return record


def other_schema(content: bytes) -> str | None:
    """Return the schema of a record of another release; None for a record of this schema, and for what is no record."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    schema = found.get("schema") if isinstance(found, dict) else None
    return schema if isinstance(schema, str) and _OURS.match(schema) and schema != SCHEMA else None


def _number(text: str) -> int | float:
    """Read a whole number as what it was written from: beyond `LARGEST` it can only be a float, such as 1.8e18."""
    found = int(text)
    return found if abs(found) <= LARGEST else float(text)


def _digest(content: dict[str, Any]) -> str:
    covered = {key: value for key, value in content.items() if key not in _NOT_COVERED}
    return hashlib.sha256(rfc8785.dumps(covered)).hexdigest()


def _plain(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True)
