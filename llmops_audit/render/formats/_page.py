"""The environment that pages in HTML are rendered in: words, numbers and texts, safe for any content of a record."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from llmops_audit.record import Message, Record, Scalar, message
from llmops_audit.record.drift_figure import Shift, TimeSeries
from llmops_audit.render import i18n
from llmops_audit.render.i18n import Translate
from llmops_audit.render.names import Scopes, identity_lines, subject_name
from llmops_audit.render.text import Numbers, clean, compact, first_sentence, shorten

__all__ = ["HTML_LANGUAGE", "environment_of", "plain_environment"]

HTML_LANGUAGE = {"zh": "zh-CN"}
"""Language tag of a page, where it is not the language itself."""

_NAME_COLUMNS = 48
_STAMP_COLUMNS = 20
_SENTENCE_COLUMNS = 400
_CODE = re.compile(r"``(.+?)``|`(.+?)`")


MAX_OPEN_ROWS = 10
"""Rows of a table that are not folded."""

MAX_STACKED_ROWS = 40
"""Rows up to which a table becomes a stack of rows on a telephone, each cell with its heading; longer ones scroll."""

MAX_FILES = 20
"""Files of a split, or of a classifier, that a page lists."""


def plain_environment(translate: Translate, numbers: Numbers) -> Environment:
    """Return the environment of any page; every text that a template prints is cleaned and escaped."""
    environment = Environment(
        loader=PackageLoader("llmops_audit.templates", ""),
        bytecode_cache=_compiled(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def say(text: Message) -> str:
        return i18n.render(text, translate)

    def sentence(text: str, **values: Scalar) -> str:
        return say(message(text, **values))

    environment.globals.update(_=sentence, nothing=i18n.NOTHING, numbers=numbers, say=say)
    environment.filters.update(css_string=_css_string, short=_short)
    return environment


def environment_of(record: Record, translate: Translate, numbers: Numbers) -> Environment:
    """Return the environment of a record's pages."""
    environment = plain_environment(translate, numbers)

    def value_of(value: Scalar | tuple[Scalar, ...] | list[Scalar]) -> str:
        items = value if isinstance(value, tuple | list) else (value,)
        return translate(i18n.SEPARATOR.id).join(
            i18n.written(item, translate) if isinstance(item, bool) else numbers.value(item) for item in items
        )

    def detail_of(key: str, value: Scalar | tuple[Scalar, ...]) -> str:
        items = value if isinstance(value, tuple) else (value,)
        return value_of([translate.value(key, item) if isinstance(item, str) else item for item in items])

    scopes = Scopes(record, translate)
    environment.globals.update(
        identity=identity_lines(record),
        max_files=MAX_FILES,
        most_rows=MAX_OPEN_ROWS,
        most_stacked=MAX_STACKED_ROWS,
        scope_value=scopes.value,
        in_words=scopes.in_words,
        subject_name=subject_name(record, translate),
        value_of=value_of,
        detail_of=detail_of,
    )
    environment.filters.update(
        word=_late(lambda key: translate.word(str(key))),
        scope_key=_late(scopes.key),
        value_at=_late(lambda value, place: translate.value(place, str(value))),
        shift_name=_late(lambda shift: _shift_name(shift, translate)),
        stamp=lambda time: _short(time.replace("T", " "), _STAMP_COLUMNS),
        blanks=_blanks,
        compact=compact,
        prose=_late(lambda text: _prose(translate(text))),
        first_sentence=_late(lambda text: _prose(_short(first_sentence(translate(text)), _SENTENCE_COLUMNS))),
        cross=lambda names: " × ".join(map(_short, names)),
        capital=lambda text: text[:1].upper() + text[1:],
        is_message=lambda value: isinstance(value, Message),
    )
    return environment


def _late(filter: Callable[..., str]) -> Callable[..., str]:
    """Return a filter that Jinja never calls as it compiles: compiled templates serve every language and record."""

    @pass_context
    def called(_: Context, *values: object) -> str:
        return filter(*values)

    return called


def _compiled() -> FileSystemBytecodeCache | None:
    """Keep compiled templates where Python keeps its compiled modules, which is as safe: compiling takes half a second.

    Jinja checks the source by its hash; where nothing may be written, templates are compiled anew.
    """
    folder = Path(str(resources.files("llmops_audit.templates"))) / "__pycache__"
    writable = not sys.dont_write_bytecode and os.access(folder, os.W_OK | os.X_OK)
    return FileSystemBytecodeCache(str(folder), "%s.pyc") if writable else None


def _short(text: str, columns: int = _NAME_COLUMNS) -> str:
    return shorten(text, columns)


def _shift_name(shift: Shift | TimeSeries, translate: Translate) -> str:
    name = _short(translate.value("column", shift.column))
    if shift.feature is None:
        return name
    feature = _short(translate.value("feature", shift.feature))
    return i18n.render(message("{name}: {what}", name=name, what=feature), translate)


def _blanks(text: str) -> str:
    """Return a text with its outer blanks visible."""
    inner = text.strip(" ")
    start = len(text) - len(text.lstrip(" ")) if inner else len(text)
    return "␣" * start + inner + "␣" * (len(text) - start - len(inner))


def _css_string(text: str) -> Markup:
    """Return a text for between the quotation marks of a CSS string, whatever it holds."""
    safe = (c if c.isalnum() or c in " .-" else f"\\{ord(c):x} " for c in _short(text))
    return Markup("".join(safe))  # noqa: S704 - letters, digits and escapes alone


def _finalize(value: object) -> object:
    # Every text that a template prints passes here; markup comes from cleaned and escaped text.
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    escaped = str(escape(clean(text)))
    return Markup(_CODE.sub(lambda code: f"<code>{code[1] or code[2]}</code>", escaped))  # noqa: S704 - escaped above
