"""What the report says of rows that were seen in training, and of other leaks: on the first screen, and below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_audit.record import Message, Record, SeenRows, message
from llmops_audit.record.leaks_found import LARGEST_SHARE_SEEN

__all__ = ["SeenView", "many_seen", "seen_view"]

_AGAIN = {
    "retrained": message(
        "The requirements on accuracy were judged once more, on all rows, with the classifier trained on the {rows:,} "
        "training rows that equal none of these rows; a requirement passes only if it holds both times."
    ),
    "unseen": message(
        "The requirements on accuracy were judged once more on the {rows:,} unseen rows alone; a requirement passes "
        "only if it holds both times."
    ),
}


@dataclass(frozen=True)
class SeenView:
    """A split that was compared with the training rows.

    Attributes
    ----------
    split : str
    seen : SeenRows
    share : float, optional
        Null where none of a sample was seen: the share is then under `seen.error`.
    sentences : tuple of Message
        What follows from it.
    """

    split: str
    seen: SeenRows
    share: float | None
    sentences: tuple[Message, ...]


def many_seen(record: Record) -> tuple[Message, ...]:
    """Return what the first screen says: many rows seen in training or nearly so, and leaks that need a person."""
    seen = [
        message(
            "{share:.1%} of the rows are seen in training ({split}): their inputs stand in training rows as well.",
            share=one.share, split=split,
        )
        if one.expected is None
        else message(
            "{share:.1%} of the rows are seen in training ({split}), as the spec expects: {expected}",
            share=one.share, split=split, expected=one.expected,
        )
        for split, one in _compared(record) if one.many
    ]  # fmt: skip
    return (*seen, *_doubts(record), *(leak.message for leak in record.leaks if leak.review))


def _doubts(record: Record) -> Iterator[Message]:
    """Yield what nobody judged: splits that could not be compared, and many rows that are nearly alike."""
    for split, one in _compared(record):
        if one.not_compared is not None:
            yield message(
                "Whether rows are seen in training is unknown ({split}). {why}", split=split, why=one.not_compared
            )
        elif one.near is not None and one.near.found > LARGEST_SHARE_SEEN * one.near.compared:
            yield message(
                "{share:.1%} of the rows that were compared are nearly alike to a training row ({split}).",
                share=one.near.found / one.near.compared, split=split,
            )  # fmt: skip


def seen_view(record: Record) -> tuple[SeenView, ...]:
    """Return the splits that were compared with the training rows."""
    return tuple(
        SeenView(split, one, None if not one.exact and not one.seen else one.share, tuple(_sentences(one)))
        for split, one in _compared(record)
    )


def _compared(record: Record) -> list[tuple[str, SeenRows]]:
    return [
        (split, record.data[split].overlap)  # type: ignore[misc]
        for split in ("test", "live")
        if split in record.data and record.data[split].overlap is not None
    ]


def _sentences(seen: SeenRows) -> Iterator[Message]:
    if seen.not_compared is not None:
        yield message("Not compared: {why}", why=seen.not_compared)
    if not seen.exact and seen.seen:
        yield message(
            "The share was estimated on a uniform sample of the distinct contents; its standard deviation is "
            "{error:.2%}.",
            error=seen.error,
        )
    if seen.many and seen.expected is not None:
        yield message("The spec expects rows to repeat: {expected}", expected=seen.expected)
    if seen.undecided is not None:
        yield seen.undecided
    elif seen.again is not None:
        yield _AGAIN[seen.again].model_copy(update={"values": {"rows": seen.rows_again}})
    if seen.near is not None:
        yield message(
            "{found:,} of {compared:,} rows that were compared are nearly alike to one of {training_rows:,} training "
            "rows, and equal to none. {method}",
            found=seen.near.found, compared=seen.near.compared, training_rows=seen.near.training_rows,
            method=seen.near.method,
        )  # fmt: skip
