"""The report: one page without scripts or network, to read, to print and to sign."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from llmops_audit.record import Card, ConfusionMatrix, Record
from llmops_audit.record.audited import MOST_DISTINCT
from llmops_audit.render import charts, i18n
from llmops_audit.render.changed import DIRECTION
from llmops_audit.render.curves_view import draw_curves
from llmops_audit.render.drift_charts import histogram_chart, time_chart
from llmops_audit.render.first_screen import DISCLAIMER
from llmops_audit.render.forest import forest
from llmops_audit.render.formats import ll144
from llmops_audit.render.formats._page import HTML_LANGUAGE, environment_of
from llmops_audit.render.groups_view import ratio_position
from llmops_audit.render.i18n import Translate
from llmops_audit.render.names import with_missing_named
from llmops_audit.render.overview_picture import LIMIT_AT
from llmops_audit.render.requirement_cards import FIRST_LINES
from llmops_audit.render.text import Numbers, clean
from llmops_audit.render.view import MAX_COLUMNS, confused_pairs, most, view, with_missing

__all__ = ["FILE", "WRITTEN", "companions", "render"]

FILE = "report.html"
WRITTEN = "default"

_MAX_WITH_SHARES = 8
_MAX_BESIDE = 4
_MAX_COLUMNS = 6
_MAX_CLOSED = 50
_MAX_CHARTS = 4


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the report of a record."""
    translate = i18n.translator(language, record)
    record = with_missing_named(Record.model_validate(_ordered(record.model_dump(by_alias=True))), translate)
    numbers = Numbers(language)
    environment = environment_of(record, translate, numbers)
    page = environment.get_template("report.html.j2").render(
        record=record,
        view=view(record),
        language=HTML_LANGUAGE.get(language, language),
        bias_audit_page=ll144.FILE if ll144.bias_audit_of(record) is not None else None,
        most=most,
        confused_pairs=confused_pairs,
        max_annotated=charts.MAX_ANNOTATED,
        max_beside=_MAX_BESIDE,
        disclaimer=DISCLAIMER,
        forest=forest,
        histogram_chart=histogram_chart,
        time_chart=time_chart,
        ratio_position=ratio_position,
        max_columns=_MAX_COLUMNS,
        first_lines=FIRST_LINES,
        max_closed=_MAX_CLOSED,
        max_charts=_MAX_CHARTS,
        limit_at=LIMIT_AT,
        empty_card=Card(),
        texts_of=lambda page: {section.heading: section.paragraphs for section in page.sections},
        with_missing=with_missing,
        direction=DIRECTION,
        most_columns=MAX_COLUMNS,
        most_distinct=MOST_DISTINCT,
        draw_curves=lambda picture, number: draw_curves(picture, number, translate, numbers),
        heat_map=lambda matrix, number, title: _heat_map(matrix, number, title, translate, numbers),
    )
    return page.encode()


def companions(record: Record) -> tuple[str, ...]:
    """Return the id of the page of the bias audit, which the report mentions where the record holds one."""
    return () if ll144.bias_audit_of(record) is None else ("ll144",)


def _ordered(value: object) -> object:
    # A record fresh from an audit and the same one read from its file, whose keys are sorted, give one page.
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=str)}
    return tuple(map(_ordered, value)) if isinstance(value, list | tuple) else value


def _heat_map(matrix: ConfusionMatrix, number: int, title: str, translate: Translate, numbers: Numbers) -> Markup:
    _ = translate
    names = [str(label) for label in matrix.labels]
    columns, counts = names, np.array(matrix.counts, dtype=np.int64).reshape(len(names), len(names))
    if any(matrix.invalid):
        columns = [*names, _("invalid")]
        counts = np.column_stack([counts, np.array(matrix.invalid, dtype=np.int64)])
    annotated = len(names) <= charts.MAX_ANNOTATED
    totals = charts.Totals(
        name=_("Rows"),
        rows=[numbers.count(total) for total in counts.sum(axis=1).tolist()],
        columns=[numbers.count(total) for total in counts.sum(axis=0).tolist()],
        all=numbers.count(int(counts.sum())),
    )
    return charts.heat_map(
        counts,
        names,
        columns,
        texts=_cell_texts(counts, numbers) if annotated else None,
        totals=totals if annotated else None,
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
