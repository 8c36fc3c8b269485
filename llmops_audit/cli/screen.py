"""Pages and lists that the command line shows, put together; only `llmops_audit.cli` prints them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmops_audit.render.i18n import Translate, translator

if TYPE_CHECKING:
    from rich.console import RenderableType

    from llmops_audit.check import Check
    from llmops_audit.cli.init.roles import Taken
    from llmops_audit.record.governance import Clause, Framework, InLanguages

__all__ = ["check_page", "columns_table", "framework_line", "framework_page"]

WIDTH = 100

# Chinese breaks between any two characters, but not within a word of other letters, nor before a closing mark.
_CHINESE_PIECE = re.compile(r"[（《“‘]*(?:[!-~]+|[^!-~\s])[，。；：、？！）》”’]*\s*")


def columns_table(columns: Sequence[Taken]) -> RenderableType:
    """Return what `init` took each column for, and why."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid("column", "taken for", "why", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        # A name may hold what a terminal obeys.
        name = "".join(character if character.isprintable() else "�" for character in column.name)
        grid.add_row(Text(name), Text(column.role, style="" if column.role != "left out" else "dim"), Text(column.why))
    return grid


def check_page(name: str, check: Check, language: str) -> str:
    """Return the page of a check, and its settings with their defaults.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    _ = translator(language)
    lines = [*_underlined(name, "="), _(check.page.title), ""]
    for section in check.page.sections:
        lines += _underlined(_(section.heading), "-")
        for paragraph in section.paragraphs:
            lines += [_filled(_(paragraph), language), ""]
    lines += _underlined(_("Settings"), "-")
    unset = _("not set")
    for key, value in check.settings().model_dump(mode="json").items():
        lines.append(f"{key} = {value!r}" if value is not None else f"{key}  ({unset})")
        names = [n for item in check.settings.model_fields[key].metadata for n in getattr(item, "names", ())]
        if names:
            # The names that a table of limits may hold, see `llmops_audit.check.limits`.
            lines.append(_filled(_("Keys: {names}").format(names=", ".join(names)), language, indent="    "))
    return "\n".join(lines)


def framework_line(one: Framework, language: str) -> str:
    """Return a framework on one line: id, date from which it applies, title, and what replaced it.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    _ = translator(language)
    superseded = _("Superseded by")
    replaced = "" if one.superseded_by is None else f"  [{superseded}: {one.superseded_by}]"
    return f"{one.id:<32} {one.effective or '-':<12} {_text(one.title, language)}{replaced}"


def framework_page(one: Framework, language: str) -> str:
    """Return a framework with each of its clauses, and what of an audit answers it.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    _ = translator(language)
    title = f"{one.id}: {_text(one.title, language)}"
    facts = {
        _("Version of this collection"): one.version,
        _("Source"): _text(one.source, language),
        _("Applies from"): one.effective or _("no date"),
    }
    if one.superseded_by is not None:
        facts[_("Superseded by")] = one.superseded_by
    lines = [*_underlined(title, "="), *(f"{key}: {value}" for key, value in facts.items()), ""]
    if one.note:
        lines += [_filled(_text(one.note, language), language), ""]
    for clause in one.clauses:
        lines += [*_clause(clause, language, _), ""]
    return "\n".join(lines).rstrip()


def _clause(clause: Clause, language: str, translate: Translate) -> Iterator[str]:
    _ = translate
    yield f"{_text(clause.reference, language)}  [{clause.id}]"
    yield _filled(_text(clause.asks, language), language, "  ")
    answers = {_("Checks that answer it"): clause.checks, _("Parts of the record that answer it"): clause.parts}
    for name, places in answers.items():
        if places:
            yield f"  {name}: {', '.join(places)}"
    if not any(answers.values()):
        yield "  " + _("Not covered by this tool.")
    if clause.note:
        yield _filled(_text(clause.note, language), language, "  ")


def _text(text: InLanguages, language: str) -> str:
    return text.get(language) or text.get("en", "")


def _filled(text: str, language: str, indent: str = "") -> str:
    if language != "zh":
        return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
    from rich.cells import cell_len

    lines = [indent]
    for piece in _CHINESE_PIECE.findall(" ".join(text.split())):
        # A Chinese character takes two columns.
        if cell_len(lines[-1] + piece.rstrip()) > WIDTH and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += piece.lstrip() if lines[-1] == indent else piece
    return "\n".join(line.rstrip() for line in lines)


def _underlined(text: str, by: str) -> tuple[str, str]:
    from rich.cells import cell_len

    return text, by * cell_len(text)
