"""Cells that no search for personal data can read, as they stand in a column of bytes among the rows."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["CONTENTS", "content_of", "decoded", "marked", "marked_bytes", "marked_nested"]

CONTENTS = ("image", "bytes", "duration", "interval", "extension", "nested")
"""What such cells hold: images, other bytes that are no text, values of other types, lists or objects of such."""

# No text in UTF-8 begins like this.
_MARK = b"\xff\0not searched: "
_PARTLY = b"\xff\0partly searched: "

_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def marked(values: pa.Array, content: str) -> pa.Array:
    """Return a column of bytes that says of each value that is not missing what it is, and nothing of it."""
    there = values.is_valid()
    return pc.if_else(there, pa.scalar(_MARK + content.encode(), pa.binary()), pa.scalar(None, pa.binary()))


def marked_bytes(values: pa.Array) -> pa.Array:
    """Return bytes as they are where they are text in UTF-8, and otherwise what they are."""
    try:
        return pc.cast(pc.cast(values, pa.large_binary()), pa.large_string()).cast(pa.binary())
    except pa.ArrowInvalid:
        return pa.array([_one(value) for value in values.to_pylist()], pa.binary())


def marked_nested(values: pa.Array) -> pa.Array:
    """Return lists and objects as bytes of JSON; where they hold bytes that are no text, the rest of it, marked."""
    return pa.array([None if value is None else _json(value) for value in values.to_pylist()], pa.binary())


def decoded(value: bytes | None) -> str | None:
    """Return what of a cell can be searched; None where it holds no text."""
    try:
        return None if value is None else value.removeprefix(_PARTLY).decode("utf-8")
    except UnicodeDecodeError:
        return None


def content_of(value: bytes) -> str | None:
    """Return what a cell holds that cannot be searched, see `CONTENTS`; None of a text."""
    if value.startswith(_PARTLY):
        return "nested"
    if value.startswith(_MARK):
        return value.removeprefix(_MARK).decode()
    if decoded(value) is not None:
        return None
    is_image = value.startswith(_IMAGES) or (value.startswith(b"RIFF") and value[8:12] == b"WEBP")
    return "image" if is_image else "bytes"


def _one(value: bytes | None) -> bytes | None:
    content = None if value is None else content_of(value)
    return value if content is None else _MARK + content.encode()


def _json(value: object) -> bytes:
    lost: list[bytes] = []

    def text(inner: object) -> str:
        if not isinstance(inner, bytes):
            return str(inner)
        found = decoded(inner)
        if found is None:
            lost.append(inner)
        return found or ""

    written = json.dumps(value, ensure_ascii=False, default=text).encode("utf-8", "replace")
    return _PARTLY + written if lost else written
