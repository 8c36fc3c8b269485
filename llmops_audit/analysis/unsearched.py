"""Columns that a search for personal data cannot read, such as images: a doubt, unless the spec leaves them out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from llmops_audit.errors import SpecError
from llmops_audit.evidence._unread import CONTENTS
from llmops_audit.evidence.personal_data import PersonalData
from llmops_audit.record import Column, Finding, Message, Scalar, Table, Verdict, message, values_at

__all__ = ["WORDS", "judge_unsearched", "refuse_unknown", "table"]

_METRIC = "personal_data_not_searched"

_CONTENT = {
    "image": message("images"),
    "bytes": message("bytes that are no text"),
    "duration": message("durations"),
    "interval": message("spans of time"),
    "extension": message("values of a type of their own"),
    "nested": message("lists or objects with values that are no text"),
}

WORDS: dict[str, Message] = {
    _METRIC: message("cells that could not be searched for personal data"),
    **values_at({content: _CONTENT[content] for content in CONTENTS}, "content"),
    "content": message("content"),
}


def refuse_unknown(skip: Collection[str], by_split: Mapping[str, PersonalData]) -> None:
    """Refuse to leave out a column that no split has: its name may be misspelt.

    Raises
    ------
    SpecError
    """
    known = {name for found in by_split.values() for name in found.columns}
    if unknown := sorted(set(skip) - known):
        known_ones = f"one of {', '.join(sorted(known))}" if known else None
        raise SpecError("checks.pii.skip", "names a column that no split has", known_ones, repr(unknown[0]))


def judge_unsearched(by_split: Mapping[str, PersonalData], skip: Collection[str]) -> Iterator[Finding]:
    """Ask for a review of each column with cells that could not be searched, but for those that the spec leaves out."""
    for split, found in by_split.items():
        for name in sorted({column for column, _ in found.unread}):
            contents = sorted(content for column, content in found.unread if column == name)
            cells = sum(found.unread[name, content] for content in contents)
            verdict = Verdict.NOT_APPLICABLE if name in skip else Verdict.INCONCLUSIVE
            text = _LEFT_OUT if name in skip else _ASKS
            yield Finding(
                metric=_METRIC,
                scope={"split": split, "column": name},
                value=cells,
                n=cells + found.searched.get(name, 0),
                method="census",
                verdict=verdict,
                message=text,
                details={"content": tuple(contents)},
            )


_LEFT_OUT = message("Not searched: the spec leaves out this column (`skip`).")
_ASKS = message(
    "Not searched: the cells hold no text. Somebody has to look at them, or the spec leaves them out (`skip`)."
)


def table(by_split: Mapping[str, PersonalData], skip: Collection[str]) -> Table | None:
    """Return the columns that could not be searched, by split and content; None where there are none."""
    rows: tuple[dict[str, Scalar | Message], ...] = tuple(
        {
            "split": split,
            "column": column,
            "content": content,
            "cells": cells,
            "left_out": message("yes") if column in skip else message("no"),
        }
        for split, found in by_split.items()
        for (column, content), cells in sorted(found.unread.items())
    )
    if not rows:
        return None
    return Table(
        name=_METRIC,
        chapter="personal_data",
        caption=message("Columns that could not be searched"),
        columns=(
            Column(key="split", heading=message("Split")),
            Column(key="column", heading=message("Column")),
            Column(key="content", heading=message("Content")),
            Column(key="cells", heading=message("Cells"), format="count"),
            Column(key="left_out", heading=message("Left out by the spec")),
        ),
        rows=rows,
    )
