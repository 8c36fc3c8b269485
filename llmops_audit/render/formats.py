"""The files of a record: each format and each page, by the name of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmops_audit.record import Record
from llmops_audit.record.files import FORMATS, page_of
from llmops_audit.render.csv_file import render_csv
from llmops_audit.render.gitlab import render_gitlab
from llmops_audit.render.html import render_html
from llmops_audit.render.junit import render_junit
from llmops_audit.render.ll144 import bias_audit_of, render_ll144
from llmops_audit.render.markdown import render_markdown
from llmops_audit.render.sarif import render_github_sarif, render_sarif

__all__ = ["page", "rendered"]

_Render = Callable[[Record, str | None, str], bytes]

_FORMATS: Mapping[str, _Render] = {
    "html": lambda record, language, _: render_html(record, language).encode(),
    "junit": render_junit,
    "sarif": render_sarif,
    "github-sarif": render_github_sarif,
    "gitlab": render_gitlab,
    "markdown": lambda record, language, folder: render_markdown(record, language, folder).encode(),
    "csv": lambda record, _language, _folder: render_csv(record),
}


def rendered(record: Record, formats: Sequence[str], language: str | None = None, folder: str = "") -> dict[str, bytes]:
    """Render a record.

    Parameters
    ----------
    record : Record
    formats : sequence of str
        Keys of `llmops_audit.record.files.FORMATS`.
    language : str, optional
        By default the language of the audit.
    folder : str
        Of the spec in the repository.

    Returns
    -------
    dict of str to bytes
        By the name of the file; beside the report the bias audit, where the record holds one.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    made = {FORMATS[name]: _FORMATS[name](record, language, folder) for name in formats}
    if "html" in formats and bias_audit_of(record) is not None:
        made |= page(record, "ll144", language)
    return made


def page(record: Record, name: str, language: str | None = None) -> dict[str, bytes]:
    """Render one page of a record.

    Parameters
    ----------
    record : Record
    name : str
        A key of `llmops_audit.record.files.PAGES`.
    language : str, optional
        By default the language of the audit.

    Returns
    -------
    dict of str to bytes
        By the name of the file.

    Raises
    ------
    AuditError
        Where there is no such page, no catalogue of the language, or nothing in the record that the page shows.
    """
    file = page_of(name)
    return {file: (_card if name == "card" else render_ll144)(record, language).encode()}


def _card(record: Record, language: str | None) -> str:
    from llmops_audit.render.card import render_card

    return render_card(record, language)
