"""A record in a notebook: its first screen, and its findings as a DataFrame.

`llmops_audit.record.Record` finds this module by name, since a record itself knows no language and no renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from llmops_audit.record import Message, Record, Status, Verdict, message
from llmops_audit.record.requirements import JudgedRequirement
from llmops_audit.render import first_screen as first
from llmops_audit.render.facts import name_of, quantity
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.wording import Wording

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["findings_frame", "first_screen"]

MAX_ROWS = 8
"""Requirements that a first screen has room for; the others are counted."""

_ORDER = (
    Verdict.FAILED, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.FOUND, Verdict.PASSED, Verdict.NOT_APPLICABLE,
)  # fmt: skip
_HEADINGS = (
    message("Requirement"),
    message("Verdict"),
    message("Measured"),
    message("Interval"),
    message("Required"),
    message("Set in"),
)

# At least 3 to 1 against white and against black: a notebook may be either, and does not say which.
_RED, _AMBER, _GREEN, _GREY = "#d64545", "#b7791f", "#2f8f5b", "#808080"
_STATUS = {
    Status.APPROVED: (_GREEN, "✓"),
    Status.REJECTED: (_RED, "✗"),
    Status.NEEDS_REVIEW: (_AMBER, "?"),
    Status.NOT_JUDGED: (_AMBER, "!"),
}
_VERDICTS = {
    Verdict.PASSED: (_GREEN, "✓"),
    Verdict.FAILED: (_RED, "✗"),
    Verdict.INCONCLUSIVE: (_AMBER, "?"),
    Verdict.ERROR: (_AMBER, "!"),
    Verdict.FOUND: (_AMBER, "◆"),
    Verdict.NOT_APPLICABLE: (_GREY, NOTHING),
}

# Text has the colour of the notebook, and lines take theirs from it: readable on a light and on a dark background.
_BOX = "border-left:6px solid {};padding:2px 0 2px 16px;max-width:64em;color:inherit;line-height:1.5;text-align:left"
_HEAD = "padding:4px 12px 4px 0;text-align:left;font-weight:600;border-bottom:1px solid currentColor"
_CELL = "padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid rgba(128,128,128,.4)"
_LIST = "margin:8px 0;padding-left:20px"
_NUMBER = f"{_CELL};white-space:nowrap;font-variant-numeric:tabular-nums"


def findings_frame(record: Record) -> pd.DataFrame:
    """Return the findings of a record, a row each, in the order of the record.

    Parameters
    ----------
    record : Record

    Returns
    -------
    pandas.DataFrame
        Columns check, id, metric, scope (``"key=value, key=value"``), value, low and high (ends of the interval), n,
        limit, op, verdict, severity, and message in the language of the audit. What is undefined is missing.
    """
    import pandas as pd

    wording = Wording(record, record.audit.language)
    rows = [
        {
            "check": check.name,
            "id": finding.id,
            "metric": finding.metric,
            "scope": ", ".join(f"{key}={value}" for key, value in sorted(finding.scope.items())),
            "value": finding.value,
            "low": None if finding.interval is None else finding.interval[0],
            "high": None if finding.interval is None else finding.interval[1],
            "n": finding.n,
            "limit": None if finding.requirement is None else finding.requirement.limit,
            "op": None if finding.requirement is None else finding.requirement.op.value,
            "verdict": finding.verdict.value,
            "severity": None if finding.severity is None else finding.severity.value,
            "message": wording.say(finding.message),
        }
        for check in record.checks
        for finding in check.findings
    ]
    # The same types whatever the record holds, and where it holds nothing.
    numbers: dict[str, Any] = dict.fromkeys(("value", "low", "high", "limit"), "float64") | {"n": "Int64"}
    texts = ("check", "id", "metric", "scope", "op", "verdict", "severity", "message")
    columns = ["check", "id", "metric", "scope", "value", "low", "high", "n", "limit", "op", *texts[-3:]]
    return pd.DataFrame(rows, columns=columns).astype(numbers | dict.fromkeys(texts, "object"))


def first_screen(record: Record) -> str:
    """Return a record as HTML for a notebook: result, facts and key numbers, in the language of the audit.

    Parameters
    ----------
    record : Record

    Returns
    -------
    str
        One element with styles of its own. It loads nothing and holds no script; all texts of the record are escaped.
    """
    wording, screen = Wording(record, record.audit.language), first.first_screen(record)
    colour, symbol = _STATUS[record.decision.status]
    parts = (
        *_head(record, screen, wording, symbol),
        *_reasons(screen, wording),
        *_numbers(record, wording),
        *_notes(screen, wording),
    )
    return str(
        _html('<div lang="{}" style="{}">{}</div>', _language(wording), _BOX.format(colour), Markup("").join(parts))
    )


def _head(record: Record, screen: first.FirstScreen, wording: Wording, symbol: str) -> Iterator[Markup]:
    title = wording.labelled(f"{screen.name} {screen.version}", wording.say(screen.result))
    yield _html('<div style="font-size:1.3em;font-weight:700">{} {}</div>', symbol, title)
    yield _html('<div style="font-size:.9em">{}</div>', wording.say(first.DISCLAIMER))
    yield _html("<div>{}</div>", " ".join(wording.say(line) for line in (*screen.audited, screen.limits)))
    if screen.since is not None:
        yield _html("<div>{}</div>", wording.say(screen.since))


def _reasons(screen: first.FirstScreen, wording: Wording) -> Iterator[Markup]:
    lines = [_line(line, wording) for line in (*screen.reasons, *([] if screen.met is None else [screen.met]))]
    if screen.more is not None:
        lines.append(_html("<li>{}</li>", wording.say(screen.more)))
    yield _html('<ul style="{}">{}</ul>', _LIST, Markup("").join(lines))
    told = (message("{check}: {reason}", check=one.who, reason=one.what) for one in screen.to_do)
    yield _html(
        '<ul style="{}">{}</ul>', _LIST, Markup("").join(_html("<li>{}</li>", wording.say(one)) for one in told)
    )


def _line(line: first.Line, wording: Wording) -> Markup:
    colour, symbol = _VERDICTS[line.verdict]
    return _html('<li><b style="color:{}">{}</b> {}</li>', colour, symbol, wording.say(line.with_source))


def _numbers(record: Record, wording: Wording) -> Iterator[Markup]:
    own = sorted(record.requirements, key=lambda one: (_ORDER.index(one.verdict), one.source in (None, "default")))
    if not own:
        return
    head = Markup("").join(_html('<th scope="col" style="{}">{}</th>', _HEAD, wording.say(text)) for text in _HEADINGS)
    rows = Markup("").join(_row(record, one, wording) for one in own[:MAX_ROWS])
    table = '<table style="border-collapse:collapse;font-size:.95em;color:inherit"><tr>{}</tr>{}</table>'
    yield _html('<div style="overflow-x:auto">{}</div>', _html(table, head, rows))
    for line in _more(len(own) - MAX_ROWS, wording):
        yield _html("<div>{}</div>", line)


def _row(record: Record, one: JudgedRequirement, wording: Wording) -> Markup:
    colour, symbol = _VERDICTS[one.verdict]
    verdict = _html('<b style="color:{}">{}</b> {}', colour, symbol, wording.word(one.verdict))
    name = wording.say(name_of(record, one))
    title = _html('<th scope="row" style="{};font-weight:400">{}</th>', _CELL, name)
    measured = quantity(record, one)
    texts = (
        verdict,
        NOTHING if measured is None else wording.say(measured.number),
        NOTHING if measured is None or measured.ends is None else wording.say(measured.ends),
        wording.limit(one.op, one.limit) if measured is None else wording.compared(one.op, measured.bare_limit),
        wording.set_in(one),
    )
    cells = Markup("").join(_html('<td style="{}">{}</td>', _NUMBER, text) for text in texts)
    return _html("<tr>{}{}</tr>", title, cells)


def _notes(screen: first.FirstScreen, wording: Wording) -> Iterator[Markup]:
    for notice in (*screen.notes, *screen.folded):
        yield _html('<div style="font-size:.9em">{}</div>', wording.say(notice.message))
    for box in screen.boxes[1:]:
        if box.lines:
            lines = wording.joined(wording.say(line) for line in box.lines)
            yield _html('<div style="font-size:.9em">{}</div>', wording.labelled(wording.say(box.title), lines))


def _more(count: int, wording: Wording) -> list[str]:
    more: Message = message("{count} more in the record.", count=wording.numbers.count(count))
    return [wording.say(more)] if count > 0 else []


def _language(wording: Wording) -> str:
    return "zh-CN" if wording.language == "zh" else wording.language


def _html(template: str, *values: object) -> Markup:
    """Fill a template of ours; values that are no markup are escaped."""
    return Markup(template).format(*values)  # noqa: S704 - templates are constants of this module
