"""The command line: the only package that prints and exits."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

__all__ = ["main"]

NOT_JUDGED = 2
"""Exit code of everything that is no decision. Python itself would say 1, which rejects a classifier."""

NEEDS_REVIEW = 3
"""Exit code where somebody has to look."""


def main() -> None:
    """Run the command line and exit: with 1 for a rejection alone, with 2 for anything unforeseen."""
    code = NOT_JUDGED
    try:
        from llmops_audit.cli.commands import run_command

        code = run_command()
    except BaseException as error:  # noqa: BLE001 - a broken installation, Ctrl-C, or a screen that is gone
        with suppress(Exception):
            print(f"error: llmops-audit stopped: {type(error).__name__}", file=sys.stderr)
    _flush(sys.stdout)
    _flush(sys.stderr)
    sys.exit(code)


def _flush(stream: object) -> None:
    """Write what is left; drop it where nobody reads it, since Python's own attempt would change the exit code."""
    try:
        stream.flush()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        with suppress(AttributeError, OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
