"""What the first screen says beside the decision, wherever a record is shown: what a reader must not miss."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_audit.record import Message, Record
from llmops_audit.render.group_notices import comparators, small_groups
from llmops_audit.render.outputs_view import output_lines
from llmops_audit.render.overlap_view import many_seen
from llmops_audit.render.unset_minima import unset_minima

__all__ = ["Notice", "notices"]


@dataclass(frozen=True)
class Notice:
    """A sentence of the first screen.

    Attributes
    ----------
    message : Message
    anchor : str, optional
        Where the report says more.
    """

    message: Message
    anchor: str | None = None


def notices(record: Record) -> tuple[Notice, ...]:
    """Return what stands on the first screen.

    That is a missing minimum, rows seen in training, the groups that others are compared with, small groups that
    nobody judged, and outputs that are no label.
    """
    minimum = unset_minima(record)
    return (
        *([] if minimum is None else [Notice(minimum)]),
        *(Notice(sentence, "leaks") for sentence in many_seen(record)),
        *(Notice(sentence, "groups") for sentence in (*comparators(record), *small_groups(record))),
        *(Notice(line) for line in output_lines(record)),
    )
