"""What GitHub shows of a run beside its log: annotations, which a workflow's standard output may ask for."""

from __future__ import annotations

from llmops_audit.record import Record, Verdict
from llmops_audit.render.machine import Item, Teller, items, waiting

__all__ = ["MAX_ANNOTATIONS", "workflow_commands"]

MAX_ANNOTATIONS = 10
"""Annotations that GitHub shows of one step."""

_ERRORS = (Verdict.FAILED, Verdict.ERROR)


def workflow_commands(record: Record, language: str | None = None, folder: str = "") -> tuple[str, ...]:
    """Return the workflow commands that annotate the spec with what waits, the gravest first.

    Parameters
    ----------
    record : Record
    language : str, optional
        By default the language of the audit.
    folder : str
        Of the spec in the repository.

    Returns
    -------
    tuple of str
        At most `MAX_ANNOTATIONS`, a line each; none where the gate approves.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    tell = Teller(record, language)
    return tuple(_command(item, tell) for item in waiting(items(record, folder))[:MAX_ANNOTATIONS])


def _command(item: Item, tell: Teller) -> str:
    kind = "error" if item.verdict in _ERRORS else "warning"
    place = f"file={_property(item.place.file)},line={item.place.line}"
    title = _property(tell.about(tell.title(item), tell.word(item.verdict)))
    return f"::{kind} {place},title={title}::{_data(tell.sentence(item))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
