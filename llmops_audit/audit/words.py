"""The words that a record carries: those of a check whose keys stand in what it found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

from llmops_audit.check.methods import METHODS
from llmops_audit.record import Message

__all__ = ["words_in"]


def words_in(found: Iterable[BaseModel], vocabulary: Mapping[str, Message]) -> dict[str, Message]:
    """Return the words of the keys that occur, sorted.

    Parameters
    ----------
    found : iterable of Finding or NamedFigure
    vocabulary : mapping of str to Message
        Of the check; methods of the harness are known anyway.
    """
    texts = {text for item in found for text in _texts(item.model_dump())}
    known = {**METHODS, **vocabulary}
    return {key: known[key] for key in sorted(known) if (key.partition("=")[2] or key) in texts}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
