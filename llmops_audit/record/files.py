"""The files that a record is rendered to: their formats, their names, and where they say that the spec lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from llmops_audit.errors import AuditError

__all__ = ["DEFAULT", "FORMATS", "PAGES", "formats_of", "page_of", "spec_folder"]

FORMATS: Mapping[str, str] = {
    "html": "report.html",
    "junit": "junit.xml",
    "sarif": "findings.sarif",
    "github-sarif": "github.sarif",
    "gitlab": "gl-code-quality-report.json",
    "markdown": "summary.md",
    "csv": "findings.csv",
}
"""File of each format."""

DEFAULT = "html,junit,sarif,markdown"
"""What a run writes where nobody asks for anything else."""

PAGES: Mapping[str, str] = {"ll144": "ll144.html", "card": "model-card.md"}
"""File of each page that can be rendered alone."""


def formats_of(text: str) -> tuple[str, ...]:
    """Return the formats that a list with commas names, each once; none for an empty list.

    Raises
    ------
    AuditError
        Where it names one that there is not.
    """
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in named if name not in FORMATS]
    if unknown:
        raise AuditError("--format", "unknown format", f"of {', '.join(FORMATS)}", repr(unknown[0]))
    return named


def page_of(name: str) -> str:
    """Return the file of a page.

    Raises
    ------
    AuditError
        Where there is no page of that name.
    """
    if name not in PAGES:
        raise AuditError("--page", "unknown page", f"of {', '.join(PAGES)}", repr(name))
    return PAGES[name]


def spec_folder(given: str | None, spec: Path | None = None) -> str:
    """Return the folder that the files for machines name before the spec: a record knows the name of its spec alone.

    Parameters
    ----------
    given : str, optional
        What the user said.
    spec : Path, optional
        The spec as it was named on the command line. A relative path is taken to start at the top of the repository,
        which is where CI systems start a job.

    Returns
    -------
    str
        With slashes, relative to the top of the repository; empty for the top itself.

    Raises
    ------
    AuditError
        Where what the user said leads out of the repository.
    """
    folder = PurePosixPath(given) if given is not None else _folder_of(spec)
    if folder.is_absolute() or ".." in folder.parts:
        raise AuditError("--spec-folder", "leads out of the repository", "a relative path without ..", repr(given))
    return "" if folder == PurePosixPath() else str(folder)


def _folder_of(spec: Path | None) -> PurePosixPath:
    if spec is None or spec.is_absolute() or ".." in spec.parts:
        return PurePosixPath()
    return PurePosixPath(spec.parent.as_posix())
