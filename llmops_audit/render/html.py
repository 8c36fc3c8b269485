"""The report as one self-contained HTML file."""

from __future__ import annotations

import os
import re
import sys
from importlib import resources
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from llmops_audit.record import Card, ConfusionMatrix, Message, Record, Scalar, message
from llmops_audit.record.drift_figure import Course, Shift
from llmops_audit.render import charts, i18n
from llmops_audit.render.curves_view import draw_curves
from llmops_audit.render.drift_charts import course_chart, histogram_chart
from llmops_audit.render.forest import forest
from llmops_audit.render.groups_view import ratio_place
from llmops_audit.render.i18n import Translate
from llmops_audit.render.names import Scopes, subject_name
from llmops_audit.render.text import Numbers, clean, compact, shorten
from llmops_audit.render.view import confused_pairs, most, view, with_missing

__all__ = ["render_html"]

HTML_LANGUAGE = {"zh": "zh-CN"}
_MAX_WITH_SHARES = 8
_MAX_BESIDE = 4
_MAX_REASONS = 12
_NAME_COLUMNS = 48
_MAX_COLUMNS = 6
_STAMP_COLUMNS = 20
_CODE = re.compile(r"``(.+?)``|`(.+?)`")


def render_html(record: Record, language: str | None = None) -> str:
    """Render the report of a record.

    Parameters
    ----------
    record : Record
    language : str, optional
        ``"en"`` or ``"zh"``; by default the language of the audit.

    Returns
    -------
    str
        One HTML page without scripts, that loads nothing; the same record gives the same bytes.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    record = Record.model_validate(_ordered(record.model_dump(by_alias=True)))
    language = record.audit.language if language is None else language
    translate = i18n.translator(language)
    numbers = Numbers(language)
    environment = environment_of(record, translate, numbers)
    return environment.get_template("report.html.j2").render(
        record=record,
        view=view(record),
        language=HTML_LANGUAGE.get(language, language),
        most=most,
        confused_pairs=confused_pairs,
        max_annotated=charts.MAX_ANNOTATED,
        max_beside=_MAX_BESIDE,
        max_reasons=_MAX_REASONS,
        forest=forest,
        histogram_chart=histogram_chart,
        course_chart=course_chart,
        ratio_place=ratio_place,
        max_columns=_MAX_COLUMNS,
        empty_card=Card(),
        with_missing=with_missing,
        draw_curves=lambda picture, number: draw_curves(picture, number, translate, numbers),
        heat_map=lambda matrix, number: _heat_map(matrix, number, translate, numbers),
    )


def _ordered(value: object) -> object:
    # A record fresh from an audit and the same one read from its file, whose keys are sorted, give one page.
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=str)}
    return tuple(map(_ordered, value)) if isinstance(value, list | tuple) else value


def environment_of(record: Record, translate: Translate, numbers: Numbers) -> Environment:
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

    def value_of(value: Scalar | tuple[Scalar, ...] | list[Scalar]) -> str:
        items = value if isinstance(value, tuple | list) else (value,)
        return translate(i18n.SEPARATOR.id).join(
            i18n.written(item, translate) if isinstance(item, bool) else numbers.value(item) for item in items
        )

    scopes = Scopes(record, translate)
    environment.globals.update(
        _=sentence,
        nothing=i18n.NOTHING,
        numbers=numbers,
        say=say,
        scope_value=scopes.value,
        subject_name=subject_name(record, translate),
        value_of=value_of,
    )
    environment.filters.update(
        word=lambda key: i18n.word(str(key), translate),
        scope_key=scopes.key,
        feature=lambda key: i18n.feature_word(str(key), translate),
        column_name=lambda name: i18n.column_name(str(name), translate),
        shift_name=lambda shift: _shift_name(shift, translate),
        stamp=lambda time: _short(time.replace("T", " "), _STAMP_COLUMNS),
        blanks=_blanks,
        css_string=_css_string,
        compact=compact,
        prose=lambda text: _prose(translate(text)),
        short=_short,
        cross=lambda names: " × ".join(map(_short, names)),
        capital=lambda text: text[:1].upper() + text[1:],
        is_message=lambda value: isinstance(value, Message),
    )
    return environment


def _compiled() -> FileSystemBytecodeCache | None:
    """Keep compiled templates where Python keeps its compiled modules, which is as safe: compiling takes half a second.

    Jinja checks the source by its hash; where nothing may be written, templates are compiled anew.
    """
    folder = Path(str(resources.files("llmops_audit.templates"))) / "__pycache__"
    writable = not sys.dont_write_bytecode and os.access(folder, os.W_OK | os.X_OK)
    return FileSystemBytecodeCache(str(folder), "%s.pyc") if writable else None


def _short(text: str, columns: int = _NAME_COLUMNS) -> str:
    return shorten(text, columns)


def _shift_name(shift: Shift | Course, translate: Translate) -> str:
    name = _short(i18n.column_name(shift.column, translate))
    return name if shift.feature is None else f"{name}: {_short(i18n.feature_word(shift.feature, translate))}"


def _blanks(text: str) -> str:
    """Return a text with its outer blanks made visible."""
    inner = text.strip(" ")
    start = len(text) - len(text.lstrip(" ")) if inner else len(text)
    return "␣" * start + inner + "␣" * (len(text) - start - len(inner))


def _css_string(text: str) -> Markup:
    """Return a text for between the quotation marks of a CSS string, whatever it holds."""
    safe = (c if c.isalnum() or c in " .-" else f"\\{ord(c):x} " for c in _short(text))
    return Markup("".join(safe))  # noqa: S704 - letters, digits and escapes alone


def _finalize(value: object) -> object:
    # Every text that a template prints passes here; markup was made of cleaned and escaped text.
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    escaped = str(escape(clean(text)))
    return Markup(_CODE.sub(lambda code: f"<code>{code[1] or code[2]}</code>", escaped))  # noqa: S704 - escaped above


def _heat_map(matrix: ConfusionMatrix, number: int, translate: Translate, numbers: Numbers) -> Markup:
    _ = translate
    names = [str(label) for label in matrix.labels]
    columns, counts = names, np.array(matrix.counts, dtype=np.int64).reshape(len(names), len(names))
    if any(matrix.invalid):
        columns = [*names, _("invalid")]
        counts = np.column_stack([counts, np.array(matrix.invalid, dtype=np.int64)])
    title = i18n.render(message("Confusion matrix: {split}", split=matrix.split), translate)
    return charts.heat_map(
        counts,
        names,
        columns,
        texts=_cell_texts(counts, numbers) if len(names) <= charts.MAX_ANNOTATED else None,
        title=clean(title),
        row_axis=_("True label"),
        column_axis=_("Predicted label"),
        prefix=f"matrix-{number}",
    )


def _cell_texts(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]], numbers: Numbers) -> list[list[str]]:
    texts = []
    for row in counts.tolist():
        total = sum(row)
        shares = len(row) <= _MAX_WITH_SHARES and total > 0
        texts.append([numbers.count(c) + (f"\n{numbers.share(c / total, 1)}" if shares else "") for c in row])
    return texts
