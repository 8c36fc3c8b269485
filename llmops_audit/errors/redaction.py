"""Texts that come from outside and may hold a value of the audited data."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from llmops_audit.errors import AuditError

__all__ = ["printable", "redacted", "safe_text", "scrubbed"]


def printable(text: str) -> str:
    """Return a text on one line, with the characters that control a terminal or the direction of writing as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def scrubbed(text: str) -> str:
    """Return a text without what it quotes, without addresses, and without longer runs of digits."""
    text = re.sub(r"""(["'])(?:(?!\1).)*\1""", "'…'", text)
    return re.sub(r"\S*@\S*|\d[\d -]{3,}\d", "…", text)


def redacted(error: BaseException) -> str:
    """Return an exception's kind and the first line of its text, scrubbed: it may hold a value of the audited data."""
    lines = str(error).splitlines()
    # What cannot be imported has a name, and no value.
    text = lines[0] if lines and isinstance(error, ImportError) else scrubbed(lines[0] if lines else "")
    return f"{type(error).__name__}: {text}"


def safe_text(error: BaseException) -> str:
    """Return the text of our own errors, scrubbed; of all others the kind and the line, and the text of an import.

    Any other text may hold a value of the audited data, and no pattern finds them all.
    """
    if isinstance(error, AuditError):
        return scrubbed(str(error).partition("\n")[0])
    frames = traceback.extract_tb(error.__traceback__)
    line = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = redacted(error) if isinstance(error, ImportError) else type(error).__name__
    return text + line
