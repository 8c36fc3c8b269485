"""What the first screen says beside the decision, wherever a record is shown: what a reader must not miss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_audit.record import Finding, Message, Record, Verdict, message
from llmops_audit.render.group_notices import comparators, small_groups
from llmops_audit.render.items import aside, items
from llmops_audit.render.outputs_view import output_lines
from llmops_audit.render.overlap_view import many_seen
from llmops_audit.render.personal_data_found import personal_data_found, protection_without_search
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

    A missing minimum, a loss from test to live, what looks upside down, rows seen in training, the groups that others
    are compared with, small groups that nobody judged, outputs that are no label, personal data, also where a framework
    asks for a search and there was none, what is only reported, and predictions that were written.
    """
    minimum = unset_minima(record)
    return (
        *([] if minimum is None else [Notice(minimum)]),
        *(Notice(sentence) for sentence in _on_accuracy(record)),
        *(Notice(sentence, "leaks") for sentence in many_seen(record)),
        *(Notice(sentence, "groups") for sentence in (*comparators(record), *small_groups(record))),
        *(Notice(line) for line in output_lines(record)),
        *(Notice(sentence, "personal-data") for sentence in personal_data_found(record)),
        *_not_searched(record),
        *_aside(record),
        *_predictions(record),
    )


def _not_searched(record: Record) -> Iterator[Notice]:
    if protecting := protection_without_search(record):
        text = message(
            "Personal data were not searched for, though the spec names frameworks of data protection ({frameworks}).",
            frameworks=protecting,
        )
        yield Notice(text, "unmeasured")


def _aside(record: Record) -> Iterator[Notice]:
    found = aside(items(record))
    if found:
        checks = tuple(dict.fromkeys(item.check.name for item in found))
        text = message(
            "Reported, not part of the decision, and not passed: {count} ({checks}).",
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


def _on_accuracy(record: Record) -> Iterator[Message]:
    """Yield a loss from test to live that is reported or worse, the window that broke, and what looks swapped."""
    for check in record.checks:
        for finding in check.findings:
            if finding.metric == "live_loss" and finding.verdict not in (Verdict.PASSED, Verdict.NOT_APPLICABLE):
                yield from _loss(finding)
            elif finding.metric == "accuracy_by_window" or "swapped" in finding.details:
                # The sentence of the check, without what the correction adds.
                text = finding.message.values.get("text")
                yield text if isinstance(text, Message) else finding.message


def _loss(finding: Finding) -> Iterator[Message]:
    before, after = finding.details.get("accuracy_on_test"), finding.details.get("accuracy_on_live")
    if before is None or after is None or finding.value is None:
        return
    low, high = finding.interval or (None, None)
    yield message(
        "Accuracy fell from {before:.1%} on test rows to {after:.1%} on labelled live rows: a loss of {loss:.1%} "
        "({low:.1%} to {high:.1%}).",
        before=before, after=after, loss=finding.value, low=low, high=high,
    )  # fmt: skip
