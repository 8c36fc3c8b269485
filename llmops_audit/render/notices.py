"""What the first screen says beside the decision, wherever a record is shown: what a reader must not miss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_audit.record import Message, Record, message
from llmops_audit.render.items import aside, items
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
    """Return what stands on the first screen: no minimum, seen rows, outputs that are no label, reported findings, ..."""
    minimum = unset_minima(record)
    return (
        *([] if minimum is None else [Notice(minimum)]),
        *(Notice(sentence, "leaks") for sentence in many_seen(record)),
        *(Notice(line) for line in output_lines(record)),
        *_aside(record),
        *_predictions(record),
    )


def _aside(record: Record) -> Iterator[Notice]:
    found = aside(items(record))
    if found:
        checks = tuple(dict.fromkeys(item.check.name for item in found))
        text = message(
            "Reported, not part of the decision: {count} findings that did not pass ({checks}).",
            count=len(found), checks=checks,
        )  # fmt: skip
        yield Notice(text, "aside")


def _predictions(record: Record) -> Iterator[Notice]:
    if record.predictions_file is not None:
        yield Notice(
            message(
                "{file} beside this record holds a prediction for each of {rows:,} test rows; it is {handling}.",
                file=record.predictions_file.file,
                rows=record.predictions_file.rows,
                handling=record.predictions_file.handling,
            )
        )
