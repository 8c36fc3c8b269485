"""The decision as a badge: one SVG for a README or a dashboard.

It says what the automated test came to, the version and the day of the audit (in UTC), and nothing of what was found,
so that it names no group. It asks for nothing: fonts are those of the reader, and the text is fitted to its width.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from llmops_audit.record import Message, Record, Status, message
from llmops_audit.record.found_records import started_at
from llmops_audit.render import i18n
from llmops_audit.render.text import shorten, width

__all__ = ["FILE", "OUTCOMES", "WRITTEN", "day_of", "render"]

FILE = "badge.svg"
WRITTEN = "format"

OUTCOMES: dict[Status, Message] = {
    Status.APPROVED: message("criteria met"),
    Status.REJECTED: message("criteria not met"),
    Status.NEEDS_REVIEW: message("undecided"),
    Status.NOT_JUDGED: message("not judged"),
}
"""What the gate decided, in a word or two."""

# White text on each has a contrast of more than 4.5.
_COLOURS = {
    Status.APPROVED: "#1a7f37",
    Status.REJECTED: "#cf222e",
    Status.NEEDS_REVIEW: "#9a6700",
    Status.NOT_JUDGED: "#57606a",
}
_BETWEEN = " · "
_MAX_VERSION = 24
_MAX_NAME = 80
_HEIGHT, _PADDING, _COLUMN = 20, 8, 6.6

# No part has an id: several badges may stand in one page.
_BADGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
    ' viewBox="0 0 {width} {height}">\n<title>{title}</title>\n'
    '<rect width="{width}" height="{height}" rx="3" fill="#24292f"/>\n'
    '<rect width="{split}" height="{height}" rx="3" fill="{colour}"/>'
    '<rect x="{middle}" width="{half}" height="{height}" fill="{colour}"/>\n'
    '<g fill="#fff" font-family="Verdana, \'DejaVu Sans\', \'Noto Sans SC\', sans-serif" font-size="11">\n'
    "{outcome}\n{facts}\n</g>\n</svg>\n"
)
_TEXT = '<text x="{x}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{text}</text>'


def render(record: Record, *, language: str, root: str) -> bytes:
    """Render the decision of a record as a badge."""
    translate = i18n.translator(language, record)
    outcome = translate(OUTCOMES[record.decision.status].id)
    facts = _BETWEEN.join(part for part in (_version(record.audit.version), day_of(record)) if part)
    named = message("{name}: {what}", name=shorten(record.audit.name, _MAX_NAME), what=outcome + _BETWEEN + facts)
    # Whole numbers, so that the two halves meet without a seam.
    split, rest = (round(_COLUMN * width(text)) + 2 * _PADDING for text in (outcome, facts))
    return _filled(
        _BADGE,
        width=split + rest,
        height=_HEIGHT,
        split=split,
        middle=split / 2,
        half=split / 2,
        colour=_COLOURS[record.decision.status],
        title=i18n.render(named, translate),
        outcome=_filled(_TEXT, x=_PADDING, length=split - 2 * _PADDING, text=outcome),
        facts=_filled(_TEXT, x=split + _PADDING, length=rest - 2 * _PADDING, text=facts),
    ).encode()


def day_of(record: Record) -> str:
    """Return the day of an audit in ISO 8601, in UTC; empty where the record does not say it."""
    started = started_at(record)
    return "" if started is None else started.date().isoformat()


def _version(version: str) -> str:
    shown = shorten(version, _MAX_VERSION)
    return f"v{shown}" if shown[:1].isdigit() else shown


def _filled(template: str, **values: object) -> Markup:
    return Markup(template.format_map({key: escape(value) for key, value in values.items()}))  # noqa: S704 - escaped
