"""A record in a notebook: its first screen, and its findings as a DataFrame.

`llmops_audit.record.Record` finds this module by name, since a record itself knows no language and no renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from llmops_audit.record import Message, Record, Status, Verdict, message
from llmops_audit.render.i18n import NOTHING
from llmops_audit.render.items import ASIDE, MAX_NAME, Item, aside, items, one_line, reported, waiting
from llmops_audit.render.names import identity_lines
from llmops_audit.render.notices import notices
from llmops_audit.render.wording import Wording

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["findings_frame", "first_screen"]

MAX_REASONS = 5
MAX_ROWS = 12
"""What a first screen has room for; what has none is counted."""

_SENTENCES = {
    Status.APPROVED: message("Every requirement is met, with the confidence that the gate asks for."),
    Status.REJECTED: message("The requirements are not met. As it stands, this classifier must not ship."),
    Status.NEEDS_REVIEW: message("Nothing failed, but not everything could be decided. A person must decide."),
    Status.NOT_JUDGED: message("The audit did not come to a judgement, so nothing is approved."),
}
_HEADINGS = (
    message("Finding"),
    message("Verdict"),
    message("Measured"),
    message("Interval"),
    message("Rows"),
    message("Required"),
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
    """Return a record as HTML for a notebook: decision, reasons and key numbers, in the language of the audit.

    Parameters
    ----------
    record : Record

    Returns
    -------
    str
        One element with styles of its own. It loads nothing and holds no script; all texts of the record are escaped.
    """
    wording = Wording(record, record.audit.language)
    colour, symbol = _STATUS[record.decision.status]
    body = Markup("").join((*_head(record, wording, symbol), *_reasons(record, wording), *_numbers(record, wording)))
    return str(_html('<div lang="{}" style="{}">{}</div>', _language(wording), _BOX.format(colour), body))


def _head(record: Record, wording: Wording, symbol: str) -> Iterator[Markup]:
    audit, status = record.audit, record.decision.status
    title = message("{status}: {name} {version}", status=status.value, name=audit.name, version=audit.version)
    yield _html('<div style="font-size:1.3em;font-weight:700">{} {}</div>', symbol, wording.say(title))
    yield _html("<div>{}</div>", wording.say(_SENTENCES[status]))
    note = message("Automated test result: no release approval, no legal opinion, no conformity assessment.")
    yield _html('<div style="font-size:.9em">{}</div>', wording.say(note))
    splits = [
        wording.say(message("{split} with {rows} rows", split=name, rows=wording.numbers.count(split.rows)))
        for name, split in record.data.items()
    ]
    for notice in notices(record):
        yield _html("<div>{}</div>", wording.say(notice.message))
    yield _html("<div>{}</div>", " ".join(one_line(wording.say(line), MAX_NAME) for line in identity_lines(record)))
    yield _html("<div>{}</div>", wording.joined(splits))


def _reasons(record: Record, wording: Wording) -> Iterator[Markup]:
    reasons = record.decision.reasons or (message("The record names no reason."),)
    lines = [wording.say(reason) for reason in reasons[:MAX_REASONS]]
    lines += _more(len(reasons) - MAX_REASONS, wording)
    shown = Markup("").join(_html("<li>{}</li>", line) for line in lines)
    yield _html('<ul style="margin:8px 0;padding-left:20px">{}</ul>', shown)


def _numbers(record: Record, wording: Wording) -> Iterator[Markup]:
    found = items(record)
    passed = [item for item in found if item.verdict is Verdict.PASSED and item.requirement is not None]
    shown = [*waiting(found), *reported(found), *aside(found), *passed]
    head = Markup("").join(_html('<th scope="col" style="{}">{}</th>', _HEAD, wording.say(text)) for text in _HEADINGS)
    rows = Markup("").join(_row(item, wording) for item in shown[:MAX_ROWS])
    table = '<table style="border-collapse:collapse;font-size:.95em;color:inherit"><tr>{}</tr>{}</table>'
    yield _html('<div style="overflow-x:auto">{}</div>', _html(table, head, rows))
    for line in _more(len(shown) - MAX_ROWS, wording):
        yield _html("<div>{}</div>", line)


def _row(item: Item, wording: Wording) -> Markup:
    colour, symbol = _VERDICTS[item.verdict]
    verdict = _html('<b style="color:{}">{}</b> {}', colour, symbol, wording.word(item.verdict))
    name = wording.labelled(wording.say(ASIDE), wording.title(item)) if item.aside else wording.title(item)
    title = _html('<th scope="row" style="{};font-weight:400">{}</th>', _CELL, name)
    finding = item.finding
    if finding is None:
        cells = _html(
            '<td style="{}">{}</td><td style="{}" colspan="4">{}</td>', _CELL, verdict, _CELL, wording.reason(item)
        )
        return _html("<tr>{}{}</tr>", title, cells)
    texts = (
        verdict,
        wording.value(finding),
        wording.interval(finding),
        wording.numbers.count(finding.n),
        wording.required(finding.requirement),
    )
    return _html(
        "<tr>{}{}</tr>", title, Markup("").join(_html('<td style="{}">{}</td>', _NUMBER, text) for text in texts)
    )


def _more(count: int, wording: Wording) -> list[str]:
    more: Message = message("{count} more in the record.", count=wording.numbers.count(count))
    return [wording.say(more)] if count > 0 else []


def _language(wording: Wording) -> str:
    return "zh-CN" if wording.language == "zh" else wording.language


def _html(template: str, *values: object) -> Markup:
    """Fill a template of ours; values that are no markup are escaped."""
    return Markup(template).format(*values)  # noqa: S704 - templates are constants of this module
