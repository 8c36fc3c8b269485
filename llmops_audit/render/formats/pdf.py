"""The report in print: A4, as Chromium prints the page, where one is installed.

Nothing is fetched, neither by the page nor for it. A program named like Chromium has to be on the path; without one the
format is an error, and the page can be printed from any browser by hand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from llmops_audit.errors import AuditError
from llmops_audit.record import Record
from llmops_audit.render.formats import html

__all__ = ["FILE", "PROGRAMS", "WRITTEN", "render", "require"]

FILE = "report.pdf"
WRITTEN = "format"

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
"""Names that Chromium has on the path, the first that is found prints."""

SECONDS = 120
"""After which a print is given up."""

_OPTIONS = (
    "--headless", "--disable-gpu", "--disable-extensions", "--disable-sync", "--disable-background-networking",
    "--disable-dev-shm-usage", "--no-first-run", "--no-pdf-header-footer",
)  # fmt: skip
_TAG = re.compile(rb"\(node\d{8}\)")
_PRINTED_AT = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}")


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the report of a record as PDF.

    Raises
    ------
    AuditError
        Where no Chromium is found, or it does not print.
    """
    program = require()
    page = html.render(record, language=language, root=root)
    with TemporaryDirectory(prefix="llmops-audit-") as name:
        folder = Path(name)
        (folder / "report.html").write_bytes(page)
        printed = _printed(program, folder)
    return _reproducible(printed, record.run.started)


def require() -> str:
    """Return the program that prints.

    Raises
    ------
    AuditError
        Where no Chromium is found.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise AuditError("report.pdf", "cannot be printed: there is no Chromium", f"one of {', '.join(PROGRAMS)}")
    return program


def _reproducible(printed: bytes, started: str) -> bytes:
    """Return a print dated by its audit, with its tags numbered from 1: the same record gives the same bytes.

    Nothing changes its length or its order, since the table at the end of a PDF says where each object begins.
    """
    at = re.sub(r"\D", "", started)[:14].ljust(14, "0").encode()
    dated = _PRINTED_AT.sub(lambda found: b"/%b (D:%b" % (found[1], at), printed)
    # How Chromium counts the tags depends on what it did before.
    names = sorted(set(_TAG.findall(dated)))
    numbers = {name: b"(node%08d)" % number for number, name in enumerate(names, 1)}
    return _TAG.sub(lambda found: numbers[found[0]], dated)


def _printed(program: str, folder: Path) -> bytes:
    target = folder / FILE
    command = [program, *_OPTIONS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chromium refuses to run as root with a sandbox; the page holds no script and may ask for nothing.
        command.append("--no-sandbox")
    try:
        subprocess.run(  # noqa: S603 - a program from the path, and a file that was written here
            [*command, (folder / "report.html").as_uri()], check=True, capture_output=True, timeout=SECONDS
        )
        return target.read_bytes()
    except (OSError, subprocess.SubprocessError) as error:
        raise AuditError("report.pdf", f"cannot be printed: {type(error).__name__}", f"a print by {program}") from error
