"""The last gate before anything is written: nothing that comes from the data may hold personal data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from llmops_audit.errors import OutputError, Problem
from llmops_audit.personal_data import Confidence, find, masked
from llmops_audit.record import Record

__all__ = ["refuse_leaks"]

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
        "fitted",
        "gate",
        "heading",
        "id",
        "key_fingerprint",
        "kind",
        "method",
        "metric",
        "page",
        "predictions_digest",
        "requirement",
        "run",
        "schema",
        "scores_digest",
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
"""Keys of a record whose texts are our own or the spec's, or digests."""


def refuse_leaks(record: Record, spec: Mapping[str, Any]) -> None:
    """Raise if a record holds personal data of the audited rows; the report is made from the record alone.

    Parameters
    ----------
    record : Record
        Its examples, categories, column names, values and reasons are searched, with their key as context. Computed
        numbers are not.
    spec : mapping
        The content of the spec. Its texts are no secret: whoever wrote it wants them in the record.

    Raises
    ------
    OutputError
        Names every location, and never a value.
    """
    of_spec = frozenset(_texts_of(spec))
    by_key: dict[str, dict[str, str]] = defaultdict(dict)
    texts = chain(_texts(record.model_dump(mode="json"), "record", ""), _of_changes(record))
    for location, key, text in texts:
        if text not in of_spec:
            by_key[key].setdefault(text, location)
    problems = [
        Problem(masked(location), "would hold personal data", "none, or masked", ", ".join(kinds))
        for key, locations in by_key.items()
        for location, spans in zip(locations.values(), find(list(locations), header=key), strict=True)
        if (kinds := sorted({span.kind for span in spans if span.confidence is not Confidence.SUSPECTED}))
    ]
    if problems:
        raise OutputError.of(problems)


def _texts(value: object, location: str, key: str) -> Iterator[tuple[str, str, str]]:
    """Yield location, key and text; a key can be a value of the data as well, such as the name of a group."""
    if isinstance(value, str):
        yield location, key, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{location}[{number}]", key)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _OURS:
                yield f"{location}: a key", "", name
                yield from _texts(item, f"{location}.{name}", name)


def _of_changes(record: Record) -> Iterator[tuple[str, str, str]]:
    """Yield the scopes in ids of an earlier record: they come from its data, and this record may not have them."""
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
