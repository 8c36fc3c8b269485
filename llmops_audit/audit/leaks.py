"""The last gate before anything is written: what stems from the data must hold no personal data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from llmops_audit.errors import OutputError, Problem
from llmops_audit.personal_data import Confidence, find, mask
from llmops_audit.record import Record

__all__ = ["masked", "refuse_leaks"]

_SCOPE = re.compile(r"([^=,]*)=(.*?)(?=,[^=,]*=|$)", re.DOTALL)
"""A key and its value between the brackets of a finding's id."""

_OURS = frozenset(
    {
        "audit",
        "caption",
        "confidence",
        "digest",
        "distribution",
        "environment",
        "gate",
        "heading",
        "id",
        "kind",
        "method",
        "metric",
        "page",
        "requirement",
        "run",
        "schema",
        "settings",
        "severity",
        "sha256",
        "source",
        "spec_sha256",
        "status",
        "subject",
        "verdict",
        "version",
    }
)
"""Keys of a record whose texts are our own, the spec's or digests."""


def refuse_leaks(record: Record, spec: Mapping[str, Any]) -> None:
    """Raise where a record would give personal data of the audited rows away; the report is made from it alone.

    Parameters
    ----------
    record : Record
        Its examples, categories, column names, values and reasons are searched, with the key that they stand under
        as context; not the numbers that were computed.
    spec : mapping
        What the spec says. Texts that stand in it are no secret: whoever wrote it wanted them there.

    Raises
    ------
    OutputError
        With every place, and never a value.
    """
    said = frozenset(_texts_of(spec))
    by_key: dict[str, dict[str, str]] = defaultdict(dict)
    texts = chain(_texts(record.model_dump(mode="json"), "record", ""), _of_changes(record))
    for place, key, text in texts:
        if text not in said:
            by_key[key].setdefault(text, place)
    problems = [
        Problem(masked(place), "would hold personal data", "none, or masked", ", ".join(kinds))
        for key, places in by_key.items()
        for place, spans in zip(places.values(), find(list(places), header=key), strict=True)
        if (kinds := sorted({span.kind for span in spans if span.confidence is not Confidence.SUSPECTED}))
    ]
    if problems:
        raise OutputError.of(problems)


def masked(text: str) -> str:
    """Return a text with the personal data in it masked, confirmed or not."""
    for span in reversed(find([text])[0]):
        text = text[: span.start] + mask(span.kind, text[span.start : span.end]) + text[span.end :]
    return text


def _texts(value: object, place: str, key: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, key and text; a key itself may be a value of the data, such as the name of a group."""
    if isinstance(value, str):
        yield place, key, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}[{number}]", key)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _OURS:
                yield f"{place}: a key", "", name
                yield from _texts(item, f"{place}.{name}", name)


def _of_changes(record: Record) -> Iterator[tuple[str, str, str]]:
    """Yield what ids of an earlier record say of its data: no finding of this one may have that scope."""
    if record.changes is None:
        return
    for part in ("verdicts", "limits"):
        for number, change in enumerate(getattr(record.changes, part)):
            for key, value in _SCOPE.findall(change.id.partition("[")[2].removesuffix("]")):
                yield f"record.changes.{part}[{number}].id", key, value


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts_of(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts_of(item)
