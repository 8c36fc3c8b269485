"""What became of the outputs, in a line for each split where some are no label."""

from __future__ import annotations

from llmops_audit.record import Message, OutputCounts, Record, message

__all__ = ["output_line", "output_lines"]

_SPLITS = ("test", "live", "train")


def output_lines(record: Record) -> tuple[Message, ...]:
    """Return the lines, the split that is judged first; none where every output is a label."""
    found = [(split, record.data[split].outputs) for split in _SPLITS if split in record.data]
    lines = [
        output_line(split, counts) for split, counts in found if counts is not None and counts.labels < counts.rows
    ]
    tied = [
        message(
            "Split {split}: {rows:,} rows whose largest score several labels share; the first in order is predicted",
            split=split,
            rows=counts.tied,
        )
        for split, counts in found
        if counts is not None and counts.tied
    ]
    return (*lines, *tied)


def output_line(split: str, counts: OutputCounts) -> Message:
    """Return the numbers of a split."""
    return message(
        "Outputs ({split}): {labels:,} labels, {unparsable:,} unparsable, {missing:,} missing",
        split=split,
        labels=counts.labels,
        unparsable=counts.outcomes.get("unparsable", 0),
        missing=counts.outcomes.get("missing", 0),
    )
