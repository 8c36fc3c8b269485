"""Options about output files, and what their values mean."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from llmops_audit.errors import AuditError, PluginError
from llmops_audit.render.formats import OutputFormat, known

__all__ = ["DEFAULT", "Formats", "Page", "Root", "formats_of", "page_of", "root_of"]


def _stated() -> tuple[OutputFormat, ...]:
    try:
        return tuple(known().values())
    except PluginError:
        # Commands that write no file work all the same; those that do ask for the formats again, and show this error.
        return ()


DEFAULT = ",".join(format.id for format in _stated() if format.written == "default")
"""What a run writes without `--format`."""

_LISTED = ", ".join(format.id for format in _stated() if format.written != "page")
_PAGES = " ".join(f"{format.id}: {format.summary}." for format in _stated() if format.written == "page")

Formats = Annotated[str, typer.Option(metavar="LIST", help=f"Files to write beside the record: some of {_LISTED}.")]
Page = Annotated[str | None, typer.Option(metavar="NAME", help=f"Write a single page instead. {_PAGES}")]
Root = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder of the repository that holds the spec, such as models/spam; files that point to a line of the "
        "spec put it before the name of the spec.",
    ),
]


def formats_of(text: str) -> tuple[str, ...]:
    """Return the formats that a list with commas names, each once; none for an empty list.

    Raises
    ------
    AuditError
        Where it names a format that is unknown, or that is a page.
    """
    offered = [format.id for format in known().values() if format.written != "page"]
    named = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in named:
        if name not in offered:
            raise AuditError("--format", "unknown format", f"one of {', '.join(offered)}", repr(name))
    return named


def page_of(name: str) -> str:
    """Return the name of a page.

    Raises
    ------
    AuditError
        Where there is no page of that name.
    """
    pages = [format.id for format in known().values() if format.written == "page"]
    if name not in pages:
        raise AuditError("--page", "unknown page", f"one of {', '.join(pages)}", repr(name))
    return name


def root_of(given: str | None, spec: Path | None = None) -> str:
    """Return the folder of the spec in the repository: a record knows the name of its spec, and not the folder.

    Parameters
    ----------
    given : str, optional
        The value of `--root`.
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
        Where the value leads out of the repository.
    """
    root = PurePosixPath(given) if given is not None else _folder_of(spec)
    if root.is_absolute() or ".." in root.parts:
        raise AuditError("--root", "leads out of the repository", "a relative path without ..", repr(given))
    return "" if root == PurePosixPath() else str(root)


def _folder_of(spec: Path | None) -> PurePosixPath:
    if spec is None or spec.is_absolute() or ".." in spec.parts:
        return PurePosixPath()
    return PurePosixPath(spec.parent.as_posix())
