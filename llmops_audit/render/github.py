"""Annotations that GitHub shows beside the log of a run; the commands for them go to the standard output."""

from __future__ import annotations

from llmops_audit.record import Record, Verdict
from llmops_audit.render.items import Item, items, waiting
from llmops_audit.render.wording import Wording

__all__ = ["MAX_ANNOTATIONS", "workflow_commands"]

MAX_ANNOTATIONS = 10
"""Annotations that GitHub shows of one step."""

_ERRORS = (Verdict.FAILED, Verdict.ERROR)


def workflow_commands(record: Record, *, language: str, root: str) -> tuple[str, ...]:
    """Return the workflow commands that annotate the spec with what waits, the gravest first.

    Parameters
    ----------
    record : Record
    language : str
    root : str
        Folder of the spec in the repository.

    Returns
    -------
    tuple of str
        At most `MAX_ANNOTATIONS`, a line each; none where the gate approves.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    wording = Wording(record, language)
    return tuple(_command(item, wording) for item in waiting(items(record, root))[:MAX_ANNOTATIONS])


def _command(item: Item, wording: Wording) -> str:
    kind = "error" if item.verdict in _ERRORS and item.check.gate == "block" else "warning"
    location = f"file={_property(item.location.file)},line={item.location.line}"
    title = _property(wording.labelled(wording.title(item), wording.word(item.verdict)))
    return f"::{kind} {location},title={title}::{_data(wording.sentence(item))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
