"""Canonical JSON (RFC 8785) of a record, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

from llmops_audit.errors import RecordError
from llmops_audit.record import Record

__all__ = ["canonical", "digest", "parse", "sealed"]

_NOT_COVERED = ("digest", "run")


def canonical(record: Record) -> bytes:
    """Return the canonical bytes of a record."""
    return rfc8785.dumps(_plain(record))


def digest(record: Record) -> str:
    """Return the SHA-256 of the canonical bytes without `digest` and `run`."""
    return _digest(_plain(record))


def sealed(record: Record) -> Record:
    """Return the record with its digest filled in."""
    return record.model_copy(update={"digest": digest(record)})


def parse(content: bytes, subject: str) -> Record:
    """Read a record and check its digest.

    Raises
    ------
    RecordError
        Where it is no record of ours, or was changed after it was written.
    """
    from pydantic import ValidationError

    try:
        record = Record.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise RecordError(subject, f"is no record: {where}: {first['msg']}") from error
    # Of what the file says, not of the model's fields: a later release may know more of them.
    try:
        found = _digest(json.loads(content))
    except rfc8785.CanonicalizationError as error:
        raise RecordError(subject, f"is no canonical JSON: {error}") from error
    if found != record.digest:
        raise RecordError(subject, "was changed after it was written", f"digest {record.digest}", found)
    return record


def _digest(content: dict[str, Any]) -> str:
    covered = {key: value for key, value in content.items() if key not in _NOT_COVERED}
    return hashlib.sha256(rfc8785.dumps(covered)).hexdigest()


def _plain(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True)
