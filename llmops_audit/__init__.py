"""llmops-audit: decides whether a classifier may ship, and says how sure it is.

From Python: `run` audits and returns a `Record`, `load_record` reads one, `render_record` makes a file of one. A check
of your own is declared with ``from llmops_audit.check import check``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd
    import pyarrow as pa

    from llmops_audit.check import Check
    from llmops_audit.errors import AuditError
    from llmops_audit.record import Finding, Record, Severity, Verdict

    __version__: str

__all__ = [
    "AuditError",
    "Check",
    "Finding",
    "Record",
    "Severity",
    "Verdict",
    "__version__",
    "load_record",
    "render_record",
    "run",
]

_PLACES = {
    "AuditError": "llmops_audit.errors",
    "Check": "llmops_audit.check",
    "Finding": "llmops_audit.record",
    "Record": "llmops_audit.record",
    "Severity": "llmops_audit.record",
    "Verdict": "llmops_audit.record",
}
"""Modules of the classes, imported when somebody uses them: importing the package takes a few milliseconds."""


def run(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    *,
    data: Mapping[str, pd.DataFrame | pa.Table | str | os.PathLike[str]] | None = None,
    jobs: int | None = None,
) -> Record:
    """Audit a classifier.

    Nothing is written and nothing is printed, and the decision is returned, whatever it is.

    Parameters
    ----------
    spec : path or mapping
        ``audit.toml``, or a mapping of the same shape. Paths in a file are relative to its folder, paths in a mapping
        to the current folder; limits of a mapping have the source ``"spec"``, since there is no line to name.
    data : mapping of str to pandas.DataFrame, pyarrow.Table or path, optional
        What is read in the place of the files of ``[data]``, by key: ``"train"``, ``"test"`` and ``"live"``, or
        ``"path"``, which is split here. A path is relative to the current folder. A table passes through the same rules
        as a Parquet file. Its digest is over its content: its index, its chunks and how it lies in memory have no
        bearing. The digest of the spec does not cover `data`.
    jobs : int, optional
        Processes that read and count; by default 1. The record is the same for every number.

    Returns
    -------
    Record
        Whose `approved` is what decides.

    Raises
    ------
    AuditError
        Where the spec, the data or the classifier cannot be used, with everything that is known to be wrong.

    Examples
    --------
    >>> record = run("audit.toml", data={"test": frame})  # doctest: +SKIP
    >>> record.approved  # doctest: +SKIP
    False
    """
    from collections.abc import Mapping
    from pathlib import Path

    from llmops_audit.audit import prepare
    from llmops_audit.audit import run as carry_out
    from llmops_audit.errors import AuditError

    source = spec if isinstance(spec, Mapping) else Path(_path(spec, "run: spec", "a path or a mapping"))
    if data is not None and not isinstance(data, Mapping):
        raise _wrong_type("run: data", "a mapping of splits to tables or paths", data)
    if jobs is not None and (not isinstance(jobs, int) or isinstance(jobs, bool)):
        raise _wrong_type("run: jobs", "a whole number from 1", jobs)
    if jobs is not None and jobs < 1:
        raise AuditError("run: jobs", "is too small", "a whole number from 1", str(jobs))
    return carry_out(prepare(source, data), jobs=jobs or 1)


def load_record(path: str | os.PathLike[str]) -> Record:
    """Read a record.

    Parameters
    ----------
    path : path
        A record.json, or the folder that holds it.

    Returns
    -------
    Record
        Whose digest was checked.

    Raises
    ------
    AuditError
        Where it cannot be read, is no record of this schema, or was changed after it was written.
    """
    from pathlib import Path

    from llmops_audit.record.canonical import content_of, parse

    found = Path(_path(path, "load_record: path", "a path"))
    return parse(content_of(found, str(found)), str(found))


def render_record(record: Record, format: str, *, language: str | None = None) -> bytes:
    """Make a file of a record, as ``llmops-audit render`` does.

    Parameters
    ----------
    record : Record
    format : str
        A format or a page of ``llmops-audit render``, such as ``"html"``, ``"junit"`` or ``"card"``.
    language : str, optional
        ``"en"`` or ``"zh"``; by default the language of the audit.

    Returns
    -------
    bytes
        What the file holds; texts are UTF-8.

    Raises
    ------
    AuditError
        Where there is no such format or language, or nothing in the record that the page shows.
    """
    from llmops_audit.record import Record
    from llmops_audit.render.formats import known, render_files

    if not isinstance(record, Record):
        raise _wrong_type("render_record: record", "a Record", record)
    if not isinstance(format, str):
        raise _wrong_type("render_record: format", "the name of a format", format)
    files = render_files(record, (format,), language=language)
    return files[known()[format].file]


def _path(value: object, subject: str, expected: str) -> str:
    import os

    if not isinstance(value, str | os.PathLike):
        raise _wrong_type(subject, expected, value)
    path = os.fsdecode(value)
    if "\0" in path:
        from llmops_audit.errors import AuditError

        raise AuditError(subject, "holds a null character", expected)
    return path


def _wrong_type(subject: str, expected: str, value: object) -> AuditError:
    from llmops_audit.errors import AuditError

    return AuditError(subject, "is of a wrong type", expected, type(value).__name__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("llmops-audit")
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
