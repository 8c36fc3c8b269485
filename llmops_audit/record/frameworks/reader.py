"""Framework files: TOML, one for each framework, with every text in every language."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date

from pydantic import ValidationError

from llmops_audit.errors import AuditError, Problem
from llmops_audit.errors.validation import problems_of
from llmops_audit.record.frameworks.paths import exists
from llmops_audit.record.governance import Clause, Framework, InLanguages

__all__ = ["LANGUAGES", "read"]

LANGUAGES = ("en", "zh")
"""Languages that every text of the collection is written in."""


def read(text: str, id: str) -> Framework:
    """Read a framework file.

    Parameters
    ----------
    text : str
        TOML.
    id : str
        Name of the file without its suffix.

    Returns
    -------
    Framework

    Raises
    ------
    AuditError
        With everything that is wrong: types and keys; a text that is empty or not in all languages; an id that is not
        the file's or is used twice; a date that is not in ISO 8601; a path that leads to no part of a record; a clause
        that neither points to anything nor says why not.
    """
    file = f"{id}.toml"
    try:
        # In JSON an array is accepted for a tuple, while all other types stay strict.
        found = Framework.model_validate_json(json.dumps(tomllib.loads(text), default=str), strict=True)
    except tomllib.TOMLDecodeError as error:
        raise AuditError(file, f"is not valid TOML: {error}") from None
    except ValidationError as error:
        raise AuditError.of(problems_of(error, file, (), Framework)) from None
    problems = [*_of_framework(found, file, id), *_of_clauses(found, file)]
    if problems:
        raise AuditError.of(problems)
    return found


def _of_framework(found: Framework, file: str, id: str) -> Iterator[Problem]:
    if found.id != id:
        yield Problem(f"{file}: id", "is not the name of the file", repr(id), repr(found.id))
    if not found.version.strip():
        yield Problem(f"{file}: version", "is empty", "a text")
    if found.effective and not _is_date(found.effective):
        yield Problem(f"{file}: effective", "is not a date", "a date such as 2026-01-31, or ''", repr(found.effective))
    yield from _of_text(found.title, f"{file}: title")
    yield from _of_text(found.source, f"{file}: source")
    if found.note:
        yield from _of_text(found.note, f"{file}: note")


def _of_clauses(found: Framework, file: str) -> Iterator[Problem]:
    ids: set[str] = set()
    for index, clause in enumerate(found.clauses):
        key = f"{file}: clauses[{index}]"
        if not clause.id or clause.id in ids:
            yield Problem(f"{key}.id", "is empty or used twice", "an id of its own", repr(clause.id))
        ids.add(clause.id)
        yield from _of_clause(clause, key)


def _of_clause(clause: Clause, key: str) -> Iterator[Problem]:
    yield from _of_text(clause.reference, f"{key}.reference")
    yield from _of_text(clause.asks, f"{key}.asks")
    if clause.note:
        yield from _of_text(clause.note, f"{key}.note")
    elif not (clause.checks or clause.parts):
        yield Problem(f"{key}.note", "is missing", "why this tool shows nothing for the clause")
    for part in clause.parts:
        if not exists(part):
            yield Problem(f"{key}.parts", "leads to no part of a record", "a dotted path", repr(part))


def _of_text(text: InLanguages, key: str) -> Iterator[Problem]:
    if tuple(sorted(text)) != LANGUAGES or not all(value.strip() for value in text.values()):
        yield Problem(key, "is not written in all languages", f"a text in {' and '.join(LANGUAGES)}", repr(text))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
